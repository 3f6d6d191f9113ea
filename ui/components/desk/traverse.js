// Traverse: one film slider per dimension, the picture follows; a pad drags two dimensions at once.
//
// data: {
//   decoder, seq, z: [D], pad: [i, j], panel: "sliders" | "pad",
//   dimensions: [{index, rate, mean, std, low, high, awake}] most informative first,
//   names: {index: name}, distance: {dims, median, inside, edge} | null, tray: [{label, z}],
//   start: {label, mean: [D], spread: [D]}, measure: "rate" | "spread" (what the sliders are sorted by)
// }
// To Python: state "view" = {seq, z, pad, panel} when a finger lifts; trigger "rename" = {dimension, name}.

import { clamp, distanceCue, el, filmSlider, later, oncePerFrame, signed } from "./dom.js";
import { randomCode } from "./geometry.js";
import { createIdleQueue, createPainter, createTiles } from "./pictures.js";

const GRID = 11; // tiles along the pad
const STEP = 0.1; // an arrow key; Shift makes it four times as much
const PAGE = 1;

export function createTraverse(root, { decoder, codes }, component) {
  let { data } = component;
  const aspect = decoder.height / decoder.width;
  const painter = createPainter(decoder);
  const z = Float32Array.from(data.z);
  const tileCode = new Float32Array(z.length); // the tiles' own, so that a strip can be drawn between two draws
  let names = data.names;
  let pad = [...data.pad];
  let panel = data.panel;
  let seq = data.seq;
  let crisp = false;
  let draws = 0;
  let unsaid = false; // the code has changed since the server was last told

  const byIndex = new Map(data.dimensions.map((dimension) => [dimension.index, dimension]));
  const nameOf = (index) => names[index] ?? `z${index}`;
  const queue = createIdleQueue(() => { root.dataset.settled = "true"; });
  const settle = later(commit);
  const hold = (held) => {
    if (held) {
      settle.cancel(); // a key pressed just before: its code goes with this drag's
      queue.pause();
      return;
    }
    queue.resume();
    if (unsaid) settle();
  };

  // -- the stage: picture, cue, places to start from
  const picture = el("canvas", { class: "picture", role: "img" });
  picture.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
  const cue = distanceCue(codes, data.distance);
  const tray = el("div", { class: "tray" });
  const starts = el("div", { class: "starts", role: "group", "aria-label": "Start from" },
    el("button", { type: "button", class: "plain", "data-start": "mean", onclick: () => jump(data.start.mean) },
      data.start.label),
    el("button", { type: "button", class: "plain", "data-start": "random", onclick: () => jump(
      randomCode(z.length).map((value, i) => data.start.mean[i] + data.start.spread[i] * value)) }, "Random"),
    el("label", { class: "check" },
      el("input", { type: "checkbox", onchange: (event) => { crisp = event.target.checked; draw(); renewFilms(); } }),
      "Crisp pixels"));
  const stage = el("div", { class: "stage" }, picture,
    el("div", { class: "beside" }, cue.box, starts, tray));

  // -- one row per dimension
  const rows = new Map();
  for (const dimension of data.dimensions) rows.set(dimension.index, createRow(dimension));
  const awake = data.dimensions.filter((dimension) => dimension.awake);
  const asleep = data.dimensions.filter((dimension) => !dimension.awake);
  const sleeping = asleep.length === 0 ? null : el("details", { class: "sleeping", ontoggle: () => { resize(); renewFilms(); } },
    el("summary", {}, `${asleep.length} sleeping dimension${asleep.length > 1 ? "s" : ""}`),
    el("p", { class: "hint" }, "They carry next to no information, so the decoder ignores them."),
    ...asleep.map((dimension) => rows.get(dimension.index).box));
  const sliders = el("div", { class: "panel sliders", id: "sliders" },
    awake.length ? null : el("p", { class: "hint" }, "Every dimension of this model sleeps: the code says nothing about the picture."),
    ...awake.map((dimension) => rows.get(dimension.index).box), sleeping);

  const padPanel = createPad();
  const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Ways to move" },
    ...[["sliders", "Sliders"], ["pad", "2-D pad"]].map(([id, text]) => el("button", {
      type: "button", role: "tab", "data-tab": id, "aria-controls": id, onclick: () => { openPanel(id); commit(); },
      onkeydown: (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        openPanel(panel === "pad" ? "sliders" : "pad");
        tabs.querySelector("[aria-selected=true]").focus();
        commit();
      },
    }, text)));
  const controls = el("div", { class: "controls" }, tabs, sliders, padPanel.box);
  const both = data.dimensions.length <= 3;
  controls.classList.toggle("both", both);
  root.append(el("div", { class: "frame" }, stage, controls));

  function createRow(dimension) {
    const { index, low, high } = dimension;
    const value = el("output", { class: "value", "aria-live": "off" });
    const name = el("span", { class: "name", title: "Double click or F2 to rename", ondblclick: () => rename() });
    const edit = el("button", { type: "button", class: "icon edit", onclick: () => rename() }, "✎");
    const zero = el("button", { type: "button", class: "icon zero", onclick: () => { move(index, 0); commit(); } }, "↺");
    const film = filmSlider({
      low, high, step: STEP, page: PAGE, label: nameOf(index), hold,
      change: (to) => { z[index] = to; unsaid = true; row.show(); padPanel.show(); draw(); },
      settle,
    });
    const tiles = { count: 0, strip: null };
    const fraction = (x) => clamp((x - low) / (high - low), 0, 1);
    const ticks = el("div", {
      class: "ticks", title: `Codes of the data: mean ${dimension.mean.toFixed(2)}, one standard deviation ${dimension.std.toFixed(2)}`,
    }, el("i", { class: "span" }), el("i", { class: "middle" }));
    ticks.style.setProperty("--from", fraction(dimension.mean - dimension.std));
    ticks.style.setProperty("--to", fraction(dimension.mean + dimension.std));
    ticks.style.setProperty("--at", fraction(dimension.mean));
    const head = el("div", { class: "head" }, name, edit, value,
      data.measure === "rate"
        ? el("span", { class: "rate", title: "Rate: how much this dimension tells about a sample" },
          `${dimension.rate.toFixed(2)} nats`)
        : el("span", { class: "rate", title: "Spread: the standard deviation of the data's codes" },
          `± ${dimension.std.toFixed(2)}`), zero);
    const box = el("div", { class: "dimension", "data-dimension": index }, head, film.track, ticks);
    film.input.addEventListener("keydown", (event) => { if (event.key === "F2") rename(); });

    function rename() {
      if (head.querySelector("input")) return;
      const field = el("input", {
        class: "field", type: "text", maxlength: 40, value: names[index] ?? "", placeholder: `z${index}`,
        "aria-label": `New name of ${nameOf(index)}`,
      });
      let done = false;
      const finish = (keep, refocus) => {
        if (done) return;
        done = true;
        const text = field.value.trim().replace(/\s+/g, " ");
        field.replaceWith(name);
        edit.hidden = false;
        if (keep && text !== (names[index] ?? "")) {
          names = { ...names };
          if (text) names[index] = text;
          else delete names[index];
          label();
          component.setTriggerValue("rename", { dimension: index, name: text });
        }
        if (refocus) film.input.focus({ preventScroll: true });
      };
      for (const name of ["keydown", "keypress", "keyup"]) {
        // Streamlit listens on the document for single letters ("r" runs the script again), and cannot see
        // through the shadow root that this is a text field.
        field.addEventListener(name, (event) => event.stopPropagation());
      }
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") finish(true, true);
        if (event.key === "Escape") finish(false, true);
      });
      field.addEventListener("blur", () => finish(true, false));
      edit.hidden = true;
      name.replaceWith(field);
      field.focus();
      field.select();
    }

    const row = {
      box,
      label() {
        name.textContent = nameOf(index);
        name.classList.toggle("unnamed", !(index in names));
        film.input.setAttribute("aria-label", nameOf(index));
        edit.setAttribute("aria-label", `Rename ${nameOf(index)}`);
        zero.setAttribute("aria-label", `Set ${nameOf(index)} to 0`);
      },
      show() {
        film.input.value = z[index];
        film.input.setAttribute("aria-valuetext", z[index].toFixed(2));
        value.textContent = signed(z[index]);
      },
      resize(width) {
        const count = clamp(2 * Math.floor(width / 96) + 1, 7, 13);
        if (count !== tiles.count) {
          tiles.count = count;
          tiles.strip = createTiles(film.canvas, painter, count, 1, aspect);
        }
        box.style.setProperty("--tile", `${width / count}px`);
        box.style.setProperty("--tall", `${(width / count) * aspect}px`);
        return tiles.strip.resize(width);
      },
      renew() {
        if (!tiles.strip || box.offsetParent === null) return;
        box.dataset.film = "waiting";
        queue.put(`film ${index}`, drawFilm());
      },
    };
    function* drawFilm() {
      yield* tiles.strip.draw((column) => {
        tileCode.set(z);
        tileCode[index] = low + ((high - low) * column) / (tiles.count - 1);
        return tileCode;
      }, crisp);
      box.dataset.film = "done";
    }
    return row;
  }

  function createPad() {
    const canvas = el("canvas", { "aria-hidden": "true" });
    const handle = el("i", { class: "handle" });
    const area = el("div", { class: "pad", tabindex: 0, role: "application", "aria-roledescription": "two-dimensional slider" },
      canvas, handle);
    const choices = [0, 1].map((axis) => el("select", {
      "aria-label": axis ? "Dimension upwards" : "Dimension to the right",
      onkeydown: (event) => event.stopPropagation(), // letters choose an entry here
      onchange: (event) => {
        const chosen = Number(event.target.value);
        if (chosen === pad[1 - axis]) pad[1 - axis] = pad[axis]; // two different ones: they swap
        pad[axis] = chosen;
        options();
        show();
        renew();
        commit();
      },
    }));
    const box = el("div", { class: "panel padding", id: "pad" },
      el("div", { class: "axes" },
        el("label", {}, "→ ", choices[0]), el("label", {}, "↑ ", choices[1])),
      area, el("p", { class: "hint" }, "Drag over the grid, or use the arrow keys; Shift takes larger steps."));
    const tiles = createTiles(canvas, painter, GRID, GRID, aspect);

    function options() {
      choices.forEach((select, axis) => {
        select.replaceChildren(...data.dimensions.map((dimension) => el("option",
          { value: dimension.index, selected: dimension.index === pad[axis] }, nameOf(dimension.index))));
      });
      area.setAttribute("aria-label", `Pad of ${nameOf(pad[0])} and ${nameOf(pad[1])}`);
    }
    const limits = (axis) => byIndex.get(pad[axis]);
    // The centre of the first tile is the lowest value, the centre of the last the highest, as on the sliders.
    const place = (axis) => {
      const { low, high } = limits(axis);
      return (0.5 + clamp((z[pad[axis]] - low) / (high - low), 0, 1) * (GRID - 1)) / GRID;
    };
    function show() {
      handle.style.left = `${place(0) * 100}%`;
      handle.style.top = `${(1 - place(1)) * 100}%`;
      area.setAttribute("aria-valuetext",
        `${nameOf(pad[0])} ${z[pad[0]].toFixed(2)}, ${nameOf(pad[1])} ${z[pad[1]].toFixed(2)}`);
    }
    function set(axis, value) {
      const { low, high } = limits(axis);
      z[pad[axis]] = clamp(value, low, high);
      unsaid = true;
      rows.get(pad[axis]).show();
    }
    function follow(event) {
      const frame = area.getBoundingClientRect();
      [(event.clientX - frame.left) / frame.width, 1 - (event.clientY - frame.top) / frame.height].forEach((at, axis) => {
        const { low, high } = limits(axis);
        set(axis, low + ((at * GRID - 0.5) / (GRID - 1)) * (high - low));
      });
      show();
      draw();
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
    const release = (event) => {
      if (!area.hasPointerCapture(event.pointerId)) return;
      area.releasePointerCapture(event.pointerId);
      hold(false);
      settle.now();
    };
    area.addEventListener("pointerup", release);
    area.addEventListener("pointercancel", release);
    area.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, 1], ArrowDown: [1, -1] };
      if (event.key === "Home") { set(0, 0); set(1, 0); }
      else if (moves[event.key]) {
        const [axis, direction] = moves[event.key];
        set(axis, z[pad[axis]] + direction * STEP * (event.shiftKey ? 4 : 1));
      } else return;
      event.preventDefault();
      show();
      draw();
      settle();
    });
    function* grid() {
      const [{ low, high }, other] = [limits(0), limits(1)];
      yield* tiles.draw((column, row) => {
        tileCode.set(z);
        tileCode[pad[0]] = low + ((high - low) * column) / (GRID - 1);
        tileCode[pad[1]] = other.high - ((other.high - other.low) * row) / (GRID - 1);
        return tileCode;
      }, crisp);
      area.dataset.film = "done";
    }
    function renew() {
      if (area.offsetParent === null) return;
      area.dataset.film = "waiting";
      queue.put("pad", grid());
    }
    options();
    area.style.aspectRatio = `${decoder.width} / ${decoder.height}`;
    if (data.dimensions.length < 2) box.hidden = true;
    return { box, area, show, renew, options, resize: () => area.offsetWidth > 0 && tiles.resize(area.offsetWidth) };
  }

  // -- drawing
  const draw = oncePerFrame(() => {
    painter.into(picture, z, crisp);
    cue.show(z);
    root.dataset.draws = ++draws;
  });
  function describe() {
    picture.setAttribute("aria-label", `Decoded picture at ${awake.slice(0, 12)
      .map(({ index }) => `${nameOf(index)} ${z[index].toFixed(1)}`).join(", ") || "a sleeping code"}`);
  }
  function label() {
    for (const row of rows.values()) row.label();
    padPanel.options();
    describe();
  }
  function showAll() {
    for (const row of rows.values()) row.show();
    padPanel.show();
    draw();
    describe();
  }
  let filmsOf = "";
  function renewFilms() {
    filmsOf = z.join();
    root.dataset.settled = "false";
    padPanel.renew();
    for (const row of rows.values()) row.renew();
  }
  function move(index, to) {
    z[index] = to;
    showAll();
  }
  function jump(code) {
    z.set(code); // even where it lies beyond a slider: the picture is this code's
    showAll();
    commit();
  }
  function commit() {
    settle.cancel();
    describe();
    if (z.join() !== filmsOf) renewFilms();
    unsaid = false;
    component.setStateValue("view", { seq: ++seq, z: Array.from(z, (value) => Number(value.toFixed(3))), pad, panel });
  }
  function openPanel(id) {
    panel = id;
    for (const tab of tabs.children) {
      const open = tab.dataset.tab === id;
      tab.setAttribute("aria-selected", open);
      tab.tabIndex = open ? 0 : -1;
    }
    sliders.classList.toggle("closed", id !== "sliders" && !both);
    padPanel.box.classList.toggle("closed", id !== "pad" && !both);
    resize();
    renewFilms();
  }

  // -- the tray: samples to start from
  let trayOf = "";
  function showTray(anew = false) {
    const text = JSON.stringify(data.tray);
    if (text === trayOf && !anew) return;
    trayOf = text;
    tray.replaceChildren(...data.tray.map((sample) => {
      const canvas = el("canvas", { "aria-hidden": "true" });
      painter.into(canvas, sample.z, false);
      return el("button", { type: "button", class: "sample", title: `Start from ${sample.label}`,
        "aria-label": `Start from ${sample.label}`, onclick: () => jump(sample.z) }, canvas);
    }));
    tray.hidden = data.tray.length === 0;
  }

  // -- sizes
  let width = 0;
  function resize() {
    let changed = padPanel.resize();
    const now = sliders.clientWidth;
    for (const row of rows.values()) if (now && row.box.offsetParent !== null) changed = row.resize(now) || changed;
    width = now || width;
    return changed;
  }
  const observer = new ResizeObserver(() => { if (resize()) renewFilms(); });
  observer.observe(controls);

  label();
  showTray();
  openPanel(panel);
  showAll();

  return {
    update(next) {
      component = next;
      data = next.data;
      if (JSON.stringify(names) !== JSON.stringify(data.names)) {
        names = data.names;
        label();
      }
      showTray();
      // The server's code counts only where it answers our last word and nothing has moved since: an older
      // answer, arriving in the middle of the next drag, would pull the slider back.
      if (data.seq === seq && !unsaid && data.z.some((value, i) => Math.abs(value - z[i]) > 5e-4)) {
        z.set(data.z);
        pad = [...data.pad];
        padPanel.options();
        showAll();
        renewFilms();
      }
    },
    /** Another decoder draws from now on: everything anew, from the code that is shown. */
    redraw() {
      showTray(true);
      showAll();
      renewFilms();
    },
    close() {
      observer.disconnect();
      queue.clear();
      settle.cancel();
    },
  };
}
