// common/canvas.js
function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
function unpackMask(bytes, { height, width }) {
  return Uint8Array.from({ length: height * width }, (_, at) => (bytes[at >> 3] ?? 0) >> 7 - (at & 7) & 1);
}
function packed([red, green, blue], opacity = 255) {
  return new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0] ?? 0;
}
function cssColor([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}
function borders(map, { height, width }) {
  const at = (row, column) => {
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    return inside ? map[row * width + column] ?? 0 : 0;
  };
  const level = runs(height, width, (row, column) => at(row - 1, column) !== at(row, column));
  const upright = runs(width, height, (column, row) => at(row, column - 1) !== at(row, column));
  return [
    ...level.map(([row, from, to]) => (
      /** @type {Line} */
      [from, row, to, row]
    )),
    ...upright.map(([column, from, to]) => (
      /** @type {Line} */
      [column, from, column, to]
    ))
  ];
}
function runs(count, length, holds) {
  const found = [];
  for (let across = 0; across <= count; across++) {
    let start2 = -1;
    for (let along = 0; along <= length; along++) {
      const here = along < length && holds(across, along);
      if (here && start2 < 0) start2 = along;
      if (here || start2 < 0) continue;
      found.push([across, start2, along]);
      start2 = -1;
    }
  }
  return found;
}
function pathOf(lines) {
  return lines.map(([x0, y0, x1, y1]) => `M${x0} ${y0}L${x1} ${y1}`).join("");
}
function bitmap({ height, width }, color) {
  const colors = Uint32Array.from({ length: height * width }, (_, at) => color(at));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(colors.buffer), width, height), 0, 0);
  return canvas;
}
function photo(rgb, size) {
  const channel = (at) => rgb[at] ?? 0;
  return bitmap(size, (at) => packed([channel(3 * at), channel(3 * at + 1), channel(3 * at + 2)]));
}
function contextOf(canvas) {
  return (
    /** @type {CanvasRenderingContext2D} */
    canvas.getContext("2d")
  );
}

// common/dom.js
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}
function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}
function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === void 0) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}
function frame(className, name, ...children) {
  const attributes = { role: "group", "aria-label": name, tabindex: -1 };
  const node = element("div", { class: `page ${className}`, ...attributes }, ...children);
  node.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.altKey || event.stopPropagation());
  return node;
}
function statusLine(className = "") {
  const attributes = { role: "status", "aria-live": "polite", "aria-atomic": "true" };
  return element("div", { class: `page-status ${className}`, ...attributes });
}
function slider(name, last, inWords, change2) {
  const input = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": name });
  const output = element("output");
  const set = (value) => {
    input.value = String(value);
    input.ariaValueText = output.textContent = inWords(value);
  };
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    change2(input.valueAsNumber);
  });
  set(0);
  return { node: element("label", { class: "page-slider" }, input, output), set };
}

// common/keys.js
function keyMove(size, { row, column }, key, far = false) {
  const by = far ? 10 : 1;
  const moves = {
    ArrowUp: { row: row - by, column },
    ArrowDown: { row: row + by, column },
    ArrowLeft: { row, column: column - by },
    ArrowRight: { row, column: column + by },
    Home: { row, column: 0 },
    End: { row, column: size.width - 1 }
  };
  const to = moves[key];
  if (!to) return null;
  const inside = { row: clamp(to.row, size.height), column: clamp(to.column, size.width) };
  return inside.row === row && inside.column === column ? null : inside;
}
function lineMove(count, from, key) {
  const alike2 = (
    /** @type {Record<string, string>} */
    { ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" }[key] ?? key
  );
  return keyMove({ height: 1, width: count }, { row: 0, column: from }, alike2)?.column ?? null;
}
function clamp(value, count) {
  return Math.min(Math.max(value, 0), count - 1);
}
function oneTabStop(nodes, move) {
  const stopAt = (stop) => nodes.forEach((node, at) => node.setAttribute("tabindex", at === stop ? "0" : "-1"));
  stopAt(0);
  nodes.forEach((node, at) => {
    node.addEventListener("focus", () => stopAt(at));
    node.addEventListener("keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey } = (
        /** @type {KeyboardEvent} */
        event
      );
      const to = ctrlKey || metaKey || altKey ? null : move(at, key);
      if (to === null && !key.startsWith("Arrow")) return;
      event.preventDefault();
      event.stopPropagation();
      if (to !== null) nodes[to]?.focus();
    });
  });
}

