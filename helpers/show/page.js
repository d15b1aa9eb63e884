// What the pages of several widgets share. page.py puts this text before a widget's own files, into the same module.
// The first part is pure: it can be tested without a page. The others make controls, and draw.
//
// A size is { height, width } in pixels of the picture, a position { row, column }. `scale` is screen pixels for one pixel
// of the picture, `ratio` is screen pixels for one CSS pixel.

/** What the kernel sent, as bytes of our own. */
export function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

/** RGBA as one number, the way it lies in memory: large pictures are painted four bytes at a time. */
export function packed(red, green, blue, opacity = 255) {
  return new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0];
}

/** The position in the picture that is nearest to one. */
export function inside({ height, width }, { row, column }) {
  const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1);
  return { row: clamp(row, height), column: clamp(column, width) };
}

/** Where a key leads from a position, or null if the key is none of ours; by ten pixels at a time if `far`. */
export function keyMove(size, { row, column }, key, far) {
  const by = far ? 10 : 1;
  const to = {
    ArrowUp: { row: row - by, column },
    ArrowDown: { row: row + by, column },
    ArrowLeft: { row, column: column - by },
    ArrowRight: { row, column: column + by },
    Home: { row, column: 0 },
    End: { row, column: size.width - 1 },
  }[key];
  return to ? inside(size, to) : null;
}

/**
 * Lines [x0, y0, x1, y1], as long as can be, wherever two neighbours in an `[H, W]` array of numbers differ. They run to the
 * right or down. Beyond the edge all is 0.
 */
export function borders({ height, width }, numbers) {
  const lines = [];
  const at = (row, column) => (row < 0 || column < 0 || row === height || column === width ? 0 : numbers[row * width + column]);
  const walk = (count, length, differs, line) => {
    for (let across = 0; across <= count; across++) {
      for (let along = 0, start = -1; along <= length; along++) {
        const edge = along < length && differs(across, along);
        if (edge && start < 0) start = along;
        if (!edge && start >= 0) {
          lines.push(line(across, start, along));
          start = -1;
        }
      }
    }
  };
  walk(height, width, (row, column) => at(row - 1, column) !== at(row, column), (row, from, to) => [from, row, to, row]);
  walk(width, height, (column, row) => at(row, column - 1) !== at(row, column), (column, from, to) => [column, from, column, to]);
  return lines;
}

// --- controls ----------------------------------------------------------------------------------------------------------

function element(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** A line of text that a screen reader says again when it changes. */
function statusLine(className) {
  return element("div", className, "", { role: "status", "aria-live": "polite", "aria-atomic": "true" });
}

function swatch(color) {
  const node = element("span", "pv-swatch", "", { "aria-hidden": "true" });
  node.style.background = cssColor(color);
  return node;
}

/** Radio buttons that look like one control; `titles` say more of some values. `set` chooses one from outside. */
function choice(legend, values, value, choose, titles = {}) {
  const group = element("fieldset", "pv-choice");
  group.append(element("legend", "pv-unseen", legend));
  const name = `pv-${legend}-${Math.random().toString(36).slice(2)}`;
  const inputs = values.map((each) => {
    const label = element("label", "", "", each in titles ? { title: titles[each] } : {});
    const input = element("input", "", "", { type: "radio", name, value: each });
    input.checked = each === value;
    input.addEventListener("change", () => choose(each));
    label.append(input, element("span", "", each[0].toUpperCase() + each.slice(1)));
    group.append(label);
    return input;
  });
  return { group, set: (each) => inputs.forEach((input) => (input.checked = input.value === each)) };
}

/** A slider from 0 with its value in words beside it; `set` moves it from outside. */
function slider(text, max, step, inWords, change) {
  const label = element("label", "pv-opacity", text);
  const input = element("input", "", "", { type: "range", min: 0, max, step });
  const output = element("output");
  const set = (value) => {
    input.value = value;
    output.textContent = inWords(Number(input.value)); // which is rounded to a step
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    set(input.value);
    change(Number(input.value));
  });
  label.append(input, output);
  return { label, set };
}

/** A function that calls `draw` before the next frame: once, however often it is called until then. */
function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

// --- canvases ----------------------------------------------------------------------------------------------------------

function canvasOf(width, height) {
  return Object.assign(element("canvas"), { width, height });
}

/** A canvas with one pixel for each of the picture; `color` gives the packed colour of the pixel at a place. */
function bitmap({ height, width }, color) {
  const data = new ImageData(width, height);
  const colors = new Uint32Array(data.data.buffer);
  for (let at = 0; at < colors.length; at++) colors[at] = color(at);
  const canvas = canvasOf(width, height);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}

/** The same for a photograph, given as RGB bytes. */
function photoOf({ height, width }, rgb) {
  const data = new ImageData(width, height);
  for (let at = 0; at < height * width; at++) {
    for (let channel = 0; channel < 3; channel++) data.data[4 * at + channel] = rgb[3 * at + channel];
    data.data[4 * at + 3] = 255;
  }
  const canvas = canvasOf(width, height);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}

