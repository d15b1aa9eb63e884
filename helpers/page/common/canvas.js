// Pictures and masks on a canvas. The first part is pure; the second one needs a page.

/** @typedef {{ height: number, width: number }} Size in pixels of the picture */
/** @typedef {[red: number, green: number, blue: number]} Color each 0..255 */
/** @typedef {[x0: number, y0: number, x1: number, y1: number]} Line */

/**
 * What the kernel sent, as bytes: a view of them, not a copy.
 *
 * @param {DataView} view
 */
export function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * A mask of eight pixels a byte, as `numpy.packbits` writes it, with 0 or 1 for each pixel.
 *
 * @param {Uint8Array} bytes
 * @param {Size} size
 */
export function unpackMask(bytes, { height, width }) {
  return Uint8Array.from({ length: height * width }, (_, at) => ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
}

/**
 * RGBA as one number, the way it lies in memory: pictures are painted four bytes at a time.
 *
 * @param {Color} color
 * @param {number} [opacity] 0..255
 */
export function packed([red, green, blue], opacity = 255) {
  return new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0] ?? 0;
}

/** @param {Color} color */
export function cssColor([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/**
 * The borders of the regions of an `[H, W]` map: lines, as long as can be, that run right or down wherever two
 * neighbours differ. Beyond the edge all is 0.
 *
 * @param {ArrayLike<number>} map
 * @param {Size} size
 * @returns {Line[]}
 */
export function borders(map, { height, width }) {
  /** @type {(row: number, column: number) => number} */
  const at = (row, column) => {
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    return inside ? (map[row * width + column] ?? 0) : 0;
  };
  const level = runs(height, width, (row, column) => at(row - 1, column) !== at(row, column));
  const upright = runs(width, height, (column, row) => at(row, column - 1) !== at(row, column));
  return [
    ...level.map(([row, from, to]) => /** @type {Line} */ ([from, row, to, row])),
    ...upright.map(([column, from, to]) => /** @type {Line} */ ([column, from, column, to])),
  ];
}

/**
 * Where something holds without a gap: [across, from, to] along each of the `count + 1` lines.
 *
 * @param {number} count
 * @param {number} length
 * @param {(across: number, along: number) => boolean} holds
 */
function runs(count, length, holds) {
  /** @type {[across: number, from: number, to: number][]} */
  const found = [];
  for (let across = 0; across <= count; across++) {
    let start = -1;
    for (let along = 0; along <= length; along++) {
      const here = along < length && holds(across, along);
      if (here && start < 0) start = along;
      if (here || start < 0) continue;
      found.push([across, start, along]);
      start = -1;
    }
  }
  return found;
}

/**
 * Lines as the text of a path, for SVG and for `Path2D`.
 *
 * @param {Line[]} lines
 */
export function pathOf(lines) {
  return lines.map(([x0, y0, x1, y1]) => `M${x0} ${y0}L${x1} ${y1}`).join("");
}

// --- in a page --------------------------------------------------------------------------------------------------------

/**
 * A canvas with one pixel for each of the picture; `color` gives the packed colour of the pixel at a place.
 *
 * @param {Size} size
 * @param {(at: number) => number} color
 */
export function bitmap({ height, width }, color) {
  const colors = Uint32Array.from({ length: height * width }, (_, at) => color(at));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(colors.buffer), width, height), 0, 0);
  return canvas;
}

/**
 * A picture of RGB bytes.
 *
 * @param {Uint8Array} rgb
 * @param {Size} size
 */
export function photo(rgb, size) {
  /** @type {(at: number) => number} */
  const channel = (at) => rgb[at] ?? 0;
  return bitmap(size, (at) => packed([channel(3 * at), channel(3 * at + 1), channel(3 * at + 2)]));
}

/**
 * A picture of a `data:` address; nothing else is ever fetched.
 *
 * @param {string} address
 */
export async function pictureFrom(address) {
  if (!address.startsWith("data:image/")) {
    throw new Error(`address: expected data:image/…, got ${address.slice(0, 20)}`);
  }
  const image = Object.assign(new Image(), { src: address });
  await image.decode();
  return image;
}

/**
 * Gives a canvas as many pixels as the screen has for it, in the shape of the picture, and a context in which one unit
 * is a pixel of the picture and an enlarged pixel is a square. What was drawn is gone.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Size} size
 */
export function fit(canvas, { height, width }) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round((canvas.getBoundingClientRect().width || 320) * ratio);
  canvas.height = Math.round((canvas.width * height) / width);
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = canvas.width < width; // nearest neighbour, unless the picture must shrink
  context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
  return context;
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * Strokes a path white on black, which shows on any colour; `width` in CSS pixels, `scale` units to one of them.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Path2D} path
 * @param {number} scale
 * @param {number} width
 */
export function strokeTwice(context, path, scale, width) {
  for (const [color, each] of /** @type {[string, number][]} */ ([["#000", width + 2], ["#fff", width]])) {
    context.strokeStyle = color;
    context.lineWidth = each * scale;
    context.stroke(path);
  }
}
