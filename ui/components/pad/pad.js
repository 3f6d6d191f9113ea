// The drawing pad. data, as ui/components/pad/__init__.py makes it:
//   shape [C, H, W], habit and picture (addresses), actions [[id, words]], classes [name], said {serial, text, wrong}
// It tells Python `added`: {pixels (base64), action, label, serial}.

import { Sheet, borderGrey } from "./sheet.js";

const MOST_BYTES = 32 << 20; // of a file, as the server takes them
const PATIENCE = 15000; // ms until we say that the server has not answered
const SEEN = 84; // pixels on the screen of what the model sees
const PLACING = "As large as the data's samples are, with its centre of mass where they have theirs";

const pads = new WeakMap(); // parent element -> Pad

/** Called by the component's loader at each change of its data. */
export function render(component) {
  const { parentElement, data } = component;
  let pad = pads.get(parentElement);
  if (pad && String(pad.data.shape) !== String(data.shape)) {
    pad.destroy();
    pad = null;
  }
  if (!pad) pads.set(parentElement, (pad = new Pad(parentElement.querySelector(".pad"), data)));
  pad.update(component);
}

/** Called by the loader when the component leaves the page. */
export function remove(parentElement) {
  pads.get(parentElement)?.destroy();
  pads.delete(parentElement);
}

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

