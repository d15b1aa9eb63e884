// The pure half of the IoU explorer: it moves, grows, counts and says, and knows no page. `iou_explorer.js` draws.
// `page.js` stands before this text.
//
// A mask is { height, width, pixels }: one byte for each pixel, 0 or 1, row by row.
// A pose is what the learner did to the prediction: { down, right, size }, all in pixels.

const START = { down: 0, right: 0, size: 0 };

/** What the kernel sent as a mask. */
export function unpack({ height, width }, view) {
  return { height, width, pixels: bytesOf(view) };
}

/** The mask in a frame of another size, its upper left corner at (top, left); what falls outside is lost. */
export function place(mask, top, left, height, width) {
  const pixels = new Uint8Array(height * width);
  for (let row = Math.max(top, 0); row < Math.min(top + mask.height, height); row++) {
    for (let column = Math.max(left, 0); column < Math.min(left + mask.width, width); column++) {
      pixels[row * width + column] = mask.pixels[(row - top) * mask.width + column - left];
    }
  }
  return { height, width, pixels };
}

/** The mask with a frame of `pad` empty pixels around it. */
function framed(mask, pad) {
  return place(mask, pad, pad, mask.height + 2 * pad, mask.width + 2 * pad);
}

/** For each pixel the number of steps, to one of the four neighbours each, to the nearest pixel of this value. */
function distances({ height, width, pixels }, value) {
  const steps = new Int32Array(pixels).map((pixel) => (pixel === value ? 0 : height + width));
  const relax = (at, from) => {
    if (steps[at] > steps[from] + 1) steps[at] = steps[from] + 1;
  };
  for (let at = 0; at < steps.length; at++) {
    if (at % width) relax(at, at - 1);
    if (at >= width) relax(at, at - width);
  }
  for (let at = steps.length - 1; at >= 0; at--) {
    if ((at + 1) % width) relax(at, at + 1);
    if (at + width < steps.length) relax(at, at + width);
  }
  return steps;
}

/**
 * The mask after `size` binary dilations, or after -`size` erosions, each with the four neighbours. It comes in a frame
 * that is larger on every side, so that nothing is lost; beyond the edge nothing is set.
 */
export function grow(mask, size) {
  const frame = framed(mask, Math.max(size, 1));
  const steps = distances(frame, size > 0 ? 1 : 0);
  const pixels = new Uint8Array(steps.map((step) => Number(size > 0 ? step <= size : step > -size)));
  return { ...frame, pixels };
}

/** How many erosions a mask takes until nothing is left. */
export function depth(mask) {
  return distances(framed(mask, 1), 0).reduce((most, step) => Math.max(most, step), 0);
}

/** A mask that `grow` made, moved, and cut to the picture, which has this height and width. */
export function posed(grown, { down, right }, { height, width }) {
  const pad = (grown.height - height) / 2;
  return place(grown, down - pad, right - pad, height, width);
}

/** The three areas in pixels, and the IoU: NaN where both masks are empty. */
export function compare(truth, prediction) {
  const counts = [0, 0, 0, 0]; // neither, only truth, only prediction, both
  truth.pixels.forEach((isTrue, at) => counts[isTrue + 2 * prediction.pixels[at]]++);
  const [, onlyTruth, onlyPrediction, both] = counts;
  const union = onlyTruth + onlyPrediction + both;
  return { both, onlyTruth, onlyPrediction, union, iou: both / union };
}

/** The nearest pose that keeps the prediction in sight and erodes it no further than to nothing. */
export function limited({ down, right, size }, margin, deepest) {
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high) + 0; // + 0: never -0
  const grown = clamp(size, -deepest, margin);
  const reach = margin - Math.max(grown, 0);
  return { down: clamp(down, -reach, reach), right: clamp(right, -reach, reach), size: grown };
}

/** Where a key leads from a pose, or null if the key is none of ours. With Shift, ten pixels at a time. */
export function move({ down, right, size }, key, shift) {
  const step = shift ? 10 : 1;
  const moves = {
    ArrowUp: [-step, 0, 0],
    ArrowDown: [step, 0, 0],
    ArrowLeft: [0, -step, 0],
    ArrowRight: [0, step, 0],
    "+": [0, 0, 1],
    "=": [0, 0, 1], // the key of + without Shift
    "-": [0, 0, -1],
    _: [0, 0, -1],
  };
  if (key === "Home") return START;
  if (!moves[key]) return null;
  return { down: down + moves[key][0], right: right + moves[key][1], size: size + moves[key][2] };
}

/** An IoU for reading: two digits, or three where two would claim exactly 0, 0.5 or 1 and it is not; "–" if undefined. */
export function digits(iou) {
  if (Number.isNaN(iou)) return "–";
  const short = iou.toFixed(2);
  return [0, 0.5, 1].includes(Number(short)) && Number(short) !== iou ? iou.toFixed(3) : short;
}

/** What a score of the field would say. */
export function verdict(iou, foundAbove) {
  if (Number.isNaN(iou)) return "undefined: both masks are empty";
  return iou > foundAbove ? `above ${foundAbove}: counts as found` : `not above ${foundAbove}: counts as missed`;
}

/** The status line: what was done to the prediction, and what it costs. `lost` pixels lie outside the picture. */
export function tell({ down, right, size }, { both, union, iou }, lost, foundAbove) {
  const parts = [];
  if (down) parts.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  if (right) parts.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  const sentences = [parts.length ? `moved ${parts.join(", ")}` : "not moved"];
  if (size) sentences.push(`${size > 0 ? "grown" : "shrunk"} by ${Math.abs(size)}`);
  if (lost) sentences.push(`${lost} ${lost === 1 ? "pixel" : "pixels"} out of the picture`);
  sentences.push(`IoU = ${both} / ${union} = ${digits(iou)}`, verdict(iou, foundAbove));
  const text = sentences.join(" · ");
  return text[0].toUpperCase() + text.slice(1);
}
