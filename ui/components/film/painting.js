// What is drawn: points on a plane, strips of pictures, curves and bars. Canvases are as sharp as the screen.

/** A canvas's context in CSS pixels, cleared; null while the canvas has no size. */
export function fresh(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A round number near a fifth of `span`, for grid lines: 1, 2 or 5 times a power of ten. */
export function roundStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 4));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => span / one <= 6) ?? 10 * power;
}

export const short = (value) => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10000) return value.toExponential(0);
  return size >= 100 ? value.toFixed(0) : size >= 1 || size === 0 ? value.toFixed(1) : value.toPrecision(2);
};

/** Where a box {x, y, half} lies on a canvas: the same scale both ways, so that no distance is stretched. */
export function onCanvas(box, width, height) {
  const scale = Math.min(width, height) / (2 * box.half);
  return {
    scale,
    x: (value) => width / 2 + (value - box.x) * scale,
    y: (value) => height / 2 - (value - box.y) * scale,
  };
}

function drawGrid({ context, width, height }, box, to, ink, labelled) {
  const step = roundStep(2 * box.half);
  context.lineWidth = 1;
  context.font = "11px sans-serif";
  context.fillStyle = ink.soft;
  for (const [along, middle, reach] of [[true, box.x, width], [false, box.y, height]]) {
    const far = reach / 2 / to.scale;
    for (let at = Math.ceil((middle - far) / step) * step; at <= middle + far; at += step) {
      const pixel = Math.round(along ? to.x(at) : to.y(at)) + 0.5;
      context.strokeStyle = ink.line;
      context.beginPath();
      context.moveTo(along ? pixel : 0, along ? 0 : pixel);
      context.lineTo(along ? pixel : width, along ? height : pixel);
      context.stroke();
      const name = short(Math.abs(at) < step / 100 ? 0 : at);
      if (labelled && along && pixel > 24 && pixel < width - 24) context.fillText(name, pixel + 3, height - 5);
      if (labelled && !along && pixel > 12 && pixel < height - 18) context.fillText(name, 4, pixel - 3);
    }
  }
}

/**
 * The map: places xy [2n] coloured by class; a track of one of them where it is pointed at.
 * look: {y: classes, palette, ink, labelled: whether the axes have units, track: [[x, y]] | null, point: i | null}
 */
