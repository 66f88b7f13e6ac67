// The sandbox's page: what one person sees in Slack, and a console of ServiceNow. It asks for the
// state when it is told that something changed, and draws it.
const $ = (id) => document.getElementById(id);
const kept = (k, d) => sessionStorage.getItem(k) ?? d;
let me = kept("me", "alice"), place = kept("place", "C0ITOKRS"), wire = kept("wire", "") === "1";
let state = null, past = [], at = 0, filter = "", typing = null;

const VERBS = ["add-kr", "add-objective", "connect", "connections", "list", "list at-risk", "show KR-1", "edit KR-1", "check-in KR-1", "sync KR-1", "sync all", "pause KR-1", "resume KR-1", "remove KR-1", "help"];
const FAULTS = { "": "works", hibernating: "asleep", wrong_password: "refuses the sign-in", role_missing: "role missing", rate_limit: "429, wait 60 s", server_error: "500", bad_gateway: "502", redirect_to_login: "redirects to login", truncated: "truncated answers", another_indicator: "answers another scorecard", local_text: "localized numbers", slow: "slow (60 s)" };
const EMOJI = { white_check_mark: "✅", x: "❌", warning: "⚠️", large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", white_circle: "⚪", hourglass: "⌛", hourglass_flowing_sand: "⏳", grey_question: "❔", zzz: "💤", ballot_box_with_check: "☑️", dart: "🎯", chart_with_upwards_trend: "📈", heavy_minus_sign: "➖", pencil2: "✏️", lock: "🔒", no_entry: "⛔", double_vertical_bar: "⏸️", straight_ruler: "📏" };

async function ask() {
  const r = await fetch(`/api/state?person=${encodeURIComponent(me)}${wire ? "&wire=1" : ""}`);
  if (!r.ok) { me = "alice"; return; }
  state = await r.json();
  draw();
}
async function act(deed) {
  const r = await fetch("/api/do", { method: "POST", body: JSON.stringify({ person: me, ...deed }) });
  if (!r.ok) { console.warn(await r.text()); return {}; }
  return r.json();
}
new EventSource("/api/events").onmessage = ask;

// el makes an element; text is always text, never markup.
function el(tag, attrs = {}, ...kids) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, "");
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  e.append(...kids.flat().filter((k) => k != null));
  return e;
}
const unescape = (s) => s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const nameOf = (id) => state.people.find((p) => p.id === id)?.name ?? (id === "U0OKRBOT" ? "okrbot" : id);
const channelOf = (id) => state.seen.channels.find((c) => c.id === id)?.name ?? "a private channel";

// mrkdwn draws Slack's formatting: mentions, dates, links, bold, italic, code, quotes, emoji.
function mrkdwn(text) {
  const out = el("span");
  const token = /<@(\w+)(?:\|[^>]*)?>|<#(\w+)(?:\|[^>]*)?>|<!date\^(\d+)\^([^|>]*)\|([^>]*)>|<(https?:[^|>]+)(?:\|([^>]*))?>|`([^`\n]+)`|\*([^*\n]+)\*|(?<=^|[\s(])_([^_\n]+)_(?=$|[\s).,])|:([a-z0-9_]+):|^> (.*)$/gm;
  let from = 0;
  for (const m of text.matchAll(token)) {
    out.append(unescape(text.slice(from, m.index)));
    from = m.index + m[0].length;
    if (m[1]) out.append(el("span", { class: "mention" }, "@" + nameOf(m[1])));
    else if (m[2]) out.append(el("span", { class: "mention" }, "#" + channelOf(m[2])));
    else if (m[3]) { const d = new Date(m[3] * 1000); out.append(el("time", { title: m[5] }, d.toLocaleDateString([], { day: "numeric", month: "short" }) + " at " + d.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))); }
    else if (m[6]) out.append(el("a", { href: m[6] }, unescape(m[7] ?? m[6])));
    else if (m[8]) out.append(el("code", {}, unescape(m[8])));
    else if (m[9]) { const b = el("b"); b.append(mrkdwn(m[9])); out.append(b); }
    else if (m[10]) { const i = el("i"); i.append(mrkdwn(m[10])); out.append(i); }
    else if (m[11]) out.append(EMOJI[m[11]] ?? m[0]);
    else if (m[12] !== undefined) { const q = el("blockquote"); q.append(mrkdwn(m[12])); out.append(q); }
  }
  out.append(unescape(text.slice(from)));
  return out;
}
const written = (t) => (t?.type === "mrkdwn" ? mrkdwn(t.text) : el("span", {}, t?.text ?? ""));

