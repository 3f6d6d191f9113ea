// Curves over the slider and trails through a plane. They are drawn as far as the visitor has dragged: what a question
// asks for is not given away by a curve that shows it.

import { el } from "../desk/dom.js";
import { extent, told } from "./arrays.js";
import { axes, lineOf, logTicks, mark, svg, ticks } from "./svg.js";

const WIDE = 440;
const HIGH = 250;
const BOX = { left: 52, right: WIDE - 12, top: 10, bottom: HIGH - 38 };
const FEW = 8; // stops that are ticks themselves
let drawn = 0; // names of clips must differ within the page

/** A scale from numbers to places, with some room at its ends. */
function scale([low, high], from, to, log = false, room = 0.05) {
  const of = log ? Math.log10 : (value) => value;
  let [a, b] = [of(low), of(high)];
  if (a === b) [a, b] = [a - 0.5, b + 0.5];
  [a, b] = [a - room * (b - a), b + room * (b - a)];
  const place = (value) => from + ((of(value) - a) / (b - a)) * (to - from);
  place.ticks = log ? logTicks(10 ** a, 10 ** b) : ticks(a, b, 5);
  return place;
}

const frame = (says, ...parts) => svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": says }, ...parts);

export function createCurves(curves, { digits, hidden }) {
  const stops = curves.x.values;
  const places = curves.lines.map((line) => line.x?.values ?? stops);
  const x = scale(extent(...places), BOX.left, BOX.right, curves.log_x, 0.02);
  const y = scale(extent(...curves.lines.map((line) => line.y.values)), BOX.bottom, BOX.top);
  const clip = `lesson-curves-${drawn++}`;
  const seen = svg("rect", { y: 0, height: HIGH });
  const [moving, still] = [svg("g", { "clip-path": `url(#${clip})` }), svg("g")];
  const cursor = svg("line", { class: "cursor", y1: BOX.top, y2: BOX.bottom });
  const dots = svg("g");
  const legend = el("ul", { class: "readings" });
  const follow = [];
  const known = curves.lines.map((line) => digits.get(line.term)).filter((count) => count !== undefined);
  const usual = known.length ? Math.max(...known) : curves.digits; // one rounding within a legend
  curves.lines.forEach((line, i) => {
    const values = line.y.values;
    const d = lineOf(values.length, (k) => x(places[i][k]), (k) => y(values[k]));
    const own = `line line-${i % 6}${line.dashed ? " dashed" : ""}`;
    (line.x ? still : moving).append(svg("path", { class: own, d, term: line.term }));
    const reading = el("b", {}, "");
    legend.append(mark(el("li", { class: own }, el("i"), `${line.label} `, reading), line.term));
    if (line.x) return;
    const dot = svg("circle", { class: `dot ${own}`, r: 4.5, term: line.term });
    dots.append(dot);
    const round = digits.get(line.term) ?? usual;
    follow.push((stop, asked) => {
      const secret = asked && hidden.has(line.term);
      const there = Number.isFinite(values[stop]) && !secret;
      dot.style.display = there ? "" : "none";
      if (there) {
        dot.setAttribute("cx", x(stops[stop]));
        dot.setAttribute("cy", y(values[stop]));
      }
      reading.textContent = secret ? "?" : told(values[stop], round);
    });
  });
  const drawing = frame(curves.says, svg("clipPath", { id: clip }, seen),
    axes(BOX, x, y, stops.length <= FEW ? [...stops] : x.ticks, y.ticks, curves.x_label, curves.y_label), cursor, still, moving, dots);
  return {
    node: el("div", { class: "chart" }, drawing, legend),
    show(stop, { low, high, asked }) {
      for (const one of follow) one(stop, asked);
      still.style.display = asked ? "none" : "";
      const [from, to] = [x(stops[low]), x(stops[high])];
      seen.setAttribute("x", Math.min(from, to) - 2);
      seen.setAttribute("width", asked ? 0 : Math.abs(to - from) + 4);
      cursor.setAttribute("x1", x(stops[stop]));
      cursor.setAttribute("x2", x(stops[stop]));
    },
  };
}

export function createTrail(trail) {
  const { values, shape } = trail.xy;
  const column = (array, axis) => array.filter((_, i) => i % 2 === axis);
  const others = trail.others.map((spot) => spot.xy.values);
  const x = scale(extent(column(values, 0), ...others.map((xy) => column(xy, 0))), BOX.left, BOX.right, false, 0.08);
  const y = scale(extent(column(values, 1), ...others.map((xy) => column(xy, 1))), BOX.bottom, BOX.top, false, 0.08);
  const line = svg("path", { class: "path", term: trail.term });
  const dot = svg("circle", { class: "spot", r: 6, term: trail.term });
  const places = svg("g");
  const names = svg("g", { class: "names" });
  const steps = Array.from({ length: shape[0] }, (_, i) => {
    const step = svg("g", {}, svg("circle", { class: "step", cx: x(values[2 * i]), cy: y(values[2 * i + 1]), r: 3.5, term: trail.term }));
    if (trail.points[i]) step.append(nameAt(trail.points[i], x(values[2 * i]), y(values[2 * i + 1])));
    places.append(step);
    return step;
  });
  for (const spot of trail.others) {
    const [px, py] = [x(spot.xy.values[0]), y(spot.xy.values[1])];
    names.append(svg("path", { class: "other", d: `M${px} ${py - 5}l5 5l-5 5l-5 -5Z`, term: spot.term }), nameAt(spot.label, px, py, spot.term));
  }
  const drawing = frame(trail.says, axes(BOX, x, y, x.ticks, y.ticks, trail.x_label, trail.y_label), line, names, places, dot);
  return {
    node: el("div", { class: "chart" }, drawing),
    show(stop, { low, high, asked }) {
      const [from, to] = asked ? [stop, stop] : [low, high];
      line.setAttribute("d", lineOf(to - from + 1, (i) => x(values[2 * (from + i)]), (i) => y(values[2 * (from + i) + 1])));
      steps.forEach((step, i) => { step.style.display = i >= from && i <= to ? "" : "none"; });
      names.style.display = asked ? "none" : "";
      const there = Number.isFinite(values[2 * stop]) && Number.isFinite(values[2 * stop + 1]);
      dot.style.display = there ? "" : "none";
      if (there) {
        dot.setAttribute("cx", x(values[2 * stop]));
        dot.setAttribute("cy", y(values[2 * stop + 1]));
      }
    },
  };
}

function nameAt(text, px, py, term = "") {
  const end = px > WIDE - 90;
  return svg("text", { class: "name", x: px + (end ? -8 : 8), y: py - 7, "text-anchor": end ? "end" : "start", term }, text);
}
