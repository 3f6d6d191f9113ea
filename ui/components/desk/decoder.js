// A VAE's decoder in the browser: a list of layers and fp16 weights in, pictures out.
//
// Activations are channels-last ([y][x][channel], channels padded to a multiple of four), so that a convolution is a
// product of neighbouring pixels with a panel of weights (see wasm.js). A transposed convolution of stride s is s*s
// ordinary ones, one for each phase of the output pixel. All buffers are reserved once; a decode allocates nothing.

import { plainKernels, simdKernels } from "./wasm.js";

const padded = (channels) => (channels + 3) & ~3;

/** float32 of every half-precision bit pattern, made on first use. */
let halfTable = null;
function halves(bytes) {
  if (!halfTable) {
    halfTable = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) {
      const sign = bits & 0x8000 ? -1 : 1;
      const exponent = (bits >> 10) & 0x1f;
      const fraction = bits & 0x3ff;
      halfTable[bits] = exponent === 0 ? sign * fraction * 2 ** -24
        : exponent === 31 ? (fraction ? NaN : sign * Infinity)
        : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    }
  }
  const count = bytes.byteLength >> 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = halfTable[view.getUint16(2 * i, true)];
  return out;
}

/**
 * Compile a decoder.
 *
 * program: {layers, latent_dim, sample_shape: [C, H, W], output: "sigmoid" | "clamp"}, weights: Uint8Array of
 * little-endian fp16. output: how the last layer's numbers become grey levels.
 * options.plain: use the JavaScript kernels even where SIMD is available.
 * Returns {latentDim, channels, height, width, kernel, decode(z, levels), paint(z, rgba)}.
 */
