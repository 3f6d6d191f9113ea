// What the film is made of on the page: its elements, and what stands in them at one moment. It knows no time.

import { el } from "../desk/dom.js";
import { drawBars, drawCurve, drawPictures, short } from "./painting.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const MOST_NAMED = 26; // classes in a legend
const ICONS = { play: "M7 4l13 8-13 8z", pause: "M6 4h4v16H6zM14 4h4v16h-4z" };

/** Step, epoch, distortion and total rate of a frame. */
export const figuresOf = ({ figures: [step, epoch, distortion, rate] }) => ({ step, epoch, distortion, rate });

/** Which row of the frames' walks each row of the page shows: of a film that is done, those used most at its end first. */
function walksInOrder({ rows, live, rated }, frames) {
  const order = Array.from({ length: rows }, (_, row) => row);
  const last = frames.at(-1);
  if (live || !rated || !last) return order; // while it trains each dimension stays in its row
  const use = (row) => last.rate[last.dims[row]] || 0;
  return order.sort((a, b) => use(b) - use(a));
}

const canvas = (part, label) => el("canvas", { role: "img", "aria-label": label, "data-part": part });

export class View {
  /** on: {play(), seek(frame), choose(map)}, what the visitor does */
  constructor(root, on) {
    this.root = root;
    this.button = el("button", { type: "button", class: "play", onclick: on.play });
    this.slider = el("input", {
      type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Place in the film",
      oninput: () => on.seek(this.slider.valueAsNumber),
      onkeydown: (event) => { if (event.key === " ") { event.preventDefault(); on.play(); } },
    });
    this.when = el("output", { class: "when" });
    this.speed = el("select", { "aria-label": "Speed" },
      ...SPEEDS.map((speed) => el("option", { value: speed, selected: speed === 1 }, `${speed}×`)));
    this.choice = el("select", { "aria-label": "Map", onchange: () => on.choose(Number(this.choice.value)) });
    this.map = canvas("map", "Map");
    this.tip = el("div", { class: "tip", hidden: true });
    this.waits = el("div", { class: "waits" }, "The first frame comes with the first batches.");
    this.legend = el("ul", { class: "legend" });
    this.note = el("p", { class: "note" });
    this.back = canvas("pictures", "Pictures");
    this.backTitle = el("h4");
    this.rows = el("div", { class: "rows" });
    this.walkTitle = el("h4");
    this.walkNote = el("p", { class: "note" });
    this.charts = Object.fromEntries(["distortion", "rate", "bars"].map((name) => [name, { title: el("h4"), canvas: canvas(name, name) }]));
    this.bar = el("div", { class: "bar" }, this.button, this.slider, this.when, this.speed, this.choice);
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    this.plane = el("div", {}, el("div", { class: "plane" }, this.map, this.waits, this.tip), this.legend, this.note);
    this.stage = el("div", { class: "stage" }, this.plane, el("div", { class: "pictures" },
      el("div", {}, this.backTitle, this.back), el("div", { class: "walks" }, this.walkTitle, this.rows, this.walkNote)));
    this.chartBox = el("div", { class: "charts" },
      ...Object.values(this.charts).map((chart) => el("div", {}, chart.title, chart.canvas)));
    root.replaceChildren(this.bar, this.problem, this.stage, this.chartBox);
    this.playing(false);
  }

  playing(on) {
    const name = on ? "pause" : "play";
    this.button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
    this.button.setAttribute("aria-label", on ? "Pause" : "Play");
    this.root.dataset.playing = String(on);
  }

  complain(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }

  /** What is the same at every moment: titles, legend, notes, room for the pictures. */
  furnish(data, still, frames, map) {
    const count = frames.length;
    this.order = walksInOrder(data, frames);
    const title = (node, [bold, rest]) => node.replaceChildren(el("b", {}, bold), el("span", {}, rest ? ` · ${rest}` : ""));
    this.waits.hidden = count > 0;
    this.plane.hidden = !data.encodes;
    this.stage.classList.toggle("dreams", !data.encodes);
    this.stage.classList.toggle("wide", data.wide);
    this.bar.style.visibility = count > 1 ? "visible" : "hidden";
    this.slider.max = Math.max(0, count - 1);
    this.choice.hidden = data.maps.length < 2;
    if (this.choice.options.length !== data.maps.length) {
      this.choice.replaceChildren(...data.maps.map(({ name }, i) => el("option", { value: i }, name)));
    }
    this.choice.value = map;
    this.note.textContent = data.maps[map].note;
    title(this.backTitle, data.notes.pictures);
    title(this.walkTitle, data.notes.walk);
    this.walkNote.textContent = data.notes.instead;
    this.walkNote.hidden = !data.notes.instead;
    this.name(data, still);
    while (this.rows.childElementCount < data.rows) {
      this.rows.append(el("div", { class: "row" }, el("span"), el("canvas", { role: "img", "data-part": "walk" })));
    }
    while (this.rows.childElementCount > data.rows) this.rows.lastChild.remove();
    this.rows.classList.toggle("wide", data.wide || data.rows < 4);
    const keep = (node, columns, rows) => {
      node.style.aspectRatio = `${columns * data.picture[2]} / ${rows * data.picture[1]}`;
    };
    const columns = data.wide ? data.pairs / 2 : data.pairs;
    keep(this.back, columns, (data.pairs / columns) * (data.encodes ? 2 : 1));
    for (const row of this.rows.children) keep(row.lastChild, data.stops, 1);
    this.chartBox.hidden = data.live;
    for (const name of ["rate", "bars"]) this.charts[name].canvas.parentElement.hidden = !data.rated;
  }

