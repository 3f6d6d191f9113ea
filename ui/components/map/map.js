// The map: a Plotly scatter with the sample's picture under the pointer, selection by click, box, lasso and keys.
//
// Plotly draws the points and nothing else; it is asked to draw anew only when the points, their colours or the
// axes change. Rings, ellipses and paths lie on a canvas above (overlay.js), pictures come from sheets (tiles.js).
// Python hears of a gesture once, when it ends.

import { Gesture, inside } from "./gesture.js";
import { drawOverlay, drawVisitors, scales } from "./overlay.js";
import { loadPlotly } from "./plotly.js";
import { Tiles } from "./tiles.js";
import { Missing, packRows, resolve } from "./wire.js";

const REACH = { mouse: 18, pen: 24, touch: 32 }; // pixels from the pointer to a point it still means
const STILL = 5; // pixels a pointer may move during a click
// Sheets fetched before they are asked for: generously where server and browser are one machine, else few.
const PREFETCHED_SHEETS = ["127.0.0.1", "localhost", "[::1]"].includes(window.location.hostname) ? 80 : 16;
const PICTURE = 192; // pixels of a card's canvas, shown at half of that

const maps = new WeakMap(); // parent element -> Map

/** Called by the component's loader at each change of its data. */
export function render(component) {
  const { parentElement } = component;
  let map = maps.get(parentElement);
  if (!map) maps.set(parentElement, (map = new LatentMap(parentElement.querySelector(".lt-map"))));
  map.update(component);
}

/** Called by the loader when the component leaves the page. */
export function remove(parentElement) {
  maps.get(parentElement)?.destroy();
  maps.delete(parentElement);
}

const ICONS = {
  pick: '<path d="M6 3l12 8.5-5.4 1L15.5 19l-2.8 1.2-2.7-6.4L6 17.5z"/>',
  pan: '<path d="M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5"/>',
  select: '<rect x="4" y="5" width="16" height="14" rx="1" stroke-dasharray="3 3"/>',
  lasso: '<path d="M7 17c-3-1.5-4-4-3-7 1.5-4 6-6 11-5 4 .8 6 4 5 7-1.200 3.500-5.500 5-10 4.500"/><circle cx="8.500" cy="17.500" r="1.800"/><path d="M8 19.300c.5 1 .3 2-.8 2.700"/>',
  closer: '<path d="M12 6v12M6 12h12"/>',
  farther: '<path d="M6 12h12"/>',
  whole: '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
  clear: '<path d="M6 6l12 12M18 6L6 18"/>',
};
const MODES = [
  ["pick", "Pick", "Pick: tap a sample"],
  ["pan", "Move", "Move: drag the map; click a sample to pick it"],
  ["select", "Box", "Box: drag a rectangle around samples"],
  ["lasso", "Lasso", "Lasso: draw around samples"],
];

function button(name, word, title, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.tool = name;
  made.title = title;
  made.setAttribute("aria-label", title);
  made.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
  if (word) {
    const text = document.createElement("span");
    text.className = "lt-word";
    text.textContent = word;
    made.append(text);
  }
  made.addEventListener("click", action);
  return made;
}

