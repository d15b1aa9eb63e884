// The masks of a linked view, and what is drawn of them. All is pure.
import { unpackMask } from "../common/canvas.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("../common/canvas.js").Size} Size */
/** @typedef {{ item: Item, mask: Uint8Array, area: number }} Mask a byte for each pixel, and how many of them are 1 */

/**
 * The RGB bytes, and the masks of predictions and objects in the order in which they are drawn: the larger ones first.
 *
 * @param {Info} info
 * @param {Uint8Array} pixels
 */
export function unpack(info, pixels) {
  const count = info.height * info.width;
  const length = Math.ceil(count / 8);
  /** @type {Item[]} */
  const items = [
    ...info.objects.map((_, at) => /** @type {Item} */ ({ kind: "object", at })),
    ...info.predictions.map((_, at) => /** @type {Item} */ ({ kind: "prediction", at })),
  ];
  const masks = items.map((item) => {
    const place = item.at + (item.kind === "object" ? info.predictions.length : 0);
    const start = 3 * count + place * length;
    const mask = unpackMask(pixels.subarray(start, start + length), info);
    return { item, mask, area: mask.reduce((sum, each) => sum + each, 0) };
  });
  return { rgb: pixels.subarray(0, 3 * count), masks: masks.sort((a, b) => b.area - a.area) };
}

/**
 * The pixels of a mask as the text of a path that can be filled: a rectangle for each run along a row.
 *
 * @param {ArrayLike<number>} mask
 * @param {Size} size
 */
export function areaOf(mask, { height, width }) {
  let path = "";
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const start = column;
      while (column < width && mask[row * width + column]) column++;
      if (column > start) path += `M${start} ${row}h${column - start}v1h${start - column}z`;
    }
  }
  return path;
}

/**
 * The middles of the first and of the last row of a mask, in shares of the picture.
 *
 * @param {ArrayLike<number>} mask
 * @param {Size} size
 */
export function endsOf(mask, { height, width }) {
  const places = Array.from({ length: height * width }, (_, at) => at).filter((at) => mask[at]);
  return [places[0] ?? 0, places.at(-1) ?? 0].map((end) => {
    const row = Math.floor(end / width);
    const columns = places.filter((at) => Math.floor(at / width) === row).map((at) => at % width);
    const middle = ((columns[0] ?? 0) + (columns.at(-1) ?? 0) + 1) / 2;
    return { x: middle / width, y: (row + 0.5) / height };
  });
}
