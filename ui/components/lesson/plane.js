// A latent plane: one scale on both axes, so that an ellipse is as wide as it is.

import { el } from "../desk/dom.js";
import { extent } from "./arrays.js";
import { createNames } from "./names.js";
import { axes, lineOf, mark, svg, ticks } from "./svg.js";

const WIDE = 440; // of the drawing, in its own units
const BOX = { left: 44, right: WIDE - 8, top: 8 };
const FOOT = 36; // below the plane: ticks and the axis' name
const [FLATTEST, TALLEST] = [1.5, 0.85]; // width by height of the plane itself
const MARGIN = 0.06;
const SHARP = 2; // dots of the canvas a unit

const twos = (array) => [array.values.filter((_, i) => i % 2 === 0), array.values.filter((_, i) => i % 2 === 1)];

/** The part of the plane that is shown: all that is in it, widened to a box whose shape is bearable. */
function view(plane) {
  let [left, right, low, high] = plane.view ?? [0, 0, 0, 0];
  if (!plane.view) {
    const places = [...plane.clouds, ...plane.paths, ...plane.spots].map((part) => twos(part.xy));
    for (const { start, end } of plane.arrows) places.push(twos(start), twos(end));
    for (const { centre, radii } of plane.ellipses) {
      const stops = Math.max(centre.shape[0], radii.shape[0]);
      for (let stop = 0; stop < stops; stop++) {
        const [x, y] = centre.at(stop);
        const [wide, tall] = radii.at(stop);
        places.push([[x - wide, x + wide], [y - tall, y + tall]]);
      }
    }
    [left, right] = extent(...places.map(([x]) => x));
    [low, high] = extent(...places.map(([, y]) => y));
    const room = MARGIN * Math.max(right - left, high - low, 1e-6);
    [left, right, low, high] = [left - room, right + room, low - room, high + room];
  }
  let [wide, tall] = [right - left, high - low];
  if (wide / tall > FLATTEST) tall = wide / FLATTEST;
  if (wide / tall < TALLEST) wide = tall * TALLEST;
  const [x, y] = [(left + right) / 2, (low + high) / 2];
  return { left: x - wide / 2, right: x + wide / 2, low: y - tall / 2, high: y + tall / 2 };
}

/** Dots on a canvas of their own below all that moves; drawn anew at each stop where they have a place for each. */
function createCloud(cloud, high, x, y, palette) {
  const plain = cloud.term && !cloud.classes; // of its term's colour, above the codes
  const canvas = mark(el("canvas", { width: WIDE * SHARP, height: high * SHARP, "aria-hidden": "true", style: plain ? "color: var(--c); opacity: 0.9" : "" }), cloud.term);
  const pen = canvas.getContext("2d");
  const moving = cloud.xy.shape.length === 3;
  const count = cloud.xy.shape[moving ? 1 : 0];
  const size = Math.min(3, Math.max(1.1, 4.5 - 0.9 * Math.log10(Math.max(count, 1))));
  pen.scale(SHARP, SHARP);
  pen.beginPath();
  pen.rect(BOX.left, BOX.top, BOX.right - BOX.left, high - FOOT - BOX.top);
  pen.clip();
  const draw = (places) => {
    pen.clearRect(0, 0, WIDE, high);
    const own = plain ? getComputedStyle(canvas).color : palette[8];
    for (let i = 0; i < count; i++) {
      pen.fillStyle = cloud.classes ? palette[cloud.classes.values[i] % palette.length] : own;
      pen.beginPath();
      pen.arc(x(places[2 * i]), y(places[2 * i + 1]), size, 0, 7);
      pen.fill();
    }
  };
  let still = false; // a colour is known once the canvas is on the page
  return { canvas, show(stop) {
    if (moving || !still) draw(moving ? cloud.xy.at(stop) : cloud.xy.values);
    still = true;
  } };
}

let drawn = 0; // names of clips must differ within the page