function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class LatentMap {
  constructor(root) {
    this.root = root;
    this.mode = window.matchMedia("(pointer: coarse)").matches ? "pick" : "pan";
    this.points = []; // visible point traces: {x, y, rows, index}
    this.overlays = [];
    this.visitors = []; // guests: {name, x, y, picture, lines}
    this.selected = null; // Set of rows
    this.hovered = null;
    this.cursor = null;
    this.picked = null;
    this.unheard = []; // picks that Python has not confirmed: [serial, row]
    this.serial = 0;
    this.turn = 0; // of updates: a later one makes an earlier one stop
    this.draws = 0;
    this.stop = new AbortController();
    this.build();
  }

  // -- the elements ---------------------------------------------------------------------------------------

  build() {
    this.tools = element("div", "lt-tools", { role: "toolbar", "aria-label": "Tools of the map" });
    for (const [mode, word, title] of MODES) this.tools.append(button(mode, word, title, () => this.setMode(mode)));
    if (!window.matchMedia("(pointer: coarse)").matches) this.tool("pick").hidden = true;
    this.said = element("span", "lt-said");
    this.clearing = button("clear", "Clear", "Clear the selection (Escape)", () => this.clearSelection(true));
    this.clearing.hidden = true;
    this.tools.append(element("span", "lt-gap"), this.said, this.clearing);
    this.tools.append(
      button("farther", "", "Zoom out (-)", () => this.zoom(1.5)),
      button("closer", "", "Zoom in (+)", () => this.zoom(1 / 1.5)),
      button("whole", "", "The whole map (0)", () => this.whole()),
    );
    this.stage = element("div", "lt-stage", { tabindex: "0", role: "application" });
    this.plot = element("div", "lt-plot");
    this.canvas = element("canvas", "lt-overlay", { "aria-hidden": "true" });
    this.hoverCard = this.card("lt-hover");
    this.pickedCard = this.card("lt-picked");
    this.live = element("div", "lt-hidden", { "aria-live": "polite" });
    this.stage.append(this.plot, this.canvas, this.hoverCard.box, this.pickedCard.box);
    this.root.replaceChildren(this.tools, this.stage, this.live);
    this.showMode();

    const on = (target, name, action, options = {}) =>
      target.addEventListener(name, action, { signal: this.stop.signal, ...options });
    on(this.stage, "pointermove", (event) => this.onMove(event), { capture: true });
    on(this.stage, "pointerleave", () => this.hover(null));
    on(this.stage, "pointerdown", (event) => this.onDown(event), { capture: true });
    on(document, "pointerup", (event) => this.onUp(event), { capture: true });
    on(document, "pointercancel", () => this.dropGesture(), { capture: true });
    on(this.stage, "keydown", (event) => this.onKey(event));
    this.resizer = new ResizeObserver(() => this.onResize());
    this.resizer.observe(this.stage);
  }

  card(className) {
    const box = element("div", `lt-card ${className}`);
    box.hidden = true;
    const canvas = element("canvas", "", { role: "img" });
    canvas.width = canvas.height = PICTURE;
    const text = element("div", "lt-text");
    box.append(canvas, text);
    return { box, canvas, text, row: null };
  }

  tool(name) {
    return this.tools.querySelector(`[data-tool="${name}"]`);
  }

  // -- data in --------------------------------------------------------------------------------------------

  async update(component) {
    const { data } = component;
    const turn = ++this.turn;
    this.component = component;
    this.send = component.setTriggerValue;
    this.root.classList.toggle("lt-small", data.small);
    this.stage.setAttribute("aria-label", data.label);
    try {
      const [Plotly, figure, positions, facts, index, chosen] = await Promise.all([
        loadPlotly(data.plotly),
        resolve(data.figure),
        resolve(data.positions),
        resolve(data.facts),
        resolve(data.index),
        resolve(data.chosen ?? null),
      ]);
      if (turn !== this.turn || this.stop.signal.aborted) return;
      this.take(data, figure, positions, facts, index);
      this.choose(data, chosen);
      await this.draw(Plotly, data.figure, figure);
      if (turn !== this.turn) return;
      this.alert?.remove();
      this.root.dataset.ready = String(data.n);
      this.root.dataset.updates = String(Number(this.root.dataset.updates ?? 0) + 1);
    } catch (error) {
      if (turn !== this.turn || this.stop.signal.aborted) return;
      if (error instanceof Missing) this.send("missing", { at: Date.now() });
      else this.fail(error);
    }
  }

  take(data, figure, positions, facts, index) {
    if (data.mark !== this.data?.mark) {
      this.selected = this.cursor = this.hovered = null;
      this.unheard = [];
      this.say();
      this.hideCard(this.hoverCard);
    }
    if (!this.tiles?.same(data.tiles)) {
      this.tiles?.stop();
      this.tiles = data.tiles ? new Tiles(data.tiles) : null;
      this.hoverCard.row = this.pickedCard.row = null;
      const aspect = data.tiles?.aspect ?? 1; // a written sentence is wider than high
      this.root.style.setProperty("--lt-aspect", String(aspect));
      for (const { canvas } of [this.hoverCard, this.pickedCard]) canvas.width = Math.round(PICTURE * aspect);
    }
    this.data = data;
    this.positions = positions;
    this.facts = facts;
    this.index = index;
    this.dreams = data.dreams ?? null;
    this.visitors = data.visitors; // guests: their rows follow those of the points
    this.root.dataset.visitors = String(data.visitors.length);
    this.overlays = data.overlays.filter((trace) => trace.name !== "picked"); // that ring is ours
    // Of two clicks during one run of the script only the later arrives, so each message tells all clicks that
    // Python has not confirmed; until it has, the latest of them is what is picked.
    this.unheard = this.unheard.filter(([serial]) => serial > data.heard);
    if (!this.unheard.length) this.picked = data.picked;
    if (this.tiles) {
      const sheets = Math.ceil((data.last + 1) / this.tiles.perSheet);
      if (sheets <= PREFETCHED_SHEETS) this.tiles.prefetch(sheets);
    }
  }

  async draw(Plotly, source, figure) {
    this.Plotly = Plotly;
    const traces = figure.data;
    const width = this.stage.clientWidth;
    const narrow = width < 560;
    const colours = this.themeColours();
    const signature = JSON.stringify([source, narrow, colours]);
    if (signature !== this.signature) {
      this.signature = signature;
      const layout = this.layout(figure.layout, narrow, colours);
      for (const trace of traces) {
        trace.selectedpoints = this.selected ? selectedIn(trace.customdata, this.selected) : undefined;
        if (narrow && trace.marker?.colorbar) trace.marker.colorbar.thickness = 8;
      }
      const options = { displayModeBar: false, scrollZoom: true, doubleClick: "reset", responsive: false };
      const first = !this.gd;
      this.gd = await Plotly.react(this.plot, traces, layout, options);
      if (first) this.listen();
      this.draws += 1;
      this.root.dataset.draws = String(this.draws);
    }
    this.collect();
    this.paint();
    this.showPicked();
  }

  layout(layout, narrow, colours) {
    const axis = (given) => ({
      ...given,
      gridcolor: colours.grid,
      linecolor: colours.grid,
      color: colours.text,
      title: { ...given.title, font: { size: 12, color: colours.text } },
      tickfont: { size: 11, color: colours.text },
    });
    return {
      ...layout,
      autosize: true,
      dragmode: this.mode === "pan" ? "pan" : false,
      font: { ...layout.font, family: colours.font, color: colours.text },
      xaxis: axis(layout.xaxis ?? {}),
      yaxis: axis(layout.yaxis ?? {}),
      legend: narrow
        ? { ...layout.legend, orientation: "h", y: -0.14, yanchor: "top", x: 0, font: { size: 11 } }
        : layout.legend,
    };
  }

  themeColours() {
    const style = getComputedStyle(this.root);
    const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {
      text: read("--st-text-color", "#888"),
      grid: read("--st-border-color", "#8884"),
      accent: read("--st-primary-color", "#f0b45f"),
      paper: read("--st-background-color", "#111"),
      font: read("--st-font", "sans-serif"),
    };
  }

  listen() {
    const repaint = () => this.paint();
    this.gd.on("plotly_relayouting", repaint);
    this.gd.on("plotly_relayout", repaint);
    this.gd.on("plotly_afterplot", () => {
      this.collect();
      this.paint();
    });
  }

  /** The points that can be pointed at: those of traces the legend has not hidden. */
  collect() {
    this.points = [];
    this.where = new Map();
    if (!this.gd) return;
    this.gd.data.forEach((trace, curve) => {
      if (trace.visible === "legendonly" || trace.visible === false) return;
      this.points.push({ x: trace.x, y: trace.y, rows: trace.customdata, curve });
    });
    const guests = this.visitors;
    if (!guests.length) return;
    const [x, y] = [guests.map((guest) => guest.x), guests.map((guest) => guest.y)];
    this.points.push({ x, y, rows: guests.map((_, i) => this.data.n + i), curve: null }); // no trace of Plotly's
  }

  /** Says what is wrong over what was drawn before, until a drawing succeeds. */
  fail(error) {
    console.error(error);
    const text = element("p", "");
    // A fetch that finds nobody is a TypeError, in words that differ from browser to browser.
    const why = error instanceof TypeError ? "The server does not answer." : error.message;
    text.textContent = `The map could not be drawn. ${why}`;
    const again = element("button", "", { type: "button" });
    again.textContent = "Try again";
    again.addEventListener("click", () => this.update(this.component));
    this.alert?.remove();
    this.alert = element("div", "lt-wrong", { role: "alert" });
    this.alert.append(text, again);
    for (const name of ["pointerdown", "pointermove", "keydown"])
      this.alert.addEventListener(name, (event) => event.stopPropagation());
    this.root.append(this.alert);
  }

  // -- finding points -------------------------------------------------------------------------------------

  /** The row nearest to a place of the stage (pixels), within `reach`; null where there is none. */
  nearest(px, py, reach) {
    const to = scales(this.gd);
    if (px < to.left - 2 || py < to.top - 2 || px > to.left + to.width + 2 || py > to.top + to.height + 2) return null;
    const [x0, y0] = [to.x(0), to.y(0)];
    const [perX, perY] = [to.x(1) - x0, to.y(1) - y0];
    let best = reach * reach;
    let found = null;
    for (const { x, y, rows } of this.points) {
      for (let i = 0; i < x.length; i++) {
        const dx = x0 + x[i] * perX - px;
        const dy = y0 + y[i] * perY - py;
        const distance = dx * dx + dy * dy;
        if (distance <= best) {
          best = distance;
          found = { row: rows[i], x: x[i], y: y[i] };
        }
      }
    }
    return found;
  }

  /** The next point from `from` towards (dx, dy) on the screen, among those in sight. */
  neighbour(from, dx, dy) {
    const to = scales(this.gd);
    const [px, py] = [to.x(from.x), to.y(from.y)];
    let best = Infinity;
    let found = null;
    for (const { x, y, rows } of this.points) {
      for (let i = 0; i < x.length; i++) {
        if (rows[i] === from.row) continue;
        const qx = to.x(x[i]);
        const qy = to.y(y[i]);
        if (qx < to.left || qx > to.left + to.width || qy < to.top || qy > to.top + to.height) continue;
        const along = (qx - px) * dx + (qy - py) * dy;
        const across = Math.abs((qx - px) * dy) + Math.abs((qy - py) * dx);
        if (along < 0.5 || across > along) continue;
        const cost = along + 2 * across;
        if (cost < best) {
          best = cost;
          found = { row: rows[i], x: x[i], y: y[i] };
        }
      }
    }
    return found;
  }

  place(row) {
    if (row === null || row === undefined) return null;
    let found = this.where.get(row);
    if (found) return found;
    for (const { x, y, rows } of this.points) {
      const i = rows.indexOf(row);
      if (i >= 0) {
        found = { row, x: x[i], y: y[i] };
        this.where.set(row, found);
        return found;
      }
    }
    return null;
  }

  // -- pointer and keys -----------------------------------------------------------------------------------

  local(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left - this.stage.clientLeft, event.clientY - box.top - this.stage.clientTop];
  }

  onMove(event) {
    if (!this.gd) return;
    if (this.gesture) this.gesture.moveTo(this.local(event));
    else if (event.pointerType === "touch") return;
    else if (event.buttons) return this.hover(null);
    this.pointer = this.local(event);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.gesture) this.paint();
      else this.hover(this.nearest(...this.pointer, REACH.mouse));
    });
  }

  onDown(event) {
    if (!this.gd || event.button !== 0 || event.target.closest(".legend, .legendtoggle, .infolayer .legend")) return;
    this.pressed = { place: this.local(event), kind: event.pointerType };
    if (this.mode === "select" || this.mode === "lasso") {
      this.gesture = new Gesture(this.mode, this.pressed.place);
      this.stage.setPointerCapture(event.pointerId);
      this.hover(null);
    }
  }

  onUp(event) {
    const pressed = this.pressed;
    this.pressed = null;
    if (!pressed || !this.gd) return;
    const gesture = this.gesture;
    this.gesture = null;
    const [x, y] = this.local(event);
    gesture?.moveTo([x, y]);
    if (gesture?.isArea) return this.select(gesture);
    if (Math.hypot(x - pressed.place[0], y - pressed.place[1]) > STILL) return;
    const found = this.nearest(x, y, REACH[pressed.kind] ?? REACH.mouse);
    if (found) this.pick(found);
  }

  dropGesture() {
    this.pressed = this.gesture = null;
    this.paint();
  }

  onKey(event) {
    if (!this.gd || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in arrows) {
      const from = this.cursor ?? this.place(this.picked);
      const to = scales(this.gd);
      const next = from
        ? this.neighbour(from, ...arrows[event.key])
        : this.nearest(to.left + to.width / 2, to.top + to.height / 2, Infinity);
      if (next) {
        this.cursor = next;
        this.hover(next, true);
        this.live.textContent = this.words(next.row);
      }
    } else if ((event.key === "Enter" || event.key === " ") && this.cursor) {
      this.pick(this.cursor);
    } else if (event.key === "Escape") {
      this.cursor = null;
      this.dropGesture();
      this.hover(null);
      this.clearSelection(true);
    } else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.5);
    else if (event.key === "-") this.zoom(1.5);
    else if (event.key === "0") this.whole();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onResize() {
    if (!this.gd) return;
    cancelAnimationFrame(this.resizing);
    this.resizing = requestAnimationFrame(() => {
      if (this.stage.clientWidth) this.Plotly.Plots.resize(this.gd);
    });
  }

  // -- what a gesture does --------------------------------------------------------------------------------

  pick(point) {
    this.picked = point.row;
    this.cursor = point;
    this.serial = Math.max(Date.now(), this.serial + 1);
    this.unheard.push([this.serial, point.row]);
    this.hover(null);
    this.showPicked();
    this.paint();
    this.live.textContent = `Picked ${this.words(point.row)}`;
    this.send("picked", { picks: this.unheard, mark: this.data.mark });
  }

  /** The samples inside a box or lasso: told to Python, then the others are dimmed. */
  async select(gesture) {
    const to = scales(this.gd);
    const corners = gesture.corners.map(([x, y]) => [to.valueX(x), to.valueY(y)]);
    const perTrace = this.gd.data.map(() => []);
    for (const { x, y, curve } of this.points) if (curve !== null) perTrace[curve] = inside(x, y, corners);
    const rows = perTrace.flatMap((places, curve) => places.map((i) => this.gd.data[curve].customdata[i]));
    if (!rows.length) {
      this.paint();
      return this.clearSelection(true);
    }
    this.selected = new Set(rows);
    this.say();
    this.paint();
    const packed = await packRows(rows, this.data.n);
    this.root.dataset.selected = String(rows.length);
    this.send("selected", { ...packed, mark: this.data.mark });
    await this.Plotly.restyle(this.gd, { selectedpoints: perTrace });
  }

  /** What is selected on a map that is linked with others: what Python says, whichever of them it was drawn on. */
  choose(data, rows) {
    const said = rows ? `${data.mark} ${data.chosen.array}` : "";
    if (!rows || said === this.chosen) return;
    this.chosen = said;
    this.selected = rows.length ? new Set(rows) : null;
    if (rows.length) this.root.dataset.selected = String(rows.length);
    else delete this.root.dataset.selected;
    this.say();
    if (!this.gd) return; // the first drawing asks for it
    const perTrace = this.gd.data.map(({ customdata }) => (this.selected ? selectedIn(customdata, this.selected) : null));
    this.Plotly.restyle(this.gd, { selectedpoints: perTrace });
  }

  clearSelection(tell) {
    if (!this.selected) return;
    this.selected = null;
    delete this.root.dataset.selected;
    this.say();
    this.Plotly.restyle(this.gd, { selectedpoints: [null] });
    if (tell) this.send("selected", { bits: "", deflated: false, n: this.data.n, count: 0, mark: this.data.mark });
  }

  say() {
    const count = this.selected?.size ?? 0;
    this.said.textContent = count ? `${count.toLocaleString("en")} selected` : "";
    this.clearing.hidden = !count;
    if (count) this.live.textContent = this.said.textContent;
  }

  setMode(mode) {
    this.mode = mode;
    this.showMode();
    if (this.gd) this.Plotly.relayout(this.gd, { dragmode: mode === "pan" ? "pan" : false });
  }

  showMode() {
    this.stage.dataset.mode = this.mode;
    for (const [mode] of MODES) this.tool(mode).setAttribute("aria-pressed", String(mode === this.mode));
  }

  zoom(factor) {
    if (!this.gd) return;
    const { xaxis, yaxis } = this.gd._fullLayout;
    const ranges = {};
    for (const [name, axis] of [["xaxis", xaxis], ["yaxis", yaxis]]) {
      const [low, high] = axis.range;
      const middle = (low + high) / 2;
      ranges[`${name}.range`] = [middle + (low - middle) * factor, middle + (high - middle) * factor];
    }
    this.Plotly.relayout(this.gd, ranges);
  }

  whole() {
    if (this.gd) this.Plotly.relayout(this.gd, { "xaxis.autorange": true, "yaxis.autorange": true });
  }

  // -- cards and rings ------------------------------------------------------------------------------------

  hover(point, byKey = false) {
    if (!byKey && !point && this.cursor && document.activeElement === this.stage && this.hovered === this.cursor) return;
    this.hovered = point;
    this.paint();
    if (!point || (point.row === this.picked && !byKey)) return this.hideCard(this.hoverCard);
    this.fill(this.hoverCard, point.row);
    const to = scales(this.gd);
    const { box } = this.hoverCard;
    const [px, py] = [to.x(point.x), to.y(point.y)];
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    const left = px + 18 + width < this.stage.clientWidth ? px + 18 : px - 18 - width;
    const top = Math.min(Math.max(py - height / 2, 6), this.stage.clientHeight - height - 6);
    box.style.transform = `translate(${Math.max(6, left)}px, ${top}px)`;
  }

  showPicked() {
    const { picked } = this;
    if (picked === null || picked === undefined) return this.hideCard(this.pickedCard);
    this.fill(this.pickedCard, picked);
  }

  hideCard(card) {
    card.box.hidden = true;
    card.row = null;
    delete card.box.dataset.row;
    delete card.box.dataset.drawn;
  }

  fill(card, row) {
    if (card.row === row) return;
    card.row = row;
    card.box.hidden = false;
    card.box.dataset.row = String(row);
    delete card.box.dataset.drawn;
    const [title, ...lines] = this.lines(row);
    card.text.replaceChildren(element("b", ""), ...lines.map(() => element("span", "")));
    [title, ...lines].forEach((line, i) => (card.text.children[i].textContent = line));
    card.canvas.setAttribute("aria-label", this.words(row));
    const guest = this.visitors[row - this.data.n];
    card.canvas.hidden = !this.tiles && !guest;
    if (card.canvas.hidden) return;
    const context = card.canvas.getContext("2d");
    context.clearRect(0, 0, card.canvas.width, card.canvas.height);
    const still = () => card.row === row;
    const drawn = guest ? drawPicture(guest.picture, card.canvas, still) : this.tiles.draw(this.positions[row], card.canvas, still);
    drawn.then((done) => {
      if (done) card.box.dataset.drawn = String(row);
    });
  }

  lines(row) {
    const guest = this.visitors[row - this.data.n];
    if (guest) return [guest.name, ...guest.lines];
    const lines = this.facts.map(({ title, values, names, unit }) => {
      const value = values[row];
      if (names) return `${title} ${names[value] ?? "unknown"}`;
      const text = Number.isInteger(value) ? String(value) : value.toPrecision(4);
      return `${title} ${text}${unit ? ` ${unit}` : ""}`;
    });
    const place = this.index[row];
    const name = this.dreams === null || place < this.dreams ? `sample ${place}` : `dream ${place - this.dreams}`;
    return [...lines.slice(0, 1), name, ...lines.slice(1)];
  }

  words(row) {
    return this.lines(row).join(", ");
  }

  paint() {
    if (!this.gd?._fullLayout) return;
    const colours = this.themeColours();
    const rings = [];
    const picked = this.place(this.picked);
    if (picked) rings.push({ ...picked, radius: 9, width: 2.5, colour: colours.accent });
    if (this.hovered) rings.push({ ...this.hovered, radius: 7, width: 1.5, colour: colours.text });
    drawOverlay(this.canvas, this.gd, this.overlays, rings, (context, to) => {
      drawVisitors(context, to, this.visitors, colours);
      this.gesture?.draw(context, colours.accent);
    });
  }

  destroy() {
    this.tiles?.stop();
    this.stop.abort();
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
    if (this.gd) this.Plotly.purge(this.gd);
  }
}

/** Draws a picture by its address into a canvas; whether it was drawn. */
async function drawPicture(address, canvas, still) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    return false; // the guest has gone meanwhile; its name and place stay
  }
  if (!still()) return false;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return true;
}

function selectedIn(rows, selected) {
  const found = [];
  for (let i = 0; i < rows.length; i++) if (selected.has(rows[i])) found.push(i);
  return found;
}