// blocks draws a message's or a view's blocks. do is called with block, element and what was chosen.
function blocks(list, doIt, view) { return (list ?? []).map((b) => block(b, doIt, view)); }
function block(b, doIt, view) {
  switch (b.type) {
    case "section": {
      const text = el("div", {}, b.text ? el("div", { class: "block" }, written(b.text)) : null, b.fields ? el("div", { class: "fields" }, b.fields.map((f) => el("div", { class: "block" }, written(f)))) : null);
      return el("div", { class: "section" }, text, b.accessory ? element(b, b.accessory, doIt) : null);
    }
    case "header": return el("div", { class: "header block" }, b.text.text);
    case "divider": return el("hr");
    case "context": return el("div", { class: "context block" }, b.elements.map(written));
    case "actions": return el("div", { class: "actions block" }, b.elements.map((e) => element(b, e, doIt)));
    case "input": return input(b, view);
  }
  return el("div", { class: "unknown", role: "alert" }, `This page does not know the block ${b.type}.`);
}
function element(b, e, doIt) {
  if (e.type === "button") return el("button", { class: "btn" + (e.style === "primary" ? " primary" : ""), type: "button", onclick: () => doIt(b, e) }, e.text.text);
  if (e.type === "overflow") {
    const menu = el("details", { class: "kebab" }, el("summary", { "aria-label": "More" }, "⋯"));
    menu.append(el("div", {}, e.options.map((o) => el("button", { type: "button", onclick: () => { menu.open = false; doIt(b, e, { selected_option: o }); } }, o.text.text))));
    return menu;
  }
  return el("div", { class: "unknown", role: "alert" }, `This page does not know the element ${e.type}.`);
}

// input draws one field of a form; what is entered goes to the simulator at once.
function input(b, view) {
  const e = b.element, id = `f_${b.block_id}`, value = view.state[b.block_id]?.[e.action_id] ?? {}, error = view.errors[b.block_id];
  const set = (chosen) => act({ do: "act", view: view.id, block: b.block_id, action: e.action_id, chosen });
  let field;
  switch (e.type) {
    case "plain_text_input": {
      field = el(e.multiline ? "textarea" : "input", { id, type: e.multiline ? null : "text", placeholder: e.placeholder?.text, maxlength: e.max_length, rows: e.multiline ? 4 : null, onchange: (ev) => set({ value: ev.target.value || null }) });
      field.value = value.value ?? "";
      break;
    }
    case "static_select":
      field = el("select", { id, onchange: (ev) => { const o = e.options.find((o) => o.value === ev.target.value); set({ selected_option: o ?? null }); } }, el("option", { value: "" }, e.placeholder?.text ?? "Choose"), e.options.map((o) => el("option", { value: o.value, selected: value.selected_option?.value === o.value }, o.text.text)));
      break;
    case "radio_buttons":
      field = el("div", { role: "radiogroup", "aria-label": b.label.text }, e.options.map((o) => el("label", { class: "block" }, el("input", { type: "radio", name: id, checked: value.selected_option?.value === o.value, onchange: () => set({ selected_option: o }) }), " " + o.text.text)));
      break;
    case "checkboxes":
      field = el("div", {}, e.options.map((o) => el("label", { class: "block" }, el("input", { type: "checkbox", checked: value.selected_options?.some((s) => s.value === o.value), onchange: (ev) => set({ selected_options: ev.target.checked ? [...(value.selected_options ?? []), o] : (value.selected_options ?? []).filter((s) => s.value !== o.value) }) }), " " + o.text.text)));
      break;
    case "users_select":
      field = el("select", { id, onchange: (ev) => set({ selected_user: ev.target.value || null }) }, el("option", { value: "" }, "Choose a person"), state.people.map((p) => el("option", { value: p.id, selected: value.selected_user === p.id }, p.real_name)));
      break;
    case "multi_users_select":
      field = el("select", { id, multiple: true, onchange: (ev) => set({ selected_users: [...ev.target.selectedOptions].map((o) => o.value) }) }, state.people.map((p) => el("option", { value: p.id, selected: value.selected_users?.includes(p.id) }, p.real_name)));
      break;
    case "conversations_select": case "channels_select": {
      const key = e.type === "channels_select" ? "selected_channel" : "selected_conversation";
      field = el("select", { id, onchange: (ev) => set({ [key]: ev.target.value || null }) }, el("option", { value: "" }, "Choose a channel"), state.seen.channels.filter((c) => !c.im).map((c) => el("option", { value: c.id, selected: value[key] === c.id }, "#" + c.name)));
      break;
    }
    case "datepicker": field = el("input", { id, type: "date", value: value.selected_date, onchange: (ev) => set({ selected_date: ev.target.value || null }) }); break;
    case "timepicker": field = el("input", { id, type: "time", value: value.selected_time, onchange: (ev) => set({ selected_time: ev.target.value || null }) }); break;
    case "external_select": field = combo(b, e, id, value, view, set); break;
    default: field = el("div", { class: "unknown", role: "alert" }, `This page does not know the element ${e.type}.`);
  }
  if (error) field.setAttribute("aria-invalid", "true");
  return el("div", { class: "field" }, el("label", { for: id }, b.label.text, b.optional ? el("small", {}, " (optional)") : null), field, b.hint ? el("small", {}, b.hint.text) : null, error ? el("span", { class: "error", role: "alert" }, error) : null);
}