class Pad {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.sheet = new Sheet(data.shape);
    this.habit = null;
    this.touched = new Set(); // switches that the visitor has set
    this.brought = null; // the file on the sheet
    this.stop = new AbortController();
    this.build();
    this.paint();
  }

  // -- the elements -----------------------------------------------------------------------------------------

  build() {
    const [channels, height, width] = this.data.shape;
    const side = Math.max(height, width);
    this.page = el("canvas", { class: "page", role: "img", "aria-label": "Draw here with mouse, pen or finger" });
    this.page.style.aspectRatio = `${width} / ${height}`;
    this.seen = el("canvas", { class: "seen", role: "img", "aria-label": "What the model sees" });
    Object.assign(this.seen, { width, height });
    this.seen.style.width = `${(SEEN * width) / side}px`;
    this.brush = el("input", { type: "range", min: 0.5, max: Math.max(3, side / 5), step: 0.1, oninput: () => this.sized() });
    this.brush.value = Math.max(1, side * 0.09);
    this.ink = el("input", { type: "color", value: "#ffffff" });
    this.paper = el("input", { type: "color", value: "#000000", oninput: () => this.paint() });
    const colours = channels === 3;
    this.undoing = el("button", { type: "button", onclick: () => this.undo() }, "Undo");
    this.clearing = el("button", { type: "button", onclick: () => this.clear() }, "Clear");
    this.file = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => this.choose() });
    this.choosing = el("button", { type: "button", onclick: () => this.file.click() }, "Choose a picture");
    this.centre = el("input", { type: "checkbox", onchange: () => this.set("centre") });
    this.invert = el("input", { type: "checkbox", onchange: () => this.set("invert") });
    this.middle = el("input", { type: "checkbox", onchange: () => this.bring(this.brought) });
    this.cutting = el("label", { hidden: true }, this.middle, "Middle only");
    this.words = el("p", { class: "words" });
    this.label = el("select", {});
    this.labels = el("label", { class: "labels", hidden: true }, "It is", this.label);
    this.actions = el("div", { class: "actions" });
    this.status = el("p", { class: "status", role: "status" });
    const brush = el("label", { class: "brush" }, "Brush", this.brush);
    const inks = colours ? [el("label", {}, "Ink", this.ink), el("label", {}, "Paper", this.paper)] : [];
    const placing = el("label", { title: PLACING }, this.centre, "Place like the data");
    const hint = el("span", { class: "hint" }, "or drop or paste one here");
    this.root.replaceChildren(
      this.page,
      el(
        "div",
        { class: "beside" },
        el("div", { class: "tools" }, this.undoing, this.clearing, brush, ...inks),
        this.labels,
        this.actions,
        this.status,
        el("div", { class: "look" }, this.seen, this.words),
        el("div", { class: "tools" }, placing, el("label", {}, this.invert, "Invert"), this.cutting),
        el("div", { class: "tools" }, this.choosing, this.file, hint),
      ),
    );
    const on = (target, name, action) => target.addEventListener(name, action, { signal: this.stop.signal });
    on(this.page, "pointerdown", (event) => this.onDown(event));
    on(this.page, "pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) on(this.page, name, () => this.onUp());
    on(this.root, "keydown", (event) => this.onKey(event));
    on(this.root, "dragover", (event) => this.onDrag(event, true));
    on(this.root, "dragleave", (event) => this.onDrag(event, false));
    on(this.root, "drop", (event) => this.onDrop(event));
    on(document, "paste", (event) => this.onPaste(event));
    this.resizer = new ResizeObserver(() => this.paint());
    this.resizer.observe(this.page);
  }

  // -- data in ----------------------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    const before = this.data;
    this.data = data;
    this.send = setTriggerValue;
    if (data.habit !== before.habit || !this.asked) this.learn(data.habit);
    const actions = JSON.stringify(data.actions);
    if (actions !== this.shown) {
      this.shown = actions;
      this.buttons = data.actions.map(([id, words]) =>
        el("button", { type: "button", class: "act", "data-action": id, onclick: () => this.add(id) }, words),
      );
      this.actions.replaceChildren(...this.buttons);
    }
    this.labels.hidden = !data.classes.length;
    if (String(data.classes) !== String(before.classes) || !this.label.children.length)
      this.label.replaceChildren(
        el("option", { value: -1 }, "not told"),
        ...data.classes.map((name, i) => el("option", { value: i }, name)),
      );
    if (data.said && data.said.serial === this.waiting) {
      this.waiting = null;
      clearTimeout(this.patience);
      this.say(data.said.text, data.said.wrong);
      this.root.dataset.added = String(data.said.serial);
    }
    this.root.dataset.ready = "true";
    this.enable();
  }

  /** Fetches how the data's pictures are made; the pad works without, too. */
  async learn(address) {
    this.asked = true;
    try {
      const answer = await fetch(address, { signal: this.stop.signal });
      if (!answer.ok || address !== this.data.habit) return;
      this.habit = await answer.json();
    } catch {
      return;
    }
    if (!this.touched.has("brush")) this.brush.value = this.habit.brush;
    this.usual();
    this.root.dataset.habit = "true";
    this.paint();
  }

  /** The switches as they suit a drawing, where the visitor has not set them. */
  usual() {
    if (!this.habit || this.sheet.picture) return;
    if (!this.touched.has("centre")) this.centre.checked = this.habit.centred;
    if (!this.touched.has("invert")) this.invert.checked = this.habit.light;
  }

  // -- drawing ----------------------------------------------------------------------------------------------

  at(event) {
    const box = this.page.getBoundingClientRect();
    const [, height, width] = this.data.shape;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  onDown(event) {
    if (event.button !== 0 || this.pen !== undefined) return;
    event.preventDefault();
    this.pen = event.pointerId;
    this.page.setPointerCapture(event.pointerId);
    // A model in grey is drawn for in white; it is the paper that is light or dark.
    this.sheet.begin(this.at(event), Number(this.brush.value), this.data.shape[0] === 3 ? this.ink.value : "#ffffff");
    this.changed();
  }

  onMove(event) {
    if (event.pointerId !== this.pen) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.sheet.extend(this.at(each));
    this.changed();
  }

  onUp() {
    this.pen = undefined;
  }

  onKey(event) {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.undo();
  }

  undo() {
    this.sheet.undo();
    if (!this.sheet.picture) this.forgetFile();
    this.changed();
  }

  clear() {
    this.sheet.clear();
    this.forgetFile();
    this.changed();
  }

  forgetFile() {
    this.brought = null;
    this.file.value = "";
    this.cutting.hidden = true;
    this.usual();
  }

  sized() {
    this.touched.add("brush");
    this.paint();
  }

  set(name) {
    this.touched.add(name);
    this.paint();
  }

  changed() {
    this.say("");
    this.paint();
  }

  paint() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const [channels, height, width] = this.data.shape;
    const paper = channels === 3 ? this.paper.value : "#000000";
    const wide = Math.round(this.page.clientWidth * (window.devicePixelRatio || 1)) || 280;
    if (this.page.width !== wide) Object.assign(this.page, { width: wide, height: Math.round((wide * height) / width) });
    this.sheet.paint(this.page.getContext("2d"), wide / width, {}, paper);
    this.page.classList.toggle("inverted", this.invert.checked);
    const settings = { centre: this.centre.checked, invert: this.invert.checked, habit: this.habit, paper };
    this.pixels = this.sheet.pixels(settings);
    const image = new ImageData(width, height);
    const area = width * height;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = this.pixels[(channels === 3 ? c * area : 0) + i];
      image.data[4 * i + 3] = 255;
    }
    this.seen.getContext("2d").putImageData(image, 0, 0);
    this.words.textContent = this.told();
    this.enable();
  }

  /** What the model sees, in words. */
  told() {
    const [, height, width] = this.data.shape;
    const size = `What the model gets: ${width} × ${height} pixels`;
    if (!this.centre.checked || !this.habit) return `${size}.`;
    return `${size}, with what you brought moved and sized as the data's own samples are.`;
  }

  enable() {
    this.undoing.disabled = this.clearing.disabled = this.sheet.empty;
    for (const button of this.buttons ?? []) button.disabled = this.sheet.empty || Boolean(this.waiting);
  }

  say(text, wrong = false) {
    this.status.textContent = text;
    this.status.classList.toggle("wrong", wrong);
  }

  // -- a picture that is brought ----------------------------------------------------------------------------

  choose() {
    this.bring(this.file.files[0]);
  }

  onDrag(event, over) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.root.classList.toggle("over", over);
  }

  onDrop(event) {
    event.preventDefault();
    this.root.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (file) this.bring(file);
    else this.say("Drop a picture file: PNG, JPEG or WebP.", true);
  }

  onPaste(event) {
    const file = event.clipboardData?.files[0];
    if (!file || !this.page.offsetParent) return; // text for a field, or a pad that is folded away
    event.preventDefault();
    this.bring(file);
  }

  async bring(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) return this.say(`This file is larger than the ${MOST_BYTES >> 20} MB that are taken.`, true);
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.say("Reading the picture");
    try {
      const fit = this.middle.checked ? "middle" : "whole";
      const answer = await fetch(`${this.data.picture}?fit=${fit}`, { method: "POST", body: file, signal: this.stop.signal });
      if (turn !== this.turn) return;
      if (!answer.ok) return this.say(await answer.text(), true);
      this.put(new Uint8Array(await answer.arrayBuffer()), file);
    } catch (error) {
      if (!this.stop.signal.aborted) this.say("The server does not answer, so the picture could not be read.", true);
    }
  }

  put(pixels, file) {
    this.sheet.clear();
    this.sheet.put(pixels);
    this.brought = file;
    this.cutting.hidden = false;
    const { even, light } = this.border();
    // A photo of ink on paper, for data that is light on dark or the other way round: the colours are changed.
    if (!this.touched.has("invert")) this.invert.checked = Boolean(this.habit?.centred && even && light !== this.habit.light);
    if (!this.touched.has("centre")) this.centre.checked = Boolean(this.habit?.centred && even);
    this.say(this.invert.checked && !this.touched.has("invert") ? "Inverted, to look like the data." : "");
    this.paint();
  }

  /** Whether the border of the picture on the sheet is of one grey, and a light one. */
  border() {
    const { picture } = this.sheet;
    const { width, height } = picture;
    const { data } = picture.getContext("2d").getImageData(0, 0, width, height);
    const usual = borderGrey(data, width, height);
    let near = 0;
    let count = 0;
    for (let i = 0; i < width * height; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      if (x && y && x < width - 1 && y < height - 1) continue;
      count += 1;
      if (Math.abs((data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3 - usual) < 40) near += 1;
    }
    return { even: near > 0.8 * count, light: usual > 127 };
  }

  // -- and out ----------------------------------------------------------------------------------------------

  add(action) {
    this.draw();
    this.waiting = Date.now();
    this.say("Encoding");
    this.enable();
    this.patience = setTimeout(() => {
      this.waiting = null;
      this.say("The server has not answered; try again, or reload the page.", true);
      this.enable();
    }, PATIENCE);
    let text = "";
    for (let i = 0; i < this.pixels.length; i += 8192) text += String.fromCharCode(...this.pixels.subarray(i, i + 8192));
    const label = this.labels.hidden ? -1 : Number(this.label.value);
    this.send("added", { pixels: btoa(text), action, label, serial: this.waiting });
  }

  destroy() {
    this.stop.abort();
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.patience);
  }
}
