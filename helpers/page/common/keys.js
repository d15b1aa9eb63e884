// Keys. A group of things is one stop of the Tab key; arrows move within it.

/** @typedef {import("./canvas.js").Size} Size */
/** @typedef {import("./pointer.js").Position} Position */

/**
 * Where a key leads from a position in a picture or a grid, or null if the key is none of ours or leads nowhere else;
 * by ten at a time if `far`.
 *
 * @param {Size} size
 * @param {Position} from
 * @param {string} key
 * @param {boolean} [far]
 * @returns {Position | null}
 */
export function keyMove(size, { row, column }, key, far = false) {
  const by = far ? 10 : 1;
  /** @type {Record<string, Position>} */
  const moves = {
    ArrowUp: { row: row - by, column },
    ArrowDown: { row: row + by, column },
    ArrowLeft: { row, column: column - by },
    ArrowRight: { row, column: column + by },
    Home: { row, column: 0 },
    End: { row, column: size.width - 1 },
  };
  const to = moves[key];
  if (!to) return null;
  const inside = { row: clamp(to.row, size.height), column: clamp(to.column, size.width) };
  return inside.row === row && inside.column === column ? null : inside;
}

/**
 * Where a key leads in a row of `count` things.
 *
 * @param {number} count
 * @param {number} from
 * @param {string} key
 */
export function lineMove(count, from, key) {
  const alike = /** @type {Record<string, string>} */ ({ ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" })[key] ?? key;
  return keyMove({ height: 1, width: count }, { row: 0, column: from }, alike)?.column ?? null;
}

/**
 * @param {number} value
 * @param {number} count
 */
function clamp(value, count) {
  return Math.min(Math.max(value, 0), count - 1);
}

/**
 * Makes nodes one stop of the Tab key: the last one that had the focus, at first the first. `move` says which one a key
 * leads to, or null; other keys go on to whoever listens further out.
 *
 * @param {(HTMLElement | SVGElement)[]} nodes
 * @param {(from: number, key: string) => number | null} move
 */
export function oneTabStop(nodes, move) {
  /** @param {number} stop */
  const stopAt = (stop) => nodes.forEach((node, at) => node.setAttribute("tabindex", at === stop ? "0" : "-1"));
  stopAt(0);
  nodes.forEach((node, at) => {
    node.addEventListener("focus", () => stopAt(at));
    node.addEventListener("keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey } = /** @type {KeyboardEvent} */ (event);
      const to = ctrlKey || metaKey || altKey ? null : move(at, key);
      if (to === null && !key.startsWith("Arrow")) return;
      event.preventDefault();
      event.stopPropagation(); // at the edge too: an arrow there must not scroll, or mean something else
      if (to !== null) nodes[to]?.focus();
    });
  });
}