// combo is a type-ahead: it asks the app as one types, and is used with the arrow keys.
function combo(b, e, id, value, view, set) {
  const list = el("ul", { role: "listbox", hidden: true }), box = el("input", { id, type: "text", role: "combobox", "aria-expanded": "false", placeholder: e.placeholder?.text, autocomplete: "off" });
  box.value = value.selected_option?.text.text ?? "";
  let found = [], on = -1, timer;
  const close = () => { list.hidden = true; box.setAttribute("aria-expanded", "false"); };
  const pick = (o) => { box.value = o.text.text; close(); set({ selected_option: o }); };
  const show = () => { list.replaceChildren(...(found.length ? found.map((o, i) => el("li", { role: "option", class: i === on ? "on" : "", onmousedown: (ev) => { ev.preventDefault(); pick(o); } }, o.text.text, o.description ? el("small", {}, o.description.text) : null)) : [el("li", {}, "Nothing found")])); list.hidden = false; box.setAttribute("aria-expanded", "true"); };
  const search = () => { clearTimeout(timer); timer = setTimeout(async () => { if (box.value.length < (e.min_query_length ?? 3)) return; found = (await act({ do: "suggest", view: view.id, block: b.block_id, action: e.action_id, text: box.value })).options ?? []; on = -1; if (document.activeElement === box) show(); }, 120); };
  box.addEventListener("input", search);
  box.addEventListener("focus", () => { box.select(); const typed = box.value; box.value = value.selected_option ? "" : typed; search(); box.value = typed; });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (ev) => {
    if (ev.key === "ArrowDown" || ev.key === "ArrowUp") { ev.preventDefault(); on = (on + (ev.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length); show(); }
    else if (ev.key === "Enter" && !list.hidden && found[Math.max(0, on)]) { ev.preventDefault(); pick(found[Math.max(0, on)]); }
    else if (ev.key === "Escape" && !list.hidden) { ev.stopPropagation(); close(); }
  });
  return el("div", { class: "combo" }, box, list);
}

