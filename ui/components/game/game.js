// The matching game: the target, your picture, a slider for each active dimension. data, as
// ui/components/game/__init__.py makes it:
//   serial (of the round), round, rounds, letter, decoder, next (addresses), start [D], basis [k][D], reach [k],
//   target [k], close, skipAfter, pause, longest, mostMarks, problem (why its end was not kept, or ""),
//   replay (whether it has to be played again, else it may be sent again)
// It tells Python `ended`: {serial, values, seconds, active, moves, travel, switches, skipped, trace}. Time is kept here.

import { loadDecoder } from "../desk/decoder.js";
import { clamp, el, oncePerFrame } from "../desk/dom.js";
import { codeDistance, createHand, createTrace, groundOf, pictureDistance } from "./match.js";

const PATIENCE = 8000; // ms until a round's end is offered to be sent again
const STEPS = 120; // of a slider from end to end, by arrow keys
const games = new WeakMap(); // parent element -> Game

/** Called by the component's loader at each change of its data. */
export function render(component) {
  const { parentElement } = component;
  if (!games.has(parentElement)) games.set(parentElement, new Game(parentElement.querySelector(".game")));
  games.get(parentElement).update(component);
}

/** Called by the loader when the component leaves the page. */
export function remove(parentElement) {
  games.get(parentElement)?.close();
  games.delete(parentElement);
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const percent = (agreement) => Math.floor(100 * agreement + 1e-9);
const clockText = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

class Game {
  constructor(root) {
    this.root = root;
    this.data = null; // the round that is shown
    this.pending = null; // the one that comes next
    this.phase = "loading";
    this.build();
  }

  // -- the elements -----------------------------------------------------------------------------------------

  build() {
    this.title = el("p", { class: "title" });
    this.clock = el("span", { class: "clock", "aria-label": "Time" }, "0:00");
    this.targetCanvas = el("canvas", { role: "img", "aria-label": "The target" });
    this.mineCanvas = el("canvas", { role: "img", "aria-label": "Your picture" });
    this.overlay = el("input", { type: "checkbox", onchange: () => this.draw() });
    this.fill = el("i");
    this.mark = el("b");
    this.meter = el("div", { class: "meter", role: "meter", "aria-label": "Agreement of the pictures", "aria-valuemin": 0, "aria-valuemax": 100 },
      this.fill, this.mark);
    this.agreed = el("span", { class: "agreed" });
    this.verdict = el("p", { class: "verdict", role: "status", "aria-live": "polite" });
    this.main = el("button", { type: "button", class: "main", onclick: () => this.press() });
    this.skip = el("button", { type: "button", class: "skip", onclick: () => this.end(true) }, "Skip");
    this.panel = el("div", { class: "sliders" });
    this.root.replaceChildren(
      el("div", { class: "head" }, this.title, this.clock),
      el("div", { class: "board" },
        el("div", { class: "stage" },
          el("figure", { class: "target" }, this.targetCanvas, el("figcaption", {}, "Target")),
          el("figure", { class: "mine" }, this.mineCanvas, el("figcaption", {}, "Yours")),
          el("div", { class: "closeness" }, this.meter, this.agreed,
            el("label", { class: "overlay" }, this.overlay, "Lay over"))),
        el("div", { class: "hand" }, el("div", { class: "buttons" }, this.main, this.skip, this.verdict), this.panel)));
  }

  enter(phase) {
    this.phase = phase;
    this.root.dataset.phase = phase;
    for (const input of this.panel.querySelectorAll("input")) input.disabled = phase !== "playing";
    this.main.hidden = phase === "playing";
    this.skip.hidden = phase !== "playing";
    this.root.classList.toggle("veiled", phase === "ready" || phase === "loading");
  }

  // -- data ---------------------------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    this.send = (end) => setTriggerValue("ended", end);
    this.mark.style.left = `${100 * data.close}%`;
    if (this.data && data.serial === this.data.serial) {
      if (data.problem && this.phase === "over" && !this.again) this.refused(data);
      return;
    }
    if (this.phase === "over") { // the player still looks at how the last one went
      clearTimeout(this.patience);
      this.pending = data;
      this.offer("Next round");
      loadDecoder(data.decoder).catch(() => {}); // so that it begins at once
      if (data.next) loadDecoder(data.next).catch(() => {});
      return;
    }
    this.show(data);
  }

  /** Puts a round on the board. `play`: whether it begins at once. */
  async show(data, play = false) {
    this.data = data;
    this.pending = null;
    this.enter("loading");
    this.title.textContent = `Model ${data.letter} · round ${data.round} of ${data.rounds}`;
    this.verdict.textContent = "";
    this.main.disabled = true;
    try {
      const { decoder } = await loadDecoder(data.decoder);
      if (this.data !== data) return; // another round meanwhile
      this.lay(decoder);
    } catch (error) {
      if (this.data !== data) return;
      this.verdict.textContent = `The pictures cannot be drawn: ${error.message ?? error}`;
      this.offer("Try again");
      return;
    }
    if (data.next) loadDecoder(data.next).catch(() => {});
    this.enter("ready");
    if (play) this.begin();
    else this.offer("Start");
  }

  lay(decoder) {
    const { data } = this;
    this.decoder = decoder;
    this.values = new Float64Array(data.reach.length);
    this.z = new Float64Array(data.start.length);
    const size = decoder.height * decoder.width * decoder.channels;
    this.levels = new Uint8Array(size);
    this.goal = decoder.decode(this.codeOf(data.target), new Uint8Array(size));
    this.ground = groundOf(this.goal, decoder);
    this.image = new ImageData(decoder.width, decoder.height);
    for (const canvas of [this.targetCanvas, this.mineCanvas]) {
      Object.assign(canvas, { width: decoder.width, height: decoder.height });
    }
    this.sliders();
    this.drawSoon = oncePerFrame(() => this.draw());
    this.draw();
  }

  codeOf(values) {
    const { start, basis } = this.data;
    this.z.set(start);
    for (let i = 0; i < values.length; i++) {
      for (let d = 0; d < start.length; d++) this.z[d] += values[i] * basis[i][d];
    }
    return this.z;
  }

  sliders() {
    this.panel.replaceChildren(...this.data.reach.map((reach, i) => {
      const value = el("output", {}, "0.0");
      const step = (2 * reach) / STEPS;
      const input = el("input", { type: "range", min: -reach, max: reach, step: "any", "aria-label": `Slider ${i + 1}` });
      input.value = 0;
      const changed = () => {
        value.textContent = input.valueAsNumber.toFixed(1).replace("-", "−");
        this.moved(i, input.valueAsNumber);
      };
      input.addEventListener("pointerdown", () => this.hand?.take());
      for (const name of ["pointerup", "pointercancel", "change"]) input.addEventListener(name, () => this.hand?.release());
      input.addEventListener("input", changed);
      input.addEventListener("keydown", (event) => {
        const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -STEPS, End: STEPS };
        if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey || this.phase !== "playing") return;
        event.preventDefault();
        const to = clamp(input.valueAsNumber + moves[event.key] * step * (event.shiftKey ? 4 : 1), -reach, reach);
        if (to === input.valueAsNumber) return;
        input.value = to;
        changed();
      });
      return el("label", { class: "slider" }, el("span", {}, `Slider ${i + 1}`), input, value);
    }));
  }

  // -- a round --------------------------------------------------------------------------------------------------

  press() {
    if (this.phase === "ready") this.begin();
    else if (this.phase === "loading") this.show(this.data);
    else if (this.pending) this.show(this.pending, true);
    else if (this.again) {
      this.again = false;
      this.show(this.data, true);
    } else this.tell();
  }

  offer(words) {
    this.main.textContent = words;
    this.main.disabled = false;
    this.main.focus({ preventScroll: true });
  }

  get now() { return (performance.now() - this.began) / 1000; }

  begin() {
    this.began = performance.now();
    this.hand = createHand(this.data.reach, this.data.pause);
    this.trace = createTrace(this.data.mostMarks);
    this.enter("playing");
    this.draw();
    this.trace.add([0, this.distance, codeDistance(this.values, this.data.target)]);
    this.panel.querySelector("input").focus({ preventScroll: true });
    this.ticking = setInterval(() => this.tick(), 250);
    this.tick();
  }

  tick() {
    const now = this.now;
    this.clock.textContent = clockText(now);
    const left = Math.ceil(this.data.skipAfter - this.hand.active);
    this.skip.disabled = left > 0;
    this.skip.textContent = left > 0 ? `Skip after ${left} s of trying` : "Skip this round";
    if (now >= this.data.longest - 1) this.end(true);
  }

  moved(i, value) {
    if (this.phase !== "playing") return;
    const by = value - this.values[i];
    if (by === 0) return;
    this.values[i] = value;
    this.hand.moved(i, by, this.now);
    this.drawSoon();
  }

  draw() {
    if (!this.decoder) return;
    this.decoder.decode(this.codeOf(this.values), this.levels);
    this.distance = pictureDistance(this.levels, this.goal, this.ground);
    this.paint(this.targetCanvas, this.goal, null);
    this.paint(this.mineCanvas, this.levels, this.overlay.checked ? this.goal : null);
    const agreement = 1 - this.distance;
    this.fill.style.width = `${100 * agreement}%`;
    this.meter.setAttribute("aria-valuenow", percent(agreement));
    this.agreed.textContent = `${percent(agreement)} % alike · solved at ${Math.round(100 * this.data.close)} %`;
    this.root.dataset.agreement = agreement.toFixed(4);
    this.root.dataset.draws = Number(this.root.dataset.draws ?? 0) + 1;
    if (this.phase !== "playing" || !this.hand.moves) return;
    this.trace.add([this.now, this.distance, codeDistance(this.values, this.data.target)]);
    if (agreement >= this.data.close) this.end(false);
  }

  /** A picture on its canvas; `under`: another laid over it, in amber, where the first is blue. */
  paint(canvas, levels, under) {
    const { channels } = this.decoder;
    const rgba = this.image.data;
    const grey = (of, i) => (channels === 1 ? of[i] : Math.max(of[3 * i], of[3 * i + 1], of[3 * i + 2]));
    for (let i = 0; i < rgba.length / 4; i++) {
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = levels[channels === 1 ? i : 3 * i + c];
      if (under) {
        const mine = grey(levels, i);
        const goal = grey(under, i);
        rgba[4 * i] = 0.25 * mine + 0.75 * goal;
        rgba[4 * i + 1] = 0.5 * mine + 0.5 * goal;
        rgba[4 * i + 2] = 0.85 * mine + 0.15 * goal;
      }
      rgba[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  end(skipped) {
    const { data, hand } = this;
    const seconds = Math.min(this.now, data.longest);
    clearInterval(this.ticking);
    if (seconds - hand.active < data.pause) hand.rest(seconds);
    this.finished = {
      serial: data.serial, values: Array.from(this.values, (value, i) => clamp(value, -data.reach[i], data.reach[i])),
      seconds, active: Math.min(hand.active, seconds), moves: hand.moves, travel: hand.travel, switches: hand.switches, skipped,
      trace: this.trace.marks.map(([t, ...rest]) => [Math.min(t, seconds), ...rest]),
    };
    this.clock.textContent = clockText(seconds);
    this.enter("over");
    this.verdict.textContent = `${skipped ? "Skipped after" : "Solved in"} ${seconds.toFixed(1)} s with ${plural(hand.moves, "move")}.`;
    this.tell();
  }

  /** Tells Python how the round ended; offers to do so again where no answer comes. */
  tell() {
    this.main.textContent = "Saving";
    this.main.disabled = true;
    this.send(this.finished);
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.verdict.textContent += " The server has not answered yet.";
      this.offer("Save again");
    }, PATIENCE);
  }

  refused({ problem, replay }) {
    clearTimeout(this.patience);
    this.verdict.textContent = problem;
    this.again = replay;
    this.offer(replay ? "Play this round again" : "Save again");
  }

  close() {
    clearInterval(this.ticking);
    clearTimeout(this.patience);
  }
}
