// Controls and drawing that the painter's page is put together from. Read after painter_tools.js, before painter.js.

const LENS = 11; // pixels across the magnifier

function element(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function swatch(color) {
  const node = element("span", "pv-swatch", "", { "aria-hidden": "true" });
  node.style.background = `rgb(${color.join(",")})`;
  return node;
}

function button(text, title, press, className = "") {
  const node = element("button", `pp-button ${className}`, text, { type: "button", title });
  node.addEventListener("click", press);
  return node;
}

/** Whether a button can be pressed now. It keeps the focus either way, so that keys go on working. */
function switchOn(node, on) {
  node.setAttribute("aria-disabled", !on);
}

/** Radio buttons that look like one control; `set` chooses one from outside. */
function choice(legend, titles, value, choose) {
  const group = element("fieldset", "pv-choice");
  group.append(element("legend", "pv-unseen", legend));
  const name = `pp-${legend}-${Math.random().toString(36).slice(2)}`;
  const inputs = Object.keys(titles).map((each) => {
    const label = element("label", "", "", { title: titles[each] });
    const input = element("input", "", "", { type: "radio", name, value: each });
    input.checked = each === value;
    input.addEventListener("change", () => choose(each));
    label.append(input, element("span", "", each[0].toUpperCase() + each.slice(1)));
    group.append(label);
    return input;
  });
  return { group, set: (each) => inputs.forEach((input) => (input.checked = input.value === each)) };
}

/** A slider with its value in words; `set` moves it from outside. */
function slider(text, max, step, inWords, change) {
  const label = element("label", "pv-opacity", text);
  const input = element("input", "", "", { type: "range", min: 0, max, step });
  const output = element("output");
  const set = (value) => {
    input.value = value;
    output.textContent = inWords(Number(value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    set(input.value);
    change(Number(input.value));
  });
  label.append(input, output);
  return { label, set };
}

const bytesOf = (view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

function canvasOf(width, height) {
  const canvas = element("canvas");
  return Object.assign(canvas, { width, height });
}

/** A canvas with one pixel for each number; `color` gives its [red, green, blue, opacity], each 0..255. */
function bitmap(numbers, width, color) {
  const canvas = canvasOf(width, numbers.length / width);
  const image = new ImageData(width, canvas.height);
  numbers.forEach((each, at) => image.data.set(color(each, at), 4 * at));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Gives a canvas as many pixels as the screen has for it, in the shape of the picture; returns its context. */
function fit(canvas, { height, width }, ratio) {
  const wide = Math.round((canvas.clientWidth || 320) * ratio);
  const high = Math.round((wide * height) / width);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = wide < width; // nearest neighbour, unless the picture must shrink
  return context;
}

/** The pixel of the picture that a pointer is at; may lie outside it. */
function positionOf(canvas, { height, width }, event) {
  const box = canvas.getBoundingClientRect();
  return {
    row: Math.floor(((event.clientY - box.top) / box.height) * height),
    column: Math.floor(((event.clientX - box.left) / box.width) * width),
  };
}

/** Strokes a path white on black, which shows on any colour; `scale` is screen pixels for one pixel of the picture. */
function strokeTwice(context, path, scale, width) {
  for (const [color, each] of [["#000", width + 2], ["#fff", width]]) {
    context.strokeStyle = color;
    context.lineWidth = each / scale;
    context.stroke(path);
  }
}

/** The outline of some pixels in a picture `width` pixels wide. */
function outlineOf(pixels, width) {
  const set = new Set(pixels);
  const path = new Path2D();
  for (const at of set) {
    const row = Math.floor(at / width);
    const column = at % width;
    const lines = [
      [!set.has(at - width), 0, 0, 1, 0],
      [!set.has(at + width), 0, 1, 1, 1],
      [column === 0 || !set.has(at - 1), 0, 0, 0, 1],
      [column === width - 1 || !set.has(at + 1), 1, 0, 1, 1],
    ];
    for (const [open, x0, y0, x1, y1] of lines) {
      if (!open) continue;
      path.moveTo(column + x0, row + y0);
      path.lineTo(column + x1, row + y1);
    }
  }
  return path;
}

function writeNames(context, points, categories, scale, ratio) {
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3 * ratio;
  for (const { label, row, column, room } of points) {
    const { name, color } = categories[label];
    const half = context.measureText(name).width / 2 + 4 * ratio;
    if (room * scale < 9 * ratio || half > 1.5 * room * scale) continue;
    const x = Math.min(Math.max((column + 0.5) * scale, half), context.canvas.width - half); // stays on the picture
    const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140;
    context.strokeStyle = light ? "rgba(255,255,255,0.75)" : "rgba(0,0,0,0.65)";
    context.fillStyle = light ? "#000" : "#fff";
    context.strokeText(name, x, (row + 0.5) * scale);
    context.fillText(name, x, (row + 0.5) * scale);
  }
}

/** The cursor: what the brush would cover, or a small square where that would be too small to see. */
function drawCursor(context, { row, column }, size, scale, ratio) {
  const side = Math.max(1, (7 * ratio) / scale);
  const reach = size >> 1;
  const cursor = new Path2D();
  if (size > side) {
    const brush = disc({ height: size, width: size }, { row: reach, column: reach }, size);
    cursor.addPath(outlineOf(brush, size), new DOMMatrix([1, 0, 0, 1, column - reach, row - reach]));
  } else cursor.rect(column + 0.5 - side / 2, row + 0.5 - side / 2, side, side);
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

/** The neighbourhood of a pixel as large squares with a grid; `layers` are [canvas, opacity]. Beyond the edge it is empty. */
function drawLens(lens, layers, { row, column }, ratio) {
  const cell = 8 * ratio;
  lens.width = lens.height = LENS * cell + ratio;
  const context = lens.getContext("2d");
  context.imageSmoothingEnabled = false;
  const half = LENS >> 1;
  for (const [layer, opacity] of layers) {
    context.globalAlpha = opacity;
    context.drawImage(layer, column - half, row - half, LENS, LENS, 0, 0, LENS * cell, LENS * cell);
  }
  context.globalAlpha = 1;
  context.fillStyle = "rgba(128,128,128,0.55)";
  for (let each = 0; each <= LENS; each++) {
    context.fillRect(each * cell, 0, ratio, lens.height);
    context.fillRect(0, each * cell, lens.width, ratio);
  }
  const path = new Path2D();
  path.rect(half * cell + ratio / 2, half * cell + ratio / 2, cell, cell);
  strokeTwice(context, path, 1, 2 * ratio);
}
