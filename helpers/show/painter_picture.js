// The picture with the paint on it: colours, names, outlines, cursor and magnifier. painter_page.js stands before this text.

const LENS = { across: 11, cell: 8 };

function writeNames(context, points, categories, scale, ratio) {
  startNames(context, ratio);
  for (const { label, row, column, room } of points) {
    const { name, color } = categories[label];
    const half = context.measureText(name).width / 2 + 4 * ratio;
    if (room * scale < 9 * ratio || half > 1.5 * room * scale) continue;
    const x = Math.min(Math.max((column + 0.5) * scale, half), context.canvas.width - half); // stays on the picture
    writeName(context, name, x, (row + 0.5) * scale, color);
  }
}

/** The cursor: what the brush would cover, or a small square where that would be too small to see. */
function drawCursor(context, position, size, scale, ratio) {
  let cursor = cursorAround(position, scale, ratio);
  if (size > Math.max(1, (7 * ratio) / scale)) {
    const reach = size >> 1;
    const square = { height: size, width: size };
    const brush = new Uint8Array(size * size);
    for (const at of disc(square, { row: reach, column: reach }, size)) brush[at] = 1;
    cursor = new Path2D();
    cursor.addPath(pathOf(borders(square, brush)), new DOMMatrix([1, 0, 0, 1, position.column - reach, position.row - reach]));
  }
  strokeTwice(context, cursor, scale, 1.5 * ratio);
}

/** An outline that is not closed yet: its corners, and a line on to the cursor. */
function drawCorners(context, corners, pixel, scale, ratio) {
  const path = new Path2D();
  const side = (8 * ratio) / scale;
  [...corners, pixel].forEach(({ row, column }, number) => path[number ? "lineTo" : "moveTo"](column + 0.5, row + 0.5));
  for (const { row, column } of corners) path.rect(column + 0.5 - side / 2, row + 0.5 - side / 2, side, side);
  strokeTwice(context, path, scale, 1.5 * ratio);
}

/**
 * Draws the image with the paint of `map` over it. After a change of the labels call `recolor`, and `rename` once the stroke
 * is done: it takes longer. `draw` and `magnify` draw a state of the page.
 */
function paintedPicture({ height, width, categories }, image, map) {
  const photo = photoOf(map, image);
  const paintLayer = canvasOf(width, height);
  const paintImage = new ImageData(width, height);
  const colors = new Uint32Array(paintImage.data.buffer);
  const colorOf = new Uint32Array(256); // packed, by label; unlabelled is transparent
  for (const { id, color } of categories) colorOf[id] = packed(...color);
  let points = []; // where names can stand
  let outlines = new Map(); // by label

  function recolor() {
    map.labels.forEach((label, at) => (colors[at] = colorOf[label]));
    paintLayer.getContext("2d").putImageData(paintImage, 0, 0);
    outlines = new Map();
  }

  function rename() {
    points = namePoints(map);
  }

  function outlineOf(label) {
    if (!outlines.has(label)) outlines.set(label, pathOf(borders(map, map.labels.map((each) => (each === label ? 1 : 0)))));
    return outlines.get(label);
  }

  function draw(canvas, { tool, size, opacity, pixel, chip, corners }, ratio) {
    const context = fit(canvas, map, ratio);
    const scale = canvas.width / width;
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    context.globalAlpha = opacity;
    context.drawImage(paintLayer, 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
    const still = points.filter(({ label, row, column }) => map.labels[row * width + column] === label);
    if (opacity >= 0.25) writeNames(context, still, categories, scale, ratio);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (chip !== null) strokeTwice(context, outlineOf(chip), scale, 1.5 * ratio);
    if (corners.length) drawCorners(context, corners, pixel, scale, ratio);
    drawCursor(context, pixel, tool === "brush" || tool === "eraser" ? SIZES[size] : 1, scale, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  function magnify(lens, { opacity, pixel }, ratio) {
    drawLens(lens, LENS, [[photo, 1], [paintLayer, opacity]], pixel, ratio);
  }

  return { recolor, rename, draw, magnify };
}
