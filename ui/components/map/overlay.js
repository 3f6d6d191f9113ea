// What is drawn over the points: ellipses, paths, rings. A canvas of our own, because Plotly would compute all
// points anew for one more ring.

const DASHES = { dash: [7, 5], dot: [2, 4], solid: [] };

/** Where a value of an axis lies, in pixels of the stage; follows drags and wheel zooms as they go on. */
export function scales(gd) {
  const { xaxis, yaxis } = gd._fullLayout;
  const [x0, x1] = xaxis.range;
  const [y0, y1] = yaxis.range;
  const perX = xaxis._length / (x1 - x0);
  const perY = yaxis._length / (y1 - y0);
  return {
    left: xaxis._offset,
    top: yaxis._offset,
    width: xaxis._length,
    height: yaxis._length,
    x: (value) => xaxis._offset + (value - x0) * perX,
    y: (value) => yaxis._offset + yaxis._length - (value - y0) * perY,
    valueX: (pixel) => x0 + (pixel - xaxis._offset) / perX,
    valueY: (pixel) => y0 + (yaxis._offset + yaxis._length - pixel) / perY,
  };
}

function symbol(context, kind, x, y, radius) {
  context.beginPath();
  if (kind.startsWith("diamond")) {
    context.moveTo(x, y - radius * 1.2);
    context.lineTo(x + radius * 1.2, y);
    context.lineTo(x, y + radius * 1.2);
    context.lineTo(x - radius * 1.2, y);
    context.closePath();
  } else {
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

const at = (value, i) => (Array.isArray(value) || ArrayBuffer.isView(value) ? value[i] : value);

function drawLine(context, trace, to) {
  context.beginPath();
  for (let i = 0; i < trace.x.length; i++) context.lineTo(to.x(trace.x[i]), to.y(trace.y[i]));
  if (trace.fill === "toself") {
    context.fillStyle = trace.fillcolor;
    context.fill();
  }
  context.lineWidth = trace.line?.width ?? 2;
  context.strokeStyle = trace.line?.color;
  context.setLineDash(DASHES[trace.line?.dash ?? "solid"] ?? []);
  context.stroke();
  context.setLineDash([]);
}

function drawMarkers(context, trace, to) {
  const marker = trace.marker ?? {};
  for (let i = 0; i < trace.x.length; i++) {
    const size = at(marker.size, i) ?? 8;
    if (!size) continue;
    const kind = at(marker.symbol, i) ?? "circle";
    symbol(context, kind, to.x(trace.x[i]), to.y(trace.y[i]), size / 2);
    if (kind.endsWith("-open")) {
      context.lineWidth = marker.line?.width ?? 2;
      context.strokeStyle = at(marker.color, i);
      context.stroke();
    } else {
      context.fillStyle = at(marker.color, i);
      context.fill();
    }
  }
}

const STAR = 9; // pixels from the middle of a guest's star to its tips
const EDGE = 14; // how far inside the plot a guest is shown that lies beyond it

function star(context, x, y, radius) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    const r = i % 2 ? radius * 0.45 : radius;
    context.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  context.closePath();
}

/** Guests: stars with their names. One beyond the axes stands hollow at the edge, on its side. */
export function drawVisitors(context, to, visitors, colours) {
  context.font = `600 12px ${colours.font}`;
  context.textBaseline = "middle";
  for (const { name, x, y } of visitors) {
    let [px, py] = [to.x(x), to.y(y)];
    const beyond = px < to.left || px > to.left + to.width || py < to.top || py > to.top + to.height;
    if (beyond) {
      px = Math.min(to.left + to.width - EDGE, Math.max(to.left + EDGE, px));
      py = Math.min(to.top + to.height - EDGE, Math.max(to.top + EDGE, py));
    }
    star(context, px, py, STAR);
    context.lineWidth = 4;
    context.strokeStyle = colours.paper;
    context.stroke();
    context.lineWidth = 1.5;
    context.strokeStyle = colours.text;
    context.stroke();
    context.fillStyle = beyond ? colours.paper : colours.accent;
    context.fill();
    const words = beyond ? `${name}, beyond the map` : name;
    const width = context.measureText(words).width;
    const left = px + 14 + width < to.left + to.width ? px + 14 : px - 14 - width;
    context.lineWidth = 4;
    context.strokeStyle = colours.paper;
    context.strokeText(words, left, py);
    context.fillStyle = colours.text;
    context.fillText(words, left, py);
  }
}

/** Draws the overlay traces of a figure, the rings of the moment and whatever `more` draws, into the canvas. */
export function drawOverlay(canvas, gd, traces, rings, more) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const to = scales(gd);
  context.save();
  context.beginPath();
  context.rect(to.left, to.top, to.width, to.height);
  context.clip();
  context.lineJoin = "round";
  for (const trace of traces) {
    if (trace.mode.includes("lines")) drawLine(context, trace, to);
    if (trace.mode.includes("markers")) drawMarkers(context, trace, to);
  }
  for (const ring of rings) {
    symbol(context, "circle", to.x(ring.x), to.y(ring.y), ring.radius);
    context.lineWidth = ring.width;
    context.strokeStyle = ring.colour;
    context.stroke();
  }
  more?.(context, to);
  context.restore();
}
