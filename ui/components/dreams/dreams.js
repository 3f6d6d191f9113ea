// Sheets of dreams: grids of samples that follow a temperature under the finger, and can be chosen one by one.
//
// data: {
//   key: changes when the page is to be built anew, kind: "image" | "text" | "table", columns: tiles a row at most,
//   decoder: its address | null where the server decodes,
//   draws: base64 of float32 [sheets, 2, n, D], middle and offset of the codes: z = middle + temperature * offset,
//   step: of the sliders, sliders: [{name, label, value, most, ticks: [[value, text]]}],
//   sheets: [{name, title, sentence, slider: its slider's name, items: [{picture, words, note, zone}]}],
//   picked: [sheet's name, number from 0], seq, pick_seq: the browser's last words that Python has heard
// }
// To Python: "view" = {seq, values: {slider: value}} when a finger lifts; "picked" = {seq, sheet, number}.

import { loadDecoder } from "../desk/decoder.js";
import { clamp, el, later } from "../desk/dom.js";
import { mounted } from "../desk/mount.js";
import { createPainter } from "../desk/pictures.js";

const BUDGET = 10; // ms a frame may spend on pictures; what is left over comes in the next one
const ZONES = ["inside the data", "near its edge", "far from any code seen"];

const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

function createSlider({ name, label, value, most, ticks }, step, change, settle) {
  const input = el("input", { type: "range", min: 0, max: most, step, value, "data-slider": name, "aria-label": label });
  const output = el("output", {}, "");
  let held = false;
  input.addEventListener("pointerdown", () => { held = true; });
  input.addEventListener("input", () => { show(); change(name, input.valueAsNumber); });
  input.addEventListener("change", () => {
    if (held) settle.now();
    else settle();
    held = false;
  });
  function show() {
    output.textContent = input.valueAsNumber.toFixed(2);
  }
  show();
  const marks = ticks.map(([at, text]) => {
    const mark = el("span", {}, text);
    mark.style.left = `${(at / most) * 100}%`;
    return mark;
  });
  return {
    box: el("div", { class: "slider" }, el("label", {}, el("span", {}, label), output), input,
      el("div", { class: "ticks", "aria-hidden": "true" }, ...marks)),
    set(to) {
      input.value = to;
      show();
    },
  };
}

function createItem(sheet, number, painter, pick) {
  const canvas = painter ? el("canvas") : null;
  const image = el("img", { alt: "", hidden: true });
  const words = el("span", { class: "words", hidden: true });
  const note = el("small", { hidden: true });
  const button = el("button", {
    type: "button", class: "item", "data-number": number, "aria-pressed": "false", tabindex: -1, onclick: () => pick(sheet.name, number),
  }, canvas ?? image, canvas ? null : words, canvas ? null : note);
  return {
    button,
    canvas,
    show(item) {
      if (!canvas) {
        image.hidden = !item.picture;
        if (item.picture) image.src = item.picture;
        words.hidden = Boolean(item.picture);
        words.textContent = item.words || "nothing";
        note.hidden = !item.note;
        note.textContent = item.note;
      }
      if (item.zone === null) delete button.dataset.zone;
      else button.dataset.zone = item.zone;
      const said = [`dream ${number + 1}`, item.words, item.zone === null ? "" : ZONES[item.zone]].filter(Boolean).join(", ");
      button.setAttribute("aria-label", `${said}: show its nearest training sample`);
      button.title = said;
    },
    press(is) {
      button.setAttribute("aria-pressed", is);
      button.tabIndex = is ? 0 : -1;
    },
  };
}

/** What the page says of the chosen dream, where it stands below the sheets (on a phone): as little is scrolled as shows it. */
function showAnswer(root) {
  const answer = document.querySelector(".st-key-dreams-answer");
  if (!answer || answer.getBoundingClientRect().top < root.getBoundingClientRect().bottom) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  answer.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

/** Arrow keys lead from tile to tile, as they lie on the screen. */
function walk(event, items) {
  const here = items.findIndex((item) => item.button === event.target);
  const row = items.filter((item) => item.button.offsetTop === items[0].button.offsetTop).length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -items.length, End: items.length }[event.key];
  if (here < 0 || by === undefined) return;
  event.preventDefault();
  items[clamp(here + by, 0, items.length - 1)].button.focus();
}