// matches/state.js
function start({ predictions }) {
  return { kept: predictions.length, level: 0, hovered: null, pinned: null };
}
function cutsOf(predictions) {
  const scores = [...new Set(predictions.map(({ score }) => score))].reverse();
  return scores.map((score) => ({ score, kept: predictions.filter((each) => each.score >= score).length }));
}
function change(state, changes) {
  const next = { ...state, ...changes };
  const still = (item) => item?.kind === "prediction" && item.at >= next.kept ? null : item;
  const [hovered, pinned] = [still(next.hovered), still(next.pinned)];
  const same = alike(hovered, state.hovered) && alike(pinned, state.pinned);
  return same && next.kept === state.kept && next.level === state.level ? state : { ...next, hovered, pinned };
}
function alike(a, b) {
  return a?.kind === b?.kind && a?.at === b?.at;
}
function levelOf({ levels }, { level }) {
  return (
    /** @type {Level} */
    levels[level]
  );
}
function finderOf(info, state, object) {
  const finder = levelOf(info, state).found.indexOf(object);
  return finder < state.kept ? finder : -1;
}
function bestFor({ predictions, objects, ious }, { kept }, object) {
  let best = -1;
  let most = 0;
  predictions.slice(0, kept).forEach(({ category }, at) => {
    const iou = category === objects[object]?.category ? ious[at]?.[object] ?? 0 : 0;
    if (iou > most) [best, most] = [at, iou];
  });
  return best;
}
function countsOf(info, state, kept = state.kept) {
  const kinds = levelOf(info, state).kinds.slice(0, kept);
  const count = (kind) => kinds.filter((each) => each === kind).length;
  const [hit, objects] = [count("hit"), info.objects.length];
  return { hit, double: count("double"), wrong: count("wrong"), missed: objects - hit, predictions: kept, objects };
}
function pointsOf(info, state) {
  if (!info.objects.length) return [];
  return info.predictions.map((_, at) => {
    const { hit, objects } = countsOf(info, state, at + 1);
    return { recall: hit / objects, precision: hit / (at + 1) };
  });
}
function lightOf(info, state) {
  const item = state.hovered ?? state.pinned;
  if (!item) return null;
  const { at, kind } = item;
  if (kind === "object") return { item, predictions: there([partnerOf(info, state, at)]), objects: there([at]) };
  const object = objectOf(info, state, at);
  const taker = levelOf(info, state).kinds[at] === "double" ? finderOf(info, state, object) : at;
  return { item, predictions: there([at, taker]), objects: there([object]) };
}
function there(places) {
  return new Set(places.filter((at) => at >= 0));
}
function objectOf(info, state, prediction) {
  const found = levelOf(info, state).found[prediction] ?? -1;
  return found >= 0 ? found : info.predictions[prediction]?.best ?? -1;
}
function partnerOf(info, state, object) {
  const finder = finderOf(info, state, object);
  return finder >= 0 ? finder : bestFor(info, state, object);
}

