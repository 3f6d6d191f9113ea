// Morph: the straight and the spherical walk from A to B side by side, a film that plays, and a four-corner grid.
//
// data: {decoder, seq, corners: [{label, z}] x 4 (A, B, C, D), t, distance: {dims, median, inside, edge} | null}
// To Python: state "view" = {seq, t} when a finger lifts or the film stops.

import { clamp, distanceCue, el, filmSlider, later, oncePerFrame } from "./dom.js";
import { bilinear, lerp, slerp } from "./geometry.js";
import { createIdleQueue, createPainter, createTiles } from "./pictures.js";

const GRID = 9; // tiles along the four-corner grid
const SECONDS = 4; // from A to B
const RIBBON = 96; // places along a walk where the distance from the data is measured
const LETTERS = ["A", "B", "C", "D"];
const WALKS = [
  { kind: "linear", title: "Straight line", walk: lerp },
  { kind: "spherical", title: "Along the sphere", walk: slerp },
];

/** The distance from the data along a walk, as an area under the film: its height is how far out the walk is. */
function createRibbon(cue) {
  const canvas = el("canvas", { class: "ribbon", role: "img" });
  const colours = ["#35b0a8", "#e0a93b", "#dd6a4c"];
  return {
    canvas,
    draw(codeAt) {
      const places = Array.from({ length: RIBBON }, (_, i) => cue.place(codeAt(i / (RIBBON - 1))));
      const width = (canvas.width = 3 * RIBBON);
      const height = (canvas.height = 48);
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, width, height);
      places.forEach((place, i) => {
        const tall = Math.max(3, (place / 3) * height);
        context.fillStyle = colours[place <= 1 ? 0 : place <= 2 ? 1 : 2];
        context.fillRect(3 * i, height - tall, 3, tall);
      });
      const worst = Math.max(...places);
      const words = worst <= 1 ? "stays inside the data" : worst <= 2 ? "comes near the data's edge" : "goes far from any code seen";
      canvas.setAttribute("aria-label", `Distance from the codes seen: this walk ${words}`);
      return words;
    },
  };
}