  /** The legend: classes that are on the map. */
  name(data, still) {
    const seen = still ? new Set(still.y) : new Set();
    const names = data.classes.map((name, i) => [name, i]).filter(([, i]) => seen.has(i));
    const said = names.length <= MOST_NAMED ? JSON.stringify(names) : "[]";
    this.legend.hidden = said === "[]";
    if (this.legend.dataset.said === said) return;
    this.legend.dataset.said = said;
    this.legend.replaceChildren(...names.map(([name, i]) => el("li", {},
      el("i", { style: `--colour: ${data.palette[i % data.palette.length]}` }), name)));
  }

  /** The theme's colours, as a canvas takes them. */
  ink() {
    const style = getComputedStyle(this.root);
    const of = (name) => style.getPropertyValue(name).trim();
    const text = of("--st-text-color") || "#e6e9f4";
    return { text, soft: `color-mix(in srgb, ${text} 66%, transparent)`, line: `color-mix(in srgb, ${text} 13%, transparent)`,
      accent: of("--st-primary-color") || "#f0b45f" };
  }

  /** Curves up to a place between frame `low` and the next, `part` of the way. */
  curves(data, frames, low, part, ink) {
    const high = Math.min(low + 1, frames.length - 1);
    const rows = frames.map(figuresOf);
    const steps = rows.map(({ step }) => step);
    const between = (a, b) => (Number.isFinite(a) ? a + (b - a) * part : b);
    const step = between(steps[low], steps[high]);
    for (const name of data.rated ? ["distortion", "rate"] : ["distortion"]) {
      const value = between(rows[low][name], rows[high][name]);
      drawCurve(this.charts[name].canvas, steps, rows.map((row) => row[name]), step, value, ink, name === "rate");
    }
    if (!data.rated) return;
    const most = (rate) => rate.reduce((high, one) => Math.max(high, one || 0), 0);
    const rate = frames[low].rate.map((a, d) => between(a, frames[high].rate[d]));
    drawBars(this.charts.bars.canvas, rate, Math.max(0.1, ...frames.map((frame) => most(frame.rate))), data.awake, data.names, ink);
  }

  /** What changes from frame to frame: pictures, names of the walks' dimensions, the words on what is shown. */
  moment(data, still, frame, i, map) {
    const size = data.picture.reduce((product, one) => product * one, 1);
    const cut = (bytes, from, count) => bytes.subarray(from * size, (from + count) * size);
    const columns = data.wide ? data.pairs / 2 : data.pairs;
    const sheets = [];
    for (let from = 0; from < data.pairs; from += columns) {
      if (data.encodes) sheets.push(cut(still.originals, from, columns));
      sheets.push(cut(frame.back, from, columns));
    }
    drawPictures(this.back, sheets, columns, data.picture);
    [...this.rows.children].forEach((row, r) => {
      const d = frame.dims[this.order[r]];
      const [name, strip] = row.children;
      name.textContent = name.title = data.names[d] ?? `z${d}`;
      const awake = !data.rated || frame.rate[d] >= data.awake;
      name.classList.toggle("awake", awake);
      strip.setAttribute("aria-label", `Walk along ${name.textContent}${awake ? "" : ", which sleeps"}`);
      drawPictures(strip, [cut(frame.walk, this.order[r] * data.stops, data.stops)], data.stops, data.picture, 3);
    });
    const { step, epoch, distortion, rate } = figuresOf(frame);
    const words = `Epoch ${epoch.toFixed(epoch < 10 ? 2 : 1)} · step ${step.toLocaleString("en")}`;
    const now = words.replace(" ·", ",").toLowerCase();
    this.when.textContent = words;
    this.slider.value = i;
    this.slider.setAttribute("aria-valuetext", now);
    this.map.setAttribute("aria-label", `${data.n} samples at ${now}. ${data.maps[map].note}`);
    this.back.setAttribute("aria-label", `${data.notes.pictures.join(", ")}, at ${now}`);
    const say = ({ title, canvas: drawn }, name, value) => {
      title.replaceChildren(el("b", {}, name), el("span", {}, ` · ${value}`));
      drawn.setAttribute("aria-label", `${name}: ${value} at ${now}`);
    };
    const told = (value, unit) => (Number.isFinite(value) ? `${short(value)} ${unit}`.trim() : "before the first batch");
    say(this.charts.distortion, data.measure.title, told(distortion, data.measure.unit));
    if (!data.rated) return;
    say(this.charts.rate, "Rate", told(rate, "nats"));
    const awake = frame.rate.filter((value) => value >= data.awake).length;
    say(this.charts.bars, "Rate per dimension", `${awake} of ${frame.rate.length} awake`);
  }
}