export function createDecoder(program, weights, options = {}) {
  const values = halves(weights);
  const [channels, height, width] = program.sample_shape;
  const steps = [];
  const fills = [];
  let top = 16; // floats reserved so far
  const reserve = (floats) => {
    const at = top;
    top += (floats + 3) & ~3;
    return at;
  };
  let f; // Float32Array over the memory, once its size is known
  let kernels;

  // A tensor is {at, n} (flat) or {at, c, cp, h, w} (a map: cp floats between neighbouring pixels).
  const flat = (n) => ({ at: reserve(padded(n)), n });
  const map = (c, h, w, cp = padded(c)) => ({ at: reserve(cp * h * w), c, cp, h, w });

  /**
   * Reserve and fill the panels of one product: weight(segment, k, column) for `segments` x `k` x `columns`.
   * Returns a function (a, lda, aseg, c, ldc, m, relu) in floats that runs every panel.
   */
  function product(segments, k, columns, weight, bias) {
    const wide = padded(columns);
    const at = reserve(segments * k * wide);
    const biasAt = reserve(wide);
    const panels = [];
    for (let j = 0, offset = at; j < wide;) {
      const size = wide - j >= 8 ? 8 : 4;
      panels.push({ j, size, offset });
      offset += segments * k * size;
      j += size;
    }
    fills.push(() => {
      for (let column = 0; column < columns; column++) f[biasAt + column] = bias(column);
      for (const { j, size, offset } of panels) {
        let to = offset;
        for (let s = 0; s < segments; s++) {
          for (let i = 0; i < k; i++) {
            for (let column = j; column < j + size; column++, to++) {
              f[to] = column < columns ? weight(s, i, column) : 0;
            }
          }
        }
      }
    });
    return (a, lda, aseg, c, ldc, m, relu) => {
      for (const { j, size, offset } of panels) {
        const run = size === 8 ? kernels.panel8 : kernels.panel4;
        run(4 * a, 4 * lda, 4 * aseg, segments, k, 4 * offset, 4 * (biasAt + j), 4 * (c + j), 4 * ldc, m, relu ? 1 : 0);
      }
    };
  }

  /** A copy of `input` with a border of zeros, renewed at each decode; channels padded for the kernel. */
  function bordered(input, before, after) {
    const out = { ...map(input.c, input.h + before[0] + after[0], input.w + before[1] + after[1]), before };
    const row = out.w * out.cp;
    const origin = out.at + before[0] * row + before[1] * out.cp;
    steps.push(() => {
      for (let y = 0; y < input.h; y++) {
        const from = input.at + y * input.w * input.cp;
        const to = origin + y * row;
        if (input.cp === out.cp) f.copyWithin(to, from, from + input.w * input.cp);
        else {
          for (let x = 0; x < input.w; x++) {
            for (let c = 0; c < input.c; c++) f[to + x * out.cp + c] = f[from + x * input.cp + c];
          }
        }
      }
    });
    return { ...out, row };
  }

  const biasOf = (layer) => (layer.bias === null ? () => 0 : (column) => values[layer.bias + column]);

  function linear(layer, input, relu) {
    const { in: inputs, out: outputs, weight } = layer;
    const out = flat(outputs);
    const run = product(1, padded(inputs), outputs,
      (_, k, column) => (k < inputs ? values[weight + column * inputs + k] : 0), biasOf(layer));
    steps.push(() => run(input.at, 0, 0, out.at, 0, 1, relu));
    return out;
  }

  function convolution(layer, input, relu) {
    const { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], out: outputs, weight } = layer;
    const h = Math.floor((input.h + 2 * ph - kh) / sh) + 1;
    const w = Math.floor((input.w + 2 * pw - kw) / sw) + 1;
    const from = bordered(input, [ph, pw], [ph, pw]);
    const out = map(outputs, h, w);
    const run = product(kh, kw * from.cp, outputs, (ky, k, column) => {
      const kx = Math.floor(k / from.cp);
      const c = k % from.cp;
      return c < input.c ? values[weight + ((column * input.c + c) * kh + ky) * kw + kx] : 0;
    }, biasOf(layer));
    steps.push(() => {
      for (let y = 0; y < h; y++) {
        run(from.at + y * sh * from.row, sw * from.cp, from.row, out.at + y * w * out.cp, out.cp, w, relu);
      }
    });
    return out;
  }

  function transposed(layer, input, relu) {
    const { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], output_padding: [oh, ow], out: outputs, weight } = layer;
    const h = (input.h - 1) * sh - 2 * ph + kh + oh;
    const w = (input.w - 1) * sw - 2 * pw + kw + ow;
    // Output pixel o sums kernel taps r + s*t over input pixels q - t, where o + p = s*q + r.
    const ty = Math.ceil(kh / sh);
    const tx = Math.ceil(kw / sw);
    const lastQy = Math.floor((h - 1 + ph) / sh);
    const lastQx = Math.floor((w - 1 + pw) / sw);
    const from = bordered(input, [ty - 1, tx - 1],
      [Math.max(0, lastQy - input.h + 1), Math.max(0, lastQx - input.w + 1)]);
    const tap = (c, column, ky, kx) => (c < input.c && ky < kh && kx < kw
      ? values[weight + ((c * outputs + column) * kh + ky) * kw + kx] : 0);
    const bias = biasOf(layer);

    if (outputs % 4 && sh * sw > 1) {
      // Few output channels (a grey or an RGB picture): all phases side by side fill the lanes, then pixels are dealt out.
      const phases = map(sh * sw * outputs, lastQy + 1, lastQx + 1);
      const run = product(ty, tx * from.cp, sh * sw * outputs, (s, k, column) => {
        const phase = Math.floor(column / outputs);
        const ky = Math.floor(phase / sw) + sh * (ty - 1 - s);
        const kx = (phase % sw) + sw * (tx - 1 - Math.floor(k / from.cp));
        return tap(k % from.cp, column % outputs, ky, kx);
      }, (column) => bias(column % outputs));
      const out = map(outputs, h, w, outputs);
      steps.push(() => {
        for (let q = 0; q < phases.h; q++) {
          run(from.at + q * from.row, from.cp, from.row, phases.at + q * phases.w * phases.cp, phases.cp, phases.w, relu);
        }
        for (let y = 0, to = out.at; y < h; y++) {
          const qy = Math.floor((y + ph) / sh);
          const ry = (y + ph) % sh;
          for (let x = 0; x < w; x++) {
            const qx = ((x + pw) / sw) | 0;
            const rx = (x + pw) % sw;
            let at = phases.at + (qy * phases.w + qx) * phases.cp + (ry * sw + rx) * outputs;
            for (let c = 0; c < outputs; c++) f[to++] = f[at++];
          }
        }
      });
      return out;
    }

    const out = map(outputs, h, w);
    for (let ry = 0; ry < sh; ry++) {
      for (let rx = 0; rx < sw; rx++) {
        const ny = Math.max(0, Math.ceil((kh - ry) / sh));
        const nx = Math.max(0, Math.ceil((kw - rx) / sw));
        const firstQy = Math.ceil((ph - ry) / sh);
        const firstQx = Math.ceil((pw - rx) / sw);
        const endQy = Math.floor((h - 1 + ph - ry) / sh);
        const count = Math.floor((w - 1 + pw - rx) / sw) - firstQx + 1;
        if (count <= 0) continue;
        const run = product(nx ? ny : 0, nx * from.cp, outputs, (s, k, column) => {
          const ky = ry + sh * (ny - 1 - s);
          const kx = rx + sw * (nx - 1 - Math.floor(k / from.cp));
          return tap(k % from.cp, column, ky, kx);
        }, bias);
        steps.push(() => {
          for (let q = firstQy; q <= endQy; q++) {
            const a = from.at + (q - ny + ty) * from.row + (firstQx - nx + tx) * from.cp;
            const y = sh * q + ry - ph;
            const x = sw * firstQx + rx - pw;
            run(a, from.cp, from.row, out.at + (y * w + x) * out.cp, sw * out.cp, count, relu);
          }
        });
      }
    }
    return out;
  }

  function unflatten(layer, input) {
    const [c, h, w] = layer.shape;
    const out = map(c, h, w, c === 1 ? 1 : padded(c));
    steps.push(() => {
      if (out.cp === 1) f.copyWithin(out.at, input.at, input.at + h * w);
      else {
        for (let channel = 0, from = input.at; channel < c; channel++) {
          for (let i = 0, to = out.at + channel; i < h * w; i++, to += out.cp) f[to] = f[from++];
        }
      }
    });
    return out;
  }

  function flatten(input) {
    const out = flat(input.c * input.h * input.w);
    steps.push(() => {
      for (let channel = 0, to = out.at; channel < input.c; channel++) {
        for (let i = 0, from = input.at + channel; i < input.h * input.w; i++, from += input.cp) f[to++] = f[from];
      }
    });
    return out;
  }

  function upsample(layer, input) {
    const [sy, sx] = layer.scale;
    const out = map(input.c, input.h * sy, input.w * sx, input.cp);
    steps.push(() => {
      const row = out.w * out.cp;
      for (let y = 0; y < input.h; y++) {
        const first = out.at + y * sy * row;
        for (let x = 0, from = input.at + y * input.w * input.cp, to = first; x < input.w; x++, from += input.cp) {
          for (let i = 0; i < sx; i++, to += out.cp) f.copyWithin(to, from, from + input.cp);
        }
        for (let i = 1; i < sy; i++) f.copyWithin(first + i * row, first, first + row);
      }
    });
    return out;
  }

  function everywhere(input, change) {
    const n = input.n ?? input.cp * input.h * input.w;
    steps.push(() => {
      for (let i = input.at; i < input.at + n; i++) f[i] = change(f[i]);
    });
    return input;
  }

  const relu = (x) => (x < 0 ? 0 : x);
  const first = flat(program.latent_dim);
  let tensor = first;
  for (let i = 0; i < program.layers.length; i++) {
    const layer = program.layers[i];
    const followed = program.layers[i + 1]?.op === "relu";
    switch (layer.op) {
      case "linear": tensor = linear(layer, tensor, followed); break;
      case "conv": tensor = convolution(layer, tensor, followed); break;
      case "conv_transpose": tensor = transposed(layer, tensor, followed); break;
      case "relu": tensor = everywhere(tensor, relu); break;
      case "tanh": tensor = everywhere(tensor, Math.tanh); break;
      case "unflatten": tensor = unflatten(layer, tensor); break;
      case "flatten": tensor = tensor.n ? tensor : flatten(tensor); break;
      case "upsample": tensor = upsample(layer, tensor); break;
      default: throw new Error(`The decoder has a layer "${layer.op}" that this page cannot run.`);
    }
    if (followed && ["linear", "conv", "conv_transpose"].includes(layer.op)) i++; // that ReLU is done already
  }
  if (tensor.n) tensor = unflatten({ shape: [channels, height, width] }, tensor);
  if (tensor.c !== channels || tensor.h !== height || tensor.w !== width) {
    throw new Error(`The decoder gives ${tensor.c}x${tensor.h}x${tensor.w} instead of ${channels}x${height}x${width}.`);
  }

  const memory = typeof WebAssembly === "object"
    ? new WebAssembly.Memory({ initial: Math.ceil((4 * top) / 65536) + 1 })
    : { buffer: new ArrayBuffer(4 * top + 64) };
  f = new Float32Array(memory.buffer);
  kernels = options.plain ? null : simdKernels(memory);
  const kernel = kernels ? "simd" : "plain";
  kernels ??= plainKernels(memory.buffer);
  for (const fill of fills) fill();

  function run(z) {
    for (let i = 0; i < program.latent_dim; i++) f[first.at + i] = z[i];
    for (const step of steps) step();
  }

  const squashed = (x) => (255 / (1 + Math.exp(-x)) + 0.5) | 0;
  const clamped = (x) => (x <= 0 ? 0 : x >= 1 ? 255 : (255 * x + 0.5) | 0);
  const OUTPUTS = { sigmoid: squashed, clamp: clamped };
  const grey = OUTPUTS[program.output ?? "sigmoid"];
  if (!grey) throw new Error(`The decoder's output is "${program.output}", which this page does not know.`);

  /** Grey levels 0..255 of the mean picture, [y][x][channel], into `levels` (Uint8Array). */
  function decode(z, levels) {
    run(z);
    let to = 0;
    for (let i = 0, pixel = tensor.at; i < height * width; i++, pixel += tensor.cp) {
      for (let c = 0; c < channels; c++) levels[to++] = grey(f[pixel + c]);
    }
    return levels;
  }

  /** The same as RGBA into `rgba` (Uint8ClampedArray of an ImageData). */
  function paint(z, rgba) {
    run(z);
    for (let i = 0, pixel = tensor.at, to = 0; i < height * width; i++, pixel += tensor.cp, to += 4) {
      const red = grey(f[pixel]);
      rgba[to] = red;
      rgba[to + 1] = channels === 3 ? grey(f[pixel + 1]) : red;
      rgba[to + 2] = channels === 3 ? grey(f[pixel + 2]) : red;
      rgba[to + 3] = 255;
    }
    return rgba;
  }

  return { latentDim: program.latent_dim, channels, height, width, kernel, decode, paint };
}

