// A lesson: a question, then the slider unlocks, then the answer. data, as ui/components/lesson/__init__.py makes it:
//   serial, lesson (its key), question, options, drag, formula [MathML], terms [[key, says]], sources [{name, place, pieces}],
//   scene (its arrays by address, see pack.py), place {at, said, told}, palette, unsaid
// It tells Python `place`: {serial, at, said, told}, when the slider is let go, something is said, or the answer is told.

import { complain, el, later, oncePerFrame } from "../desk/dom.js";
import { Missing } from "../map/wire.js";
import { unpack } from "./arrays.js";
import { createBeside } from "./beside.js";
import { createCurves, createTrail } from "./charts.js";
import { lightTerms } from "./lighting.js";
import { createPlane } from "./plane.js";
import { createBars, createPictures, createWords } from "./rows.js";

const PANELS = {
  plane: createPlane, pictures: createPictures, curves: createCurves, trail: createTrail, bars: createBars, words: createWords,
};
const lessons = new WeakMap(); // parent element -> Lesson

/** Called by the component's loader at each change of its data. */
export function render(component) {
  const { parentElement } = component;
  if (!lessons.has(parentElement)) lessons.set(parentElement, new Lesson(parentElement.querySelector(".lesson")));
  lessons.get(parentElement).update(component);
}

/** Called by the loader when the component leaves the page. */
export function remove(parentElement) {
  lessons.get(parentElement)?.close();
  lessons.delete(parentElement);
}

const LEAST = 120; // pixels beside the pictures that are worth a function's source

/** The stop to drag to: where the answer can be seen, as near as possible to where the slider stands at first. */
function goalOf({ see, drag }) {
  const last = drag.stops.length - 1;
  const away = (stop) => Math.abs(stop - drag.start);
  return see.length ? see.reduce((one, other) => (away(other) < away(one) ? other : one)) : away(0) > away(last) ? 0 : last;
}

/** A label begins with a capital letter, a symbol ("q's mean") stays what it is. */
const capital = (text) => (/^[a-z]{2}/.test(text) ? text[0].toUpperCase() + text.slice(1) : text);

class Lesson {
  constructor(root) {
    this.root = root;
    this.light = lightTerms(root);
    this.back = () => this.follow();
    window.addEventListener("popstate", this.back);
  }

  close() {
    window.removeEventListener("popstate", this.back);
  }

  update({ data, setTriggerValue }) {
    this.tell = () => setTriggerValue("place", { serial: data.serial, at: this.at, said: this.said, told: this.told });
    if (this.serial === data.serial) return; // the visitor goes on from where they are
    this.serial = data.serial;
    unpack(data.scene).then((scene) => this.begin(data, scene), (error) => {
      if (this.serial !== data.serial) return;
      this.serial = null; // what comes next is taken
      if (error instanceof Missing) setTriggerValue("missing", Date.now());
      else complain(this.root, error, () => this.update({ data, setTriggerValue }));
    });
  }

  begin(data, scene) {
    if (this.serial !== data.serial) return; // another lesson was chosen meanwhile
    Object.assign(this, { data, scene });
    const { at, said, told } = data.place;
    Object.assign(this, { at, said, told });
    if (said && !told && this.seen()) { // of another sample it may be seen elsewhere
      this.told = true;
      this.tell();
    }
    [this.low, this.high] = this.told ? [0, this.scene.drag.stops.length - 1] : [Math.min(at, this.scene.drag.start), Math.max(at, this.scene.drag.start)];
    this.build();
    this.root.dataset.draws = 0;
    this.show();
    this.root.dataset.ready = "true";
    this.settle();
    this.show(); // labels find their places once they have a size
  }

  // -- the elements -----------------------------------------------------------------------------------------

