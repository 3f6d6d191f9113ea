// Walks between codes and the distance to the codes seen: the same laws as vae_core/latent/geometry.py.

const PARALLEL = 1e-6;

export function lerp(a, b, t, out = new Float32Array(a.length)) {
  for (let i = 0; i < a.length; i++) out[i] = (1 - t) * a[i] + t * b[i];
  return out;
}

/** Directions on the great circle at constant speed (Shoemake 1985), lengths on the straight line. */
export function slerp(a, b, t, out = new Float32Array(a.length)) {
  const n = a.length;
  let la = 0;
  let lb = 0;
  for (let i = 0; i < n; i++) {
    la += a[i] * a[i];
    lb += b[i] * b[i];
  }
  la = Math.sqrt(la);
  lb = Math.sqrt(lb);
  if (la === 0 || lb === 0) return lerp(a, b, t, out);
  let minus = 0;
  let plus = 0;
  for (let i = 0; i < n; i++) {
    minus += (a[i] / la - b[i] / lb) ** 2;
    plus += (a[i] / la + b[i] / lb) ** 2;
  }
  const angle = 2 * Math.atan2(Math.sqrt(minus), Math.sqrt(plus));
  if (angle < PARALLEL || (Math.PI - angle < PARALLEL && n === 1)) return lerp(a, b, t, out);
  const length = (1 - t) * la + t * lb;
  if (Math.PI - angle < PARALLEL) {
    let axis = 0; // the coordinate axis farthest from both
    for (let i = 1; i < n; i++) if (Math.abs(a[i]) < Math.abs(a[axis])) axis = i;
    const along = a[axis] / la;
    const norm = Math.sqrt(1 - along * along);
    for (let i = 0; i < n; i++) {
      const side = ((i === axis ? 1 : 0) - (along * a[i]) / la) / norm;
      out[i] = length * ((Math.cos(Math.PI * t) * a[i]) / la + Math.sin(Math.PI * t) * side);
    }
    return out;
  }
  const wa = (Math.sin((1 - t) * angle) / Math.sin(angle)) * (length / la);
  const wb = (Math.sin(t * angle) / Math.sin(angle)) * (length / lb);
  for (let i = 0; i < n; i++) out[i] = wa * a[i] + wb * b[i];
  return out;
}

/** Bilinear between four corners: a top left, b top right, c bottom left, d bottom right. */
export function bilinear(a, b, c, d, x, y, out = new Float32Array(a.length)) {
  for (let i = 0; i < a.length; i++) {
    out[i] = (1 - y) * ((1 - x) * a[i] + x * b[i]) + y * ((1 - x) * c[i] + x * d[i]);
  }
  return out;
}

/** A function z -> distance to the nearest of `codes` (Float32Array [n * dims.length]) over the dimensions `dims`. */
export function nearest(codes, dims) {
  const k = dims.length;
  const n = k ? codes.length / k : 0;
  const at = new Float32Array(k);
  return (z) => {
    for (let j = 0; j < k; j++) at[j] = z[dims[j]];
    let best = Infinity;
    for (let i = 0, from = 0; i < n; i++, from += k) {
      let sum = 0;
      for (let j = 0; j < k && sum < best; j++) {
        const difference = codes[from + j] - at[j];
        sum += difference * difference;
      }
      if (sum < best) best = sum;
    }
    return Math.sqrt(best);
  };
}

/** A code from N(0, I), by Box and Muller. */
export function randomCode(n) {
  return Float32Array.from({ length: n }, () => (
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
  ));
}
