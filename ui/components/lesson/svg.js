// Drawing with SVG: elements, and axes that say where things are.

const SPACE = "http://www.w3.org/2000/svg";

/** An SVG element; a `term` marks what belongs to one, so that it lights up with it. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "term") mark(element, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Makes an element one of a term's; "" leaves it alone. */
export function mark(element, term) {
  if (term) element.setAttribute("data-term", term);
  return element;
}

/** About `count` round numbers from low to high. */
export function ticks(low, high, count = 5) {
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((one) => one * power >= raw) * power;
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high + step * 1e-9; place++) found.push(place * step);
  return found;
}

/** Round numbers of a scale on which powers are equally far apart. */
export function logTicks(low, high) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const one of [1, 2, 5]) all.push(one * 10 ** power);
  }
  const inside = all.filter((one) => one >= low * 0.999 && one <= high * 1.001);
  const powers = inside.filter((one) => Math.abs(Math.log10(one) % 1) < 1e-9);
  return inside.length <= 6 ? inside : powers.length > 1 ? powers : inside.slice(0, 6);
}

/** A tick in words: no more digits than it needs. */
export const tickText = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

/**
 * Axes with light lines across. box: {left, right, top, bottom} in the drawing's units; x, y: value -> place.
 */
export function axes({ left, right, top, bottom }, x, y, xTicks, yTicks, xLabel, yLabel) {
  const group = svg("g", { class: "axes", "aria-hidden": "true" });
  for (const value of xTicks) {
    group.append(svg("line", { x1: x(value), x2: x(value), y1: top, y2: bottom }),
      svg("text", { x: x(value), y: bottom + 14, "text-anchor": "middle" }, tickText(value)));
  }
  for (const value of yTicks) {
    group.append(svg("line", { x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 5, y: y(value) + 4, "text-anchor": "end" }, tickText(value)));
  }
  group.append(
    svg("text", { class: "axis", x: (left + right) / 2, y: bottom + 30, "text-anchor": "middle" }, xLabel),
    svg("text", { class: "axis", x: 0, y: 0, "text-anchor": "middle", transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)` }, yLabel));
  return group;
}

/** A polyline's path through places, in parts where a place is no number. */
export function lineOf(count, x, y) {
  let path = "";
  let pen = false;
  for (let i = 0; i < count; i++) {
    const [at, up] = [x(i), y(i)];
    const there = Number.isFinite(at) && Number.isFinite(up);
    if (there) path += `${pen ? "L" : "M"}${at.toFixed(2)} ${up.toFixed(2)}`;
    pen = there;
  }
  return path;
}
