// Decoded pictures on canvases: one large one, and strips and grids of tiles.

const SMALL = 16; // pictures up to this side are enlarged by a cubic before the browser scales them
const FACTOR = 8;
const HAIRLINE = 1; // device pixels between tiles

/** Weights of the four nearest pixels (Catmull-Rom) for each of `n * FACTOR` places along a side. */
function cubic(n) {
  const at = new Int32Array(4 * n * FACTOR);
  const weight = new Float32Array(4 * n * FACTOR);
  for (let i = 0; i < n * FACTOR; i++) {
    const place = (i + 0.5) / FACTOR - 0.5;
    const first = Math.floor(place);
    const t = place - first;
    const w = [
      ((2 - t) * t - 1) * t / 2, ((3 * t - 5) * t * t + 2) / 2, (((4 - 3 * t) * t + 1) * t) / 2, ((t - 1) * t * t) / 2,
    ];
    for (let k = 0; k < 4; k++) {
      at[4 * i + k] = Math.min(n - 1, Math.max(0, first - 1 + k));
      weight[4 * i + k] = w[k];
    }
  }
  return { at, weight };
}

/** Decodes codes into an image of its own that can be drawn anywhere: `surface` after `show(z)`. */
export function createPainter(decoder) {
  const { width, height } = decoder;
  const small = Math.max(width, height) <= SMALL;
  const surface = document.createElement("canvas");
  const plain = document.createElement("canvas");
  surface.width = small ? width * FACTOR : width;
  surface.height = small ? height * FACTOR : height;
  plain.width = width;
  plain.height = height;
  const surfaceContext = surface.getContext("2d");
  const plainContext = plain.getContext("2d");
  const image = new ImageData(width, height);
  const large = small ? new ImageData(surface.width, surface.height) : null;
  const columns = small ? cubic(width) : null;
  const rows = small ? cubic(height) : null;
  const between = small ? new Float32Array(surface.width * height * 3) : null;

  function enlarge() {
    const from = image.data;
    const to = large.data;
    const w = surface.width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < w; x++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let k = 4 * x; k < 4 * x + 4; k++) sum += columns.weight[k] * from[4 * (y * width + columns.at[k]) + c];
          between[3 * (y * w + x) + c] = sum;
        }
      }
    }
    for (let y = 0; y < surface.height; y++) {
      for (let x = 0; x < w; x++) {
        const pixel = 4 * (y * w + x);
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let k = 4 * y; k < 4 * y + 4; k++) sum += rows.weight[k] * between[3 * (rows.at[k] * w + x) + c];
          to[pixel + c] = sum;
        }
        to[pixel + 3] = 255;
      }
    }
  }

  /** Decode z; returns a canvas that holds its picture until the next call. */
  function show(z, crisp = false) {
    decoder.paint(z, image.data);
    if (crisp && small) {
      plainContext.putImageData(image, 0, 0);
      return plain;
    }
    if (small) {
      enlarge();
      surfaceContext.putImageData(large, 0, 0);
    } else surfaceContext.putImageData(image, 0, 0);
    return surface;
  }

  /** Decode z straight into a canvas of the picture's own size; CSS enlarges it. */
  function into(canvas, z, crisp) {
    const wide = small && !crisp;
    const w = wide ? surface.width : width;
    const h = wide ? surface.height : height;
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
    }
    decoder.paint(z, image.data);
    if (wide) enlarge();
    canvas.getContext("2d").putImageData(wide ? large : image, 0, 0);
    canvas.classList.toggle("crisp", crisp);
  }

  return { show, into };
}

/**
 * A canvas of tiles, `columns` x `rows`, drawn tile by tile so that an idle moment can do a few.
 * Returns {resize(cssWidth), *draw(codeOf)}: codeOf(column, row) fills in the code of a tile.
 */
export function createTiles(canvas, painter, columns, rows, aspect) {
  let side = 0;
  let tall = 0;

  function resize(cssWidth) {
    const density = Math.min(2, window.devicePixelRatio || 1);
    const wanted = Math.max(1, Math.round((cssWidth * density) / columns));
    if (wanted === side) return false;
    side = wanted;
    tall = Math.round(side * aspect);
    canvas.width = side * columns;
    canvas.height = tall * rows;
    return true;
  }

  function* draw(codeOf, crisp) {
    if (!side) return;
    const context = canvas.getContext("2d");
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const picture = painter.show(codeOf(column, row), crisp);
        context.imageSmoothingEnabled = !crisp;
        context.imageSmoothingQuality = "high";
        context.drawImage(picture, column * side, row * tall, side - HAIRLINE, tall - (rows > 1 ? HAIRLINE : 0));
        yield;
      }
    }
  }

  return { resize, draw };
}

/** Work in small pieces when the browser has nothing better to do; a drag or a playing film pauses it. */
export function createIdleQueue(onEmpty) {
  const jobs = new Map();
  let paused = 0;
  let waiting = false;

  const request = window.requestIdleCallback
    ? (work) => window.requestIdleCallback(work, { timeout: 150 })
    : (work) => setTimeout(() => work({ timeRemaining: () => 0 }), 16);

  function slice(deadline) {
    waiting = false;
    const end = performance.now() + Math.max(4, Math.min(12, deadline.timeRemaining()));
    while (jobs.size && !paused && performance.now() < end) {
      const [key, job] = jobs.entries().next().value;
      if (job.next().done && jobs.get(key) === job) jobs.delete(key);
    }
    if (jobs.size) wake();
    else onEmpty?.();
  }

  function wake() {
    if (waiting || paused) return;
    waiting = true;
    request(slice);
  }

  return {
    /** Do this generator's steps some time; it replaces an unfinished one of the same key. */
    put(key, job) {
      jobs.delete(key);
      jobs.set(key, job);
      wake();
    },
    clear: () => jobs.clear(),
    get size() { return jobs.size; },
    pause() { paused = 1; },
    resume() {
      paused = 0;
      if (jobs.size) wake();
    },
  };
}
