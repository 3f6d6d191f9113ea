// What goes over the wire: typed arrays in (by address, kept by the browser), bitsets of selected rows out.

const TYPES = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  i2: Int16Array,
  u1: Uint8Array,
};
const buffers = new Map(); // address -> Promise of an ArrayBuffer
const KEPT = 32;

/** Thrown where the server no longer has an array; it publishes it anew when its script runs again. */
export class Missing extends Error {}

async function fetchBuffer(address) {
  const answer = await fetch(address);
  if (answer.status === 404) throw new Missing(address);
  if (!answer.ok) throw new Error(`The map's points could not be fetched (${answer.status}).`);
  return answer.arrayBuffer();
}

function getBuffer(address) {
  let found = buffers.get(address);
  if (!found) {
    found = fetchBuffer(address);
    found.catch(() => buffers.delete(address));
    if (buffers.size >= KEPT) buffers.delete(buffers.keys().next().value);
  }
  buffers.delete(address); // the latest used goes to the end, the oldest is dropped first
  buffers.set(address, found);
  return found;
}

/** The typed array behind a reference `{array: address, dtype, offset, length}`. */
async function getArray({ array, dtype, offset, length }) {
  return new TYPES[dtype](await getBuffer(array), offset, length);
}

const isReference = (value) => value !== null && typeof value === "object" && typeof value.array === "string";

/** A copy of a figure's JSON in which every reference has become its typed array. */
export async function resolve(value) {
  if (isReference(value)) return getArray(value);
  if (Array.isArray(value)) return value.some((v) => typeof v === "object") ? Promise.all(value.map(resolve)) : value;
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  const resolved = await Promise.all(entries.map(([, inner]) => resolve(inner)));
  return Object.fromEntries(entries.map(([name], i) => [name, resolved[i]]));
}

function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Rows as a bitset of n bits (row r is bit r % 8 of byte r / 8), deflated where that is shorter. */
export async function packRows(rows, n) {
  const bits = new Uint8Array((n + 7) >> 3);
  for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
  const packed = typeof CompressionStream === "undefined" ? bits : await deflate(bits);
  const shorter = packed.length < bits.length;
  return { bits: toBase64(shorter ? packed : bits), deflated: shorter, n, count: rows.length };
}
