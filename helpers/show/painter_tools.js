// What painting is made of: discs, lines, regions, polygons, and the steps to take back. Nothing here needs a page.
// A map is { height, width, labels }: one byte for each pixel, row by row, 255 = unlabelled. Pixels are places in labels.
// The other files of the painter come after this text in the same module.

export const VOID = 255;
export const SIZES = [1, 3, 5, 9, 15, 25, 41]; // diameters of the brush, in pixels
const STEPS = 100; // that can be undone

/** The pixels of a round brush around a position, which may lie outside the picture. */
export function disc({ height, width }, { row, column }, diameter) {
  const reach = diameter >> 1;
  const pixels = [];
  for (let r = Math.max(0, row - reach); r <= Math.min(height - 1, row + reach); r++) {
    for (let c = Math.max(0, column - reach); c <= Math.min(width - 1, column + reach); c++) {
      if ((r - row) ** 2 + (c - column) ** 2 <= (diameter / 2) ** 2) pixels.push(r * width + c);
    }
  }
  return pixels;
}

/** The positions on the straight line between two, both included, each a neighbour of the last (Bresenham 1965). */
export function line(from, to) {
  let { row, column } = from;
  const rows = Math.abs(to.row - row);
  const columns = Math.abs(to.column - column);
  const down = Math.sign(to.row - row);
  const right = Math.sign(to.column - column);
  const positions = [{ row, column }];
  let error = columns - rows;
  while (row !== to.row || column !== to.column) {
    const twice = 2 * error;
    if (twice > -rows) {
      error -= rows;
      column += right;
    }
    if (twice < columns) {
      error += columns;
      row += down;
    }
    positions.push({ row, column });
  }
  return positions;
}

/** The pixels that a brush covers on its way between two positions; some of them several times. */
export function stroke(map, from, to, diameter) {
  return line(from, to).flatMap((position) => disc(map, position, diameter));
}

/** The connected region of equal label around a pixel; neighbours share an edge, so that a thin slanted line holds. */
export function region({ width, labels }, { row, column }) {
  const start = row * width + column;
  const seen = new Uint8Array(labels.length);
  const found = [start]; // is also the queue
  seen[start] = 1;
  const visit = (at) => {
    if (seen[at] || labels[at] !== labels[start]) return; // beyond the first and the last row there is no label
    seen[at] = 1;
    found.push(at);
  };
  for (let next = 0; next < found.length; next++) {
    const at = found[next];
    const c = at % width;
    visit(at - width);
    visit(at + width);
    if (c > 0) visit(at - 1);
    if (c < width - 1) visit(at + 1);
  }
  return found;
}

/** All pixels with a label; `withLabel(map, VOID)` is what remains to be done. */
export function withLabel({ labels }, label) {
  const pixels = [];
  labels.forEach((each, at) => each === label && pixels.push(at));
  return pixels;
}

/** The pixels inside a polygon (even-odd rule) and those that its outline runs through. */
export function polygon(map, points) {
  const { height, width } = map;
  const inside = new Uint8Array(height * width);
  const edges = points.map((point, number) => [point, points[(number + 1) % points.length]]);
  for (let row = 0; row < height; row++) {
    const crossings = edges
      .filter(([a, b]) => a.row <= row !== b.row <= row)
      .map(([a, b]) => a.column + ((row - a.row) * (b.column - a.column)) / (b.row - a.row))
      .sort((x, y) => x - y);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const first = Math.max(0, Math.ceil(crossings[pair]));
      const last = Math.min(width - 1, Math.floor(crossings[pair + 1]));
      if (first <= last) inside.fill(1, row * width + first, row * width + last + 1);
    }
  }
  for (const [a, b] of edges) for (const at of stroke(map, a, b, 1)) inside[at] = 1;
  return withLabel({ labels: inside }, 1);
}

export function paint({ labels }, pixels, label) {
  for (const at of pixels) labels[at] = label;
}

/** The steps that can be taken back, as what changed in each: a full copy of every step would be large. */
export class History {
  steps = [];
  done = 0; // how many of them are in effect

  /** Notes the step between two label arrays; false if they are equal. */
  note(before, after) {
    const pixels = [];
    after.forEach((label, at) => label !== before[at] && pixels.push(at));
    if (!pixels.length) return false;
    const at = Uint32Array.from(pixels);
    this.steps.length = this.done; // what was undone is gone now
    this.steps.push({ at, before: Uint8Array.from(at, (each) => before[each]), after: Uint8Array.from(at, (each) => after[each]) });
    if (this.steps.length > STEPS) this.steps.shift();
    this.done = this.steps.length;
    return true;
  }

  undo(labels) {
    if (!this.done) return false;
    const { at, before } = this.steps[--this.done];
    at.forEach((each, number) => (labels[each] = before[number]));
    return true;
  }

  redo(labels) {
    if (this.done === this.steps.length) return false;
    const { at, after } = this.steps[this.done++];
    at.forEach((each, number) => (labels[each] = after[number]));
    return true;
  }
}

/** For each label its pixel farthest from any other label: `{ label, row, column, room }`, room in pixels to each side. */
export function namePoints({ width, labels }) {
  const distance = new Uint16Array(labels.length); // in steps along rows and columns, found in two passes
  const reach = (at, to) => (labels[to] === labels[at] ? distance[to] + 1 : 1);
  for (let at = 0; at < labels.length; at++) {
    distance[at] = at < width || at % width === 0 ? 1 : Math.min(reach(at, at - width), reach(at, at - 1));
  }
  const best = new Map();
  for (let at = labels.length - 1; at >= 0; at--) {
    const edge = at >= labels.length - width || (at + 1) % width === 0;
    distance[at] = edge ? 1 : Math.min(distance[at], reach(at, at + width), reach(at, at + 1));
    if (labels[at] !== VOID && distance[at] > (best.get(labels[at])?.room ?? 0)) {
      best.set(labels[at], { label: labels[at], row: Math.floor(at / width), column: at % width, room: distance[at] });
    }
  }
  return [...best.values()];
}

export const VERDICTS = { none: 0, right: 1, wrong: 2, missed: 3, uncounted: 4 };

/** For each pixel a verdict: on all categories (wrong = another label, missed = no label), or on one of them
    (wrong = only in the painting, missed = only in the truth, right = in both). */
export function verdicts(painted, truth, category = null) {
  return painted.map((mine, at) => {
    if (truth[at] === VOID) return VERDICTS.uncounted;
    if (category === null) return mine === truth[at] ? VERDICTS.right : mine === VOID ? VERDICTS.missed : VERDICTS.wrong;
    if (mine === category) return truth[at] === category ? VERDICTS.right : VERDICTS.wrong;
    return truth[at] === category ? VERDICTS.missed : VERDICTS.none;
  });
}

/** Counts the seconds of work: `tick` is called again and again, with whether the learner can see the picture. */
export class Stopwatch {
  running = false;
  last = 0; // milliseconds, of the latest tick

  constructor(seconds) {
    this.seconds = seconds;
  }

  start(now) {
    if (!this.running) this.last = now;
    this.running = true;
  }

  tick(now, inSight) {
    // A computer that slept comes back after a long gap, which is no time of work.
    if (this.running && inSight) this.seconds += Math.min(now - this.last, 1000) / 1000;
    this.last = now;
  }
}

/** "3:05" for 185 seconds. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A share in whole percent; 0 and 100 only where it is exactly so. */
export function percent(count, total) {
  if (count === 0 || count === total) return count === 0 ? 0 : 100;
  return Math.min(Math.max(Math.round((100 * count) / total), 1), 99);
}
