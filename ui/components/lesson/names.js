// Names in a drawing: each near what it names, inside the frame, off the others and off the dots.

import { svg } from "./svg.js";

const [TALL, SINK] = [13, 3]; // of letters: above and below their line
const LETTER = 7; // the width of one, until it is known
const DOT = 7;
// [right, down, text-anchor] from what is named, the best first
const PLACES = [
  [8, 15, "start"], [8, -6, "start"], [-8, 15, "end"], [-8, -6, "end"], [0, -11, "middle"], [0, 22, "middle"],
  [10, 4, "start"], [-10, 4, "end"], [8, 31, "start"], [8, -22, "start"], [-8, 31, "end"], [-8, -22, "end"],
];

/** frame: {left, right, top, bottom}. Returns {node, add(text, term) -> (x, y) to name, dots: [[x, y]] to keep off, place()}. */
export function createNames(frame) {
  const node = svg("g", { class: "names" });
  const names = [];
  const dots = new Map(); // whatever it is -> its place

  function boxOf(name, [dx, dy, anchor]) {
    const x = Math.min(Math.max(name.x, frame.left), frame.right) + dx;
    const y = Math.min(Math.max(name.y, frame.top), frame.bottom) + dy;
    const left = anchor === "start" ? x : anchor === "end" ? x - name.wide : x - name.wide / 2;
    return { x, y, left, right: left + name.wide, top: y - TALL, bottom: y + SINK };
  }
  const shared = (one, other) => Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left))
    * Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));
  const outside = (box) => Math.max(0, frame.left + 2 - box.left) + Math.max(0, box.right - frame.right + 2)
    + Math.max(0, frame.top + 1 - box.top) + Math.max(0, box.bottom - frame.bottom + 1);

  return {
    node,
    dots,
    add(text, term) {
      if (!text) return () => {};
      const name = { label: svg("text", { class: "name", term }, text), wide: 0, x: 0, y: 0, last: 0 };
      names.push(name);
      node.append(name.label);
      return (x, y) => Object.assign(name, { x, y });
    },
    place() {
      const taken = [...dots.values()].map(([x, y]) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT }));
      for (const name of names) {
        name.wide ||= name.label.getComputedTextLength();
        const known = name.wide;
        name.wide ||= LETTER * name.label.textContent.length;
        let best = { cost: Infinity };
        PLACES.forEach((place, i) => {
          const box = boxOf(name, place);
          const stays = i === name.last ? 6 : 0; // a name that hops is worse than one that touches
          const cost = 40 * outside(box) + taken.reduce((sum, one) => sum + shared(box, one), 0) + i - stays;
          if (cost < best.cost) best = { cost, box, i, anchor: place[2] };
        });
        name.last = best.i;
        taken.push(best.box);
        name.label.setAttribute("x", best.box.x);
        name.label.setAttribute("y", best.box.y);
        name.label.setAttribute("text-anchor", best.anchor);
        name.wide = known;
      }
    },
  };
}