function createSheets(root, component, loaded) {
  let { data } = component;
  let { seq, pick_seq: pickSeq } = data;
  let unsaid = false;
  let passes = 0;
  let pass = null; // the drawing under way
  let again = false; // something moved since it began
  let asked = false; // a frame is
  let draws = floats(data.draws);
  const count = data.sheets[0].items.length;
  const decoder = loaded?.decoder;
  const painter = decoder ? createPainter(decoder) : null;
  const z = new Float32Array(decoder?.latentDim ?? 0);
  const values = Object.fromEntries(data.sliders.map((slider) => [slider.name, slider.value]));
  const settle = later(commit);
  const sliders = data.sliders.map((slider) => createSlider(slider, data.step, (name, value) => {
    values[name] = value;
    unsaid = true;
    root.dataset.stale = "true";
    draw();
  }, settle));

  const sheets = data.sheets.map((sheet) => {
    const items = sheet.items.map((_, number) => createItem(sheet, number, painter, pick));
    const grid = el("div", {
      class: data.kind === "text" ? "items lines" : "items", role: "group", "aria-label": sheet.title,
      onkeydown: (event) => walk(event, items),
    }, ...items.map((item) => item.button));
    grid.style.setProperty("--columns", data.columns);
    const title = el("h5");
    const sentence = el("p");
    return { items, title, sentence, box: el("div", { class: "sheet", "data-sheet": sheet.name }, title, sentence, grid) };
  });
  const wait = painter ? null : el("p", { class: "wait" }, "The server decodes this model: the sheet follows when you let go.");
  const stage = el("div", { class: "sheets" }, ...sheets.map((sheet) => sheet.box));
  stage.toggleAttribute("data-two", sheets.length > 1);
  root.append(...sliders.map((slider) => slider.box), ...(wait ? [wait] : []), stage);

  function code(sheet, number) {
    const middle = (2 * sheet * count + number) * z.length;
    const offset = middle + count * z.length;
    const temperature = values[data.sheets[sheet].slider];
    for (let d = 0; d < z.length; d++) z[d] = draws[middle + d] + temperature * draws[offset + d];
    return z;
  }
  function* everyTile() {
    for (let s = 0; s < sheets.length; s++) {
      for (let i = 0; i < count; i++) {
        painter.into(sheets[s].items[i].canvas, code(s, i), false);
        yield;
      }
    }
  }
  function frame() {
    asked = false;
    const end = performance.now() + BUDGET;
    pass ??= everyTile();
    while (performance.now() < end) {
      if (!pass.next().done) continue;
      pass = null;
      root.dataset.draws = ++passes;
      if (!again) return;
      again = false;
      pass = everyTile();
    }
    request();
  }
  function request() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(frame);
  }
  /** A pass that is under way goes on, with the newest temperature, so that the last tiles are not starved. */
  function draw() {
    if (!painter) return;
    again = pass !== null;
    request();
  }

  function commit() {
    settle.cancel();
    unsaid = false;
    component.setStateValue("view", { seq: ++seq, values: { ...values } });
  }
  function pick(sheet, number) {
    press(sheet, number);
    showAnswer(root);
    component.setStateValue("picked", { seq: ++pickSeq, sheet, number });
  }
  function press(sheet, number) {
    sheets.forEach(({ items }, s) => items.forEach((item, i) => item.press(data.sheets[s].name === sheet && i === number)));
    for (const { items } of sheets) if (!items.some((item) => item.button.tabIndex === 0)) items[0].button.tabIndex = 0;
  }
  function showAll() {
    sheets.forEach(({ items, title, sentence }, s) => {
      title.textContent = data.sheets[s].title;
      sentence.textContent = data.sheets[s].sentence;
      items.forEach((item, i) => item.show(data.sheets[s].items[i]));
    });
    root.dataset.stale = "false";
  }
  showAll();
  press(...data.picked);
  draw();

  return {
    update(next) {
      component = next;
      if (next.data.seq !== seq || unsaid) return; // an older answer, in the middle of the next drag
      data = next.data;
      draws = floats(data.draws);
      data.sliders.forEach((slider, i) => {
        values[slider.name] = slider.value;
        sliders[i].set(slider.value);
      });
      showAll();
      if (data.pick_seq === pickSeq) press(...data.picked);
      draw();
    },
    close() {
      settle.cancel();
    },
  };
}

const decoderOf = (data) => (data.decoder ? loadDecoder(data.decoder) : Promise.resolve(null));

export const { render, remove } = mounted(".dreams", decoderOf, createSheets);
