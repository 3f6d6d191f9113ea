// Watches inputs, canvases and pictures from outside the app; loaded into each page before the page's own scripts.
// Every time is performance.now() of the page, in milliseconds. What costs time is done after the clock was read.

(() => {
  const probe = {
    inputs: [], // {at: when the input event came, pointer: when the pointer's event was made}
    draws: [], // {at: when the large picture was on its canvas, changed: whether a pixel differs from the last one}
    frames: [], // when each frame began, while `recording`
    clicks: [], // when a pointer went up
    cards: [], // {at, row}: when the card of a picked sample had its picture
    images: [], // {at, alt, src}: when an <img> of the page had its picture
    answers: [], // when the server said that a run of the script, or of a fragment, is over
    recording: false,
  };
  window.feelProbe = probe;

  let pointer = 0;
  window.addEventListener("pointermove", (event) => { pointer = event.timeStamp; }, true);
  window.addEventListener("pointerdown", (event) => { pointer = event.timeStamp; }, true);
  window.addEventListener("pointerup", (event) => probe.clicks.push(event.timeStamp), true);
  window.addEventListener("input", (event) => {
    if (probe.recording) probe.inputs.push({ at: event.timeStamp, pointer });
  }, true);
  document.addEventListener("load", (event) => { // a picture's load event never reaches the window
    const { target } = event;
    if (target instanceof HTMLImageElement) {
      probe.images.push({ at: performance.now(), alt: target.alt, src: target.src });
    }
  }, true);

  /** A number that differs where pictures do (FNV-1a over whole pixels). */
  function mark({ data }) {
    const pixels = new Uint32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
    let hash = 0x811c9dc5;
    for (let i = 0; i < pixels.length; i++) hash = Math.imul(hash ^ pixels[i], 0x01000193);
    return hash;
  }

  const { putImageData, drawImage } = CanvasRenderingContext2D.prototype;
  probe.lastMark = null;
  probe.markOf = (canvas) => mark(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height));
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...rest) {
    putImageData.call(this, image, ...rest);
    if (!this.canvas.classList.contains("picture")) return;
    const at = performance.now();
    const now = mark(image);
    if (probe.recording) probe.draws.push({ at, changed: now !== probe.lastMark });
    probe.lastMark = now;
  };
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    drawImage.apply(this, given);
    const card = this.canvas.parentElement;
    if (card?.classList.contains("lt-picked")) {
      probe.cards.push({ at: performance.now(), row: Number(card.dataset.row) });
    }
  };

  // The last message of a rerun says that no script runs: field 9 of Streamlit's ForwardMsg, with nothing in it.
  window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const at = performance.now();
        if (!(data instanceof ArrayBuffer) || data.byteLength !== 2) return;
        const [tag, length] = new Uint8Array(data);
        if (tag === 0x4a && length === 0) probe.answers.push(at);
      });
    }
  };

  /** When the text of an element matching `selector` first contained `text`, as a promise; it fails after 20 s. */
  probe.whenText = (selector, text) => new Promise((told, failed) => {
    setTimeout(() => failed(new Error(`${selector} did not say ${text}`)), 20_000);
    const look = () => {
      if (!document.querySelector(selector)?.textContent.includes(text)) return false;
      watcher.disconnect();
      told(performance.now());
      return true;
    };
    const watcher = new MutationObserver(look);
    if (!look()) watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
  });

  function frame(at) {
    if (!probe.recording) return;
    probe.frames.push(at);
    requestAnimationFrame(frame);
  }
  probe.start = () => {
    probe.inputs.length = probe.draws.length = probe.frames.length = 0;
    probe.recording = true;
    requestAnimationFrame(frame);
  };
  probe.stop = () => {
    probe.recording = false;
    const { inputs, draws, frames } = probe;
    return { inputs: [...inputs], draws: [...draws], frames: [...frames] };
  };
})();
