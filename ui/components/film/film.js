// The film of a training: a map whose points drift, pictures, walks and curves, all at one place in time.
//
// data: {
//   frames: [address], parts: {xy, rate, dims, back, walk, figures: {dtype, offset, length}}, of each frame alike
//   maps: [{name, note, labelled, frames: [address] | null, parts}], null: the places that the frames themselves have
//   still: {y, positions, originals} as references of one address, live: whether frames are still to come
//   n, pairs, rows, stops, awake, picture: [C, H, W], wide, palette, classes: [name], names: {dimension: name},
//   measure: {title, unit}, rated, encodes, notes: {pictures, walk}
// }
// figures of a frame: step, epoch, distortion, total rate. Nothing is said to Python but that frames are missing.

import { el } from "../desk/dom.js";
import { Missing, Reel } from "./frames.js";
import { drawBars, drawCurve, drawMap, drawPictures, onCanvas, short } from "./painting.js";

const SECONDS_A_FRAME = 0.16;
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const DRIFT = 650; // ms that points take to where a new frame, or a leap of the scrubber, has them
const REACH = 14; // pixels from the pointer to a point it still means
const ICONS = { play: "M7 4l13 8-13 8z", pause: "M6 4h4v16H6zM14 4h4v16h-4z" };
const films = new WeakMap();

const ease = (k) => k * k * (3 - 2 * k);

