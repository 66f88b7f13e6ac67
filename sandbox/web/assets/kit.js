// Block Kit as Slack's client draws it: text, blocks, elements, fields. It knows Slack's formats and
// nothing of the app. A block or element that is not here is shown as an error, never dropped.
import { chart } from "./chart.js";

// EMOJI are those that the apps around here use; another one stays its name.
const EMOJI = {
  white_check_mark: "✅", x: "❌", warning: "⚠️", large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", large_blue_circle: "🔵", red_circle: "🔴", white_circle: "⚪",
  black_circle: "⚫", hourglass: "⌛", hourglass_flowing_sand: "⏳", grey_question: "❔", question: "❓", zzz: "💤", ballot_box_with_check: "☑️", dart: "🎯", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", bar_chart: "📊", heavy_minus_sign: "➖", heavy_equals_sign: "🟰", checkered_flag: "🏁", pencil2: "✏️", pencil: "📝", memo: "📝", lock: "🔒", key: "🔑", no_entry: "⛔", no_entry_sign: "🚫",
  double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️", straight_ruler: "📏", tada: "🎉", rocket: "🚀", wave: "👋", bulb: "💡", link: "🔗", mag: "🔍", calendar: "📅", date: "📅",
  clock3: "🕒", bell: "🔔", no_bell: "🔕", heavy_check_mark: "✔️", trophy: "🏆", fire: "🔥", eyes: "👀", repeat: "🔁", arrows_counterclockwise: "🔄", information_source: "ℹ️", speech_balloon: "💬",
};

