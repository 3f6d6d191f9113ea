// Pictures of samples, cut from sheets of 256 that are fetched when first needed.

const KEPT = 160;

export class Tiles {
  /** @param {{url: string, version: string, columns: number}} source */
  constructor(source) {
    this.source = source;
    this.sheets = new Map(); // page -> {image, ready: Promise}
  }

  get perSheet() {
    return this.source.columns ** 2;
  }

  same(source) {
    return source && source.url === this.source.url && source.version === this.source.version;
  }

  sheet(page) {
    let entry = this.sheets.get(page);
    if (!entry) {
      const image = new Image();
      entry = { image, loaded: false };
      image.src = `${this.source.url}${page}.png?v=${encodeURIComponent(this.source.version)}`;
      entry.ready = image.decode().then(() => {
        entry.loaded = true;
      });
      entry.ready.catch(() => this.sheets.delete(page));
      if (this.sheets.size >= KEPT) this.sheets.delete(this.sheets.keys().next().value);
    }
    this.sheets.delete(page);
    this.sheets.set(page, entry);
    return entry;
  }

  /** Fetches sheets while the browser is idle, so that the first touch of a small map shows its picture at once. */
  prefetch(pages) {
    const queue = [...pages];
    const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
    const next = () => {
      if (!queue.length) return;
      this.sheet(queue.shift()).ready.then(() => idle(next), () => undefined);
    };
    idle(next);
  }

  /**
   * Draws the picture of a position into a canvas: at once where its sheet is here, else when it comes.
   * @param {() => boolean} still whether the picture is still wanted by then
   * @returns {Promise<boolean>} whether it was drawn
   */
  draw(position, canvas, still = () => true) {
    const page = Math.floor(position / this.perSheet);
    const entry = this.sheet(page);
    const paint = () => {
      if (!still()) return false;
      const width = entry.image.naturalWidth / this.source.columns;
      const height = entry.image.naturalHeight / this.source.columns;
      const tile = position % this.perSheet;
      const x = (tile % this.source.columns) * width;
      const y = Math.floor(tile / this.source.columns) * height;
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      context.drawImage(entry.image, x, y, width, height, 0, 0, canvas.width, canvas.height);
      return true;
    };
    return entry.loaded ? Promise.resolve(paint()) : entry.ready.then(paint, () => false);
  }
}
