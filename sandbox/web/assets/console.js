// The ServiceNow side: scorecards whose scores can be collected, restated, changed and deleted; the
// faults that an instance can have; and the sandbox's time.
import { el, menu, when } from "./kit.js";

const FAULTS = {
  hibernating: "is asleep", offline: "is being upgraded", wrong_password: "refuses the sign-in", role_missing: "says a role is missing", redirect_to_login: "asks for a login page", rate_limit: "asks to wait (429)",
  slow: "is slow", reset: "cuts the connection", server_error: "fails (500)", bad_gateway: "is out of reach (502)", service_down: "is down (503)", truncated: "cuts its answers short",
  another_indicator: "answers another scorecard", local_text: "writes 1.234,5", null_value: "gives no values",
};
const SECONDS = { rate_limit: 60, slow: 5 };
let words = "", kind = "hibernating", forWhom = "";

// ask shows a small form and calls then with what was entered.
function ask(title, fields, button, then) {
  const inputs = fields.map((f) => {
    const input = f.options ? el("select", { id: "ask_" + f.name }, f.options.map(([v, text]) => el("option", { value: v }, text))) : el("input", { id: "ask_" + f.name, type: "text", inputmode: f.number ? "decimal" : null });
    input.value = f.value ?? "";
    return input;
  });
  const box = el("dialog", { class: "ask", "aria-label": title }), note = el("span", { class: "error", role: "alert" });
  const form = el("form", {
    onsubmit: (ev) => {
      ev.preventDefault();
      const got = {};
      for (const [i, f] of fields.entries()) {
        const v = inputs[i].value.trim();
        if (f.number && v !== "" && isNaN(Number(v))) { note.textContent = `${f.label}: write a number such as 41.5.`; inputs[i].focus(); return; }
        if (f.number && v === "" && !f.optional) { note.textContent = `${f.label} is missing.`; inputs[i].focus(); return; }
        got[f.name] = f.number ? (v === "" ? null : Number(v)) : v;
      }
      box.close();
      then(got);
    },
  }, el("h2", {}, title), fields.map((f, i) => el("div", { class: "field" }, el("label", { class: "label", for: "ask_" + f.name }, f.label), inputs[i])), note,
    el("footer", {}, el("button", { class: "btn", type: "button", onclick: () => box.close() }, "Cancel"), el("button", { class: "btn primary" }, button)));
  box.append(form);
  document.body.append(box);
  box.addEventListener("close", () => box.remove());
  box.showModal();
  inputs[0]?.focus();
}

function spark(scores) {
  const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), line = document.createElementNS(ns, "polyline"), t = scores.map((s) => s.value), lo = Math.min(...t), hi = Math.max(...t);
  svg.setAttribute("class", "spark"); svg.setAttribute("viewBox", "0 0 110 26"); svg.setAttribute("aria-hidden", "true");
  line.setAttribute("points", t.map((v, i) => `${(i * 108) / Math.max(1, t.length - 1) + 1},${24 - (hi > lo ? ((v - lo) / (hi - lo)) * 22 : 11)}`).join(" "));
  svg.append(line);
  return svg;
}

