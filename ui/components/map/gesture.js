// Box and lasso: drawn on our own canvas, so that nothing but their outline is redrawn while the hand moves, and
// the points inside are found once, at the end.

const SPACING = 3; // pixels between corners of a lasso

export class Gesture {
  constructor(kind, [x, y]) {
    this.kind = kind;
    this.corners = [[x, y]];
  }

  moveTo([x, y]) {
    if (this.kind === "select") {
      const [x0, y0] = this.corners[0];
      this.corners = [[x0, y0], [x, y0], [x, y], [x0, y]];
      return;
    }
    const [lastX, lastY] = this.corners.at(-1);
    if (Math.hypot(x - lastX, y - lastY) >= SPACING) this.corners.push([x, y]);
  }

  /** Whether it encloses anything, rather than being a click. */
  get isArea() {
    const xs = this.corners.map(([x]) => x);
    const ys = this.corners.map(([, y]) => y);
    return this.corners.length > 2 && Math.max(...xs) - Math.min(...xs) + Math.max(...ys) - Math.min(...ys) > 8;
  }

  draw(context, colour) {
    context.beginPath();
    for (const [x, y] of this.corners) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = colour;
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.stroke();
  }
}

/**
 * The places i of points (x[i], y[i]) inside a polygon, by crossings of a ray.
 * @param {number[][]} corners in the points' own units
 */
export function inside(x, y, corners) {
  const xs = Float64Array.from(corners, ([cx]) => cx);
  const ys = Float64Array.from(corners, ([, cy]) => cy);
  const n = xs.length;
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let i = 0; i < x.length; i++) {
    const px = x[i];
    const py = y[i];
    if (px < left || px > right || py < low || py > high) continue;
    let within = false;
    for (let a = 0, b = n - 1; a < n; b = a++) {
      if (ys[a] > py !== ys[b] > py && px < ((xs[b] - xs[a]) * (py - ys[a])) / (ys[b] - ys[a]) + xs[a]) within = !within;
    }
    if (within) found.push(i);
  }
  return found;
}
