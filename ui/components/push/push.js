// Samples that are pushed along a direction. data: {key: changes when anything but the strength does, decoder: address,
// samples: [{label, z: [D]}], direction: [D], reach: [low, high], strength, seq}.
// To Python: state "view" = {seq, strength} when a finger lifts. Nothing is sent while the slider moves.

import { loadDecoder } from "../desk/decoder.js";
import { clamp, el, filmSlider, later, oncePerFrame, signed } from "../desk/dom.js";
import { mounted } from "../desk/mount.js";
import { createIdleQueue, createPainter, createTiles } from "../desk/pictures.js";

const STEP = 0.05; // an arrow key

function createView(root, component, { decoder }) {
  let { data } = component;
  let { seq, strength } = data;
  let unsaid = false;
  let count = 0;
  let tiles = null;
  let draws = 0;
  const painter = createPainter(decoder);
  const z = new Float32Array(data.direction.length);
  const aspect = decoder.height / decoder.width;
  const at = (sample, by) => {
    for (let d = 0; d < z.length; d++) z[d] = sample.z[d] + by * data.direction[d];
    return z;
  };
  const queue = createIdleQueue(() => { root.dataset.settled = "true"; });
  const [low, high] = data.reach;
  const settle = later(commit);
  const sides = data.samples.map((sample, place) => {
    const canvas = el("canvas", { class: "picture", role: "img" });
    canvas.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
    return { sample, canvas, box: el("figure", { class: place ? "" : "first" }, canvas, el("figcaption", {}, sample.label)) };
  });
  const value = el("output", { class: "value", "aria-live": "off" });
  const film = filmSlider({
    low, high, step: STEP, page: 0.5, label: "Strength", settle,
    hold: (held) => (held ? queue.pause() : queue.resume()),
    change: (to) => { strength = to; unsaid = true; show(); draw(); },
  });
  const box = el("div", { class: "film" }, film.track);
  root.replaceChildren(el("div", { class: "head film" }, el("b", {}, "Strength"), value), box,
    el("div", { class: "ends" }, el("span", {}, `${low}`.replace("-", "−") + " times"), el("span", {}, `${high} times the vector`)),
    el("div", { class: "sides" }, ...sides.map((side) => side.box)));

  const draw = oncePerFrame(() => {
    for (const side of sides) painter.into(side.canvas, at(side.sample, strength), false);
    root.dataset.draws = ++draws;
  });
  function show() {
    film.input.value = strength;
    value.textContent = `${signed(strength)} ×`;
    film.input.setAttribute("aria-valuetext", `${strength.toFixed(2)} times the vector`);
    for (const side of sides) side.canvas.setAttribute("aria-label", `${side.sample.label}, moved ${strength.toFixed(2)} times the vector`);
  }
  function* drawFilm() {
    yield* tiles.draw((column) => at(data.samples[0], low + ((high - low) * column) / (count - 1)), false);
  }
  function resize() {
    const width = box.clientWidth;
    if (!width) return;
    const wanted = clamp(2 * Math.floor(width / 110) + 1, 7, 13);
    const anew = wanted !== count;
    count = wanted;
    film.track.style.setProperty("--tile", `${width / count}px`);
    film.track.style.height = `${(width / count) * aspect}px`;
    if (anew) tiles = createTiles(film.canvas, painter, count, 1, aspect);
    if (tiles.resize(width) || anew) {
      root.dataset.settled = "false";
      queue.put("film", drawFilm());
    }
  }
  function commit() {
    settle.cancel();
    unsaid = false;
    component.setStateValue("view", { seq: ++seq, strength: Number(strength.toFixed(3)) });
  }
  const observer = new ResizeObserver(resize);
  observer.observe(box);
  resize();
  show();
  draw();

  return {
    update(next) {
      component = next;
      data = next.data;
      if (unsaid || data.seq < seq || Math.abs(data.strength - strength) < 1e-3) return;
      strength = data.strength;
      show();
      draw();
    },
    close() {
      observer.disconnect();
      queue.clear();
      settle.cancel();
    },
  };
}

export const { render, remove } = mounted(".push", (data) => loadDecoder(data.decoder), createView);