export function createMorph(root, { decoder, codes }, component) {
  let { data } = component;
  const aspect = decoder.height / decoder.width;
  const painter = createPainter(decoder);
  const size = decoder.latentDim;
  let corners = data.corners.map((corner) => Float32Array.from(corner.z));
  let t = data.t;
  let seq = data.seq;
  let crisp = false;
  let draws = 0;
  let playing = false;
  let unsaid = false; // the place has changed since the server was last told
  let direction = 1;
  let place = [0.5, 0.5]; // on the four-corner grid, from the top left
  const code = new Float32Array(size);
  const tileCode = new Float32Array(size);

  const queue = createIdleQueue(() => { root.dataset.settled = "true"; });
  const settle = later(commit);
  const hold = (held) => {
    if (held) settle.cancel();
    if (held && playing) play(false);
    if (held) queue.pause();
    else queue.resume();
    if (!held && unsaid) settle();
  };

  const canvasOf = (className) => {
    const canvas = el("canvas", { class: className, role: "img" });
    canvas.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
    return canvas;
  };

  // -- A, the two walks, B
  const ends = [0, 1].map((end) => {
    const canvas = canvasOf("picture end");
    const caption = el("figcaption", {});
    return { canvas, caption, figure: el("figure", { class: `end-${end}` }, canvas, caption) };
  });
  const walks = WALKS.map(({ kind, title, walk }) => {
    const canvas = canvasOf("picture");
    const cue = distanceCue(codes, data.distance);
    const film = filmSlider({
      low: 0, high: 1, step: 0.01, page: 0.1, label: `${title}, place from A to B`, hold,
      change: (to) => { t = to; unsaid = true; showPlace(); draw(); }, settle,
    });
    film.input.addEventListener("keydown", () => { if (playing) play(false); });
    const ribbon = createRibbon(cue);
    const words = el("span", { class: "ribbon-words" });
    const figure = el("figure", { class: "walk", "data-kind": kind }, el("figcaption", {}, title), canvas, cue.box);
    const row = el("div", { class: "dimension strip", "data-kind": kind },
      el("div", { class: "head" }, el("span", { class: "name unnamed" }, title), words), film.track, ribbon.canvas);
    return { kind, title, walk, canvas, cue, film, ribbon, words, figure, row, tiles: null, count: 0 };
  });
  ends[0].figure.style.gridArea = "a";
  ends[1].figure.style.gridArea = "b";
  walks[0].figure.style.gridArea = "linear";
  walks[1].figure.style.gridArea = "spherical";
  const stage = el("div", { class: "walks" }, ends[0].figure, walks[0].figure, walks[1].figure, ends[1].figure);

  const playButton = el("button", { type: "button", class: "plain play", onclick: () => play(!playing) });
  const where = el("output", { class: "value", "aria-live": "off" });
  const transport = el("div", { class: "transport" }, playButton, where,
    el("label", { class: "check" },
      el("input", { type: "checkbox", onchange: (event) => { crisp = event.target.checked; drawAll(); renewFilms(); } }),
      "Crisp pixels"));
  const strips = el("div", { class: "panel strips" }, ...walks.map((walk) => walk.row),
    data.distance ? el("p", { class: "hint" }, "The band under each film rises where the walk leaves the codes seen.") : null);

  // -- the four corners
  const gridCanvas = el("canvas", { "aria-hidden": "true" });
  const handle = el("i", { class: "handle" });
  const area = el("div", { class: "pad corners", tabindex: 0, role: "application", "aria-roledescription": "two-dimensional slider",
    "aria-label": "Four-corner grid between A, B, C and D" },
    gridCanvas, ...LETTERS.map((letter) => el("b", { class: `letter ${letter}`, "aria-hidden": "true" }, letter)), handle);
  area.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
  const gridTiles = createTiles(gridCanvas, painter, GRID, GRID, aspect);
  const herePicture = canvasOf("picture here");
  const hereCue = distanceCue(codes, data.distance);
  const hereWords = el("p", { class: "hint" });
  const four = el("section", { class: "four", "aria-label": "Four corners" },
    el("h3", {}, "Four corners"),
    el("div", { class: "four-frame" }, area, el("div", { class: "beside" }, herePicture, hereCue.box, hereWords)));

  root.append(el("div", { class: "morph" }, stage, transport, strips, four));

  function showHandle() {
    handle.style.left = `${((0.5 + place[0] * (GRID - 1)) / GRID) * 100}%`;
    handle.style.top = `${((0.5 + place[1] * (GRID - 1)) / GRID) * 100}%`;
    const share = [(1 - place[0]) * (1 - place[1]), place[0] * (1 - place[1]), (1 - place[0]) * place[1], place[0] * place[1]];
    const words = share.map((part, i) => `${LETTERS[i]} ${Math.round(100 * part)}%`).join(", ");
    area.setAttribute("aria-valuetext", words);
    hereWords.textContent = words;
  }
  const drawHere = oncePerFrame(() => {
    bilinear(...corners, place[0], place[1], code);
    painter.into(herePicture, code, crisp);
    hereCue.show(code);
    herePicture.setAttribute("aria-label", `Decoded picture between the four corners: ${hereWords.textContent}`);
    root.dataset.draws = ++draws;
  });
  function moveTo(x, y) {
    place = [clamp(x, 0, 1), clamp(y, 0, 1)];
    showHandle();
    drawHere();
  }
  function follow(event) {
    const frame = area.getBoundingClientRect();
    const along = (at) => (at * GRID - 0.5) / (GRID - 1);
    moveTo(along((event.clientX - frame.left) / frame.width), along((event.clientY - frame.top) / frame.height));
  }
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    area.focus({ preventScroll: true });
    area.setPointerCapture(event.pointerId);
    hold(true);
    follow(event);
  });
  area.addEventListener("pointermove", (event) => { if (area.hasPointerCapture(event.pointerId)) follow(event); });
  for (const name of ["pointerup", "pointercancel"]) {
    area.addEventListener(name, (event) => {
      if (!area.hasPointerCapture(event.pointerId)) return;
      area.releasePointerCapture(event.pointerId);
      hold(false);
    });
  }
  area.addEventListener("keydown", (event) => {
    const step = 1 / (GRID - 1) / (event.shiftKey ? 1 : 4);
    const moves = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    moveTo(place[0] + move[0], place[1] + move[1]);
  });

  // -- drawing
  const draw = oncePerFrame(() => {
    for (const { canvas, cue, walk } of walks) {
      walk(corners[0], corners[1], t, code);
      painter.into(canvas, code, crisp);
      cue.show(code);
    }
    root.dataset.draws = ++draws;
  });
  function showPlace() {
    for (const { film } of walks) {
      film.input.value = t;
      film.input.setAttribute("aria-valuetext", `${Math.round(100 * t)}% of the way from A to B`);
    }
    where.textContent = `${Math.round(100 * t)}% of the way`;
  }
  function describe() {
    for (const { canvas, title } of walks) {
      canvas.setAttribute("aria-label", `Decoded picture, ${title.toLowerCase()}, ${Math.round(100 * t)}% of the way from A to B`);
    }
  }
  function drawAll() {
    ends.forEach(({ canvas, caption }, end) => {
      painter.into(canvas, corners[end], crisp);
      caption.textContent = `${LETTERS[end]} · ${data.corners[end].label}`;
      canvas.setAttribute("aria-label", `Decoded picture of ${LETTERS[end]}, ${data.corners[end].label}`);
    });
    for (const { ribbon, words, walk } of walks) {
      ribbon.canvas.hidden = !data.distance;
      if (!data.distance) continue;
      words.textContent = ribbon.draw((at) => walk(corners[0], corners[1], at, tileCode));
    }
    showPlace();
    showHandle();
    draw();
    drawHere();
    describe();
  }
  function renewFilms() {
    root.dataset.settled = "false";
    for (const walk of walks) {
      if (!walk.tiles) continue;
      walk.row.dataset.film = "waiting";
      queue.put(walk.kind, film(walk));
    }
    area.dataset.film = "waiting";
    queue.put("corners", grid());
  }
  function* film(walk) {
    yield* walk.tiles.draw((column) => walk.walk(corners[0], corners[1], column / (walk.count - 1), tileCode), crisp);
    walk.row.dataset.film = "done";
  }
  function* grid() {
    yield* gridTiles.draw((column, row) => bilinear(...corners, column / (GRID - 1), row / (GRID - 1), tileCode), crisp);
    area.dataset.film = "done";
  }

  // -- the film plays to B and back at the screen's own pace
  let frame = 0;
  let before = 0;
  function tick(now) {
    if (!playing) return;
    t += (direction * Math.min(100, now - before)) / (1000 * SECONDS);
    before = now;
    if (t >= 1 || t <= 0) {
      direction = t >= 1 ? -1 : 1;
      t = clamp(t, 0, 1);
    }
    showPlace();
    draw();
    frame = requestAnimationFrame(tick);
  }
  function play(on) {
    playing = on;
    root.dataset.playing = on;
    playButton.textContent = on ? "❚❚ Pause" : "▶ Play";
    playButton.setAttribute("aria-pressed", on);
    cancelAnimationFrame(frame);
    if (on) {
      queue.pause();
      before = performance.now();
      frame = requestAnimationFrame(tick);
    } else {
      queue.resume();
      describe();
    }
  }
  playButton.addEventListener("click", () => { if (!playing) commit(); });

  function commit() {
    settle.cancel();
    unsaid = false;
    describe();
    component.setStateValue("view", { seq: ++seq, t: Number(t.toFixed(3)) });
  }

  // -- sizes
  function resize() {
    let changed = area.offsetWidth > 0 && gridTiles.resize(area.offsetWidth);
    const width = strips.clientWidth;
    if (!width) return changed;
    for (const walk of walks) {
      const count = clamp(2 * Math.floor(width / 144) + 1, 7, 13);
      if (count !== walk.count) {
        walk.count = count;
        walk.tiles = createTiles(walk.film.canvas, painter, count, 1, aspect);
      }
      walk.row.style.setProperty("--tile", `${width / count}px`);
      walk.row.style.setProperty("--tall", `${(width / count) * aspect}px`);
      changed = walk.tiles.resize(width) || changed;
    }
    return changed;
  }
  const observer = new ResizeObserver(() => { if (resize()) renewFilms(); });
  observer.observe(strips);

  play(false);
  resize();
  drawAll();
  renewFilms();

  return {
    update(next) {
      component = next;
      const old = JSON.stringify(data.corners);
      data = next.data;
      if (JSON.stringify(data.corners) !== old) {
        corners = data.corners.map((corner) => Float32Array.from(corner.z));
        drawAll();
        renewFilms();
      }
      if (data.seq === seq && !playing && !unsaid && Math.abs(data.t - t) > 1e-3) {
        t = data.t;
        showPlace();
        draw();
        describe();
      }
    },
    /** Another decoder draws from now on. */
    redraw() {
      drawAll();
      renewFilms();
    },
    close() {
      playing = false;
      cancelAnimationFrame(frame);
      observer.disconnect();
      queue.clear();
      settle.cancel();
    },
  };
}
