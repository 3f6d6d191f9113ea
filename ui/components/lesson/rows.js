// Panels that are rows: pictures, bars, lines of text. Each keeps its size over all stops.

import { el } from "../desk/dom.js";
import { createPainter } from "../desk/pictures.js";
import { extent, told } from "./arrays.js";
import { mark } from "./svg.js";

/** Text that changes in a place that is as large as its longest. */
export function steady(texts, attributes = {}) {
  const longest = texts.reduce((one, other) => (other.length > one.length ? other : one), "");
  const words = el("span");
  return {
    node: el("span", { ...attributes, class: `steady ${attributes.class ?? ""}` },
      el("span", { class: "ghost", "aria-hidden": "true" }, longest || "\u00a0"), words),
    show(text) {
      if (words.textContent !== text) words.textContent = text;
    },
  };
}

export function createPictures(panel, { hidden }) {
  const [, count, height, width, channels = 1] = panel.pixels.shape;
  const size = height * width * channels;
  const painter = createPainter({
    width, height,
    paint(pixels, into) {
      for (let i = 0; i < width * height; i++) {
        for (let c = 0; c < 3; c++) into[4 * i + c] = pixels[i * channels + (channels === 3 ? c : 0)];
        into[4 * i + 3] = 255;
      }
    },
  });
  const tiles = Array.from({ length: count }, (_, p) => {
    const canvas = el("canvas", { role: "img", "aria-label": panel.labels[p] });
    const note = panel.notes.length ? steady(panel.notes.map((notes) => notes[p] ?? "")) : null;
    const tile = mark(el("figure", { class: "tile" }, canvas,
      el("figcaption", {}, panel.labels[p], note ? el("small", {}, note.node) : null)), panel.terms[p]);
    return { canvas, note, tile, drawn: -1 };
  });
  return {
    node: el("div", { class: "pictures", role: "group", "aria-label": panel.says, style: `--count: ${count}; --ratio: ${width / height}` },
      ...tiles.map(({ tile }) => tile)),
    show(stop, { asked }) {
      const place = panel.pixels.shape[0] === 1 ? 0 : stop;
      const pixels = panel.pixels.at(stop);
      tiles.forEach((one, p) => {
        const note = (panel.notes.length === 1 ? panel.notes[0] : panel.notes[stop])?.[p] ?? "";
        one.note?.show(asked && hidden.has(panel.terms[p]) ? "?" : note);
        if (one.drawn === place) return;
        one.drawn = place;
        painter.into(one.canvas, pixels.subarray(p * size, (p + 1) * size), false);
      });
    },
  };
}

export function createBars(panel, { digits, hidden }) {
  const [least, most] = extent(panel.values.values, [0], panel.line ? [panel.line[0]] : []);
  const reach = most - least || 1;
  const percent = (value) => 100 * ((value - least) / reach);
  const bars = panel.names.map((name, b) => {
    const [fill, value] = [el("i"), el("output")];
    const level = panel.line ? el("s", { style: `left: ${percent(panel.line[0])}%` }) : null;
    return { fill, value, row: mark(el("div", { class: "bar" }, el("span", {}, name), el("div", { class: "track" }, fill, level), value), panel.terms[b]) };
  });
  return {
    node: el("div", { class: "bars", role: "group", "aria-label": panel.says },
      ...bars.map(({ row }) => row),
      el("p", { class: "hint" }, panel.y_label, panel.line ? ` · dashed: ${panel.line[1]}` : "")),
    show(stop, { asked }) {
      const values = panel.values.at(stop);
      bars.forEach(({ fill, value }, b) => {
        const secret = asked && hidden.has(panel.terms[b]);
        const there = Number.isFinite(values[b]) ? values[b] : 0;
        fill.style.display = Number.isFinite(values[b]) && !secret ? "" : "none";
        fill.style.left = `${percent(Math.min(0, there))}%`;
        fill.style.width = `${Math.max(0.4, percent(Math.max(0, there)) - percent(Math.min(0, there)))}%`;
        value.textContent = secret ? "?" : told(values[b], digits.get(panel.terms[b]) ?? panel.digits);
      });
    },
  };
}

export function createWords(panel) {
  const count = Math.max(...panel.lines.map((lines) => lines.length));
  const rows = Array.from({ length: count }, (_, i) => steady(panel.lines.map((lines) => lines[i] ?? "")));
  return {
    node: el("div", { class: "words", role: "group", "aria-label": panel.says },
      ...rows.map(({ node }, i) => mark(el("p", {}, node), panel.terms[i]))),
    show(stop) {
      const lines = panel.lines.length === 1 ? panel.lines[0] : panel.lines[stop];
      rows.forEach((row, i) => row.show(lines[i] ?? ""));
    },
  };
}