export function createPlane(plane, { palette }) {
  const { left, right, low, high: top } = view(plane);
  const unit = (BOX.right - BOX.left) / (right - left);
  const high = BOX.top + (top - low) * unit + FOOT;
  const x = (value) => BOX.left + (value - left) * unit;
  const y = (value) => BOX.top + (top - value) * unit;
  const clip = `lesson-plane-${drawn++}`;
  const room = svg("g", { "clip-path": `url(#${clip})` });
  const names = createNames({ ...BOX, bottom: high - FOOT });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${high.toFixed(1)}`, role: "img", "aria-label": plane.says },
    svg("clipPath", { id: clip }, svg("rect", { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: high - FOOT - BOX.top })),
    axes({ ...BOX, bottom: high - FOOT }, x, y, ticks(left, right, 5), ticks(low, top, 5), plane.x_label, plane.y_label),
    svg("rect", { class: "edge", x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: high - FOOT - BOX.top }),
    room, names.node);
  const moves = []; // stop -> nothing, each moves one thing

  for (const path of plane.paths) {
    const { values, shape } = path.xy;
    const d = lineOf(shape[0], (i) => x(values[2 * i]), (i) => y(values[2 * i + 1]));
    room.append(svg("path", { class: `path${path.dashed ? " dashed" : ""}`, d, term: path.term }));
    names.add(path.label, path.term)(x(values[0]), y(values[1]));
  }
  for (const ellipse of plane.ellipses) {
    const shape = svg("ellipse", { class: "ellipse", term: ellipse.term });
    const place = names.add(ellipse.label, ellipse.term);
    room.append(shape);
    moves.push((stop) => {
      const [cx, cy] = ellipse.centre.at(stop);
      const [rx, ry] = ellipse.radii.at(stop);
      shape.setAttribute("cx", x(cx));
      shape.setAttribute("cy", y(cy));
      shape.setAttribute("rx", Math.abs(rx) * unit);
      shape.setAttribute("ry", Math.abs(ry) * unit);
      place(x(cx), y(cy) - Math.abs(ry) * unit);
    });
  }
  for (const arrow of plane.arrows) {
    const shaft = svg("path", { class: "arrow", term: arrow.term });
    const head = svg("path", { class: "head", term: arrow.term });
    const place = names.add(arrow.label, arrow.term);
    room.append(shaft, head);
    moves.push((stop) => {
      const from = arrow.start.at(stop);
      const to = arrow.end.at(stop);
      const [x0, y0, x1, y1] = [x(from[0]), y(from[1]), x(to[0]), y(to[1])];
      const length = Math.hypot(x1 - x0, y1 - y0);
      const [dx, dy] = length > 0.01 ? [(x1 - x0) / length, (y1 - y0) / length] : [0, 0];
      const tip = Math.min(9, length); // a short arrow has a short head
      const [bx, by] = [x1 - dx * tip, y1 - dy * tip];
      shaft.setAttribute("d", `M${x0} ${y0}L${bx} ${by}`);
      head.setAttribute("d", `M${x1} ${y1}L${bx - dy * tip * 0.45} ${by + dx * tip * 0.45}L${bx + dy * tip * 0.45} ${by - dx * tip * 0.45}Z`);
      place(x1, y1);
    });
  }
  for (const spot of plane.spots) {
    const dot = svg("circle", { class: "spot", r: 5, term: spot.term });
    const place = names.add(spot.label, spot.term);
    room.append(dot);
    moves.push((stop) => {
      const [px, py] = spot.xy.at(stop);
      dot.setAttribute("cx", x(px));
      dot.setAttribute("cy", y(py));
      place(x(px), y(py));
      names.dots.set(spot, [x(px), y(py)]);
    });
  }
  const classes = plane.class_names.length && plane.clouds.some((cloud) => cloud.classes)
    ? el("ul", { class: "legend", "aria-label": "Colours" }, ...plane.class_names.map((text, i) =>
      el("li", {}, el("i", { style: `background: ${palette[i % palette.length]}` }), text))) : null;
  const clouds = plane.clouds.map((cloud) => createCloud(cloud, high, x, y, palette));
  moves.push(...clouds.map(({ show }) => show));
  const stage = el("div", { class: "plane" }, ...clouds.map(({ canvas }) => canvas), drawing);
  return {
    node: el("div", { class: "planar" }, stage, classes),
    show(stop) {
      for (const move of moves) move(stop);
      names.place();
    },
  };
}
