// The duet: one sample through several models, with sliders that move the matched dimensions of all of them at once.
//
// data: {
//   key: changes when anything but offsets and the server's pictures does,
//   seq, offsets: [K] in standard deviations of the codes, reach,
//   original: {picture, words, label} | null,
//   sides: [{letter, title, told, z: [D], decoder: address | null, distance | null,
//            picture, words, zone: what the server decoded where there is no decoder}],
//   rows: [{title, lead, notes: [text], links: [{side, dim, step, name, correlation | null, weak}]}], shown: rows not folded away
// }
// To Python: state "view" = {seq, offsets} when a finger lifts. Nothing is sent while one moves.

import { loadDecoder } from "../desk/decoder.js";
import { clamp, distanceCue, el, filmSlider, later, oncePerFrame, signed } from "../desk/dom.js";
import { mounted } from "../desk/mount.js";
import { createIdleQueue, createPainter, createTiles } from "../desk/pictures.js";

const STEP = 0.1; // standard deviations: an arrow key; Shift makes it four times as much
const PAGE = 1;
const ZONES = ["inside the data", "near its edge", "far from any code seen"];

/** A model's picture, and how its code follows the sliders. */
function createSide(side, place, rows, loaded) {
  const decoder = loaded?.decoder;
  const zero = Float32Array.from(side.z);
  const z = Float32Array.from(side.z);
  const links = rows.flatMap((row, k) => row.links.filter((link) => link.side === place).map((link) => ({ ...link, k })));
  const painter = decoder ? createPainter(decoder) : null;
  const canvas = decoder ? el("canvas", { class: "picture", role: "img" }) : null;
  if (canvas) canvas.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
  const image = el("img", { class: "picture", alt: "" });
  const words = el("p", { class: "words" });
  const cue = decoder ? distanceCue(loaded.codes, side.distance) : null;
  const zone = el("span", { class: "cue-words" });
  const wait = decoder ? null : el("small", { class: "wait" }, links.length ? "follows when you let go" : "its reconstruction");
  const box = el("figure", { class: "side", "data-side": side.letter },
    el("figcaption", {}, el("b", {}, side.letter), el("span", { title: side.title }, side.title)),
    canvas ?? image, canvas ? null : words,
    el("div", { class: "below" }, cue ? cue.box : el("div", { class: "cue" }, zone), wait,
      side.told ? el("small", { class: "told" }, `told ${side.told}`) : null));

  /** Its code where the sliders stand at `offsets`, into `out`. */
  function at(offsets, out) {
    out.set(zero);
    for (const { k, dim, step } of links) out[dim] += step * offsets[k];
    return out;
  }

  return {
    painter,
    width: decoder?.width,
    height: decoder?.height,
    box,
    at,
    scratch: new Float32Array(zero.length),
    draw(offsets) {
      if (!painter) return;
      painter.into(canvas, at(offsets, z), false);
      cue.show(z);
    },
    describe(text) {
      (canvas ?? image).setAttribute("aria-label", `What ${side.title} draws, ${text}`);
      image.alt = `What ${side.title} draws, ${text}`;
    },
    /** What the server decoded. */
    serve(now) {
      if (painter) return;
      image.hidden = !now.picture;
      if (now.picture) image.src = now.picture;
      words.hidden = !now.words;
      words.textContent = now.words;
      zone.textContent = now.zone === null ? "" : ZONES[now.zone];
      zone.parentElement.dataset.zone = now.zone;
    },
    stale(is) {
      if (!painter) box.dataset.stale = is;
    },
  };
}

