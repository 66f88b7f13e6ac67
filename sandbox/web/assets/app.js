// The sandbox's page: what one person sees in Slack, and behind it ServiceNow and the wire. It asks
// for the state when it is told that something changed, and draws it.
import { dayOf, el, here, kit, menu, time, timeOf } from "./kit.js";
import { drawConsole } from "./console.js";

const $ = (id) => document.getElementById(id);
const kept = (k, d) => sessionStorage.getItem(k) ?? d, keep = (k, v) => sessionStorage.setItem(k, v);
let me = kept("me", "alice"), place = kept("place", "C0ITOKRS"), wire = kept("wire", "") === "1";
let state = null, draw_ = null, past = JSON.parse(kept("past", "[]")), at = past.length, under = null, newFrom = null, notesOpen = false, opened = "";
const dismissed = new Set(JSON.parse(kept("dismissed", "[]")));

// What was read last, by person and channel; what lies in the future was before a fresh start.
const readTo = (c) => { const to = parseFloat(localStorage.getItem(`read ${me} ${c.id}`) ?? 0); return to > state.clock.now / 1000 + 1 ? 0 : to; };
const shown = (c) => c.messages.filter((m) => !dismissed.has(m.ts));
const unread = (c) => shown(c).filter((m) => parseFloat(m.ts) > readTo(c) && m.user !== myID()).length;
const myID = () => state.people.find((p) => p.name === me)?.id;

let asked = 0, answered = 0;
async function ask() {
  const mine = ++asked, r = await fetch(`/api/state?person=${encodeURIComponent(me)}${wire ? "&wire=1" : ""}`).catch(() => null);
  if (!r) return toast("The sandbox does not answer. Is it still running?");
  if (!r.ok) { me = "alice"; keep("me", me); return ask(); }
  const got = await r.json();
  if (mine < answered) return; // a newer answer has overtaken this one
  answered = mine; state = got;
  time.ahead = new Date(state.clock.now) - Date.now();
  stay();
  here.timeZone = state.people.find((p) => p.name === me).zone;
  draw_ = kit({ people: state.people, channels: state.seen.channels.filter((c) => !c.im), person: (id) => state.people.find((p) => p.id === id)?.name ?? (id === "U0OKRBOT" ? "okrbot" : id), channel: (id) => state.seen.channels.find((c) => c.id === id)?.name ?? "a private channel" });
  draw();
}
async function act(deed) {
  const r = await fetch("/api/do", { method: "POST", body: JSON.stringify({ person: me, ...deed }) }).catch(() => null);
  if (!r?.ok) { toast(r ? (await r.text()).trim() : "The sandbox does not answer. Is it still running?"); return {}; }
  return r.json();
}
let fading;
function toast(words) {
  $("toast").textContent = words;
  clearTimeout(fading);
  fading = setTimeout(() => ($("toast").textContent = ""), 6000);
}
const events = new EventSource("/api/events");
events.onmessage = ask;
events.onerror = () => toast("The sandbox does not answer. Is it still running?");

// redraw changes what is in a place and leaves the keyboard where it was.
function redraw(root, ...kids) {
  const all = () => [...root.querySelectorAll("button,a,summary,select,input")], n = all().indexOf(document.activeElement);
  root.replaceChildren(...kids);
  if (n >= 0) all()[n]?.focus({ preventScroll: true });
}
// While something is pressed nothing is drawn: what is under the pointer stays until it is let go.
let pressed = false, waiting = false;
addEventListener("pointerdown", () => (pressed = true), true);
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, (ev) => { if (end !== "blur" || ev.target === window) setTimeout(() => { pressed = false; if (waiting) draw(); }); }, true);
document.addEventListener("toggle", (ev) => { if (state && !ev.target.open && !ev.target.matches(".notes")) draw(); }, true);
function draw() {
  if (waiting = pressed) return;
  drawSide(); drawHead(); drawShortcuts(); drawRoom(); drawModal(); drawWire();
}
// stay has somebody somewhere: a direct message is one person's, and there is none before okrbot wrote.
function stay() {
  const seen = state.seen.channels;
  if (!place.startsWith("D") || seen.some((c) => c.id === place)) return;
  place = (seen.find((c) => c.im) ?? seen[0])?.id ?? "home"; under = null; newFrom = null;
  keep("place", place);
}
function go(to) {
  place = to; under = null; newFrom = null;
  keep("place", to);
  if (to === "home") act({ do: "home" });
  draw();
  $("room").scrollTop = state.seen.channels.some((c) => c.id === to) ? $("room").scrollHeight : 0;
  if (!$("composer").hidden) $("say").focus({ preventScroll: true });
}

