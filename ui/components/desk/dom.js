// Small helpers for building the desk, and its two shared parts: the film slider and the distance cue.

import { nearest } from "./geometry.js";

/** An element with attributes, listeners (on...) and children. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const KEYBOARD_PAUSE = 350; // ms after the last key until the server is told

/** Calls `work` once, `KEYBOARD_PAUSE` ms after the last call of the returned function; `.now()` does it at once. */
export function later(work) {
  let timer = 0;
  const call = () => {
    clearTimeout(timer);
    timer = setTimeout(work, KEYBOARD_PAUSE);
  };
  call.now = () => {
    clearTimeout(timer);
    work();
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

const CHEAP = 3; // ms

/**
 * Draw at once the first time in a frame. What comes after in the same frame is drawn at once too while a draw is
 * cheap (a mouse may be faster than the screen), else at the next frame's start: the picture follows the finger
 * without delay, and costly draws never come more often than the screen shows.
 */
export function oncePerFrame(draw) {
  let drawn = false;
  let again = false;
  let cost = 0;
  const now = () => {
    const start = performance.now();
    draw();
    cost = performance.now() - start;
  };
  const frame = () => {
    drawn = false;
    if (!again) return;
    again = false;
    drawn = true;
    requestAnimationFrame(frame);
    now();
  };
  return () => {
    if (drawn && cost > CHEAP) {
      again = true;
      return;
    }
    if (!drawn) requestAnimationFrame(frame);
    drawn = true;
    now();
  };
}

/**
 * A slider on top of its own filmstrip: the thumb is a frame as wide as a tile, so that the tile under it shows
 * what the slider does there. `change(value)` is called while it moves, `settle` (see `later`) when it was let go,
 * `hold(true)` and `hold(false)` when a finger takes it and lets it go.
 * step, page: what an arrow key and Page Up / Down move.
 */
export function filmSlider({ low, high, step, page, label, hold, change, settle }) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const input = el("input", { type: "range", min: low, max: high, step: "any", "aria-label": label });
  const track = el("div", { class: "track" }, canvas, input);
  let held = false;
  const letGo = () => {
    if (!held) return;
    held = false;
    hold(false);
  };
  input.addEventListener("pointerdown", () => {
    held = true;
    hold(true);
  });
  input.addEventListener("input", (event) => change(input.valueAsNumber, event));
  input.addEventListener("change", () => {
    letGo();
    settle.now();
  });
  input.addEventListener("pointerup", letGo);
  input.addEventListener("pointercancel", letGo);
  input.addEventListener("keydown", (event) => {
    const moves = {
      ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: page, PageDown: -page,
      Home: -Infinity, End: Infinity,
    };
    const move = moves[event.key];
    if (move === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    input.value = clamp(input.valueAsNumber + move * (event.shiftKey ? 4 : 1), low, high);
    change(input.valueAsNumber, event);
    settle();
  });
  return { track, canvas, input };
}

/**
 * How far the picture's code is from the codes seen, in words and on a small meter.
 * distance: {dims, median, inside, edge} or null where there are no codes to compare with.
 */
export function distanceCue(codes, distance) {
  const label = el("span", { class: "cue-words" });
  const detail = el("span", { class: "cue-detail" });
  const needle = el("i");
  const meter = el("div", {
    class: "meter", role: "meter", "aria-label": "Distance from the codes seen", "aria-valuemin": "0", "aria-valuemax": "3",
  }, el("b"), el("b"), el("b"), needle);
  const box = el("div", { class: "cue", title:
    "Distance from this code to the nearest code of a real sample, compared with how far real codes are from each other. "
    + "Sleeping dimensions don't count." }, label, meter, detail);
  if (!distance) {
    label.textContent = "no codes to compare with";
    meter.hidden = true;
    return { box, show() {}, place: () => 0, far: () => 0 };
  }
  const find = nearest(codes, distance.dims);
  /** 0..1 inside, 1..2 near the edge, 2..3 far. */
  const place = (d) => {
    if (d <= distance.inside) return d / distance.inside;
    if (d <= distance.edge) return 1 + (d - distance.inside) / Math.max(distance.edge - distance.inside, 1e-9);
    return 2 + Math.min(1, (d - distance.edge) / (2 * distance.edge));
  };
  const words = ["inside the data", "near its edge", "far from any code seen"];
  let last = "";
  return {
    box,
    place: (z) => place(find(z)),
    show(z) {
      const d = find(z);
      const at = place(d);
      const zone = at <= 1 ? 0 : at <= 2 ? 1 : 2;
      needle.style.left = `${(at / 3) * 100}%`;
      const text = `${(d / distance.median).toFixed(1)}× the usual distance between neighbours`;
      if (text !== last) {
        last = text;
        label.textContent = words[zone];
        detail.textContent = text;
        box.dataset.zone = zone;
        meter.setAttribute("aria-valuenow", at.toFixed(2));
        meter.setAttribute("aria-valuetext", `${words[zone]}, ${text}`);
      }
    },
  };
}

/** In place of pictures that cannot be drawn: why, and a button that tries again. */
export function complain(root, error, again) {
  console.error(error);
  root.replaceChildren(
    el("p", { class: "problem", role: "alert" }, `The pictures cannot be drawn: ${error.message ?? error}`),
    el("button", { type: "button", class: "plain", onclick: again }, "Try again"));
}
