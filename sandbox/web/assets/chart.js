// chart draws a data_visualization block as SVG: line, area, bar and pie, with a legend, and the
// values where the pointer is. Null for a chart that is none of them.
const SVG = "http://www.w3.org/2000/svg";
const W = 520, H = 190, LEFT = 46, RIGHT = 10, TOP = 10, BOTTOM = 24;

function s(tag, attrs = {}, ...kids) {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attrs)) if (v != null) e.setAttribute(k, v);
  e.append(...kids.flat());
  return e;
}
const short = (v) => (Math.abs(v) >= 1e6 ? (v / 1e6).toFixed(1) + " M" : Math.abs(v) >= 1e4 ? (v / 1e3).toFixed(0) + " k" : String(+v.toFixed(Math.abs(v) < 10 ? 2 : 1)));

export function chart(block) {
  const c = block.chart ?? {};
  const draw = { line: plot, area: plot, bar: plot, pie }[c.type];
  if (!draw) return null;
  const figure = document.createElement("figure");
  figure.className = "chart";
  const title = document.createElement("figcaption");
  title.textContent = block.title;
  const readout = document.createElement("output");
  const legend = document.createElement("ul");
  figure.append(title, draw(c, block.title, readout), legend, readout);
  for (const [i, one] of (c.series ?? c.segments).entries()) {
    const item = document.createElement("li");
    item.className = "c" + i;
    item.textContent = one.name ?? one.label;
    legend.append(item);
  }
  return figure;
}

// round is the step between an axis's lines: 1, 2 or 5 times a power of ten.
function round(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return power * [1, 2, 5, 10].find((m) => m * power >= n * 0.999);
}

// plot is every chart with two axes.
function plot(c, title, readout) {
  const cats = c.axis_config.categories, series = c.series, all = series.flatMap((r) => r.data.map((p) => p.value));
  let lo = Math.min(...all), hi = Math.max(...all);
  if (c.type === "bar") { lo = Math.min(0, lo); hi = Math.max(0, hi); }
  const unit = round((hi - lo || Math.abs(hi) || 1) / 3);
  lo = Math.floor(lo / unit) * unit;
  hi = Math.ceil(hi / unit) * unit || unit;
  if (hi === lo) hi += unit;
  const step = (W - LEFT - RIGHT) / cats.length, x = (i) => LEFT + step * (i + 0.5), y = (v) => TOP + (1 - (v - lo) / (hi - lo)) * (H - TOP - BOTTOM);
  const said = series.map((r) => `${r.name}: ${r.data.map((p) => `${p.label} ${p.value}`).join(", ")}`).join(". ");
  const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}. ${said}` });
  for (let n = 0; lo + n * unit <= hi + unit / 2; n++) {
    const v = lo + n * unit;
    svg.append(s("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v) }), s("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, short(v)));
  }
  const every = Math.ceil(cats.length / 6);
  cats.forEach((label, i) => { if (i % every === 0) svg.append(s("text", { x: x(i), y: H - 6, "text-anchor": "middle" }, label.replace(/ \d\d$/, ""))); });
  series.forEach((r, k) => {
    const at = (label) => cats.indexOf(label), points = r.data.map((p) => `${x(at(p.label))},${y(p.value)}`);
    if (c.type === "bar") {
      const w = (step * 0.7) / series.length;
      for (const p of r.data) svg.append(s("rect", { class: "c" + k, x: x(at(p.label)) - step * 0.35 + w * k, width: Math.max(1, w - 1), y: Math.min(y(p.value), y(0)), height: Math.max(1, Math.abs(y(p.value) - y(0))) }));
      return;
    }
    if (c.type === "area") svg.append(s("polygon", { class: "fill c" + k, points: [`${x(at(r.data[0].label))},${y(lo)}`, ...points, `${x(at(r.data.at(-1).label))},${y(lo)}`].join(" ") }));
    svg.append(s("polyline", { class: "c" + k, points: points.join(" ") }));
    if (k === 0) for (const p of r.data) svg.append(s("circle", { class: "c" + k, cx: x(at(p.label)), cy: y(p.value), r: 2.4 }));
  });
  const hair = s("line", { class: "hair", y1: TOP, y2: H - BOTTOM, x1: -9, x2: -9 });
  svg.append(hair);
  svg.addEventListener("pointermove", (ev) => {
    const at = svg.getBoundingClientRect(), i = Math.max(0, Math.min(cats.length - 1, Math.floor((((ev.clientX - at.left) / at.width) * W - LEFT) / step)));
    hair.setAttribute("x1", x(i)); hair.setAttribute("x2", x(i));
    readout.textContent = cats[i] + "  " + series.map((r) => `${r.name} ${r.data.find((p) => p.label === cats[i])?.value ?? "–"}`).join(" · ");
  });
  svg.addEventListener("pointerleave", () => { hair.setAttribute("x1", -9); hair.setAttribute("x2", -9); readout.textContent = ""; });
  return svg;
}

function pie(c, title, readout) {
  const sum = c.segments.reduce((n, g) => n + g.value, 0) || 1, svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}. ${c.segments.map((g) => `${g.label} ${g.value}`).join(", ")}` });
  const r = H / 2 - TOP, cx = W / 2, cy = H / 2;
  let from = -Math.PI / 2;
  c.segments.forEach((g, k) => {
    const to = from + (g.value / sum) * Math.PI * 2 * 0.9999, p = (a) => `${cx + r * Math.cos(a)} ${cy + r * Math.sin(a)}`;
    const part = s("path", { class: "slice c" + k, d: `M${cx} ${cy} L${p(from)} A${r} ${r} 0 ${to - from > Math.PI ? 1 : 0} 1 ${p(to)} Z` });
    part.addEventListener("pointermove", () => (readout.textContent = `${g.label}  ${g.value}`));
    part.addEventListener("pointerleave", () => (readout.textContent = ""));
    svg.append(part);
    from = to;
  });
  return svg;
}