// el makes an element; what it holds is always text, never markup.
export function el(tag, attrs = {}, ...kids) {
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

// here is the time zone of who looks, as Slack tells times.
export const here = { timeZone: undefined };
const clock = (d) => d.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...here });
export const when = (d) => d.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...here }) + " at " + clock(d);
// time is how far the sandbox's clock is ahead, in milliseconds.
export const time = { ahead: 0 };
// ago says roughly how long ago something was, as Slack does.
const ago = (d) => {
  const minutes = Math.max(0, Math.round((Date.now() + time.ahead - d) / 60000));
  const [n, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  return n === 0 ? "just now" : `${n} ${unit}${n === 1 ? "" : "s"} ago`;
};
const dateOf = (ts) => new Date(parseFloat(ts) * 1000);
export const timeOf = (ts) => clock(dateOf(ts));
export const dayOf = (ts) => dateOf(ts).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", ...here });
const unknown = (what) => el("div", { class: "unknown", role: "alert" }, `This page does not know ${what}.`);

// menu is the button ⋯ with what can be done: by the mouse, or with the arrows and Escape.
export function menu(label, buttons) {
  const m = el("details", { class: "kebab" }, el("summary", { "aria-label": label }, "⋯"), el("div", {}, buttons)), all = [m.firstChild, ...buttons.filter(Boolean)];
  m.addEventListener("toggle", () => m.open && place(m));
  m.addEventListener("click", (ev) => { if (ev.target.closest("button")) m.open = false; });
  m.addEventListener("focusout", (ev) => { if (!m.contains(ev.relatedTarget)) m.open = false; });
  m.addEventListener("keydown", (ev) => {
    const by = { ArrowDown: 1, ArrowUp: all.length - 1 }[ev.key];
    if (by) { ev.preventDefault(); m.open = true; all[(all.indexOf(document.activeElement) + by) % all.length].focus(); }
    else if (ev.key === "Escape" && m.open) { ev.stopPropagation(); m.open = false; all[0].focus(); }
  });
  return m;
}

// place puts an open menu where all of it is seen: over whatever would cut it off, upwards where there is
// more room, and within the window. It goes when what it belongs to is scrolled away.
function place(m) {
  const list = m.lastChild, r = m.firstChild.getBoundingClientRect(), below = innerHeight - r.bottom - 8, above = r.top - 8, up = list.scrollHeight > below && above > below;
  list.style.cssText = `position:fixed;max-width:calc(100vw - 16px);overflow:auto;max-height:${Math.max(80, up ? above : below)}px;` + (up ? `top:auto;bottom:${innerHeight - r.top + 2}px` : `bottom:auto;top:${r.bottom + 2}px`);
  const width = list.offsetWidth, left = m.parentNode?.matches(".actions") ? r.left : r.right - width;
  list.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  list.style.right = "auto";
  const away = (ev) => { if (ev.target !== list && ev.target.contains?.(m)) { m.open = false; document.removeEventListener("scroll", away, true); } };
  document.addEventListener("scroll", away, true);
}

// kit draws with the names of one workspace: names gives a person's, channel's and everybody's.
export function kit(names) {
  // mrkdwn draws Slack's formatting: mentions, dates, links, bold, italic, struck, code, quotes, emoji.
  function mrkdwn(text) {
    const out = el("span");
    const token = /```([\s\S]*?)```|<@(\w+)(?:\|[^>]*)?>|<#(\w+)(?:\|[^>]*)?>|<!date\^(\d+)\^([^|>]*)\|([^>]*)>|<!(\w+)(?:\^\w+)?(?:\|[^>]*)?>|<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>|`([^`\n]+)`|(?<=^|[\s(>])\*([^*\n]+)\*|(?<=^|[\s(])_([^_\n]+)_(?=$|[\s).,:])|(?<=^|[\s(])~([^~\n]+)~|:([a-z0-9_+-]+):|^(?:&gt;|>) ?(.*)$/gm;
    let from = 0;
    const inside = (tag, s) => { const e = el(tag); e.append(mrkdwn(s)); return e; };
    for (const m of text.matchAll(token)) {
      out.append(unescape(text.slice(from, m.index)));
      from = m.index + m[0].length;
      if (m[1] !== undefined) out.append(el("pre", {}, unescape(m[1].trim())));
      else if (m[2]) out.append(el("span", { class: "mention" }, "@" + names.person(m[2])));
      else if (m[3]) out.append(el("span", { class: "mention" }, "#" + names.channel(m[3])));
      else if (m[4]) out.append(el("time", { title: m[6] }, (m[5] === "{ago}" ? ago : when)(new Date(m[4] * 1000))));
      else if (m[7]) out.append(el("span", { class: "mention loud" }, "@" + m[7]));
      else if (m[8]) out.append(el("a", { href: m[8], target: "_blank", rel: "noreferrer" }, unescape(m[9] ?? m[8])));
      else if (m[10]) out.append(el("code", {}, unescape(m[10])));
      else if (m[11]) out.append(inside("b", m[11]));
      else if (m[12]) out.append(inside("i", m[12]));
      else if (m[13]) out.append(inside("s", m[13]));
      else if (m[14]) out.append(EMOJI[m[14]] ? el("span", { role: "img", "aria-label": m[14].replaceAll("_", " ") }, EMOJI[m[14]]) : m[0]);
      else out.append(inside("blockquote", m[15] ?? ""));
    }
    out.append(unescape(text.slice(from)));
    return out;
  }
  const written = (t) => (t?.type === "mrkdwn" ? mrkdwn(t.text) : el("span", {}, (t?.text ?? "").replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all)));

  // sure asks before something that cannot be undone, where the app wants that.
  function sure(confirm, then) {
    if (!confirm) return then();
    const close = () => box.close();
    const box = el("dialog", { class: "ask", "aria-label": confirm.title.text }, el("h2", {}, confirm.title.text), el("div", { class: "block" }, written(confirm.text)),
      el("footer", {}, el("button", { class: "btn", type: "button", onclick: close }, confirm.deny.text), el("button", { class: "btn " + (confirm.style === "danger" ? "danger" : "primary"), type: "button", onclick: () => { close(); then(); } }, confirm.confirm.text)));
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    box.showModal();
  }

  // blocks draws a message's or a view's blocks. What is done is { press(block, element, chosen),
  // set(block, element, chosen), suggest(block, element, words) }.
  const blocks = (list, does, view) => (list ?? []).map((b) => block(b, does, view));
  function block(b, does, view) {
    switch (b.type) {
      case "section": {
        const text = el("div", {}, b.text ? el("div", { class: "block" }, written(b.text)) : null, b.fields ? el("div", { class: "fields" }, b.fields.map((f) => el("div", { class: "block" }, written(f)))) : null);
        return el("div", { class: "section" }, text, b.accessory ? element(b, b.accessory, does, view) : null);
      }
      case "header": return el("h3", { class: "header block" }, written(b.text));
      case "divider": return el("hr");
      case "context": return el("div", { class: "context block" }, b.elements.map((e) => (e.type === "image" ? el("img", { src: e.image_url, alt: e.alt_text }) : written(e))));
      case "actions": return el("div", { class: "actions block" }, b.elements.map((e) => element(b, e, does, view)));
      case "input": return labelled(b, does, view);
      case "image": return el("img", { class: "block", src: b.image_url, alt: b.alt_text });
      case "markdown": return el("div", { class: "block" }, mrkdwn(b.text));
      case "data_visualization": return chart(b) ?? unknown(`the chart ${b.chart?.type}`);
    }
    return unknown(`the block ${b.type}`);
  }

  function element(b, e, does, view) {
    switch (e.type) {
      case "button":
        if (e.url) return el("a", { class: "btn", href: e.url, target: "_blank", rel: "noreferrer", onclick: () => does.press(b, e) }, e.text.text);
        return el("button", { class: "btn" + (e.style ? " " + e.style : ""), type: "button", "aria-label": e.accessibility_label, onclick: () => sure(e.confirm, () => does.press(b, e)) }, written(e.text));
      case "overflow": return menu("More actions", e.options.map((o) => el("button", { type: "button", onclick: () => sure(e.confirm, () => does.press(b, e, { selected_option: o })) }, o.text.text)));
      case "image": return el("img", { class: "thumb", src: e.image_url, alt: e.alt_text });
    }
    return field(b, e, `f_${b.block_id}_${e.action_id}`, does, view) ?? unknown(`the element ${e.type}`);
  }

  // labelled is an input with its label, hint and error.
  function labelled(b, does, view) {
    const id = `f_${b.block_id}_${b.element.action_id}`, error = view?.errors[b.block_id];
    const input = field(b, b.element, id, does, view) ?? unknown(`the element ${b.element.type}`);
    const about = [b.hint ? id + "_hint" : null, error ? id + "_error" : null].filter(Boolean).join(" ");
    const own = input.matches("input,select,textarea") ? input : input.querySelector("input");
    if (own) {
      if (about) own.setAttribute("aria-describedby", about);
      if (error) own.setAttribute("aria-invalid", "true");
      if (!b.optional) own.setAttribute("aria-required", "true");
    }
    const group = ["radio_buttons", "checkboxes"].includes(b.element.type);
    const label = el(group ? "div" : "label", { class: "label", for: group ? null : id, id: id + "_label" }, b.label.text, b.optional ? el("small", {}, " (optional)") : null);
    return el("div", { class: "field" + (error ? " wrong" : "") }, label, input, b.hint ? el("small", { id: id + "_hint" }, b.hint.text) : null, error ? el("span", { class: "error", role: "alert", id: id + "_error" }, error) : null);
  }

  // field draws one input; what is entered goes to the simulator at once. Null: not known.
  function field(b, e, id, does, view) {
    const value = view?.state[b.block_id]?.[e.action_id] ?? {}, set = (chosen) => does.set(b, e, chosen);
    const choose = (options, current, change, placeholder) => el("select", { id, onchange: (ev) => change(ev.target.value || null) }, el("option", { value: "" }, placeholder), options.map(([v, words]) => el("option", { value: v, selected: v === current }, words)));
    switch (e.type) {
      case "plain_text_input": case "email_text_input": case "url_text_input": {
        const input = el(e.multiline ? "textarea" : "input", { id, type: e.multiline ? null : "text", placeholder: e.placeholder?.text, maxlength: e.max_length, rows: e.multiline ? 4 : null, onchange: (ev) => set({ value: ev.target.value || null }) });
        input.value = value.value ?? "";
        return input;
      }
      case "number_input": {
        const input = el("input", { id, type: "text", inputmode: e.is_decimal_allowed ? "decimal" : "numeric", placeholder: e.placeholder?.text, onchange: (ev) => set({ value: ev.target.value || null }) });
        input.value = value.value ?? "";
        return input;
      }
      case "static_select": {
        const all = e.options ?? e.option_groups.flatMap((g) => g.options);
        return choose(all.map((o) => [o.value, o.text.text]), value.selected_option?.value, (v) => set({ selected_option: all.find((o) => o.value === v) ?? null }), e.placeholder?.text ?? "Choose");
      }
      case "multi_static_select": {
        const all = e.options ?? e.option_groups.flatMap((g) => g.options), at = (v) => value.selected_options?.some((o) => o.value === v);
        return el("select", { id, multiple: true, size: Math.min(6, Math.max(2, all.length)), onchange: (ev) => { const on = [...ev.target.selectedOptions].map((o) => o.value); set({ selected_options: all.filter((o) => on.includes(o.value)) }); } }, all.map((o) => el("option", { value: o.value, selected: at(o.value) }, o.text.text)));
      }
      case "radio_buttons":
        return el("div", { role: "radiogroup", "aria-labelledby": id + "_label" }, e.options.map((o) => el("label", { class: "block" }, el("input", { type: "radio", name: id, checked: value.selected_option?.value === o.value, onchange: () => set({ selected_option: o }) }), " ", written(o.text), o.description ? el("small", {}, o.description.text) : null)));
      case "checkboxes":
        return el("div", { role: "group", "aria-labelledby": id + "_label" }, e.options.map((o) => el("label", { class: "block" }, el("input", { type: "checkbox", checked: value.selected_options?.some((s) => s.value === o.value), onchange: (ev) => set({ selected_options: ev.target.checked ? [...(value.selected_options ?? []), o] : (value.selected_options ?? []).filter((s) => s.value !== o.value) }) }), " ", written(o.text))));
      case "users_select": return choose(names.people.map((p) => [p.id, p.real_name]), value.selected_user, (v) => set({ selected_user: v }), e.placeholder?.text ?? "Choose a person");
      case "multi_users_select": {
        const list = el("select", { id, multiple: true, size: 4, onchange: (ev) => set({ selected_users: [...ev.target.selectedOptions].map((o) => o.value) }) }, names.people.map((p) => el("option", { value: p.id, selected: value.selected_users?.includes(p.id) }, p.real_name)));
        return list;
      }
      case "channels_select": return choose(names.channels.map((c) => [c.id, "#" + c.name]), value.selected_channel, (v) => set({ selected_channel: v }), e.placeholder?.text ?? "Choose a channel");
      case "conversations_select": return choose(names.channels.map((c) => [c.id, "#" + c.name]), value.selected_conversation, (v) => set({ selected_conversation: v }), e.placeholder?.text ?? "Choose a channel");
      case "datepicker": return el("input", { id, type: "date", value: value.selected_date, onchange: (ev) => set({ selected_date: ev.target.value || null }) });
      case "timepicker": return el("input", { id, type: "time", value: value.selected_time, onchange: (ev) => set({ selected_time: ev.target.value || null }) });
      case "external_select": return combo(b, e, id, value, does, set);
    }
    return null;
  }

  // combo is a type-ahead: it asks the app as one types, and is used with the arrow keys. Words that
  // were not chosen from the list do not stay.
  function combo(b, e, id, value, does, set) {
    const list = el("ul", { id: id + "_list", role: "listbox", hidden: true }), box = el("input", { id, type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": id + "_list", "aria-autocomplete": "list", placeholder: e.placeholder?.text, autocomplete: "off" });
    let found = [], on = -1, timer, asked = 0, chosen = value.selected_option;
    const rest = () => (box.value = chosen?.text.text ?? "");
    rest();
    const scrolled = (ev) => { if (ev.target !== list) close(); };
    const close = () => { clearTimeout(timer); asked++; list.hidden = true; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); document.removeEventListener("scroll", scrolled, true); };
    const pick = (o) => { chosen = o; rest(); close(); set({ selected_option: o }); };
    const item = (o, i) => el("li", { role: "option", id: `${id}_${i}`, "aria-selected": i === on ? "true" : "false", class: i === on ? "on" : "", onmousedown: (ev) => { ev.preventDefault(); pick(o); } }, o.text.text, o.description ? el("small", {}, o.description.text) : null);
    const show = (note) => {
      list.replaceChildren(...(note ? [el("li", { class: "note" }, note)] : found.map(item)));
      // Over the window's edge, and upwards where there is more room.
      const r = box.getBoundingClientRect(), up = innerHeight - r.bottom < 250 && r.top > innerHeight - r.bottom;
      list.style.cssText = `left:${r.left}px;width:${r.width}px;` + (up ? `bottom:${innerHeight - r.top}px` : `top:${r.bottom}px`);
      document.addEventListener("scroll", scrolled, true);
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      if (on >= 0) { box.setAttribute("aria-activedescendant", `${id}_${on}`); list.children[on]?.scrollIntoView({ block: "nearest" }); }
    };
    const search = (words) => {
      clearTimeout(timer);
      if (words.length < (e.min_query_length ?? 3)) return close();
      show("Searching…");
      timer = setTimeout(async () => {
        const mine = ++asked, got = await does.suggest(b, e, words);
        if (mine !== asked || document.activeElement !== box) return;
        found = got; on = -1;
        show(found.length ? null : "Nothing found");
      }, 120);
    };
    box.addEventListener("input", () => search(box.value));
    const open = () => search(chosen ? "" : box.value);
    box.addEventListener("focus", () => box.select());
    box.addEventListener("click", open);
    box.addEventListener("blur", () => { close(); rest(); });
    box.addEventListener("keydown", (ev) => {
      if (ev.key === "ArrowDown" || ev.key === "ArrowUp") { ev.preventDefault(); if (list.hidden) open(); else if (found.length) { on = (on + (ev.key === "ArrowDown" ? 1 : found.length - 1) + (on < 0 && ev.key === "ArrowUp" ? 1 : 0)) % found.length; show(); } }
      else if (ev.key === "Enter" && !list.hidden && found.length) { ev.preventDefault(); pick(found[Math.max(0, on)]); }
      else if (ev.key === "Escape" && !list.hidden) { ev.stopPropagation(); close(); }
    });
    return el("div", { class: "combo" }, box, list);
  }

  // files are what came with a message, each with its size and the way to keep it.
  const size = (n) => (n < 1000 ? `${n} bytes` : n < 1e6 ? `${Math.round(n / 1000)} kB` : `${(n / 1e6).toFixed(1)} MB`);
  const files = (list) => (list ?? []).map((f) => el("a", { class: "file", href: f.url_private_download, download: f.name }, el("b", {}, f.title || f.name), el("small", {}, ` ${size(f.size)} · Download`)));

  return { mrkdwn, blocks, written, files };
}
