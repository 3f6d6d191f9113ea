// The frames of a film: fetched by address, each once, and kept as typed arrays over the bytes that came.
//
// Every frame is laid out alike: `parts` says where in its bytes each part lies, {name: {dtype, offset, length}}.

const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };
const AT_ONCE = 6; // requests under way

/** Thrown where the server no longer has a frame; it publishes it anew when its script runs again. */
export class Missing extends Error {}

async function fetchBuffer(address) {
  const answer = await fetch(address);
  if (answer.status === 404) throw new Missing(address);
  if (!answer.ok) throw new Error(`A frame could not be fetched (${answer.status}).`);
  return answer.arrayBuffer();
}

/** The arrays in a frame's bytes, by name. */
export function unpacked(buffer, parts) {
  return Object.fromEntries(Object.entries(parts).map(
    ([name, { dtype, offset, length }]) => [name, new TYPES[dtype](buffer, offset, length)]));
}

/** Keeps what was fetched between updates, so that a film that grew by a frame costs that one frame. */
export class Reel {
  constructor() {
    this.kept = new Map(); // address -> ArrayBuffer
    this.newest = []; // the addresses that were asked for last: a film may grow while frames are under way
    this.bytes = 0; // fetched so far
  }

  /** The frames at these addresses, in order; those that are no longer wanted are let go. */
  async load(addresses, parts) {
    this.newest = addresses;
    const wanted = addresses.filter((address) => !this.kept.has(address));
    const next = async () => {
      for (let address = wanted.shift(); address; address = wanted.shift()) {
        const buffer = await fetchBuffer(address);
        this.bytes += buffer.byteLength;
        this.kept.set(address, buffer);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    for (const address of this.kept.keys()) if (!this.newest.includes(address)) this.kept.delete(address);
    return addresses.map((address) => unpacked(this.kept.get(address), parts));
  }
}
