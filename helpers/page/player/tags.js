// Where the names of a picture's elements stand: a name that lies on another element or its name misleads. All is pure.

/** @typedef {import("./data.js").Mark} Mark */
/** @typedef {import("./data.js").PicturePanel} PicturePanel */
/** @typedef {"right" | "left" | "above" | "below"} Side of its point that a name stands on */
/** @typedef {[x0: number, y0: number, x1: number, y1: number]} Box */

const WIDTH = 400; // CSS pixels, about as wide as a picture is shown; where it is smaller, names come closer
const NAME = { width: 24, height: 16, gap: 7 }; // in the same

/** The middle of a name beside its point, in names and gaps. @type {Record<Side, [x: number, y: number]>} */
const SIDES = { right: [1, 0], left: [-1, 0], above: [0, -1], below: [0, 1] };

/**
 * For each mark that is a point, the side on which its name hides least of points, arrows, the names of other points
 * and the edge of the picture; of equal sides the first. What is no point has its name upon it, and null here.
 *
 * @param {Mark[]} marks
 * @param {Pick<PicturePanel, "height" | "width">} panel
 * @returns {(Side | null)[]}
 */
export function sidesOf(marks, panel) {
  const spots = marks.flatMap(spotsOf);
  /** @type {Box[]} */
  const names = [];
  return marks.map(({ kind, at: [x = 0, y = 0] }) => {
    if (kind !== "point") return null;
    /** @type {(side: Side) => number} */
    const hidden = (side) => {
      const box = boxAt(x, y, side, panel.width / WIDTH);
      const under = spots.filter((spot) => within(box, spot)).length + names.filter((name) => meet(box, name)).length;
      const [x0, y0, x1, y1] = box;
      return under + (x0 < 0 || y0 < 0 || x1 > panel.width || y1 > panel.height ? 1 : 0);
    };
    const sides = /** @type {Side[]} */ (Object.keys(SIDES));
    const best = sides.reduce((least, side) => (hidden(side) < hidden(least) ? side : least));
    names.push(boxAt(x, y, best, panel.width / WIDTH));
    return best;
  });
}

/**
 * The places of a mark that must be seen: a point, and an arrow from its start to its tip.
 *
 * @param {Mark} mark
 * @returns {[x: number, y: number][]}
 */
function spotsOf({ kind, at: [x0 = 0, y0 = 0, x1 = 0, y1 = 0] }) {
  if (kind === "point") return [[x0, y0]];
  if (kind !== "arrow") return [];
  return [0, 0.25, 0.5, 0.75, 1].map((part) => [x0 + part * (x1 - x0), y0 + part * (y1 - y0)]);
}

/** @type {(x: number, y: number, side: Side, scale: number) => Box} */
function boxAt(x, y, side, scale) {
  const [right, down] = SIDES[side];
  const [width, height] = [(scale * NAME.width) / 2, (scale * NAME.height) / 2];
  const middle = [x + right * (width + scale * NAME.gap), y + down * (height + scale * NAME.gap)];
  const [column = 0, row = 0] = middle;
  return [column - width, row - height, column + width, row + height];
}

/** @type {(box: Box, spot: [x: number, y: number]) => boolean} */
function within([x0, y0, x1, y1], [x, y]) {
  return x > x0 && x < x1 && y > y0 && y < y1;
}

/** @type {(a: Box, b: Box) => boolean} */
function meet([x0, y0, x1, y1], [u0, v0, u1, v1]) {
  return x0 < u1 && u0 < x1 && y0 < v1 && v0 < y1;
}