// matches/marks.js
function itemOf({ kind, at }) {
  return { [`data-${kind}`]: at };
}
function under(event) {
  const node = (
    /** @type {Element} */
    event.target.closest("[data-prediction], [data-object]")
  );
  const { prediction, object } = (
    /** @type {HTMLElement | null} */
    node?.dataset ?? {}
  );
  if (prediction !== void 0) return { kind: "prediction", at: Number(prediction) };
  return object === void 0 ? null : { kind: "object", at: Number(object) };
}
function nodeOf(view, { kind, at }) {
  return view.querySelector(`[data-${kind}="${at}"][tabindex]`);
}
function show(node, attributes) {
  const changed = Object.entries(attributes).filter(([name, value]) => {
    return node?.getAttribute(name) !== (value === false ? null : value === true ? "" : String(value));
  });
  if (node && changed.length) setAttributes(node, Object.fromEntries(changed));
}
function standing(info, state, { kind, at }) {
  if (kind === "object") return finderOf(info, state, at) < 0 ? "missed" : "hit";
  return at < state.kept ? levelOf(info, state).kinds[at] ?? "gone" : "gone";
}
function lightsUp(light, { kind, at }) {
  const pointed = light?.item.kind === kind && light.item.at === at;
  const lit = !light || light[kind === "prediction" ? "predictions" : "objects"].has(at);
  return { "data-pointed": pointed, "data-dim": !lit };
}
function follow(view, { hover, press }, find = under) {
  view.addEventListener("pointermove", (event) => event.pointerType !== "touch" && hover(find(event)));
  view.addEventListener("pointerleave", () => hover(null));
  view.addEventListener("click", (event) => {
    const item = find(event);
    press(item);
    if (item) nodeOf(view, item)?.focus({ preventScroll: true });
  });
  view.addEventListener("focusin", (event) => {
    const item = under(event);
    if (item) press(item);
  });
}
function walk(nodes, seen) {
  oneTabStop(nodes, (from, key) => {
    const places = nodes.flatMap((node, at) => seen(node) ? [at] : []);
    const to = lineMove(places.length, places.indexOf(from), key);
    return to === null ? null : places[to] ?? null;
  });
  return () => {
    const stop = nodes.find((node) => node.getAttribute("tabindex") === "0");
    if (stop && seen(stop)) return;
    const first = nodes.find(seen);
    nodes.forEach((node) => show(node, { tabindex: node === first ? 0 : -1 }));
  };
}