export function drawConsole(state, act, replace) {
  const due = state.clock.next_due, now = new Date(state.clock.now);
  const time = el("section", { class: "panel", "aria-label": "Time" }, el("h2", {}, "Time"),
    el("p", {}, "In the sandbox it is ", el("b", {}, when(now)), due ? [", the next sync is due ", el("b", {}, when(new Date(due))), "."] : ", and no sync is due."),
    el("div", { class: "actions" }, el("button", { class: "btn", disabled: !due, onclick: () => act({ do: "advance to due" }) }, "Advance to the next due sync"), el("button", { class: "btn", onclick: () => act({ do: "advance", days: 1 }) }, "+1 day"), el("button", { class: "btn", onclick: () => act({ do: "advance", days: 7 }) }, "+1 week")));

  const kinds = el("select", { id: "fault", "aria-label": "The instance", onchange: (ev) => (kind = ev.target.value) }, Object.entries(FAULTS).map(([k, v]) => el("option", { value: k }, v)));
  const whom = el("select", { "aria-label": "For whom", onchange: (ev) => (forWhom = ev.target.value) }, el("option", { value: "" }, "for everybody"), el("option", { value: "user:" + state.notes.user }, "for " + state.notes.user), state.scorecards.map((s) => el("option", { value: "card:" + s.id }, "for " + s.name)));
  kinds.value = kind; whom.value = forWhom;
  if (whom.selectedIndex < 0) whom.value = forWhom = ""; // the scorecard was deleted
  const begin = () => {
    const [what, id] = [whom.value.slice(0, 4), whom.value.slice(5)];
    act({ do: "break", fault: kinds.value, user: what === "user" ? id : "", id: what === "card" ? id : "", seconds: SECONDS[kinds.value] ?? 0 });
  };
  const named = (f) => `${FAULTS[f.Kind] ?? f.Kind}${f.User ? " for " + f.User : ""}${f.Ref ? " for " + (state.scorecards.find((s) => s.id === f.Ref)?.name ?? f.Ref) : ""}${f.After ? `, ${f.After} s` : ""}`;
  const faults = el("section", { class: "panel", "aria-label": "Faults" }, el("h2", {}, "Faults"),
    state.faults.length ? el("ul", { class: "faults" }, state.faults.map((f, n) => el("li", {}, "The instance " + named(f), el("button", { class: "btn", onclick: () => act({ do: "fix", nth: n }) }, "Fix")))) : el("p", {}, "The instance works."),
    el("div", { class: "actions" }, kinds, whom, el("button", { class: "btn", onclick: begin }, "Break")));

  const find = el("input", { type: "text", id: "find", placeholder: "Search scorecards", "aria-label": "Search scorecards", value: words, oninput: (ev) => { words = ev.target.value; rows(); } });
  const body = el("tbody"), count = el("small", { role: "status" });
  const rows = () => {
    const found = state.scorecards.filter((s) => s.name.toLowerCase().includes(words.trim().toLowerCase()));
    count.textContent = found.length === state.scorecards.length ? `${found.length} scorecards` : `${found.length} of ${state.scorecards.length}`;
    body.replaceChildren(...(found.length ? found.map((s) => row(s, act)) : [el("tr", {}, el("td", { colspan: 5, class: "empty" }, state.scorecards.length ? "No scorecard is called that." : "There are no scorecards left. Start the sandbox again to have them back."))]));
  };
  rows();
  replace(el("div", { class: "panels" }, time, faults), el("div", { class: "actions block" }, find, count),
    el("table", {}, el("thead", {}, el("tr", {}, ["Scorecard", "Trend", "Newest", "Of", "Do"].map((h) => el("th", { scope: "col" }, h)))), body));
}

function row(s, act) {
  const last = s.scores.at(-1);
  const restate = () => ask(`Restate a score of “${s.name}”`, [{ name: "day", label: "Day", options: s.scores.toReversed().map((o) => [o.day, `${o.day}: ${o.value} ${s.unit}`]), value: last.day }, { name: "value", label: "New value", number: true, value: last.value }], "Restate", (v) => act({ do: "restate", id: s.id, ...v }));
  const more = menu(`More for ${s.name}`, [
    el("button", { onclick: () => ask(`A new score of “${s.name}”`, [{ name: "value", label: "Value", number: true, value: last?.value ?? "" }], "Collect", (v) => act({ do: "collect", id: s.id, ...v })) }, "Collect a value…"),
    last ? el("button", { onclick: restate }, "Restate a score…") : null,
    el("button", { onclick: () => ask(`Change “${s.name}”`, [{ name: "unit", label: "Unit", value: s.unit }, { name: "target", label: "Target", number: true, optional: true, value: s.target ?? "" }], "Change", (v) => act({ do: "change", id: s.id, ...v })) }, "Unit and target…"),
    el("button", { class: "bad", onclick: () => ask(`Delete “${s.name}”? Who reads it will fail.`, [], "Delete", () => act({ do: "delete", id: s.id })) }, "Delete…")]);
  return el("tr", {}, el("td", {}, s.name, s.hidden ? el("small", {}, " not on the Analytics Hub") : null), el("td", {}, last ? spark(s.scores) : el("small", {}, "no score yet")), el("td", { class: "num" }, last ? `${last.value} ${s.unit}` : ""), el("td", { class: "num" }, last?.day ?? ""),
    el("td", { class: "do" }, el("button", { class: "btn", onclick: () => act({ do: "collect", id: s.id }) }, "Collect score"), more));
}