function createDuet(root, component, loaded) {
  let { data } = component;
  let { seq } = data;
  const offsets = Float32Array.from(data.offsets);
  const tileOffsets = new Float32Array(offsets.length);
  let unsaid = false;
  let draws = 0;
  let filmsOf = "";
  const sides = data.sides.map((side, place) => createSide(side, place, data.rows, loaded[place]));
  const queue = createIdleQueue(() => { root.dataset.settled = "true"; });
  const settle = later(commit);
  const hold = (held) => {
    if (held) {
      settle.cancel();
      queue.pause();
      return;
    }
    queue.resume();
    if (unsaid) settle();
  };

  const original = data.original && el("figure", { class: "side original" },
    el("figcaption", {}, el("span", {}, data.original.label)),
    data.original.picture ? el("img", { class: "picture", src: data.original.picture, alt: data.original.label }) : null,
    data.original.words ? el("p", { class: "words" }, data.original.words) : null);
  const stage = el("div", { class: "sides" }, original, ...sides.map((side) => side.box));
  stage.style.setProperty("--count", stage.children.length);

  const rows = data.rows.map(createRow);
  const back = el("button", { type: "button", class: "plain back", onclick: () => { offsets.fill(0); showAll(); commit(); } },
    "Back to the sample");
  const rest = rows.slice(data.shown);
  const folded = rest.length === 0 ? null : el("details", { class: "sleeping", ontoggle: () => { resize(); renewFilms(); } },
    el("summary", {}, `${rest.length} more slider${rest.length > 1 ? "s" : ""}`), ...rest.map((row) => row.box));
  const list = el("div", { class: "panel rows" }, ...rows.slice(0, data.shown).map((row) => row.box), folded);
  root.append(stage, rows.length ? el("div", { class: "bar" }, back) : "", list);

  function createRow(row, k) {
    const value = el("output", { class: "value", "aria-live": "off" });
    const label = row.links.map((link) => `${data.sides[link.side].letter} ${link.name}`).join(", ");
    const film = filmSlider({
      low: -data.reach, high: data.reach, step: STEP, page: PAGE, label, hold, settle,
      change: (to) => { offsets[k] = to; unsaid = true; show(); draw(); },
    });
    film.canvas.remove();
    const strips = row.links.filter((link) => sides[link.side].painter).map((link) => {
      const canvas = el("canvas", { "aria-hidden": "true" });
      const line = el("div", { class: "strip" }, canvas, el("b", {}, data.sides[link.side].letter));
      film.track.insertBefore(line, film.input);
      return { side: sides[link.side], canvas, tiles: null };
    });
    film.track.classList.toggle("bare", strips.length === 0);
    const zero = el("button", {
      type: "button", class: "icon zero", "aria-label": `Set ${label} back to the sample`,
      onclick: () => { offsets[k] = 0; showAll(); commit(); },
    }, "↺");
    const names = row.links.flatMap((link, i) => [
      i ? el("span", { class: "tie", title: `moved together: their codes of the same samples are ${link.weak ? "weakly " : ""}correlated` },
        `↔ |r| ${Math.abs(link.correlation).toFixed(2)}${link.weak ? ", weak" : ""}`) : null,
      el("span", { class: "name" }, el("b", {}, data.sides[link.side].letter), ` ${link.step < 0 ? "−" : ""}${link.name}`),
    ]).filter(Boolean);
    const box = el("div", { class: "dimension", "data-row": k },
      el("div", { class: "head" }, el("span", { class: "names" }, ...names), value, zero),
      film.track, ...row.notes.map((note) => el("p", { class: "hint" }, note)));
    let count = 0;

    function show() {
      film.input.value = offsets[k];
      film.input.setAttribute("aria-valuetext", `${offsets[k].toFixed(2)} standard deviations from the sample`);
      value.textContent = `${signed(offsets[k])} σ`;
    }
    function* drawFilm() {
      for (const { side, tiles } of strips) {
        yield* tiles.draw((column) => {
          tileOffsets.set(offsets);
          tileOffsets[k] = -data.reach + (2 * data.reach * column) / (count - 1);
          return side.at(tileOffsets, side.scratch);
        }, false);
      }
      box.dataset.film = "done";
    }
    return {
      box,
      show,
      resize(width) {
        const wanted = clamp(2 * Math.floor(width / 110) + 1, 7, 13);
        const anew = wanted !== count;
        count = wanted;
        let changed = anew;
        box.style.setProperty("--tile", `${width / count}px`);
        for (const strip of strips) {
          const aspect = strip.side.height / strip.side.width;
          if (anew) strip.tiles = createTiles(strip.canvas, strip.side.painter, count, 1, aspect);
          box.style.setProperty("--tall", `${(width / count) * aspect}px`);
          changed = strip.tiles.resize(width) || changed;
        }
        return changed;
      },
      renew() {
        if (!count || !strips.length || box.offsetParent === null) return;
        box.dataset.film = "waiting";
        queue.put(`film ${k}`, drawFilm());
      },
    };
  }

  const draw = oncePerFrame(() => {
    for (const side of sides) side.draw(offsets);
    for (const side of sides) side.stale(unsaid);
    root.dataset.draws = ++draws;
  });
  function describe() {
    const away = data.rows.map((row, k) => [row, offsets[k]]).filter(([, offset]) => Math.abs(offset) > 0.005)
      .map(([row, offset]) => `${row.title} moved by ${offset.toFixed(1)} standard deviations`);
    for (const side of sides) side.describe(away.join(", ") || "at the sample's own code");
    back.disabled = away.length === 0;
  }
  function showAll() {
    for (const row of rows) row.show();
    draw();
    describe();
  }
  function renewFilms() {
    filmsOf = offsets.join();
    root.dataset.settled = "false";
    for (const row of rows) row.renew();
    if (!queue.size) root.dataset.settled = "true";
  }
  function commit() {
    settle.cancel();
    describe();
    if (offsets.join() !== filmsOf) renewFilms();
    unsaid = false;
    component.setStateValue("view", { seq: ++seq, offsets: Array.from(offsets, (value) => Number(value.toFixed(3))) });
  }
  let width = 0;
  function resize() {
    let changed = false;
    for (const row of rows) {
      if (row.box.offsetParent === null) continue;
      width = row.box.clientWidth || width;
      if (width) changed = row.resize(width) || changed;
    }
    return changed;
  }
  const observer = new ResizeObserver(() => { if (resize()) renewFilms(); });
  observer.observe(list);

  data.sides.forEach((side, place) => sides[place].serve(side));
  resize();
  showAll();
  renewFilms();

  return {
    update(next) {
      component = next;
      data = next.data;
      if (data.seq !== seq || unsaid) return; // an older answer, in the middle of the next drag
      data.sides.forEach((side, place) => sides[place].serve(side));
      if (data.offsets.some((value, k) => Math.abs(value - offsets[k]) > 5e-4)) {
        offsets.set(data.offsets);
        showAll();
        renewFilms();
      }
      for (const side of sides) side.stale(false);
    },
    close() {
      observer.disconnect();
      queue.clear();
      settle.cancel();
    },
  };
}

const decoders = (data) => Promise.all(data.sides.map((side) => (side.decoder ? loadDecoder(side.decoder) : null)));

export const { render, remove } = mounted(".duet", decoders, createDuet);