// matches/curve.js
var BOX = { left: 46, top: 12, right: 308, bottom: 178, width: 320, height: 214 };
var SHAPES = {
  hit: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
  double: "M-4 -4h8v8h-8z",
  wrong: "M0 -5.5L5 4H-5z",
  missed: "",
  gone: ""
};
var NEXT = 8;
function placeOf({ recall, precision }) {
  return { x: BOX.left + recall * (BOX.right - BOX.left), y: BOX.bottom - precision * (BOX.bottom - BOX.top) };
}
function lineOf(points) {
  const places = points.map(placeOf).map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return places.length ? `M${places.join("L")}` : "";
}
function makeCurve(info, reader) {
  const lines = ["matches-rest", "matches-curve"].map((name) => shape("path", { class: name }));
  const ring = shape("circle", { class: "matches-ring", r: 9 });
  const nodes = info.predictions.map((_, at) => makePoint(at));
  const names = { role: "group", "aria-label": "Precision and recall" };
  const drawing = shape("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, ...names });
  drawing.append(...axes(), ...manyStreets(info), ...lines, ring, ...nodes);
  const keepStop = walk(nodes, (node2) => !node2.hasAttribute("hidden"));
  let points = [];
  const stage = element("div", {}, drawing);
  follow(stage, reader, (event) => pointAt(drawing, points, event));
  const caption = element("figcaption", {}, "Precision and recall after each prediction");
  const node = element("figure", { class: "matches-chart" }, caption, stage);
  return {
    node,
    show: (now, light) => {
      const all = pointsOf(info, now);
      points = all.slice(0, now.kept);
      const parts = [all.slice(Math.max(0, now.kept - 1)), points];
      lines.forEach((line, at) => line.setAttribute("d", lineOf(parts[at] ?? [])));
      showRing(ring, points.at(-1));
      nodes.forEach((each, at) => showPoint(info, each, at, points[at], now, light));
      keepStop();
    }
  };
}
function makePoint(at) {
  return shape("path", { class: "matches-point", role: "img", ...itemOf({ kind: "prediction", at }) });
}
function showRing(ring, point) {
  const { x, y } = placeOf(point ?? { recall: 0, precision: 0 });
  show(ring, { cx: x, cy: y, hidden: !point });
}
function showPoint(info, node, at, point, now, light) {
  const item = (
    /** @type {Item} */
    { kind: "prediction", at }
  );
  const standsAs = standing(info, now, item);
  show(node, { "data-standing": standsAs, ...lightsUp(light, item), hidden: !point });
  if (!point) return;
  const { x, y } = placeOf(point);
  const [recall, precision] = [point.recall, point.precision].map((each) => each.toFixed(2));
  const words = `after prediction ${at + 1}: recall ${recall}, precision ${precision}`;
  const scale = node.hasAttribute("data-pointed") ? 1.5 : 1;
  show(node, { d: SHAPES[standsAs], transform: `translate(${x} ${y}) scale(${scale})`, "aria-label": words });
}
function pointAt(drawing, points, event) {
  const box = drawing.getBoundingClientRect();
  const scale = BOX.width / box.width;
  const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  const distances = points.map(placeOf).map((place) => Math.hypot(place.x - x, place.y - y));
  const least = Math.min(...distances, Infinity);
  return least > NEXT ? null : { kind: "prediction", at: distances.lastIndexOf(least) };
}
function axes() {
  const ticks = [0, 0.5, 1].flatMap((value) => {
    const across = [{ recall: 0, precision: value }, { recall: 1, precision: value }];
    const up = [{ recall: value, precision: 0 }, { recall: value, precision: 1 }];
    const { x, y } = placeOf({ recall: value, precision: value });
    return [
      ...[across, up].map((ends) => shape("path", { class: "matches-grid", d: lineOf(ends) })),
      text(`${value}`, { x: BOX.left - 7, y: y + 4, "text-anchor": "end" }),
      text(`${value}`, { x, y: BOX.bottom + 15, "text-anchor": "middle" })
    ];
  });
  const middle = (BOX.left + BOX.right) / 2;
  const turned = `translate(13 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)`;
  const names = [
    text("recall", { class: "matches-axis", x: middle, y: BOX.height - 4, "text-anchor": "middle" }),
    text("precision", { class: "matches-axis", transform: turned, "text-anchor": "middle" })
  ];
  return [...ticks, ...names];
}
function text(words, attributes) {
  const node = shape("text", attributes);
  node.textContent = words;
  return node;
}
function manyStreets({ curve }) {
  if (!curve.length) return [];
  const points = curve.map(([recall, precision]) => ({ recall, precision }));
  const { x, y } = placeOf(
    /** @type {Point} */
    points[Math.floor(2 * points.length / 3)]
  );
  const name = text("many streets", { x, y: Math.min(y + 16, BOX.bottom - 4), "text-anchor": "end" });
  return [shape("path", { class: "matches-many", d: lineOf(points) }), name];
}

// matches/data.js
var SIGNS = { hit: "✓", double: "2×", wrong: "?", missed: "✗" };

// matches/legend.js
var NAMES = {
  hit: ["hit", "hits"],
  double: ["double", "doubles"],
  wrong: ["other false positive", "other false positives"],
  missed: ["missed", "missed"]
};
function makeLegend(info) {
  const kinds = (
    /** @type {(keyof typeof SIGNS)[]} */
    Object.keys(SIGNS)
  );
  const words = kinds.map(() => element("span"));
  const entries = kinds.map((kind, at) => element("li", { "data-standing": kind }, sample(), words[at] ?? ""));
  const node = element("ul", { class: "matches-legend" }, ...entries);
  return {
    node,
    show: (now) => {
      const counts = countsOf(info, now);
      kinds.forEach((kind, at) => {
        const name = NAMES[kind][counts[kind] === 1 ? 0 : 1];
        words[at]?.replaceChildren(`${SIGNS[kind]} ${counts[kind]} ${name}`);
      });
    }
  };
}
function sample() {
  const line = { d: "M2 2h22v10h-22z" };
  const names = ["matches-area", "matches-under", "matches-line"];
  const parts = names.map((name) => shape("path", { class: name, ...line }));
  return shape("svg", { viewBox: "0 0 26 14", width: 26, height: 14, "aria-hidden": "true" }, ...parts);
}

// matches/matrix.js
function makeMatrix(info, reader) {
  const columns = info.objects.map((_, at) => headOfColumn(info, at));
  const rows = info.predictions.map((_, at) => makeRow(info, at));
  const heads = [...rows.map((row) => row.head), ...columns];
  const table = makeTable(info, rows, columns);
  const seen = (node2) => !node2.closest("[data-standing=gone]");
  const keepStop = walk(heads.map(({ node: node2 }) => node2), seen);
  follow(table, reader);
  const scroller = element("div", { class: "matches-scroller" }, table);
  const caption = element("figcaption", {}, "IoU of each prediction with each true object");
  const node = element("figure", { class: "matches-matrix" }, caption, scroller);
  return {
    node,
    show: (now, light) => {
      heads.forEach((each) => showHead(info, each, now, light));
      rows.forEach((row) => showRow(info, row, now, light));
      keepStop();
      intoView(scroller, table.querySelector("th[data-pointed]"));
    }
  };
}
function makeTable(info, rows, columns) {
  const numbers = element("tr", {}, corner("predictions ↓"), ...columns.map(({ node }) => node));
  const body = element("tbody", {}, ...rows.map(({ node }) => node));
  const name = { "aria-label": "IoU of predictions and true objects" };
  return element("table", name, element("thead", {}, categoriesOf(info), numbers), body);
}
function corner(text2) {
  return element("td", { class: "matches-corner" }, text2);
}
function categoriesOf({ objects }) {
  const names = [...new Set(objects.map(({ category }) => category))];
  const groups = names.map((name) => {
    const count = objects.filter(({ category }) => category === name).length;
    return element("th", { class: "matches-category", scope: "colgroup", colspan: count }, name);
  });
  return element("tr", {}, corner("true objects →"), ...groups);
}
function headOfColumn({ objects }, at) {
  const item = (
    /** @type {Item} */
    { kind: "object", at }
  );
  const sign = element("b", { class: "matches-sign" });
  const node = element("th", { scope: "col", ...itemOf(item) }, `${objects[at]?.number}`, sign);
  return { node, sign, item };
}
function makeRow(info, at) {
  const { category, score } = (
    /** @type {import("./data.js").Prediction} */
    info.predictions[at]
  );
  const item = (
    /** @type {Item} */
    { kind: "prediction", at }
  );
  const sign = element("b", { class: "matches-sign" });
  const [number, word, sure] = [`${at + 1}`, category, score.toFixed(3)].map((text2) => element("span", {}, text2));
  const parts = [number, sign, word, sure].flatMap((each) => each ?? []);
  const node = element("th", { scope: "row", ...itemOf(item) }, element("span", { class: "matches-row" }, ...parts));
  const cells = info.objects.map((object, column) => {
    const iou = info.ious[at]?.[column] ?? 0;
    const other = object.category !== category;
    const attributes = { ...itemOf(item), "data-other": other, style: `--shade: ${Math.round(60 * iou)}%` };
    return element("td", attributes, iou > 0 ? info.texts[at]?.[column] ?? "" : other ? "" : "0");
  });
  return { head: { node, sign, item }, cells, node: element("tr", {}, node, ...cells) };
}
function showHead(info, { node, sign, item }, now, light) {
  const standsAs = standing(info, now, item);
  show(node, { "data-standing": standsAs, ...lightsUp(light, item) });
  sign.textContent = standsAs === "gone" ? "" : SIGNS[standsAs];
}
function showRow(info, { head, cells, node }, now, light) {
  const { at } = head.item;
  const object = objectOf(info, now, at);
  show(node, { "data-standing": standing(info, now, head.item) });
  cells.forEach((cell, column) => {
    const both = light?.predictions.has(at) && light.objects.has(column);
    const lit = !light || both || light.item.at === (light.item.kind === "object" ? column : at);
    show(cell, { "data-frame": column === object, "data-dim": !lit });
  });
}
function intoView(scroller, node) {
  if (!node) return;
  const [frame2, box] = [scroller.getBoundingClientRect(), node.getBoundingClientRect()];
  const head = scroller.querySelector("thead")?.clientHeight ?? 0;
  const above = node.closest("thead") ? 0 : frame2.top + head - box.top;
  if (above > 0 || box.bottom > frame2.bottom) scroller.scrollTop += above > 0 ? -above : box.bottom - frame2.bottom;
  if (node.closest("thead") && box.right > frame2.right) scroller.scrollLeft += box.right - frame2.right;
}

// common/pointer.js
function positionOf(picture, { height, width }, event) {
  const box = picture.getBoundingClientRect();
  const half = 0.499 / (window.devicePixelRatio || 1);
  return {
    row: (event.clientY + half - box.top) / box.height * height,
    column: (event.clientX + half - box.left) / box.width * width
  };
}
function nearest(items, distance, reach) {
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

// matches/masks.js
function unpack(info, pixels) {
  const count = info.height * info.width;
  const length = Math.ceil(count / 8);
  const items = [
    ...info.objects.map((_, at) => (
      /** @type {Item} */
      { kind: "object", at }
    )),
    ...info.predictions.map((_, at) => (
      /** @type {Item} */
      { kind: "prediction", at }
    ))
  ];
  const masks = items.map((item) => {
    const place = item.at + (item.kind === "object" ? info.predictions.length : 0);
    const start2 = 3 * count + place * length;
    const mask = unpackMask(pixels.subarray(start2, start2 + length), info);
    return { item, mask, area: mask.reduce((sum, each) => sum + each, 0) };
  });
  return { rgb: pixels.subarray(0, 3 * count), masks: masks.sort((a, b) => b.area - a.area) };
}
function areaOf(mask, { height, width }) {
  let path = "";
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const start2 = column;
      while (column < width && mask[row * width + column]) column++;
      if (column > start2) path += `M${start2} ${row}h${column - start2}v1h${start2 - column}z`;
    }
  }
  return path;
}
function endsOf(mask, { height, width }) {
  const places = Array.from({ length: height * width }, (_, at) => at).filter((at) => mask[at]);
  return [places[0] ?? 0, places.at(-1) ?? 0].map((end) => {
    const row = Math.floor(end / width);
    const columns = places.filter((at) => Math.floor(at / width) === row).map((at) => at % width);
    const middle = ((columns[0] ?? 0) + (columns.at(-1) ?? 0) + 1) / 2;
    return { x: middle / width, y: (row + 0.5) / height };
  });
}

