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
      image.src = this.address(page);
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

  /**
   * Fetches the first sheets one by one while the browser is idle, so that a touch of the map shows its picture
   * at once. They wait as files in the browser's cache, not as pictures in its memory.
   */
  prefetch(count) {
    if (this.prefetched) return;
    this.prefetched = true;
    const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
    const next = (page) => {
      if (page >= count || this.stopped) return;
      fetch(this.address(page), { priority: "low" }).then(
        (answer) => answer.blob().then(() => idle(() => next(page + 1))),
        () => undefined, // the sheet is fetched again when it is needed, and its absence shows there
      );
    };
    idle(() => next(0));
  }

  stop() {
    this.stopped = true;
  }

  address(page) {
    return `${this.source.url}${page}.png?v=${encodeURIComponent(this.source.version)}`;
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