function drawSide() {
  const b = (to, label, n = 0) => el("button", { "aria-current": place === to ? "page" : null, class: n ? "unread" : "", onclick: () => go(to) }, label, n ? el("span", { class: "badge", "aria-label": `${n} unread` }, String(n)) : null);
  const who = el("select", { id: "who", "aria-label": "You are", onchange: (ev) => { me = ev.target.value; keep("me", me); newFrom = null; ask(); } }, state.people.map((p) => el("option", { value: p.name, selected: p.name === me }, `${p.real_name} (${p.role})`)));
  const channels = state.seen.channels;
  redraw($("side"), el("h1", {}, "Sandbox"), el("h2", {}, "You are"), who, el("h2", {}, "Channels"), ...channels.filter((c) => !c.im).map((c) => b(c.id, (c.private ? "🔒 " : "# ") + c.name, place === c.id ? 0 : unread(c))),
    el("h2", {}, "Direct messages"), ...(channels.some((c) => c.im) ? channels.filter((c) => c.im).map((c) => b(c.id, "okrbot", place === c.id ? 0 : unread(c))) : [el("p", {}, "none yet")]), el("h2", {}, "Apps"), b("home", "okrbot (Home)"),
    el("h2", {}, "Behind the scenes"), b("servicenow", "ServiceNow"), el("button", { "aria-pressed": wire ? "true" : "false", onclick: () => { wire = !wire; keep("wire", wire ? "1" : ""); ask(); } }, "Over the wire"), el("button", { onclick: startOver }, "Start over empty"));
}

// notes are what a newcomer copies: in the head, and beside a window that is open.
function notes() {
  const n = state.notes;
  return el("details", { class: "kebab notes", open: notesOpen, ontoggle: (ev) => (notesOpen = ev.target.open) }, el("summary", {}, "How to sign in to ServiceNow"), el("dl", {}, [["ServiceNow URL", n.instance_url], ["Username", n.user], ["Password", n.password], ["REST API key", n.api_key], ["Client ID", n.client_id], ["Client Secret", n.client_secret]].flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, el("code", {}, v))])));
}

function drawHead() {
  const c = state.seen.channels.find((c) => c.id === place);
  const kids = [el("h2", {}, place === "home" ? "okrbot" : place === "servicenow" ? "ServiceNow" : c ? (c.im ? "okrbot" : "#" + c.name) : "")];
  if (place === "servicenow") kids.push(el("small", {}, `${state.calls} calls by the bot so far`));
  if (c && !c.im && !c.bot) kids.push(el("button", { class: "btn", onclick: () => act({ do: "invite", channel: c.id }) }, "/invite @okrbot"));
  if (place !== "servicenow" && !state.seen.modals.length) kids.push(notes());
  redraw($("head"), ...kids);
  $("composer").hidden = !c || c.im;
  $("mute").hidden = !c?.im;
  $("under").hidden = !under;
  if (under) $("under").replaceChildren("Replying in a thread. ", el("button", { type: "button", class: "link", onclick: () => { under = null; draw(); } }, "Back to the channel"));
}

function drawRoom() {
  const room = $("room"), low = room.scrollHeight - room.scrollTop - room.clientHeight < 120;
  if (room.contains(document.activeElement) && document.activeElement.matches("input,select,textarea") || room.querySelector("details[open]")) return;
  if (place === "servicenow") return drawConsole(state, act, (...kids) => redraw(room, ...kids));
  if (place === "home") {
    const h = state.seen.home;
    if (h) opened = "";
    else if (opened !== me) { opened = me; act({ do: "home" }); } // somebody else looks, or the page was loaded again
    redraw(room, ...(h ? [el("div", { class: "home" }, draw_.blocks(h.content.blocks, doing(h), h))] : [el("p", { class: "empty" }, "Opening Home…")]));
    return;
  }
  const c = state.seen.channels.find((c) => c.id === place);
  if (!c) return room.replaceChildren(el("p", { class: "empty" }, "You are not in this channel. Choose another one on the left."));
  const list = shown(c), tops = list.filter((m) => !m.thread || !list.some((t) => t.ts === m.thread));
  newFrom ??= readTo(c);
  let marked = false, day = "";
  const kids = tops.flatMap((m) => {
    const fresh = !marked && newFrom > 0 && parseFloat(m.ts) > newFrom && m.user !== myID();
    marked ||= fresh;
    const another = dayOf(m.ts) !== day;
    day = dayOf(m.ts);
    return [another ? el("div", { class: "day", role: "separator" }, day) : null, fresh ? el("div", { class: "new", role: "separator" }, "New") : null, message(c, m, list.filter((r) => r.thread === m.ts))].filter(Boolean);
  });
  const at = pointed(room);
  redraw(room, ...(kids.length ? kids : [empty()]));
  if (at) at(); else if (low) room.scrollTop = room.scrollHeight;
  if (list.length) localStorage.setItem(`read ${me} ${c.id}`, list.at(-1).ts);
}