// matches/sentence.js
var NOTHING = "Point at a mask, at a row or column of the table, or at a point of the curve.";
function sentenceOf(info, state) {
  const item = state.hovered ?? state.pinned;
  if (!item) return NOTHING;
  return item.kind === "prediction" ? ofPrediction(info, state, item.at) : ofObject(info, state, item.at);
}
function ofPrediction(info, state, at) {
  const { category, score } = (
    /** @type {import("./data.js").Prediction} */
    info.predictions[at]
  );
  const { hit, predictions, objects } = countsOf(info, state, at + 1);
  const after = `Precision so far ${hit} / ${predictions}, recall ${hit} / ${objects}.`;
  return `Prediction ${at + 1}, ${category} ${score.toFixed(3)}: ${verdict(info, state, at)}. ${after}`;
}
function verdict(info, state, at) {
  const { kinds, threshold } = levelOf(info, state);
  const object = objectOf(info, state, at);
  if (object < 0) return `it overlaps no true ${info.predictions[at]?.category}: a false positive`;
  const fit = `IoU ${info.texts[at]?.[object]} with ${nameOf(info, object)}`;
  if (kinds[at] === "hit") return `${fit}, free until now: a hit`;
  const finder = finderOf(info, state, object) + 1;
  if (kinds[at] === "double") return `${fit}, which prediction ${finder} had found: a double`;
  return `at most ${fit}, below ${threshold.toFixed(2)}: a false positive`;
}
function ofObject(info, state, at) {
  const finder = finderOf(info, state, at);
  const name = `True ${nameOf(info, at)}`;
  if (finder >= 0) return `${name}: found by prediction ${finder + 1} with IoU ${info.texts[finder]?.[at]}.`;
  return `${name}: missed. ${reason(info, state, at)}`;
}
function reason(info, state, at) {
  const { found, threshold } = levelOf(info, state);
  const late = found.indexOf(at);
  const score = info.predictions[late]?.score.toFixed(3);
  if (late >= 0) return `Prediction ${late + 1} would find it, but its score ${score} is below the threshold.`;
  const best = bestFor(info, state, at);
  if (best < 0) return `No prediction of a ${info.objects[at]?.category} overlaps it.`;
  const other = found[best] ?? -1;
  const why = other < 0 ? `below ${threshold.toFixed(2)}` : `but that found ${nameOf(info, other)}`;
  return `The best IoU is ${info.texts[best]?.[at]}, by prediction ${best + 1}, ${why}.`;
}
function nameOf({ objects }, object) {
  const { category, number } = (
    /** @type {import("./data.js").TrueObject} */
    objects[object]
  );
  return `${category} ${number}`;
}