  build() {
    const { data, scene } = this;
    this.goal = goalOf(scene);
    const digits = new Map(scene.numbers.map((number) => [number.term, number.digits])); // a term has one rounding
    const hidden = new Set(scene.hidden);
    this.parts = scene.panels.map((panel) => ({ panel, ...PANELS[panel.kind](panel, { ...data, digits, hidden }) }));
    this.beside = createBeside(data, scene);
    this.ask = this.buildQuestion();
    this.verdict = this.buildVerdict();
    this.draw = oncePerFrame(() => this.show());
    const hue = data.terms.map(([key], i) => `[data-term="${key}"] { --c: var(--hue-${i % 8}); }`).join("\n");
    this.guess = el("div", { class: "guess" }, this.ask, this.verdict.node);
    this.light.says(new Map(data.terms));
    this.root.replaceChildren(el("style", {}, hue), this.guess,
      el("div", { class: "stage" },
        this.buildSlider(),
        el("div", { class: "panels" }, ...this.parts.map(({ panel, node }) =>
          el("figure", { class: `panel ${panel.kind}-panel` }, el("figcaption", {}, panel.title), node)))),
      this.beside.node, this.beside.below, this.light.tip);
    this.enter();
  }

  /** Code stands in the shorter column as far as there is room, the rest below both. */
  settle() {
    const stage = this.root.querySelector(".stage");
    const { node, below, sources } = this.beside;
    below.append(...sources);
    const [left, right] = [stage, node].map((column) => column.getBoundingClientRect());
    if (right.left >= left.right) { // two columns
      const [short, bottom] = left.bottom < right.bottom ? [stage, right.bottom] : [node, left.bottom];
      while (below.firstChild && short.getBoundingClientRect().bottom + LEAST < bottom) short.append(below.firstChild);
    }
    below.hidden = !below.firstChild;
  }

  buildQuestion() {
    const choose = el("button", { type: "submit", class: "main", disabled: true }, "That is my guess");
    const options = this.data.options.map((text, i) => el("label", {},
      el("input", { type: "radio", name: "said", value: i, onchange: () => { choose.disabled = false; } }), el("span", {}, text)));
    return el("form", { onsubmit: (event) => {
      event.preventDefault();
      const chosen = event.target.querySelector("input:checked");
      if (chosen) this.say(chosen.value);
    } },
    el("fieldset", {}, el("legend", {}, this.data.question), ...options),
    el("div", { class: "buttons" }, choose,
      el("button", { type: "button", class: "plain", onclick: () => this.say(this.data.unsaid) }, "Show me without guessing")));
  }

  /** What was said, and the place in which the answer will stand: it is as large as that from the beginning. */
  buildVerdict() {
    const said = el("p", { class: "said" });
    const waits = el("p", { class: "waits" }, `${this.data.drag} ${this.hint()}`);
    const answer = el("div", { class: "answer", role: "status", "aria-live": "polite" });
    const ghost = el("div", { class: "answer ghost", "aria-hidden": "true" });
    return { said, waits, answer, ghost, node: el("div", { class: "verdict" },
      el("p", { class: "asked" }, this.data.question), said, el("div", { class: "reserved" }, ghost, waits, answer)) };
  }

  hint() {
    return `The answer comes at ${this.scene.drag.stops[this.goal]}: see the mark below the slider.`;
  }

  /** Below the track: the places at which the answer can be seen. */
  buildMarks() {
    const { see, drag } = this.scene;
    const last = drag.stops.length - 1;
    const runs = [];
    for (const stop of [...see].sort((one, other) => one - other)) {
      if (runs.length && stop === runs.at(-1)[1] + 1) runs.at(-1)[1] = stop;
      else runs.push([stop, stop]);
    }
    return el("div", { class: "marks", "aria-hidden": "true" }, ...runs.map(([from, to]) =>
      el("i", { style: `left: ${(100 * from) / last}%; right: ${100 - (100 * to) / last}%` })));
  }

