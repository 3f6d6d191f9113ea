// A very small WebAssembly assembler, and the one kernel the decoder needs, written with it.
//
// The kernel multiplies a few neighbouring rows by one panel of weights, four lanes at a time:
//
//   for row i < m:  c[i] = act(bias + sum over s < segs, k < kseg of a[i*lda + s*aseg + k] * b[s, k])
//
// where c[i], bias and b[s, k] are 4 or 8 floats wide. A convolution over a channels-last picture is exactly that:
// rows are neighbouring pixels, a segment is one kernel row of the padded input, and nothing is copied.
// All arguments are byte offsets or counts (i32). kseg counts floats and is a multiple of four.

const I32 = 0x7f;
const V128 = 0x7b;

const unsigned = (value) => {
  const bytes = [];
  do {
    let byte = value & 0x7f;
    value >>>= 7;
    if (value) byte |= 0x80;
    bytes.push(byte);
  } while (value);
  return bytes;
};

const signed = (value) => {
  const bytes = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    if ((value === 0 && !(byte & 0x40)) || (value === -1 && byte & 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
};

const vector = (items) => [...unsigned(items.length), ...items.flat()];
const text = (string) => vector([...new TextEncoder().encode(string)].map((byte) => [byte]));
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];

// Instructions. Each takes the code of its operands, so that the kernel below reads like an expression.
const get = (local) => [0x20, ...unsigned(local)];
const set = (local, value) => [...value, 0x21, ...unsigned(local)];
const int = (value) => [0x41, ...signed(value)];
const add = (a, b) => [...a, ...b, 0x6a];
const multiply = (a, b) => [...a, ...b, 0x6c];
const minimum = (a, b) => [...a, ...b, ...a, ...b, 0x48, 0x1b]; // i32.lt_s, select
const subtract = (a, b) => [...a, ...b, 0x6b];
const lessThan = (a, b) => [...a, ...b, 0x48];
const simd = (code) => [0xfd, ...unsigned(code)];
const load = (address, offset) => [...address, ...simd(0x00), 2, ...unsigned(offset)];
const splat = (address, offset) => [...address, ...simd(0x09), 2, ...unsigned(offset)];
const store = (address, value, offset) => [...address, ...value, ...simd(0x0b), 2, ...unsigned(offset)];
const addLanes = (a, b) => [...a, ...b, ...simd(0xe4)];
const multiplyLanes = (a, b) => [...a, ...b, ...simd(0xe6)];
const maximumLanes = (a, b) => [...a, ...b, ...simd(0xe9)];
const zeroLanes = [...simd(0x0c), ...new Array(16).fill(0)];
const loopWhile = (condition, body) => [
  0x02, 0x40, 0x03, 0x40, // block, loop
  ...condition, 0x45, 0x0d, 1, // leave when the condition fails
  ...body, 0x0c, 0,
  0x0b, 0x0b,
];
const when = (condition, body) => [...condition, 0x04, 0x40, ...body, 0x0b];

const PARAMETERS = ["a", "lda", "aseg", "segs", "kseg", "b", "bias", "c", "ldc", "m", "relu"];

/** Code of one panel function: `vectors` times four lanes wide, `rows` rows at once where there are that many. */
function panel(vectors, rows) {
  const ints = ["i", "s", "pb", "end", "from", "to", ...Array.from({ length: rows }, (_, r) => `p${r}`)];
  const lanes = [];
  for (let r = 0; r < rows; r++) for (let v = 0; v < vectors; v++) lanes.push(`acc${r}${v}`);
  for (let v = 0; v < vectors; v++) lanes.push(`b${v}`);
  lanes.push("x");
  const names = [...PARAMETERS, ...ints, ...lanes];
  const $ = Object.fromEntries(names.map((name, index) => [name, index]));
  const local = (name) => get($[name]);

  /** `height` rows from row i on. */
  const block = (height) => {
    const code = [];
    code.push(...set($.from, add(local("a"), multiply(local("i"), local("lda")))));
    code.push(...set($.to, add(local("c"), multiply(local("i"), local("ldc")))));
    code.push(...set($.pb, local("b")));
    for (let r = 0; r < height; r++) {
      for (let v = 0; v < vectors; v++) code.push(...set($[`acc${r}${v}`], load(local("bias"), 16 * v)));
    }
    const unrolled = [];
    for (let k = 0; k < 4; k++) {
      for (let v = 0; v < vectors; v++) {
        unrolled.push(...set($[`b${v}`], load(local("pb"), 16 * (k * vectors + v))));
      }
      for (let r = 0; r < height; r++) {
        unrolled.push(...set($.x, splat(local(`p${r}`), 4 * k)));
        for (let v = 0; v < vectors; v++) {
          const acc = `acc${r}${v}`;
          unrolled.push(...set($[acc], addLanes(local(acc), multiplyLanes(local("x"), local(`b${v}`)))));
        }
      }
    }
    for (let r = 0; r < height; r++) unrolled.push(...set($[`p${r}`], add(local(`p${r}`), int(16))));
    unrolled.push(...set($.pb, add(local("pb"), int(64 * vectors))));

    const segment = [];
    for (let r = 0; r < height; r++) {
      const first = r === 0 ? local("from") : add(local(`p${r - 1}`), local("lda"));
      segment.push(...set($[`p${r}`], first));
    }
    segment.push(...set($.end, add(local("from"), multiply(local("kseg"), int(4)))));
    segment.push(...loopWhile(lessThan(local("p0"), local("end")), unrolled));
    segment.push(...set($.from, add(local("from"), local("aseg"))));
    segment.push(...set($.s, add(local("s"), int(1))));
    code.push(...set($.s, int(0)), ...loopWhile(lessThan(local("s"), local("segs")), segment));

    const clip = [];
    for (let r = 0; r < height; r++) {
      for (let v = 0; v < vectors; v++) {
        const acc = `acc${r}${v}`;
        clip.push(...set($[acc], maximumLanes(local(acc), zeroLanes)));
      }
    }
    code.push(...when(local("relu"), clip));
    for (let r = 0; r < height; r++) {
      for (let v = 0; v < vectors; v++) code.push(...store(local("to"), local(`acc${r}${v}`), 16 * v));
      if (r + 1 < height) code.push(...set($.to, add(local("to"), local("ldc"))));
    }
    return code;
  };

  // Fewer rows than a block: one at a time. Otherwise whole blocks, of which the last steps back to end at row m:
  // computing a few rows twice is cheaper than a slow tail, and gives the same numbers.
  const single = loopWhile(lessThan(local("i"), local("m")), [
    ...block(1),
    ...set($.i, add(local("i"), int(1))),
  ]);
  const blocks = loopWhile(lessThan(local("i"), local("m")), [
    ...set($.i, minimum(local("i"), subtract(local("m"), int(rows)))),
    ...block(rows),
    ...set($.i, add(local("i"), int(rows))),
  ]);
  const body = [
    ...local("m"), ...int(rows), 0x48, // m < rows
    0x04, 0x40, ...single, 0x05, ...blocks, 0x0b,
    0x0b,
  ];
  const locals = vector([
    [...unsigned(ints.length), I32],
    [...unsigned(lanes.length), V128],
  ]);
  return [...locals, ...body];
}

/** The bytes of the module: memory imported as `env.memory`, functions `panel4` and `panel8` exported. */
export function moduleBytes() {
  const type = [0x60, ...vector(PARAMETERS.map(() => [I32])), ...vector([])];
  const functions = [panel(1, 4), panel(2, 4)];
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, vector([type])),
    ...section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, 0x01]])),
    ...section(3, vector(functions.map(() => [0]))),
    ...section(7, vector([[...text("panel4"), 0x00, 0], [...text("panel8"), 0x00, 1]])),
    ...section(10, vector(functions.map((code) => [...unsigned(code.length), ...code]))),
  ]);
}