// matches/picture.js
var DIM = 0.3;
var HATCH = 40;
var hatches = 0;
function makePicture(info, pixels, reader) {
  const { rgb, masks } = unpack(info, pixels);
  const marks = masks.map((mask) => makeMark(info, mask));
  const canvas = element("canvas", { width: info.width, height: info.height, "aria-hidden": "true" });
  const stage = element("div", { class: "matches-stage" }, canvas, draw(info, marks), ...marks.map(({ tag }) => tag));
  const outlines = [...marks].sort((a, b) => rank(a.item) - rank(b.item)).map(({ outline }) => outline);
  const keepStop = walk(outlines, (node2) => !node2.hasAttribute("hidden"));
  const paint = painter(canvas, rgb, masks, info);
  follow(stage, reader, (event) => under(event) ?? markAt(info, marks, stage, event));
  const node = element("figure", { class: "matches-picture" }, element("figcaption", {}, "The street"), stage);
  return {
    node,
    show: (now, light) => {
      marks.forEach((mark) => showMark(info, mark, now, light));
      paint(light);
      keepStop();
    }
  };
}
function rank({ kind, at }) {
  return at + (kind === "object" ? 1e6 : 0);
}
function draw({ height, width }, marks) {
  const id = `matches-hatch-${Date.now()}-${hatches++}`;
  const side = width / HATCH;
  const attributes = { id, patternUnits: "userSpaceOnUse", width: side, height: side, patternTransform: "rotate(45)" };
  const stripe = shape("rect", { class: "matches-stripe", width: side / 2.5, height: side });
  const pattern = shape("pattern", attributes, stripe);
  const view = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", style: `--hatch: url(#${id})` };
  const names = { role: "group", "aria-label": "The street: predictions, and true objects that are missed" };
  return shape("svg", { ...view, ...names }, shape("defs", {}, pattern), ...marks.map(({ outline }) => outline));
}
function makeMark(info, each) {
  const { item, mask } = each;
  const lines = pathOf(borders(mask, info));
  const parts = [
    shape("path", { class: "matches-area", d: areaOf(mask, info) }),
    shape("path", { class: "matches-under", d: lines }),
    shape("path", { class: "matches-line", d: lines })
  ];
  const outline = shape("g", { class: "matches-mark", role: "img", ...itemOf(item) }, ...parts);
  const places = endsOf(mask, info).map(({ x, y }, at) => `--x${at}: ${100 * x}%; --y${at}: ${100 * y}%`);
  const looks = { class: "matches-tag", "aria-hidden": "true", style: places.join("; ") };
  return { ...each, outline, tag: element("span", { ...looks, ...itemOf(item) }) };
}
function showMark(info, { item, outline, tag }, now, light) {
  const standsAs = standing(info, now, item);
  const looks = { "data-standing": standsAs, ...lightsUp(light, item) };
  const found = item.kind === "object" && standsAs === "hit";
  const hidden = standsAs === "gone" || found && !light?.objects.has(item.at);
  show(outline, { ...looks, hidden, "aria-label": wordsFor(info, item, standsAs) });
  show(tag, { ...looks, hidden: hidden || found });
  const sign = standsAs === "gone" || standsAs === "hit" ? "" : SIGNS[standsAs];
  tag.textContent = `${item.kind === "object" ? nameOf(info, item.at) : item.at + 1} ${sign}`;
}
function wordsFor(info, { kind, at }, standsAs) {
  if (kind === "object") return `true ${nameOf(info, at)}, ${standsAs === "hit" ? "found" : "missed"}`;
  const verdict2 = standsAs === "wrong" ? "false positive" : standsAs;
  return `prediction ${at + 1}, ${info.predictions[at]?.category}, ${verdict2}`;
}
function markAt(info, marks, stage, event) {
  const { row, column } = positionOf(stage, info, event);
  const inside = row >= 0 && column >= 0 && row < info.height && column < info.width;
  const at = Math.floor(row) * info.width + Math.floor(column);
  const seen = inside ? marks.filter(({ outline }) => !outline.hasAttribute("hidden")) : [];
  return nearest(seen, ({ mask }) => mask[at] ? 0 : 1, 0)?.item ?? null;
}
function painter(canvas, rgb, masks, info) {
  const [context, ground] = [contextOf(canvas), photo(rgb, info)];
  const color = (at) => packed([rgb[3 * at] ?? 0, rgb[3 * at + 1] ?? 0, rgb[3 * at + 2] ?? 0]);
  const cutouts = /* @__PURE__ */ new Map();
  const cutout = (each) => {
    const made = cutouts.get(each) ?? bitmap(info, (at) => each.mask[at] ? color(at) : 0);
    cutouts.set(each, made);
    return made;
  };
  return (light) => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = light ? DIM : 1;
    context.drawImage(ground, 0, 0);
    context.globalAlpha = 1;
    const lit = light ? masks.filter(({ item }) => !lightsUp(light, item)["data-dim"]) : [];
    for (const each of lit) context.drawImage(cutout(each), 0, 0);
  };
}

