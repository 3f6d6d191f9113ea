// A scene as Python packed it (pack.py): its arrays are fetched and can be asked for a stop.

import { resolve } from "../map/wire.js";

/** One array: shape, all its numbers, and `at(stop)`, those of a stop; one that stands still has them for any. */
function open({ values, shape }) {
  const row = shape[0] ? values.length / shape[0] : 0;
  const at = (stop) => {
    const place = shape[0] === 1 ? 0 : stop;
    return values.subarray(place * row, (place + 1) * row);
  };
  return { shape, values, at };
}

/** The scene with arrays in place of references. */
export async function unpack(scene) {
  const walk = (thing) => {
    if (Array.isArray(thing)) return thing.map(walk);
    if (thing === null || typeof thing !== "object") return thing;
    if (ArrayBuffer.isView(thing.values)) return open(thing);
    return Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, walk(value)]));
  };
  return walk(await resolve(scene));
}

/** The lowest and highest finite number of arrays; [0, 1] where there is none. */
export function extent(...arrays) {
  let [low, high] = [Infinity, -Infinity];
  for (const array of arrays) {
    for (const value of array) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A number in few letters, with a true minus. */
export function told(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value) >= 10000 ? Math.round(value).toLocaleString("en") : value.toFixed(digits);
  return (/^-0(\.0+)?$/.test(text) ? text.slice(1) : text).replace("-", "−");
}