export function drawMap(canvas, xy, box, look) {
  const page = fresh(canvas);
  if (!page) return;
  const { context, width, height } = page;
  const to = onCanvas(box, width, height);
  drawGrid(page, box, to, look.ink, look.labelled);
  const radius = Math.max(2, Math.min(3.4, width / 150));
  const classes = new Map(); // colour -> rows: one path a colour
  for (let i = 0; i < look.y.length; i++) {
    const colour = look.y[i] < 0 ? look.ink.text : look.palette[look.y[i] % look.palette.length];
    if (!classes.has(colour)) classes.set(colour, []);
    classes.get(colour).push(i);
  }
  context.globalAlpha = 0.85;
  for (const [colour, rows] of classes) {
    context.fillStyle = colour;
    context.beginPath();
    for (const i of rows) {
      const [x, y] = [to.x(xy[2 * i]), to.y(xy[2 * i + 1])];
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
  if (look.point === null) return;
  context.strokeStyle = look.ink.text;
  context.lineWidth = 1.5;
  context.globalAlpha = 0.55;
  context.beginPath();
  for (const [x, y] of look.track) context.lineTo(to.x(x), to.y(y));
  context.stroke();
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(to.x(xy[2 * look.point]), to.y(xy[2 * look.point + 1]), radius + 4, 0, 2 * Math.PI);
  context.stroke();
}

const loose = document.createElement("canvas"); // where pictures get their pixels before they are drawn larger

/**
 * Rows of pictures, each row uint8 [columns, C, H, W] one after the other in an array of `sheets`.
 * The canvas's height is set by how wide it is.
 */
export function drawPictures(canvas, sheets, columns, [channels, height, width], gap = 4) {
  const across = canvas.clientWidth;
  if (!across || !sheets.length) return;
  const tile = (across - gap * (columns - 1)) / columns;
  const tall = (tile * height) / width;
  canvas.style.height = `${sheets.length * (tall + gap) - gap}px`;
  const page = fresh(canvas);
  if (!page) return;
  const { context } = page;
  [loose.width, loose.height] = [columns * width, sheets.length * height];
  const pen = loose.getContext("2d", { willReadFrequently: true });
  const image = pen.createImageData(columns * width, sheets.length * height);
  const size = height * width;
  sheets.forEach((sheet, row) => {
    for (let column = 0; column < columns; column++) {
      const from = column * channels * size;
      for (let p = 0; p < size; p++) {
        const to = 4 * ((row * height + Math.floor(p / width)) * columns * width + column * width + (p % width));
        for (let c = 0; c < 3; c++) image.data[to + c] = sheet[from + Math.min(c, channels - 1) * size + p];
        image.data[to + 3] = from + p < sheet.length ? 255 : 0;
      }
    }
  });
  pen.putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.save(); // else the next clearing would be clipped too
  context.beginPath();
  sheets.forEach((_, row) => {
    for (let i = 0; i < columns; i++) context.roundRect(i * (tile + gap), row * (tall + gap), tile, tall, 4);
  });
  context.clip();
  sheets.forEach((_, row) => {
    for (let i = 0; i < columns; i++) {
      context.drawImage(loose, i * width, row * height, width, height, i * (tile + gap), row * (tall + gap), tile, tall);
    }
  });
  context.restore();
}

const MARGIN = { left: 40, right: 8, top: 8, bottom: 18 };

function ticks({ context, height }, low, high, ink) {
  context.fillStyle = ink.soft;
  context.font = "11px sans-serif";
  context.textAlign = "right";
  context.fillText(short(high), MARGIN.left - 6, MARGIN.top + 8);
  context.fillText(short(low), MARGIN.left - 6, height - MARGIN.bottom);
  context.textAlign = "left";
}

/** A curve over the steps: faint as a whole, strong up to `step`, where `value` is marked. */
export function drawCurve(canvas, steps, values, step, value, ink, fromZero) {
  const page = fresh(canvas);
  if (!page) return;
  const { context, width, height } = page;
  const known = values.filter(Number.isFinite);
  if (!known.length) return;
  const low = fromZero ? 0 : Math.min(...known);
  const high = Math.max(...known, low + 1e-6);
  const last = Math.max(...steps, 1);
  const x = (at) => MARGIN.left + (at / last) * (width - MARGIN.left - MARGIN.right);
  const y = (at) => height - MARGIN.bottom - ((at - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
  ticks(page, low, high, ink);
  context.textAlign = "right";
  context.fillText(`step ${last.toLocaleString("en")}`, width - MARGIN.right, height - 4);
  context.textAlign = "left";
  context.strokeStyle = ink.line;
  context.beginPath();
  context.moveTo(MARGIN.left, height - MARGIN.bottom + 0.5);
  context.lineTo(width - MARGIN.right, height - MARGIN.bottom + 0.5);
  context.stroke();
  const line = (until) => {
    context.beginPath();
    for (let i = 0; i < steps.length && steps[i] <= until; i++) {
      if (Number.isFinite(values[i])) context.lineTo(x(steps[i]), y(values[i]));
    }
    if (Number.isFinite(value) && until < last) context.lineTo(x(step), y(value));
    context.stroke();
  };
  context.lineJoin = "round";
  context.strokeStyle = ink.soft;
  context.globalAlpha = 0.45;
  context.lineWidth = 1.2;
  line(last);
  context.globalAlpha = 1;
  context.strokeStyle = ink.accent;
  context.lineWidth = 2;
  line(step);
  if (!Number.isFinite(value)) return;
  context.fillStyle = ink.accent;
  context.beginPath();
  context.arc(x(step), y(value), 4, 0, 2 * Math.PI);
  context.fill();
}

/** Bars of each dimension's rate, of `high` nats at most; those under `awake` are faint. */
export function drawBars(canvas, rate, high, awake, names, ink) {
  const page = fresh(canvas);
  if (!page) return;
  const { context, width, height } = page;
  const [left, right] = [MARGIN.left, width - MARGIN.right];
  const floor = height - MARGIN.bottom;
  ticks(page, 0, high, ink);
  const step = (right - left) / rate.length;
  const wide = Math.max(1, Math.min(36, step * 0.72));
  context.textAlign = "center";
  for (let d = 0; d < rate.length; d++) {
    const value = Number.isFinite(rate[d]) ? Math.max(0, rate[d]) : 0;
    const tall = Math.max(1.5, (Math.min(value, high) / high) * (floor - MARGIN.top));
    const middle = left + (d + 0.5) * step;
    context.globalAlpha = value < awake ? 0.35 : 1;
    context.fillStyle = value < awake ? ink.soft : ink.accent;
    context.fillRect(middle - wide / 2, floor - tall, wide, tall);
    context.globalAlpha = 1;
    context.fillStyle = ink.soft;
    if (step > 22) context.fillText(names[d] ?? `z${d}`, middle, height - 4, step);
  }
  context.textAlign = "left";
}