// matches/words.js
function makeWords(info, update) {
  const [said, sums] = [statusLine("matches-said"), statusLine("matches-sums")];
  const node = element("div", { class: "matches-words" }, said, makeSliders(info, update), sums);
  return {
    node,
    show: (now) => {
      const sentence = sentenceOf(info, now);
      if (said.textContent !== sentence) said.textContent = sentence;
      const lines = formulas(countsOf(info, now));
      if (sums.textContent !== lines.map(textOf).join("")) sums.replaceChildren(...lines.map(lineOf2));
    }
  };
}
function makeSliders(info, update) {
  const cuts = cutsOf(info.predictions);
  const all = info.predictions.length;
  const cutInWords = (at) => {
    return all ? `≥ ${cuts[at]?.score.toFixed(3)} (${cuts[at]?.kept} of ${all} predictions)` : "no predictions";
  };
  const cut = (at) => update({ kept: cuts[at]?.kept ?? 0 });
  const levelInWords = (level) => `≥ ${levelOf(info, { level }).threshold.toFixed(2)}`;
  const score = slider("Score threshold", Math.max(0, cuts.length - 1), cutInWords, cut);
  const iou = slider("IoU threshold", info.levels.length - 1, levelInWords, (level) => update({ level }));
  score.node.prepend(element("span", {}, "score threshold"));
  iou.node.prepend(element("span", {}, "IoU threshold"));
  return element("div", { class: "matches-sliders" }, score.node, iou.node);
}
function formulas({ hit, double, wrong, missed, predictions, objects }) {
  const hits = { text: `${hit}`, tint: "hit" };
  const [twice, others] = [{ text: `${double}`, tint: "double" }, { text: `${wrong}`, tint: "wrong" }];
  const lost = { text: `${missed}`, tint: "missed" };
  const [over, plus] = [{ text: " / (" }, { text: " + " }];
  const precision = [{ text: "precision = hits / predictions = " }, hits, over, hits, plus, twice, plus, others];
  const recall = [{ text: "recall = hits / true objects = " }, hits, over, hits, plus, lost];
  return [
    [...precision, { text: `) = ${hit} / ${predictions} = ${share(hit, predictions)}` }],
    [...recall, { text: `) = ${hit} / ${objects} = ${share(hit, objects)}` }]
  ];
}
function share(part, whole) {
  return whole ? (part / whole).toFixed(2) : "undefined";
}
function textOf(parts) {
  return parts.map(({ text: text2 }) => text2).join("");
}
function lineOf2(parts) {
  const nodes = parts.map(({ text: text2, tint }) => {
    return tint ? element("b", { class: "matches-term", style: `--tint: var(--${tint})` }, text2) : text2;
  });
  return element("p", {}, ...nodes);
}

// matches/matches.js
function makeMatches(info, pixels) {
  let state = start(info);
  const update = (changes) => {
    const next = change(state, changes);
    if (next !== state) show2(state = next);
  };
  const reader = { hover: (hovered) => update({ hovered }), press: (pinned) => update({ hovered: null, pinned }) };
  const linked = [makePicture(info, pixels, reader), makeCurve(info, reader), makeMatrix(info, reader)];
  const views = [makeLegend(info), ...linked, makeWords(info, update)];
  const grid = element("div", { class: "matches-views" }, ...views.map((each) => each.node));
  const node = frame("matches", info.alt, grid);
  for (const [kind, color] of Object.entries(info.colors)) node.style.setProperty(`--${kind}`, cssColor(color));
  node.addEventListener("keydown", (event) => event.key === "Escape" && reader.press(null));
  const show2 = (now) => {
    const light = lightOf(info, now);
    views.forEach((each) => each.show(now, light));
  };
  show2(state);
  return { node, leave: () => node.remove() };
}

// matches/index.js
function render({ model, el }) {
  const { node, leave } = makeMatches(model.get("info"), bytesOf(model.get("pixels")));
  el.replaceChildren(node);
  return leave;
}
var matches_default = { render };
export {
  matches_default as default
};