/** Gives a canvas as many pixels as the screen has for it, in the shape of the picture; returns its context. */
function fit(canvas, { height, width }, ratio) {
  const wide = Math.round((canvas.getBoundingClientRect().width || 320) * ratio);
  const high = Math.round((wide * height) / width);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = wide < width; // nearest neighbour, unless the picture must shrink
  return context;
}

/**
 * The position that a pointer is at; may lie outside the picture. A pointer has the left upper corner of a pixel of the screen,
 * but what is seen there is what the middle of that pixel shows; the browser lays a canvas on whole pixels of the screen.
 */
function positionOf(canvas, { height, width }, event) {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const edge = (at) => Math.round(at * ratio);
  // 0.01: a whole number divided by the ratio and multiplied again is none. 0.499: between two pixels the first one is drawn.
  const middle = (at) => Math.floor(at * ratio + 0.01) + 0.499;
  const share = (at, from, to) => (middle(at) - edge(from)) / (edge(to) - edge(from));
  return {
    row: Math.floor(share(event.clientY, box.top, box.bottom) * height),
    column: Math.floor(share(event.clientX, box.left, box.right) * width),
  };
}

// --- drawing -----------------------------------------------------------------------------------------------------------

function cssColor(color) {
  return `rgb(${color.join(",")})`;
}

function pathOf(lines) {
  const path = new Path2D();
  for (const [x0, y0, x1, y1] of lines) {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
  }
  return path;
}

/** A square around a pixel, never too small to be seen. */
function cursorAround({ row, column }, scale, ratio) {
  const side = Math.max(1, (7 * ratio) / scale);
  const path = new Path2D();
  path.rect(column + 0.5 - side / 2, row + 0.5 - side / 2, side, side);
  return path;
}

/** Strokes a path white on black, which shows on any colour; `width` is in screen pixels. */
function strokeTwice(context, path, scale, width) {
  for (const [color, each] of [["#000", width + 2], ["#fff", width]]) {
    context.strokeStyle = color;
    context.lineWidth = each / scale;
    context.stroke(path);
  }
}

/** Makes a context ready for `writeName`, and for measuring names. */
function startNames(context, ratio) {
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3 * ratio;
}

/** Writes a name around (x, y), so that it can be read on this colour. */
function writeName(context, name, x, y, color) {
  const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140;
  context.strokeStyle = light ? "rgba(255,255,255,0.75)" : "rgba(0,0,0,0.65)";
  context.fillStyle = light ? "#000" : "#fff";
  context.strokeText(name, x, y);
  context.fillText(name, x, y);
}

/**
 * The magnifier: `across` × `across` pixels around a position as squares of `cell` CSS pixels with a grid; `layers` are
 * [canvas, opacity]. What lies beyond the picture stays empty.
 */
function drawLens(lens, { across, cell }, layers, { row, column }, ratio) {
  const side = cell * ratio;
  lens.width = lens.height = across * side + ratio;
  const context = lens.getContext("2d");
  context.imageSmoothingEnabled = false;
  const half = across >> 1;
  for (const [layer, opacity] of layers) {
    context.globalAlpha = opacity;
    context.drawImage(layer, column - half, row - half, across, across, 0, 0, across * side, across * side);
  }
  context.globalAlpha = 1;
  context.fillStyle = "rgba(128,128,128,0.55)";
  for (let line = 0; line <= across; line++) {
    context.fillRect(line * side, 0, ratio, lens.height);
    context.fillRect(0, line * side, lens.width, ratio);
  }
  const path = new Path2D();
  path.rect(half * side + ratio / 2, half * side + ratio / 2, side, side);
  strokeTwice(context, path, 1, 2 * ratio);
}

/** A pattern of square tiles; `draw` is given the context of one. */
function tiles(side, draw) {
  const tile = canvasOf(side, side);
  const pen = tile.getContext("2d");
  draw(pen);
  return pen.createPattern(tile, "repeat");
}

/** Diagonal lines as a pattern, rising (`/`) or falling (`\`), so that colour is not alone in telling two areas apart. */
function stripes(side, rising, line, color, ground = "transparent") {
  return tiles(side, (pen) => {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, side, side);
    pen.strokeStyle = color;
    pen.lineWidth = line;
    for (const x of [-side, 0, side]) {
      pen.moveTo(x, rising ? side : 0);
      pen.lineTo(x + side, rising ? 0 : side);
    }
    pen.stroke();
  });
}

/** The stripes of an error: rising where the truth was missed, falling where there is too much. */
function errorStripes(rising, ratio, ground) {
  return stripes(7 * ratio, rising, 1.6 * ratio, "rgba(0,0,0,0.62)", ground);
}

/** A layer for a canvas: a colour or pattern wherever `isIn` says so of a pixel's place. */
function filled(canvas, size, isIn, filling) {
  const layer = canvasOf(canvas.width, canvas.height);
  const pen = layer.getContext("2d");
  const opaque = packed(0, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(bitmap(size, (at) => (isIn(at) ? opaque : 0)), 0, 0, layer.width, layer.height);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = filling;
  pen.fillRect(0, 0, layer.width, layer.height);
  return layer;
}
