// What has been drawn: strokes over a picture, if one was brought. Strokes are kept as lines, so that the last can be
// taken back, and so that a drawing keeps the thickness of its lines when it is made larger or smaller.
//
// Everything is measured in the model's pixels. The paper is black; data on light paper is drawn inverted.

const FINE = 256; // a drawing is rendered at about this many pixels a side, then averaged
const INK = 32; // grey levels that tell ink from paper
const SCALES = [0.25, 4]; // by how much a drawing is brought to the size of the data's samples
const NEARLY = { scale: 0.06, pixels: 0.6 }; // a picture that is placed this well stays as it is

export class Sheet {
  /** @param {[number, number, number]} shape channels, height, width */
  constructor([channels, height, width]) {
    Object.assign(this, { channels, height, width });
    this.fine = Math.max(1, Math.round(FINE / Math.max(height, width)));
    this.canvas = document.createElement("canvas");
    this.clear();
  }

  clear() {
    this.strokes = []; // {points: [[x, y]], width, colour}
    this.picture = null; // a canvas of the model's size
  }

  get empty() {
    return !this.strokes.length && !this.picture;
  }

  begin(point, width, colour) {
    this.strokes.push({ points: [point], width, colour });
  }

  extend(point) {
    this.strokes.at(-1)?.points.push(point);
  }

  undo() {
    if (this.strokes.length) this.strokes.pop();
    else this.picture = null;
  }

  /** Takes the model's pixels, channel after channel, as the picture that is drawn on. */
  put(pixels) {
    const { channels, height, width } = this;
    const made = document.createElement("canvas");
    Object.assign(made, { width, height });
    const image = new ImageData(width, height);
    const area = width * height;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[(channels === 3 ? c * area : 0) + i];
      image.data[4 * i + 3] = 255;
    }
    made.getContext("2d").putImageData(image, 0, 0);
    this.picture = made;
  }

  /** Draws picture and strokes at `scale` times the model's pixels, moved and enlarged as `place` says. */
  paint(context, scale, { zoom = 1, x = 0, y = 0 } = {}, paper = "#000000") {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = paper;
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    context.setTransform(scale * zoom, 0, 0, scale * zoom, scale * x, scale * y);
    if (this.picture) {
      context.imageSmoothingEnabled = zoom !== 1;
      context.drawImage(this.picture, 0, 0, this.width, this.height);
    }
    context.lineCap = context.lineJoin = "round";
    for (const { points, width, colour } of this.strokes) {
      const thick = this.picture ? width : width / zoom;
      context.beginPath();
      if (points.length === 1) {
        context.arc(...points[0], thick / 2, 0, 2 * Math.PI);
        context.fillStyle = colour;
        context.fill();
        continue;
      }
      for (const [px, py] of points) context.lineTo(px, py);
      context.lineWidth = thick;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  /** The model's pixels, channel after channel. */
  pixels({ centre, invert, habit, paper }) {
    const context = this.fineContext();
    let place = {};
    if (centre && habit && !this.empty) place = this.placed(context, habit, paper);
    this.paint(context, this.fine, place, paper);
    return this.averaged(context, invert);
  }

  fineContext() {
    this.canvas.width = this.width * this.fine;
    this.canvas.height = this.height * this.fine;
    return this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Where the drawing goes to be as large as the data's samples, its centre of mass at theirs. */
  placed(context, habit, paper) {
    this.paint(context, this.fine, {}, paper);
    const before = this.picture ? this.mass(context) : this.outline();
    if (!before) return {};
    const [least, most] = SCALES;
    const brush = this.picture ? 0 : Math.max(...this.strokes.map(({ width }) => width));
    const zoom = Math.min(most, Math.max(least, Math.max(habit.reach - brush, 1) / Math.max(before.extent, 0.5)));
    const [row, column] = habit.middle;
    const off = [column - before.x, row - before.y];
    if (this.picture && Math.abs(zoom - 1) < NEARLY.scale && Math.hypot(...off) < NEARLY.pixels) return {};
    // First to the middle, so that all of it is on the sheet, then to where its mass turns out to be.
    const place = { zoom, x: column - zoom * before.x, y: row - zoom * before.y };
    this.paint(context, this.fine, place, paper);
    const after = this.mass(context);
    if (!after) return place;
    const right = within(column - after.x, after.left, after.right, this.width);
    const down = within(row - after.y, after.top, after.bottom, this.height);
    return { zoom, x: place.x + right, y: place.y + down };
  }

  /** The middle and the longer side of the box round the strokes' middle lines, beyond the sheet's edges too. */
  outline() {
    const points = this.strokes.flatMap((stroke) => stroke.points);
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of points) {
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
    return { x: (left + right) / 2, y: (top + bottom) / 2, extent: Math.max(right - left, bottom - top) };
  }

  /** The centre of mass of what differs from the paper, and the longer side of the box round it. */
  mass(context) {
    const { width, height } = context.canvas;
    const { data } = context.getImageData(0, 0, width, height);
    const paper = this.picture ? borderGrey(data, width, height) : grey(data, 0);
    let [sum, sumX, sumY] = [0, 0, 0];
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const ink = Math.abs(grey(data, 4 * (y * width + x)) - paper);
        if (ink < INK) continue;
        sum += ink;
        sumX += ink * (x + 0.5);
        sumY += ink * (y + 0.5);
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
    if (!sum) return null;
    const box = { left: left / this.fine, right: (right + 1) / this.fine, top: top / this.fine, bottom: (bottom + 1) / this.fine };
    const extent = Math.max(box.right - box.left, box.bottom - box.top);
    return { x: sumX / sum / this.fine, y: sumY / sum / this.fine, extent, ...box };
  }

  averaged(context, invert) {
    const { channels, height, width, fine } = this;
    const { data } = context.getImageData(0, 0, width * fine, height * fine);
    const made = new Uint8Array(channels * height * width);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let v = y * fine; v < (y + 1) * fine; v++)
            for (let u = x * fine; u < (x + 1) * fine; u++) sum += data[4 * (v * width * fine + u) + c];
          const value = Math.round(sum / (fine * fine));
          made[(c * height + y) * width + x] = invert ? 255 - value : value;
        }
      }
    }
    return made;
  }
}

/** A move of what lies from `low` to `high`, held back where it would leave the sheet. */
const within = (move, low, high, side) => Math.max(Math.min(move, side - high), -low);

const grey = (data, at) => (data[at] + data[at + 1] + data[at + 2]) / 3;

/** The usual grey of a picture's border. */
export function borderGrey(data, width, height) {
  const values = [];
  for (let x = 0; x < width; x++) values.push(grey(data, 4 * x), grey(data, 4 * ((height - 1) * width + x)));
  for (let y = 0; y < height; y++) values.push(grey(data, 4 * y * width), grey(data, 4 * (y * width + width - 1)));
  return values.sort((a, b) => a - b)[values.length >> 1];
}
