// A picture whose pixels are brushed away. data: {size: [H, W], pixels: base64 RGB, bits: base64 bitset (little), label,
// seq}. To Python: state "hole" = {seq, bits} when a finger lifts or a key was pressed.

import { clamp, el, later } from "../desk/dom.js";

const CELL = 24; // canvas pixels a pixel of the picture, at most; CSS fits it into the page
const HATCH = ["#273154", "#3c4a78"];
const views = new WeakMap(); // parent element -> view

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const textOf = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

function createView(root) {
  const canvas = el("canvas", { tabindex: 0, role: "application" });
  const size = el("input", { type: "range", min: 1, max: 5, step: 1, value: 2 });
  const said = el("p", { class: "said", "aria-live": "polite" });
  const modes = [["away", "Brush away"], ["back", "Bring back"]].map(([name, words]) =>
    el("button", { type: "button", "data-mode": name, "aria-pressed": String(name === "away"), onclick: () => choose(name) }, words));
  root.replaceChildren(canvas, el("div", { class: "tools" }, ...modes,
    el("button", { type: "button", onclick: clear }, "All back"), el("label", {}, "Size", size)), said);
  const usual = "Brush over the picture. By keyboard: arrows move, space brushes.";
  let component;
  let [height, width] = [0, 0];
  let pixels = new Uint8Array();
  let hole = new Uint8Array(); // a byte a pixel
  let mode = "away";
  let cursor = null; // by keyboard: [y, x]
  let last = null; // by finger: [y, x]
  let seq = 0;
  let unsaid = false;

  function choose(name) {
    mode = name;
    for (const button of modes) button.setAttribute("aria-pressed", button.dataset.mode === name);
  }
  function paint() {
    const cell = Math.max(1, Math.min(CELL, Math.floor(640 / Math.max(height, width))));
    canvas.width = width * cell;
    canvas.height = height * cell;
    const context = canvas.getContext("2d");
    for (let i = 0; i < height * width; i++) {
      const [x, y] = [(i % width) * cell, Math.floor(i / width) * cell];
      context.fillStyle = hole[i] ? HATCH[(Math.floor(i / width) + i % width) % 2] : `rgb(${pixels.slice(3 * i, 3 * i + 3).join()})`;
      context.fillRect(x, y, cell, cell);
    }
    if (cursor) {
      context.strokeStyle = "#f0b45f";
      context.lineWidth = Math.max(2, cell / 8);
      context.strokeRect(cursor[1] * cell + 1, cursor[0] * cell + 1, cell - 2, cell - 2);
    }
    const gone = hole.reduce((sum, one) => sum + one, 0);
    canvas.setAttribute("aria-label", `${component.data.label}; ${gone} of ${height * width} pixels are brushed away`);
    root.dataset.gone = gone;
  }
  /** Sets the pixels under the brush at [y, x]. */
  function dab(y, x) {
    const reach = size.valueAsNumber / 2;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        if (Math.abs(row + 0.5 - y) <= reach && Math.abs(column + 0.5 - x) <= reach) hole[row * width + column] = mode === "away" ? 1 : 0;
      }
    }
  }
  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientY - box.top) / box.height) * height, ((event.clientX - box.left) / box.width) * width];
  }
  function stroke(to) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - last[0], to[1] - last[1])));
    for (let i = 1; i <= steps; i++) dab(last[0] + ((to[0] - last[0]) * i) / steps, last[1] + ((to[1] - last[1]) * i) / steps);
    last = to;
    unsaid = true;
    paint();
  }
  function commit() {
    tell.cancel();
    if (!unsaid) return;
    unsaid = false;
    if (hole.every((one) => one)) { // something must be seen
      said.textContent = "Leave something of the picture: all of it cannot be missing.";
      return;
    }
    said.textContent = usual;
    const bytes = new Uint8Array((hole.length + 7) >> 3);
    hole.forEach((one, i) => { bytes[i >> 3] |= one << (i & 7); });
    component.setStateValue("hole", { seq: ++seq, bits: textOf(bytes) });
  }
  const tell = later(commit);
  function clear() {
    hole.fill(0);
    unsaid = true;
    paint();
    commit();
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    last = placeOf(event);
    stroke(last);
  });
  canvas.addEventListener("pointermove", (event) => { if (last) stroke(placeOf(event)); });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      last = null;
      commit();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const brushes = event.key === " " || event.key === "Enter";
    if (!moves[event.key] && !brushes) return;
    event.preventDefault();
    cursor ??= [height >> 1, width >> 1];
    if (brushes) {
      dab(cursor[0] + 0.5, cursor[1] + 0.5);
      unsaid = true;
      tell();
    } else {
      const [down, right] = moves[event.key];
      cursor = [clamp(cursor[0] + down, 0, height - 1), clamp(cursor[1] + right, 0, width - 1)];
    }
    paint();
    const gone = hole[cursor[0] * width + cursor[1]];
    said.textContent = `Row ${cursor[0] + 1}, column ${cursor[1] + 1}: ${gone ? "brushed away" : "there"}.`;
  });
  canvas.addEventListener("blur", () => {
    cursor = null;
    paint();
  });

  return {
    update(next) {
      component = next;
      const { data } = next;
      [height, width] = data.size;
      pixels = bytesOf(data.pixels);
      size.max = Math.max(3, Math.round(Math.max(height, width) / 4));
      if (!unsaid && last === null && (data.seq >= seq || hole.length !== height * width)) {
        seq = Math.max(seq, data.seq);
        const bytes = bytesOf(data.bits);
        hole = Uint8Array.from({ length: height * width }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
      }
      said.textContent ||= usual;
      paint();
      root.dataset.ready = "true";
    },
    close: () => tell.cancel(),
  };
}

export function render(component) {
  const { parentElement } = component;
  if (!views.has(parentElement)) views.set(parentElement, createView(parentElement.querySelector(".brush")));
  views.get(parentElement).update(component);
}

export function remove(parentElement) {
  views.get(parentElement)?.close();
  views.delete(parentElement);
}