function icon(name) {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

class Film {
  constructor(root) {
    this.root = root;
    this.reels = [new Reel(), new Reel()]; // frames; places of the other map
    this.still = new Reel();
    this.frames = [];
    this.at = 0; // place in time, counted in frames
    this.follow = true; // the newest frame, as long as nobody looks at an older one
    this.playing = false;
    this.drift = null; // {from: Float32Array, began} while points are on their way
    this.box = null;
    this.map = 0;
    this.point = null;
    this.turn = this.draws = 0;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.stop = new AbortController();
    this.build();
    this.resizer = new ResizeObserver(() => { this.pictured = -1; this.wake(); });
    this.resizer.observe(root);
  }

  build() {
    const make = (name, label) => el("canvas", { role: "img", "aria-label": label, "data-part": name });
    this.button = el("button", { type: "button", class: "play", onclick: () => this.play(!this.playing) });
    this.slider = el("input", {
      type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Place in the film",
      oninput: () => this.seek(this.slider.valueAsNumber),
      onkeydown: (event) => { if (event.key === " ") { event.preventDefault(); this.play(!this.playing); } },
    });
    this.when = el("output", { class: "when" });
    this.speed = el("select", { "aria-label": "Speed" },
      ...SPEEDS.map((speed) => el("option", { value: speed, selected: speed === 1 }, `${speed}×`)));
    this.choice = el("select", { "aria-label": "Map", onchange: () => this.choose(Number(this.choice.value)) });
    this.plane = make("map", "Map");
    this.tip = el("div", { class: "tip", hidden: true });
    this.waits = el("div", { class: "waits" }, "The first frame comes with the first batches.");
    this.legend = el("ul", { class: "legend" });
    this.note = el("p", { class: "note" });
    this.back = make("pictures", "Pictures");
    this.rows = el("div", { class: "rows" });
    this.backTitle = el("h4");
    this.walkTitle = el("h4");
    this.walkNote = el("p", { class: "note" });
    this.titles = { distortion: el("h4"), rate: el("h4"), bars: el("h4") };
    this.charts = {
      distortion: make("distortion", "Distortion"), rate: make("rate", "Rate"), bars: make("bars", "Rate per dimension"),
    };
    this.box1 = el("div", {}, el("div", { class: "plane" }, this.plane, this.waits, this.tip), this.legend, this.note);
    this.walks = el("div", {}, this.walkTitle, this.rows, this.walkNote);
    this.stage = el("div", { class: "stage" }, this.box1,
      el("div", { class: "pictures" }, el("div", {}, this.backTitle, this.back), this.walks));
    this.chartBox = el("div", { class: "charts" },
      ...Object.keys(this.charts).map((name) => el("div", {}, this.titles[name], this.charts[name])));
    this.bar = el("div", { class: "bar" }, this.button, this.slider, this.when, this.speed, this.choice);
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    this.root.replaceChildren(this.bar, this.problem, this.stage, this.chartBox);
    const { signal } = this.stop;
    this.plane.addEventListener("pointermove", (event) => this.pointAt(event), { signal });
    this.plane.addEventListener("pointerdown", (event) => this.pointAt(event), { signal });
    this.plane.addEventListener("pointerleave", () => this.pointAt(null), { signal });
    this.showButton();
  }

  // -- what there is to show --------------------------------------------------------------------------------

  async update(component) {
    const turn = ++this.turn;
    const { data } = component;
    const other = data.maps[1];
    try {
      const [frames, places, [still]] = await Promise.all([
        this.reels[0].load(data.frames, data.parts),
        other ? this.reels[1].load(other.frames, other.parts) : [],
        data.still ? this.still.load([data.still.address], data.still.parts) : [null],
      ]);
      if (turn !== this.turn) return; // the film has grown meanwhile
      this.problem.hidden = true;
      this.take(data, frames, places, still);
    } catch (error) {
      if (turn !== this.turn) return;
      if (error instanceof Missing) {
        component.setStateValue("missing", Date.now());
        return;
      }
      console.error(error);
      this.problem.textContent = `The film cannot be shown: ${error.message ?? error}`;
      this.problem.hidden = false;
    }
  }

  take(data, frames, places, still) {
    const shown = this.frames.length ? this.places() : null;
    const atEnd = this.follow || this.at >= this.frames.length - 1;
    const before = this.figure(Math.round(this.at))?.step;
    Object.assign(this, { data, frames, still_: still, others: places });
    if (this.map && !places.length) this.map = 0;
    this.steps = frames.map(({ figures }) => figures[0]);
    this.values = { distortion: frames.map(({ figures }) => figures[2]), rate: frames.map(({ figures }) => figures[3]) };
    this.high = Math.max(0.1, ...frames.map(({ rate }) => rate.reduce((most, one) => Math.max(most, one || 0), 0)));
    if (atEnd || before === undefined) this.at = Math.max(0, frames.length - 1);
    else this.at = Math.max(0, this.steps.findLastIndex((step) => step <= before));
    this.slider.max = Math.max(0, frames.length - 1);
    this.showFrame();
    if (shown) this.driftFrom(shown);
    this.aim = this.extent();
    this.box ??= { ...this.aim };
    this.pictured = -1;
    this.root.dataset.frames = frames.length;
    this.root.dataset.bytes = this.reels[0].bytes;
    this.wake();
  }

  figure(i) {
    const figures = this.frames[i]?.figures;
    return figures && { step: figures[0], epoch: figures[1], distortion: figures[2], rate: figures[3] };
  }

  /** What does not change with time: titles, legend, notes, the rows' canvases. */
  showFrame() {
    const { data, still_: still } = this;
    const title = (node, bold, rest) => node.replaceChildren(el("b", {}, bold), el("span", {}, rest ? ` · ${rest}` : ""));
    this.waits.hidden = this.frames.length > 0;
    this.box1.hidden = !data.encodes;
    this.stage.classList.toggle("dreams", !data.encodes);
    this.bar.style.visibility = this.frames.length > 1 ? "visible" : "hidden";
    this.choice.hidden = data.maps.length < 2;
    if (this.choice.options.length !== data.maps.length) {
      this.choice.replaceChildren(...data.maps.map(({ name }, i) => el("option", { value: i }, name)));
    }
    this.choice.value = this.map;
    this.note.textContent = data.maps[this.map].note;
    title(this.backTitle, ...data.notes.pictures);
    title(this.walkTitle, ...data.notes.walk);
    this.walkNote.textContent = data.notes.instead;
    this.walkNote.hidden = !data.notes.instead;
    this.rows.classList.toggle("wide", data.wide);
    const seen = still ? new Set(still.y) : new Set();
    const named = data.classes.length <= 26 ? data.classes : [];
    this.legend.hidden = !named.length;
    if (this.legend.childElementCount !== named.length || !this.legend.dataset.seen) {
      this.legend.dataset.seen = seen.size || "";
      this.legend.replaceChildren(...named.map((name, i) => el("li", { hidden: seen.size > 0 && !seen.has(i) },
        el("i", { style: `--colour: ${data.palette[i % data.palette.length]}` }), name)));
    }
    while (this.rows.childElementCount < data.rows) {
      this.rows.append(el("div", { class: "row" }, el("span"), el("canvas", { role: "img", "data-part": "walk" })));
    }
    while (this.rows.childElementCount > data.rows) this.rows.lastChild.remove();
    for (const canvas of [this.back, ...this.rows.querySelectorAll("canvas")]) {
      const columns = canvas === this.back ? (data.wide ? 4 : data.pairs) : data.stops;
      const rows = canvas === this.back ? (data.wide ? data.pairs / 4 : 1) * (data.encodes ? 2 : 1) : 1;
      canvas.style.aspectRatio = `${columns * data.picture[2]} / ${rows * data.picture[1]}`;
    }
    this.chartBox.hidden = data.live;
    for (const name of ["rate", "bars"]) this.charts[name].parentElement.hidden = !data.rated;
  }

  /** The smallest square that holds nearly all places of all frames. */
  extent() {
    const all = [[], []];
    for (const xy of this.frames.map((_, i) => this.placesOf(i))) {
      for (let i = 0; i < xy.length; i++) all[i % 2].push(xy[i]);
    }
    if (!all[0].length) return { x: 0, y: 0, half: 1 };
    const [xs, ys] = all.map((values) => Float32Array.from(values).sort());
    const ends = (sorted) => [sorted[Math.floor(sorted.length * 0.001)], sorted[Math.ceil(sorted.length * 0.999) - 1]];
    const [[left, right], [low, high]] = [ends(xs), ends(ys)];
    const half = Math.max(right - left, high - low, 1e-6) / 2;
    return { x: (left + right) / 2, y: (low + high) / 2, half: half * 1.08 };
  }

  placesOf(i) {
    return this.map ? this.others[i].xy : this.frames[i].xy;
  }

  // -- time -------------------------------------------------------------------------------------------------

  /** Where the points are now: between two frames, and on their way from where they were before a leap. */
  places() {
    const low = Math.min(Math.floor(this.at), this.frames.length - 1);
    const part = this.at - low;
    const [a, b] = [this.placesOf(low), this.placesOf(Math.min(low + 1, this.frames.length - 1))];
    const xy = Float32Array.from(a, (value, i) => value + (b[i] - value) * part);
    if (!this.drift) return xy;
    const k = Math.min(1, (performance.now() - this.drift.began) / DRIFT);
    if (k >= 1 || this.drift.from.length !== xy.length) {
      this.drift = null;
      return xy;
    }
    const left = 1 - ease(k);
    return xy.map((value, i) => value + (this.drift.from[i] - value) * left);
  }

  driftFrom(shown) {
    this.drift = this.calm.matches ? null : { from: shown, began: performance.now() };
  }

  seek(to) {
    if (!this.frames.length) return;
    const shown = this.places();
    this.at = Math.min(Math.max(0, to), this.frames.length - 1);
    this.follow = this.at >= this.frames.length - 1;
    this.playing = false;
    this.showButton();
    this.driftFrom(shown);
    this.wake();
  }

  play(on) {
    if (on && this.at >= this.frames.length - 1) this.at = 0;
    this.playing = on && this.frames.length > 1;
    this.follow = false;
    this.drift = null;
    this.exact = this.at;
    this.clock = null;
    this.showButton();
    this.wake();
  }

  showButton() {
    this.button.innerHTML = icon(this.playing ? "pause" : "play");
    this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.root.dataset.playing = String(this.playing);
  }

  choose(map) {
    this.map = map;
    this.drift = null;
    this.aim = this.extent();
    this.box = { ...this.aim };
    this.note.textContent = this.data.maps[map].note;
    this.wake();
  }

  wake() {
    this.frame ||= requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.frame = 0;
    if (!this.frames.length) return;
    if (this.playing) this.advance(now);
    let settled = true;
    for (const name of ["x", "y", "half"]) { // the view widens calmly as the film grows
      const gap = this.aim[name] - this.box[name];
      const near = this.calm.matches || Math.abs(gap) < 1e-3 * this.aim.half;
      this.box[name] = near ? this.aim[name] : this.box[name] + gap * 0.12;
      settled &&= near;
    }
    this.draw();
    if (this.playing || this.drift || !settled) this.wake();
    this.root.dataset.settled = String(!this.playing && !this.drift && settled);
  }

  advance(now) {
    const passed = this.clock === null ? 0 : Math.min(0.25, (now - this.clock) / 1000);
    this.clock = now;
    this.exact = Math.min(this.frames.length - 1, this.exact + (passed * Number(this.speed.value)) / SECONDS_A_FRAME);
    this.at = this.calm.matches ? Math.round(this.exact) : this.exact;
    if (this.exact >= this.frames.length - 1) {
      this.playing = false;
      this.follow = true;
      this.showButton();
    }
    this.beats = (this.beats ?? []).filter((beat) => now - beat < 1000);
    this.beats.push(now);
    this.root.dataset.fps = this.beats.length;
  }

  // -- drawing ----------------------------------------------------------------------------------------------

  ink() {
    const style = getComputedStyle(this.root);
    const of = (name) => style.getPropertyValue(name).trim();
    const text = of("--st-text-color") || "#e6e9f4";
    return { text, soft: `color-mix(in srgb, ${text} 66%, transparent)`, line: `color-mix(in srgb, ${text} 13%, transparent)`,
      accent: of("--st-primary-color") || "#f0b45f" };
  }

  draw() {
    const { data } = this;
    const ink = this.ink();
    const nearest = Math.round(this.at);
    const xy = this.places();
    if (data.encodes && this.still_) {
      const track = this.point === null ? null
        : this.frames.map((_, i) => [this.placesOf(i)[2 * this.point], this.placesOf(i)[2 * this.point + 1]]);
      drawMap(this.plane, xy, this.box, {
        y: this.still_.y, palette: data.palette, ink, labelled: data.maps[this.map].labelled, track, point: this.point,
      });
    }
    if (!data.live) this.drawCharts(ink);
    if (nearest !== this.pictured) this.drawMoment(nearest);
    this.root.dataset.draws = ++this.draws;
    this.root.dataset.at = this.at.toFixed(2);
  }

  drawCharts(ink) {
    const low = Math.min(Math.floor(this.at), this.frames.length - 1);
    const high = Math.min(low + 1, this.frames.length - 1);
    const part = this.at - low;
    const between = (values) => (Number.isFinite(values[low]) ? values[low] + (values[high] - values[low]) * part : values[high]);
    const step = between(this.steps);
    drawCurve(this.charts.distortion, this.steps, this.values.distortion, step, between(this.values.distortion), ink, false);
    if (!this.data.rated) return;
    drawCurve(this.charts.rate, this.steps, this.values.rate, step, between(this.values.rate), ink, true);
    const [a, b] = [this.frames[low].rate, this.frames[high].rate];
    const rate = a.map((value, d) => (Number.isFinite(value) ? value + (b[d] - value) * part : b[d] * part));
    drawBars(this.charts.bars, rate, this.high, this.data.awake, this.data.names, ink);
  }

  /** What changes from frame to frame: pictures, names of the walks' dimensions, the words on what is shown. */
  drawMoment(i) {
    this.pictured = i;
    const { data } = this;
    const frame = this.frames[i];
    const size = data.picture.reduce((product, one) => product * one, 1);
    const cut = (bytes, from, count) => bytes.subarray(from * size, (from + count) * size);
    const columns = data.wide ? 4 : data.pairs;
    const sheets = [];
    for (let from = 0; from < data.pairs; from += columns) {
      if (data.encodes) sheets.push(cut(this.still_.originals, from, columns));
      sheets.push(cut(frame.back, from, columns));
    }
    drawPictures(this.back, sheets, columns, data.picture);
    [...this.rows.children].forEach((row, r) => {
      const d = frame.dims[r];
      const [name, canvas] = row.children;
      name.textContent = name.title = data.names[d] ?? `z${d}`;
      const awake = !data.rated || frame.rate[d] >= data.awake;
      name.classList.toggle("awake", awake);
      canvas.setAttribute("aria-label", `Walk along ${name.textContent}${awake ? "" : ", which sleeps"}`);
      drawPictures(canvas, [cut(frame.walk, r * data.stops, data.stops)], data.stops, data.picture, 3);
    });
    const { step, epoch, distortion, rate } = this.figure(i);
    const words = `Epoch ${epoch.toFixed(epoch < 10 ? 2 : 1)} · step ${step.toLocaleString("en")}`;
    this.when.textContent = words;
    if (!this.slider.matches(":active")) this.slider.value = i;
    this.slider.setAttribute("aria-valuetext", words.replace(" ·", ","));
    this.plane.setAttribute("aria-label", `${data.n} samples at ${words.toLowerCase()}. ${data.maps[this.map].note}`);
    this.back.setAttribute("aria-label", `${data.notes.pictures.join(", ")}, at ${words.toLowerCase()}`);
    const { title, unit } = data.measure;
    const chart = (name, text, value) => {
      this.titles[name].replaceChildren(el("b", {}, text), el("span", {}, ` · ${value}`));
      this.charts[name].setAttribute("aria-label", `${text} over the steps; ${value} at ${words.toLowerCase()}`);
    };
    chart("distortion", title, `${short(distortion)} ${unit}`);
    if (data.rated) {
      chart("rate", "Rate", `${short(rate)} nats`);
      const awake = frame.rate.filter((value) => value >= data.awake).length;
      chart("bars", "Rate per dimension", `${awake} of ${frame.rate.length} awake`);
    }
    this.root.dataset.step = step;
    this.root.dataset.ready = "true";
  }

  /** The point under the pointer: its class, and the way it goes through the film. */
  pointAt(event) {
    const before = this.point;
    this.point = null;
    if (event && this.still_ && this.box) {
      const to = onCanvas(this.box, this.plane.clientWidth, this.plane.clientHeight);
      const xy = this.places();
      let best = REACH;
      for (let i = 0; i < this.data.n; i++) {
        const away = Math.hypot(to.x(xy[2 * i]) - event.offsetX, to.y(xy[2 * i + 1]) - event.offsetY);
        if (away < best) [best, this.point] = [away, i];
      }
      if (this.point !== null) {
        const name = this.data.classes[this.still_.y[this.point]];
        this.tip.textContent = [name && `class ${name}`, `sample ${this.still_.positions[this.point]}`].filter(Boolean).join(", ");
        const right = event.offsetX > this.plane.clientWidth - 160;
        this.tip.style.left = `${event.offsetX + (right ? -14 : 14)}px`;
        this.tip.style.top = `${Math.max(0, event.offsetY - 36)}px`;
        this.tip.style.transform = right ? "translateX(-100%)" : "";
      }
    }
    this.tip.hidden = this.point === null;
    if (this.point !== before) this.wake();
  }

  destroy() {
    this.turn++;
    this.stop.abort();
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

/** Called by the component's loader at each change of its data. */
export function render(component) {
  const { parentElement } = component;
  let film = films.get(parentElement);
  if (!film) films.set(parentElement, (film = new Film(parentElement.querySelector(".film"))));
  film.update(component);
}

/** Called by the loader when the component leaves the page. */
export function remove(parentElement) {
  films.get(parentElement)?.destroy();
  films.delete(parentElement);
}