// empty is what a channel shows in which nothing was said yet.
function empty() {
  if (state.making) return el("p", { class: "empty", role: "status" }, "An example workspace is being made, as people would make it: a connection, two objectives, six key results, and a week of syncs. It takes a minute.");
  if (state.worked) return el("p", { class: "empty" }, "Nothing here yet. /okr list shows what people of this workspace work on.");
  const make = async () => {
    state.making = true; draw();
    const made = await act({ do: "example" });
    if (!("options" in made)) state.making = false;
    ask();
  };
  return el("div", { class: "empty" }, el("p", {}, "Nothing here yet. Type /okr help below, or look at a workspace in which people have worked for a week."),
    el("div", { class: "actions block" }, el("button", { class: "btn primary", onclick: make }, "Show an example workspace")));
}

// startOver forgets everything and begins again, empty.
async function startOver() {
  if (!confirm("Start over empty? Objectives, key results and messages of this sandbox are forgotten.")) return;
  await act({ do: "start over" });
  sessionStorage.clear(); localStorage.clear();
  toast("Starting over. It takes a moment.");
}

// pointed is how to bring back under the pointer what it is over now: the same button of the same message.
function pointed(room) {
  const b = room.querySelector(":is(button,summary,a.btn):hover"), m = b?.closest("article");
  if (!m) return null;
  const n = [...m.querySelectorAll("button,summary,a.btn")].indexOf(b), top = b.getBoundingClientRect().top;
  return () => {
    const again = room.querySelector(`article[data-ts="${m.dataset.ts}"]`)?.querySelectorAll("button,summary,a.btn")[n];
    if (again) room.scrollTop += again.getBoundingClientRect().top - top;
  };
}