/**
 * Read the file that the server sends for a run: "LTD1", the header's length, a JSON header, fp16 weights, float32 codes.
 * Returns {header, weights: Uint8Array, codes: Float32Array}.
 */
export function readProgram(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 8 || view.getUint32(0, true) !== 0x3144544c) {
    throw new Error("The decoder's file is not in the format this page reads; reload the page.");
  }
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const weightsAt = 8 + length;
  const codesAt = weightsAt + ((header.weights_bytes + 3) & ~3);
  return {
    header,
    weights: new Uint8Array(buffer, weightsAt, header.weights_bytes),
    codes: new Float32Array(buffer, codesAt, header.codes_shape[0] * header.codes_shape[1]),
  };
}

const loading = new Map();

/** Fetch and compile once per address: resolves to {decoder, codes, header}. */
export function loadDecoder(url, options = {}) {
  if (!loading.has(url)) {
    const promise = fetch(url).then(async (response) => {
      if (!response.ok) throw new Error(`The decoder could not be fetched (${response.status}).`);
      const { header, weights, codes } = readProgram(await response.arrayBuffer());
      return { decoder: createDecoder(header, weights, options), codes, header };
    });
    promise.catch(() => loading.delete(url)); // the next attempt may be luckier
    loading.set(url, promise);
  }
  return loading.get(url);
}
