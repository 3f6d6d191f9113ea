// What is counted in a round: how far the pictures are apart, how the sliders were moved, how the distance fell.
// The same distance is in vae_core/game/distances.py, and a round is judged there once more.

/** The usual level of a picture's border in each channel; levels: [y][x][channel]. */
export function groundOf(levels, { channels, height, width }) {
  return Array.from({ length: channels }, (_, c) => {
    const at = (y, x) => levels[(y * width + x) * channels + c];
    const border = [];
    for (let x = 0; x < width; x++) border.push(at(0, x), at(height - 1, x));
    for (let y = 1; y < height - 1; y++) border.push(at(y, 0), at(y, width - 1));
    return border.sort((a, b) => a - b)[border.length >> 1];
  });
}

/** sum |p - t| / sum (|p - ground| + |t - ground|): 0 for equal pictures, 1 for disjoint ones. */
export function pictureDistance(picture, target, ground) {
  const channels = ground.length;
  let apart = 0;
  let there = 0;
  for (let i = 0; i < target.length; i++) {
    const b = ground[i % channels];
    apart += Math.abs(picture[i] - target[i]);
    there += Math.abs(picture[i] - b) + Math.abs(target[i] - b);
  }
  return there ? apart / there : 0;
}

/** Root mean square of the difference of slider values, in standard deviations of the codes. */
export function codeDistance(values, target) {
  let sum = 0;
  for (let i = 0; i < target.length; i++) sum += (values[i] - target[i]) ** 2;
  return Math.sqrt(sum / target.length);
}

const FIRST_GAP = 0.1; // seconds between two marks, doubled whenever there are too many

/** Marks [seconds, picture distance, code distance], `most` at most: every second one goes when it is full. */
export function createTrace(most) {
  let marks = [];
  let gap = FIRST_GAP;
  return {
    add(mark) {
      if (marks.length && mark[0] - marks[marks.length - 1][0] < gap) return;
      if (marks.length === most) {
        marks = marks.filter((_, i) => i % 2 === 0);
        gap *= 2;
      }
      marks.push(mark.map((number) => Number(number.toFixed(4))));
    },
    get marks() { return marks; },
  };
}

const KEYS_APART = 1; // seconds: keys that follow each other faster are one movement

/**
 * Counts movements ("tries"): a slider taken and moved, or a run of keys on it. reach: of each slider.
 * `pause`: seconds after which a gap is no trying.
 */
export function createHand(reach, pause) {
  const hand = { moves: 0, switches: 0, travel: 0, active: 0 };
  let current = -1;
  let taken = false;
  let held = false;
  let last = 0;
  hand.take = () => { taken = true; held = true; };
  hand.release = () => { held = false; };
  hand.moved = (slider, by, now) => {
    if (current !== -1 && slider !== current) hand.switches++;
    if (taken || slider !== current || (!held && now - last > KEYS_APART)) hand.moves++;
    hand.travel += Math.abs(by) / (2 * reach[slider]);
    hand.rest(now);
    current = slider;
    taken = false;
  };
  /** Time that went by since the last movement counts as trying where it is short. */
  hand.rest = (now) => {
    if (now - last < pause) hand.active += now - last;
    last = now;
  };
  return hand;
}
