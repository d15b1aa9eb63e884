// Where a pointer is in a picture, and what is nearest to it. All but `positionOf` is pure.

/** @typedef {import("./canvas.js").Size} Size */
/** @typedef {{ row: number, column: number }} Position in pixels of the picture; its upper left corner is 0, 0 */

/**
 * The position that a pointer is at, with its fraction; may lie outside the picture. A pointer has the upper left
 * corner of a pixel of the screen, but what is seen there is what the middle of that pixel shows.
 *
 * @param {Element} picture
 * @param {Size} size
 * @param {{ clientX: number, clientY: number }} event
 * @returns {Position}
 */
export function positionOf(picture, { height, width }, event) {
  const box = picture.getBoundingClientRect();
  const half = 0.499 / (window.devicePixelRatio || 1); // not 0.5: between two pixels the first one is drawn
  return {
    row: ((event.clientY + half - box.top) / box.height) * height,
    column: ((event.clientX + half - box.left) / box.width) * width,
  };
}

/**
 * Whether a pointer that hovers was moved by the reader. A browser tells of a resting mouse, too, when the page scrolls
 * under it; and a finger does not hover.
 *
 * @param {PointerEvent} event
 */
export function hovers({ pointerType, movementX, movementY }) {
  return pointerType !== "touch" && (movementX !== 0 || movementY !== 0);
}

/**
 * The item nearest to a pointer, or null if none is within reach; of equally near ones the last, which is drawn on top.
 *
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => number} distance 0 within an item
 * @param {number} reach
 * @returns {Item | null}
 */
export function nearest(items, distance, reach) {
  /** @type {Item | null} */
  let found = null;
  let least = reach;
  for (const item of items) {
    const far = distance(item);
    if (far > least) continue;
    found = item;
    least = far;
  }
  return found;
}

/**
 * How far a position is from a segment of a line.
 *
 * @param {Position} position
 * @param {Position} from
 * @param {Position} to
 */
export function toSegment(position, from, to) {
  const [down, right] = [to.row - from.row, to.column - from.column];
  const along = (position.row - from.row) * down + (position.column - from.column) * right;
  const share = Math.min(Math.max(along / (down * down + right * right || 1), 0), 1);
  return Math.hypot(position.row - from.row - share * down, position.column - from.column - share * right);
}

/**
 * How far a position is from the edge of a box, on either side of it.
 *
 * @param {Position} position
 * @param {[left: number, top: number, right: number, bottom: number]} box
 */
export function toEdge({ row, column }, [left, top, right, bottom]) {
  const corners = [[top, left], [top, right], [bottom, right], [bottom, left], [top, left]];
  const [first, ...others] = corners.map(([down = 0, across = 0]) => ({ row: down, column: across }));
  let from = /** @type {Position} */ (first);
  const sides = others.map((to) => {
    const far = toSegment({ row, column }, from, to);
    from = to;
    return far;
  });
  return Math.min(...sides);
}