function draw() {
  drawSide(); drawHead(); drawRoom(); drawModal(); drawWire();
}
function go(to) { place = to; sessionStorage.setItem("place", to); if (to === "home") act({ do: "home" }); draw(); }
function drawSide() {
  const b = (to, label) => el("button", { "aria-current": place === to ? "true" : null, onclick: () => go(to) }, label);
  const who = el("select", { "aria-label": "You are", onchange: (ev) => { me = ev.target.value; sessionStorage.setItem("me", me); ask(); } }, state.people.map((p) => el("option", { value: p.name, selected: p.name === me }, `${p.real_name} (${p.role})`)));
  $("side").replaceChildren(el("h1", {}, "Sandbox"), el("h2", {}, "You are"), who, el("h2", {}, "Channels"), ...state.seen.channels.filter((c) => !c.im).map((c) => b(c.id, (c.private ? "🔒 " : "# ") + c.name)), el("h2", {}, "Apps"), ...state.seen.channels.filter((c) => c.im).map((c) => b(c.id, "okrbot (messages)")), b("home", "okrbot (Home)"), el("h2", {}, "Behind the scenes"), b("servicenow", "ServiceNow"), el("button", { "aria-pressed": wire ? "true" : "false", onclick: () => { wire = !wire; sessionStorage.setItem("wire", wire ? "1" : ""); ask(); } }, "Over the wire"));
}
function drawHead() {
  const c = state.seen.channels.find((c) => c.id === place);
  const kids = place === "home" ? ["okrbot"] : place === "servicenow" ? ["ServiceNow", el("small", {}, `${state.calls} calls so far`)] : c ? [(c.im ? "okrbot" : "#" + c.name), c.im || c.bot ? null : el("button", { class: "btn", onclick: () => act({ do: "invite", channel: c.id }) }, "/invite @okrbot")] : [""];
  const n = state.notes;
  if (place !== "servicenow") kids.push(el("small", {}, "ServiceNow: ", el("code", {}, n.instance_url), " user ", el("code", {}, n.user), " password ", el("code", {}, n.password)));
  $("head").replaceChildren(...kids.filter(Boolean));
  $("composer").hidden = !c;
  $("composer").style.display = c ? "" : "none";
}
function drawRoom() {
  const room = $("room"), low = room.scrollHeight - room.scrollTop - room.clientHeight < 80;
  if (room.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
  if (place === "home") {
    const h = state.seen.home;
    room.replaceChildren(...(h ? blocks(h.content.blocks, (b, e, chosen) => act({ do: "act", view: h.id, block: b.block_id, action: e.action_id, chosen }), h) : [el("p", { class: "empty" }, "Opening Home…")]));
    return;
  }
  if (place === "servicenow") return drawConsole(room);
  const c = state.seen.channels.find((c) => c.id === place);
  if (!c) { room.replaceChildren(el("p", { class: "empty" }, "You are not in this channel. Choose another one.")); return; }
  room.replaceChildren(...(c.messages.length ? c.messages.map((m) => message(c, m)) : [el("p", { class: "empty" }, "Nothing here yet. Type /okr help below.")]));
  if (low) room.scrollTop = room.scrollHeight;
}
function message(c, m) {
  const who = m.user === "USLACKBOT" ? "Slackbot" : nameOf(m.user);
  return el("article", { class: "msg" + (m.ephemeral ? " ephemeral" : "") }, el("div", { class: "face", "aria-hidden": "true" }, who[0].toUpperCase()), el("header", {}, who, el("small", {}, new Date(parseFloat(m.ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) + (m.edited ? " (edited)" : "") + (m.ephemeral ? " · Only visible to you" : ""))),
    el("div", {}, m.blocks?.length ? blocks(m.blocks, (b, e, chosen) => act({ do: "press", channel: c.id, ts: m.ts, block: b.block_id, action: e.action_id, chosen })) : el("div", { class: "block" }, mrkdwn(m.text))));
}
function drawConsole(room) {
  const spark = (t) => { const s = document.createElementNS("http://www.w3.org/2000/svg", "svg"); s.setAttribute("class", "spark"); s.setAttribute("viewBox", "0 0 110 26"); const p = document.createElementNS(s.namespaceURI, "polyline"), lo = Math.min(...t), hi = Math.max(...t); p.setAttribute("points", t.map((v, i) => `${(i * 108) / Math.max(1, t.length - 1) + 1},${24 - (hi > lo ? ((v - lo) / (hi - lo)) * 22 : 11)}`).join(" ")); s.append(p); return s; };
  const fault = el("select", { "aria-label": "The instance", onchange: (ev) => act({ do: "fault", fault: ev.target.value }) }, Object.entries(FAULTS).map(([k, v]) => el("option", { value: k, selected: (state.faults[0]?.Kind ?? "") === k }, v)));
  const find = el("input", { type: "text", class: "btn", placeholder: "Search scorecards", "aria-label": "Search scorecards", value: filter, oninput: (ev) => { filter = ev.target.value; rows(); } });
  const body = el("tbody");
  const rows = () => body.replaceChildren(...state.scorecards.filter((s) => s.name.toLowerCase().includes(filter.toLowerCase())).map((s) => el("tr", {}, el("td", {}, s.name), el("td", {}, s.trend.length ? spark(s.trend) : "no score yet"), el("td", { class: "num" }, s.trend.length ? `${s.last} ${s.unit}` : ""), el("td", { class: "num" }, s.day), el("td", {}, el("button", { class: "btn", onclick: () => { const v = prompt(`A new score for “${s.name}”`, s.last); if (v !== null && v !== "" && !isNaN(v)) act({ do: "collect", id: s.id, value: Number(v) }); } }, "Collect score")))));
  rows();
  room.replaceChildren(el("div", { class: "actions block" }, "The instance", fault, find, state.time ? el("button", { class: "btn", onclick: () => act({ do: "advance", days: 1 }) }, "+1 day") : null, state.time ? el("button", { class: "btn", onclick: () => act({ do: "advance", days: 7 }) }, "+1 week") : null), el("table", {}, el("thead", {}, el("tr", {}, ["Scorecard", "Trend", "Newest", "Of", ""].map((h) => el("th", { scope: "col" }, h)))), body));
}
let shown = "";
function drawModal() {
  const shade = $("shade"), v = state.seen.modals.at(-1);
  shade.hidden = !v;
  if (!v) { shown = ""; shade.replaceChildren(); return; }
  const sig = v.id + v.hash + JSON.stringify(v.errors) + v.trouble;
  if (sig === shown) return;
  shown = sig;
  const focused = document.activeElement?.id, scroll = shade.querySelector(".modal > div")?.scrollTop ?? 0;
  const submit = (ev) => { ev.preventDefault(); document.activeElement?.blur(); setTimeout(() => act({ do: "submit" }), 30); };
  shade.replaceChildren(el("form", { class: "modal", role: "dialog", "aria-modal": "true", "aria-label": v.content.title.text, onsubmit: submit },
    el("header", {}, v.content.title.text, el("button", { type: "button", class: "btn", "aria-label": "Close window", onclick: () => act({ do: "dismiss" }) }, "✕")),
    el("div", {}, v.trouble ? el("span", { class: "trouble", role: "alert" }, v.trouble) : null, blocks(v.content.blocks, (b, e, chosen) => { document.activeElement?.blur(); setTimeout(() => act({ do: "act", view: v.id, block: b.block_id, action: e.action_id, chosen }), 30); }, v)),
    el("footer", {}, el("button", { type: "button", class: "btn", onclick: () => act({ do: "dismiss" }) }, v.content.close?.text ?? "Cancel"), v.content.submit ? el("button", { class: "btn primary" }, v.content.submit.text) : null)));
  shade.querySelector(".modal > div").scrollTop = scroll;
  const again = focused && document.getElementById(focused);
  (again && shade.contains(again) ? again : shade.querySelector("input,select,textarea"))?.focus();
}
function drawWire() {
  const d = $("drawer");
  d.hidden = !wire;
  if (!wire) return;
  const open = new Set([...d.querySelectorAll("details[open]")].map((x) => x.dataset.at));
  d.replaceChildren(el("h2", {}, "Over the wire"), ...(state.wire ?? []).slice().reverse().map((e) => el("details", { "data-at": e.at, open: open.has(e.at) }, el("summary", {}, (e.from === "slack" ? "Slack → bot  " : "bot → Slack  ") + e.what + `  ${Math.round(e.took / 1e6)} ms`, e.refused ? el("div", { class: "refused" }, "refused: " + e.refused) : null), el("pre", {}, JSON.stringify(e.sent, null, 1)), el("pre", {}, JSON.stringify(e.got, null, 1)))));
}

const say = $("say"), hints = $("hints");
function hint() {
  const t = say.value.toLowerCase();
  const found = t.startsWith("/") ? VERBS.map((v) => "/okr " + v).filter((v) => v.startsWith(t) && v !== t) : [];
  hints.hidden = !found.length;
  hints.replaceChildren(...found.slice(0, 8).map((v) => el("button", { type: "button", onclick: () => { say.value = v; hints.hidden = true; say.focus(); } }, v)));
}
say.addEventListener("input", hint);
say.addEventListener("blur", () => setTimeout(() => (hints.hidden = true), 150));
say.addEventListener("keydown", (ev) => {
  if (ev.key === "Tab" && !hints.hidden) { ev.preventDefault(); say.value = hints.firstChild.textContent; hint(); }
  if (ev.key === "ArrowUp" && past.length) { at = Math.max(0, at - 1); say.value = past[at] ?? ""; ev.preventDefault(); }
  if (ev.key === "ArrowDown" && past.length) { at = Math.min(past.length, at + 1); say.value = past[at] ?? ""; }
  if (ev.key === "Escape") hints.hidden = true;
});
$("composer").addEventListener("submit", (ev) => {
  ev.preventDefault();
  const text = say.value.trim();
  if (!text) return;
  past.push(text); at = past.length;
  say.value = ""; hints.hidden = true;
  act({ do: "type", channel: place, text });
});
document.addEventListener("keydown", (ev) => { if (ev.key === "Escape" && state?.seen.modals.length) act({ do: "dismiss" }); });
ask();
