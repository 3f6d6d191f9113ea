// The film of a training: a map whose points drift, pictures, walks and curves, all at one place in time.
//
// data: {
//   frames: [address], parts: {xy, rate, dims, back, walk, figures: {dtype, offset, length}}, of each frame alike
//   maps: [{name, note, labelled, frames: [address] | null, parts}], null: the places that the frames themselves have
//   still: {y, positions, originals} as references of one address, live: whether frames are still to come
//   n, pairs, rows, stops, awake, picture: [C, H, W], wide, palette, classes: [name], names: {dimension: name},
//   measure: {title, unit}, rated, encodes, notes: {pictures: [bold, rest], walk: [bold, rest], instead}, theme
// }
// figures of a frame: step, epoch, distortion, total rate. Nothing is said to Python but that frames are missing.

import { Missing, Reel } from "./frames.js";
import { drawMap, onCanvas } from "./painting.js";
import { View, figuresOf } from "./view.js";

const SECONDS_A_FRAME = 0.16;
const DRIFT = 650; // ms that points take to where a new frame, or a leap of the scrubber, has them
const REACH = 14; // pixels from the pointer to a point it still means
const films = new WeakMap();

const ease = (k) => k * k * (3 - 2 * k);

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
    this.view = new View(root, {
      play: () => this.play(!this.playing), seek: (to) => this.seek(to), choose: (map) => this.choose(map),
    });
    const { signal } = this.stop;
    for (const name of ["pointermove", "pointerdown"]) {
      this.view.map.addEventListener(name, (event) => this.pointAt(event), { signal });
    }
    this.view.map.addEventListener("pointerleave", () => this.pointAt(null), { signal });
    this.resizer = new ResizeObserver(() => { this.pictured = -1; this.wake(); });
    this.resizer.observe(root);
  }

  // -- what there is to show --------------------------------------------------------------------------------

  async update(component) {
    const turn = ++this.turn;
    const { data } = component;
    const other = data.maps[1];
    const said = JSON.stringify(data);
    if (said === this.said) return; // a page that runs again and again says the same until there is a new frame
    try {
      const [frames, places, [still]] = await Promise.all([
        this.reels[0].load(data.frames, data.parts),
        other ? this.reels[1].load(other.frames, other.parts) : [],
        data.still ? this.still.load([data.still.address], data.still.parts) : [null],
      ]);
      if (turn !== this.turn) return; // the film has grown meanwhile
      this.said = said;
      this.view.complain("");
      this.take(data, frames, places, still);
    } catch (error) {
      if (turn !== this.turn) return;
      if (error instanceof Missing) {
        component.setStateValue("missing", Date.now());
        return;
      }
      console.error(error);
      this.view.complain(`The film cannot be shown: ${error.message ?? error}`);
    }
  }

  take(data, frames, places, still) {
    const shown = this.frames.length ? this.places() : null;
    const atEnd = this.follow || this.at >= this.frames.length - 1;
    const low = Math.floor(this.at);
    const before = this.frames[low];
    Object.assign(this, { data, frames, samples: still, others: places });
    if (this.map && !places.length) this.map = 0;
    if (atEnd || !before) this.at = Math.max(0, frames.length - 1);
    else {
      const same = frames.findLastIndex((frame) => figuresOf(frame).step <= figuresOf(before).step);
      this.at = Math.min(Math.max(0, same) + this.at - low, frames.length - 1);
    }
    this.exact = this.at;
    this.view.furnish(data, still, frames, this.map);
    if (shown) this.driftFrom(shown);
    this.aim = this.extent();
    this.box ??= { ...this.aim };
    this.pictured = -1;
    this.root.dataset.frames = frames.length;
    this.root.dataset.bytes = this.reels[0].bytes;
    this.wake();
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
    this.view.playing(this.playing);
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
    this.view.playing(this.playing);
    this.wake();
  }

  choose(map) {
    this.map = map;
    this.drift = null;
    this.aim = this.extent();
    this.box = { ...this.aim };
    this.view.note.textContent = this.data.maps[map].note;
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
    this.exact = Math.min(this.frames.length - 1, this.exact + (passed * Number(this.view.speed.value)) / SECONDS_A_FRAME);
    this.at = this.calm.matches ? Math.round(this.exact) : this.exact;
    if (this.exact >= this.frames.length - 1) {
      this.playing = false;
      this.follow = true;
      this.view.playing(this.playing);
    }
    this.beats = (this.beats ?? []).filter((beat) => now - beat < 1000);
    this.beats.push(now);
    this.root.dataset.fps = this.beats.length;
  }

  // -- drawing ----------------------------------------------------------------------------------------------

  draw() {
    const { data, view } = this;
    const ink = view.ink();
    const nearest = Math.round(this.at);
    const low = Math.min(Math.floor(this.at), this.frames.length - 1);
    if (data.encodes) {
      const track = this.point === null ? null
        : this.frames.map((_, i) => this.placesOf(i).subarray(2 * this.point, 2 * this.point + 2));
      drawMap(view.map, this.places(), this.box, {
        y: this.samples.y, palette: data.palette, ink, labelled: data.maps[this.map].labelled, track, point: this.point,
      });
    }
    if (!data.live) view.curves(data, this.frames, low, this.at - low, ink);
    if (nearest !== this.pictured) {
      view.moment(data, this.samples, this.frames[nearest], nearest, this.map);
      this.pictured = nearest;
    }
    const { dataset } = this.root;
    dataset.draws = ++this.draws;
    dataset.at = this.at.toFixed(2);
    dataset.step = figuresOf(this.frames[nearest]).step;
    dataset.ready = "true";
  }

  /** The point under the pointer: its class, and the way it goes through the film. */
  pointAt(event) {
    const before = this.point;
    this.point = null;
    if (event && this.samples && this.box) {
      const to = onCanvas(this.box, this.view.map.clientWidth, this.view.map.clientHeight);
      const xy = this.places();
      let best = REACH;
      for (let i = 0; i < this.data.n; i++) {
        const away = Math.hypot(to.x(xy[2 * i]) - event.offsetX, to.y(xy[2 * i + 1]) - event.offsetY);
        if (away < best) [best, this.point] = [away, i];
      }
      if (this.point !== null) {
        const name = this.data.classes[this.samples.y[this.point]];
        this.view.tip.textContent = [name && `class ${name}`, `sample ${this.samples.positions[this.point]}`].filter(Boolean).join(", ");
        const right = event.offsetX > this.view.map.clientWidth - 160;
        this.view.tip.style.left = `${event.offsetX + (right ? -14 : 14)}px`;
        this.view.tip.style.top = `${Math.max(0, event.offsetY - 36)}px`;
        this.view.tip.style.transform = right ? "translateX(-100%)" : "";
      }
    }
    this.view.tip.hidden = this.point === null;
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