let compiled; // one compilation per page; null where the browser has no SIMD

/** {panel4, panel8} over `memory`, or null where WebAssembly or its SIMD is missing. */
export function simdKernels(memory) {
  if (compiled === undefined) {
    const bytes = typeof WebAssembly === "object" ? moduleBytes() : null;
    compiled = bytes && WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  }
  if (!compiled) return null;
  const { panel4, panel8 } = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
  return { panel4, panel8 };
}

/** The same two functions in plain JavaScript over the same memory. */
export function plainKernels(buffer) {
  const f = new Float32Array(buffer);
  const kernel = (width) => (a, lda, aseg, segs, kseg, b, bias, c, ldc, m, relu) => {
    a >>= 2; lda >>= 2; aseg >>= 2; b >>= 2; bias >>= 2; c >>= 2; ldc >>= 2; // bytes to floats
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < width; j += 4) {
        let s0 = f[bias + j], s1 = f[bias + j + 1], s2 = f[bias + j + 2], s3 = f[bias + j + 3];
        let pb = b + j;
        for (let s = 0; s < segs; s++) {
          const from = a + i * lda + s * aseg;
          const to = from + kseg;
          for (let pa = from; pa < to; pa++, pb += width) {
            const x = f[pa];
            s0 += x * f[pb]; s1 += x * f[pb + 1]; s2 += x * f[pb + 2]; s3 += x * f[pb + 3];
          }
        }
        const to = c + i * ldc + j;
        f[to] = relu && s0 < 0 ? 0 : s0;
        f[to + 1] = relu && s1 < 0 ? 0 : s1;
        f[to + 2] = relu && s2 < 0 ? 0 : s2;
        f[to + 3] = relu && s3 < 0 ? 0 : s3;
      }
    }
  };
  return { panel4: kernel(4), panel8: kernel(8) };
}