  buildSlider() {
    const { drag } = this.scene;
    const label = capital(drag.label);
    const settle = later(() => this.tell());
    this.slider = el("input", {
      type: "range", min: 0, max: drag.stops.length - 1, step: 1, "aria-label": label,
      oninput: () => this.move(this.slider.valueAsNumber),
      onchange: () => settle(),
    });
    this.reading = el("output", { class: "reading" });
    const longest = drag.stops.reduce((one, other) => (other.length > one.length ? other : one), "");
    this.reading.style.minWidth = `${longest.length}ch`;
    this.lock = el("p", { class: "lock" }, "Say what you expect; then it can be dragged.");
    const name = el("label", {}, el("span", drag.term ? { "data-term": drag.term, tabindex: "0" } : {}, label), " ", this.reading);
    // On a phone the answer may stand above what is in sight: its first words are where the thumb is.
    this.flash = el("button", { type: "button", class: "flash", onclick: () => this.guess.scrollIntoView({ block: "start" }) });
    return el("div", { class: "dock" }, this.flash, name, this.slider, this.buildMarks(),
      el("div", { class: "ends" }, el("span", {}, drag.low), this.lock, el("span", {}, drag.high)));
  }

  // -- what the visitor does --------------------------------------------------------------------------------

  say(said) {
    this.said = said;
    if (said === this.data.unsaid) this.move(this.goal); // it is shown
    this.enter();
    this.show();
    this.slider.focus({ preventScroll: true });
    const { top, bottom } = this.slider.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) this.slider.closest(".stage").scrollIntoView({ block: "start" });
    this.tell();
  }

  move(stop) {
    if (!this.said) return;
    this.at = stop;
    this.low = Math.min(this.low, stop);
    this.high = Math.max(this.high, stop);
    const telling = !this.told && this.seen();
    if (telling) {
      this.told = true;
      this.enter();
    }
    this.draw();
    if (telling) this.tell();
  }

  /** Whether the slider stands where the answer can be seen. */
  seen() {
    const { see, drag } = this.scene;
    return see.length ? see.includes(this.at) : this.at !== drag.start;
  }

  /** The browser's back button: the same lesson as the address has it again. */
  follow() {
    const address = new URLSearchParams(window.location.search);
    if (!this.scene || address.get("lesson") !== this.data.lesson) return;
    const { drag } = this.scene;
    this.said = address.get("said") ?? "";
    this.told &&= this.said !== "";
    const at = Number.parseInt(address.get("at"), 10);
    this.at = this.said && at >= 0 && at < drag.stops.length ? at : drag.start;
    [this.low, this.high] = [Math.min(this.at, this.low), Math.max(this.at, this.high)];
    this.enter();
    this.show();
  }

  // -- what is shown ----------------------------------------------------------------------------------------

  /** The phase: asked, said, told. */
  enter() {
    const { data, scene, said, told, verdict } = this;
    const guessed = said !== "" && said !== data.unsaid;
    const right = guessed && Number(said) === scene.answer;
    this.root.dataset.phase = told ? "told" : said ? "said" : "asked";
    this.root.dataset.right = told && guessed ? String(right) : "";
    this.slider.disabled = !said;
    this.ask.hidden = Boolean(said);
    verdict.node.hidden = !said;
    verdict.said.replaceChildren(...(guessed ? ["You said: ", el("b", {}, data.options[Number(said)])] : ["You did not guess."]));
    const begin = right ? "Just so. " : guessed ? "It is otherwise: " : "It is: ";
    const words = () => [el("p", {}, el("b", {}, begin, right ? "" : data.options[scene.answer])), el("p", {}, scene.because)];
    verdict.ghost.replaceChildren(...words());
    verdict.answer.replaceChildren(...(told ? words() : []));
    verdict.waits.hidden = told;
    this.flash.replaceChildren(...(told ? [begin, right ? "" : `${data.options[scene.answer]}. `, el("u", {}, "Why?")] : [this.hint()]));
    this.flash.disabled = !told;
    this.flash.style.visibility = said ? "visible" : "hidden";
    this.lock.hidden = Boolean(said);
  }

  show() {
    const { at, low, high } = this;
    const context = this.told ? { low: 0, high: this.scene.drag.stops.length - 1, asked: false } : { low, high, asked: !this.said };
    for (const part of this.parts) part.show(at, context);
    this.beside.show(at, context);
    const text = this.scene.drag.stops[at];
    this.reading.textContent = text;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", text);
    this.root.dataset.at = at;
    this.root.dataset.draws = Number(this.root.dataset.draws) + 1;
  }
}