function message(c, m, replies = []) {
  const who = m.user === "USLACKBOT" ? "Slackbot" : state.people.find((p) => p.id === m.user)?.real_name ?? "okrbot", app = m.user === "U0OKRBOT";
  const does = { press: (b, e, chosen) => act({ do: "press", channel: c.id, ts: m.ts, block: b.block_id, action: e.action_id, chosen }) };
  const dismiss = () => { dismissed.add(m.ts); keep("dismissed", JSON.stringify([...dismissed])); draw(); };
  return el("article", { class: "msg" + (m.ephemeral ? " ephemeral" : ""), "data-ts": m.ts, "aria-label": `${who}, ${timeOf(m.ts)}` }, el("div", { class: "face" + (app ? " app" : ""), "aria-hidden": "true" }, who[0].toUpperCase()),
    el("header", {}, who, app ? el("span", { class: "tag" }, "APP") : null, el("small", {}, timeOf(m.ts) + (m.edited ? " (edited)" : ""))),
    el("div", {}, m.blocks?.length ? draw_.blocks(m.blocks, does) : el("div", { class: "block" }, draw_.mrkdwn(m.text)),
      draw_.files(m.files),
      m.ephemeral ? el("div", { class: "only" }, "Only visible to you · ", el("button", { type: "button", class: "link", onclick: dismiss }, "Dismiss message")) : null,
      replies.length ? el("div", { class: "thread" }, el("small", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`), replies.map((r) => message(c, r))) : null,
      m.ephemeral ? null : onMessage(c, m),
      m.ephemeral || m.thread || c.im ? null : el("button", { type: "button", class: "link reply", onclick: () => { under = m.ts; draw(); $("say").focus(); } }, "Reply in thread")));
}

// onMessage is the menu of a message: the shortcuts that apps have for it.
function onMessage(c, m) {
  const own = state.seen.shortcuts.filter((s) => s.type === "message");
  if (!own.length) return null;
  const more = menu("More message shortcuts", own.map((s) => el("button", { type: "button", onclick: () => act({ do: "shortcut on", channel: c.id, ts: m.ts, text: s.name }) }, s.name, el("small", {}, " okrbot"))));
  more.classList.add("on");
  return more;
}

// drawShortcuts is the menu of the whole workspace, beside the composer.
function drawShortcuts() {
  const own = state.seen.shortcuts.filter((s) => s.type === "global"), at = $("shortcuts");
  if (at.querySelector("details[open]")) return;
  at.hidden = !own.length;
  const m = menu("Shortcuts", own.map((s) => el("button", { type: "button", onclick: () => act({ do: "shortcut", text: s.name }) }, s.name, el("small", {}, " okrbot"))));
  m.firstChild.textContent = "⚡";
  redraw(at, m);
}

// entered waits until what was typed last has arrived; then comes what is done next.
let entering = Promise.resolve();
const entered = () => { if (document.activeElement?.matches("input,textarea")) document.activeElement.blur(); return entering; };

// doing is what happens in a view.
const doing = (v) => ({
  press: async (b, e, chosen) => { await entered(); act({ do: "act", view: v.id, block: b.block_id, action: e.action_id, chosen }); },
  set: (b, e, chosen) => entering = act({ do: "act", view: v.id, block: b.block_id, action: e.action_id, chosen }),
  suggest: async (b, e, words) => (await act({ do: "suggest", view: v.id, block: b.block_id, action: e.action_id, text: words })).options ?? [],
});

let drawn = "", before = null;
function drawModal() {
  const shade = $("shade"), v = state.seen.modals.at(-1), depth = state.seen.modals.length;
  shade.hidden = !v;
  document.querySelector("main").inert = $("side").inert = !!v;
  if (!v) { if (drawn) before?.focus?.(); drawn = ""; shade.replaceChildren(); return; }
  const sig = v.id + v.hash + JSON.stringify(v.errors) + v.trouble;
  if (sig === drawn) return;
  if (!drawn) before = document.activeElement;
  const at = document.activeElement, same = drawn.startsWith(v.id), focused = { id: at?.id, words: at?.innerText, typed: at?.matches("input[type=text],textarea") ? at.value : null }, scroll = same ? shade.querySelector(".modal > div")?.scrollTop ?? 0 : 0;
  drawn = sig;
  const send = async (ev) => {
    ev.preventDefault();
    const button = form.querySelector("footer .primary");
    form.setAttribute("aria-busy", "true"); button.disabled = true;
    await entered();
    await act({ do: "submit" });
    form.removeAttribute("aria-busy"); button.disabled = false;
  };
  const form = el("form", { class: "modal", novalidate: true, onsubmit: send },
    el("header", {}, el("h2", {}, depth > 1 ? el("button", { type: "button", class: "btn plain", "aria-label": "Back to the window below", onclick: () => act({ do: "dismiss" }) }, "‹") : null, v.content.title.text), el("button", { type: "button", class: "btn plain", "aria-label": "Close window", onclick: () => act({ do: "dismiss" }) }, "✕")),
    el("div", { tabindex: "-1" }, v.trouble ? el("p", { class: "trouble", role: "alert" }, v.trouble) : null, draw_.blocks(v.content.blocks, doing(v), v)),
    el("footer", {}, el("button", { type: "button", class: "btn", onclick: () => act({ do: "dismiss" }) }, v.content.close?.text ?? "Cancel"), v.content.submit ? el("button", { class: "btn primary" }, v.content.submit.text) : null));
  shade.replaceChildren(el("div", { role: "dialog", "aria-modal": "true", "aria-label": v.content.title.text }, notes(), form));
  form.querySelector(":scope > div").scrollTop = scroll;
  const wrong = form.querySelector("[aria-invalid=true]"), again = !same ? null : [...form.querySelectorAll("input,select,textarea,button")].find((e) => (focused.id ? e.id === focused.id : focused.words && e.innerText === focused.words));
  (wrong ?? again ?? form.querySelector("div input,div select,div textarea,footer .primary,footer .btn"))?.focus({ preventScroll: !wrong });
  // What somebody was typing stays when the window changes meanwhile.
  if (again && focused.typed !== null && again.value !== focused.typed) { again.value = focused.typed; again.dispatchEvent(new Event("change")); }
}
// The keyboard stays within the window.
$("shade").addEventListener("keydown", (ev) => {
  if (ev.key !== "Tab") return;
  const all = [...$("shade").querySelectorAll("button,input,select,textarea,summary,a[href]")].filter((e) => e.offsetParent && !e.disabled);
  const first = all[0], last = all.at(-1);
  if (ev.shiftKey && document.activeElement === first) { ev.preventDefault(); last.focus(); }
  else if (!ev.shiftKey && document.activeElement === last) { ev.preventDefault(); first.focus(); }
});

function drawWire() {
  const d = $("drawer");
  d.hidden = !wire;
  if (!wire) return;
  const open = new Set([...d.querySelectorAll("details[open]")].map((x) => x.dataset.at)), list = (state.wire ?? []).toReversed();
  const json = (v) => el("pre", { tabindex: "0" }, typeof v === "string" ? v : JSON.stringify(v, null, 2));
  d.replaceChildren(el("header", {}, el("h2", {}, "Over the wire"), el("button", { class: "btn plain", "aria-label": "Close the drawer", onclick: () => { wire = false; keep("wire", ""); draw(); } }, "✕")), ...(list.length ? list.map((e) => el("details", { "data-at": e.at, open: open.has(e.at) },
    el("summary", {}, el("span", { class: "from" }, e.from === "slack" ? "Slack → bot" : "bot → Slack"), " ", el("b", {}, e.what), " ", el("small", {}, (e.from === "slack" ? "ack after " : "") + `${Math.round(e.took / 1e6)} ms`), e.refused ? el("div", { class: "refused" }, "refused: " + e.refused) : null),
    el("h3", {}, "Sent"), json(e.sent), el("h3", {}, "Answered"), json(e.got))) : [el("p", { class: "empty" }, "Nothing yet. Type a command.")]));
}

// The composer: completion of the commands, and what was typed before.
const say = $("say"), hints = $("hints");
let offered = [], on = -1;
function hint() {
  const t = say.value.toLowerCase();
  offered = t.startsWith("/") ? state.notes.commands.filter((v) => v.toLowerCase().startsWith(t) && v.toLowerCase() !== t) : [];
  on = -1;
  drawHints();
}
function drawHints() {
  hints.hidden = !offered.length;
  say.setAttribute("aria-expanded", offered.length ? "true" : "false");
  hints.replaceChildren(...offered.map((v, i) => el("li", { role: "option", id: "hint_" + i, "aria-selected": i === on ? "true" : "false", class: i === on ? "on" : "", onmousedown: (ev) => { ev.preventDefault(); take(v); } }, v)));
  on >= 0 ? say.setAttribute("aria-activedescendant", "hint_" + on) : say.removeAttribute("aria-activedescendant");
}
function take(v) { say.value = v; offered = []; drawHints(); say.focus(); }
say.addEventListener("input", hint);
say.addEventListener("blur", () => { offered = []; drawHints(); });
say.addEventListener("keydown", (ev) => {
  if (offered.length && ev.key === "Tab") { ev.preventDefault(); take(offered[Math.max(0, on)]); }
  else if (offered.length && on >= 0 && ev.key === "Enter") { ev.preventDefault(); take(offered[on]); }
  else if (offered.length && (ev.key === "ArrowUp" || ev.key === "ArrowDown")) { ev.preventDefault(); on = (on + (ev.key === "ArrowDown" ? 1 : offered.length - (on < 0 ? 0 : 1))) % offered.length; drawHints(); }
  else if (ev.key === "ArrowUp" && past.length) { ev.preventDefault(); at = Math.max(0, at - 1); say.value = past[at] ?? ""; }
  else if (ev.key === "ArrowDown" && past.length) { ev.preventDefault(); at = Math.min(past.length, at + 1); say.value = past[at] ?? ""; }
  else if (ev.key === "Escape") { offered = []; drawHints(); }
});
$("composer").addEventListener("submit", (ev) => {
  ev.preventDefault();
  const text = say.value.trim();
  if (!text) return;
  past.push(text); at = past.length;
  keep("past", JSON.stringify(past.slice(-50)));
  say.value = ""; offered = []; drawHints();
  act(under ? { do: "reply", channel: place, ts: under, text } : { do: "type", channel: place, text });
});
document.addEventListener("keydown", (ev) => { if (ev.key === "Escape" && state?.seen.modals.length && !document.querySelector("dialog[open]")) act({ do: "dismiss" }); });
document.addEventListener("click", (ev) => { for (const d of document.querySelectorAll("details.kebab[open]:not(.notes)")) if (!d.contains(ev.target)) d.open = false; });
ask();
