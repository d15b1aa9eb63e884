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
function button(text, press2, attributes = {}) {
  const node = element("button", { type: "button", class: "page-button", ...attributes }, text);
  node.addEventListener("click", () => node.ariaDisabled !== "true" && press2());
  return node;
}
function enable(node, on) {
  node.ariaDisabled = String(!on);
}
function statusLine(className = "") {
  const attributes = { role: "status", "aria-live": "polite", "aria-atomic": "true" };
  return element("div", { class: `page-status ${className}`, ...attributes });
}
function slider(name, last, inWords, change) {
  const input = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": name });
  const output = element("output");
  const set = (value) => {
    input.value = String(value);
    input.ariaValueText = output.textContent = inWords(value);
  };
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  set(0);
  return { node: element("label", { class: "page-slider" }, input, output), set };
}

// common/motion.js
var KEY = /* @__PURE__ */ Symbol.for("pixels-to-panoptic.stage");
function stage() {
  const shared = (
    /** @type {any} */
    window
  );
  return shared[KEY] ??= { mover: null, waiting: /* @__PURE__ */ new Set() };
}
function lessMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)");
}
function motion(node, { wait, move, changed }) {
  const less = lessMotion();
  const ended = new AbortController();
  let now = { running: false, wanted: false, allowed: !less.matches };
  let inView = false;
  let timer;
  const self = { pause: () => update(false) };
  const schedule = () => {
    const milliseconds = wait();
    if (milliseconds === null) self.pause();
    else timer = setTimeout(() => (move(), now.running && schedule()), milliseconds);
  };
  const update = (wanted = now.wanted) => {
    const before = now;
    const may = wanted && inView && !document.hidden && !less.matches;
    now = { running: may && [null, self].includes(stage().mover), wanted, allowed: !less.matches };
    stage().waiting[may ? "add" : "delete"](update);
    if (now.running !== before.running) turn(now.running);
    if (JSON.stringify(now) !== JSON.stringify(before)) changed(now);
  };
  const turn = (on) => {
    stage().mover = on ? self : null;
    clearTimeout(timer);
    if (on) schedule();
    else for (const each of [...stage().waiting]) each();
  };
  const see = (entries) => {
    inView = entries.at(-1)?.isIntersecting ?? false;
    update();
  };
  const observer = new IntersectionObserver(see, { threshold: 0.5 });
  observer.observe(node);
  document.addEventListener("visibilitychange", () => update(), { signal: ended.signal });
  less.addEventListener("change", () => update(), { signal: ended.signal });
  return {
    idle: () => update(true),
    play: () => (stage().mover !== self && stage().mover?.pause(), update(true)),
    pause: self.pause,
    leave: () => (self.pause(), ended.abort(), observer.disconnect())
  };
}

// player/state.js
var START = { at: 0, done: [], pointed: null, pinned: false, wrong: null, said: "" };
function waits(steps, { at, done }) {
  return Boolean(steps[at]?.act) && !done.includes(at);
}
function furthest(steps, state) {
  const stop = steps.findIndex((_, at) => waits(steps, { ...state, at }));
  return stop < 0 ? steps.length - 1 : stop;
}
function goTo(steps, state, wanted) {
  const at = Math.min(Math.max(wanted, 0), furthest(steps, state));
  return at === state.at ? state : { ...START, at, done: state.done };
}
function point(info, state, id) {
  const result = id !== null && Object.hasOwn(info.causes, id) ? id : null;
  if (result === state.pointed || result === null && state.pinned) return state;
  return { ...state, pointed: result, pinned: false };
}
function free(state) {
  return state.pointed === null ? state : { ...state, pointed: null, pinned: false };
}
function press(info, state, id) {
  const { act, wrong } = (
    /** @type {Step} */
    info.steps[state.at]
  );
  const pointed = point(info, { ...state, pinned: false }, id).pointed;
  if (!waits(info.steps, state)) return { ...state, pointed, pinned: pointed !== null };
  if (id !== act) return { ...state, pointed: null, pinned: false, wrong: id, said: `✗ ${wrong[id] ?? `Not ${id}.`}` };
  const done = [...state.done, state.at];
  return { ...state, done, pointed, pinned: pointed !== null, wrong: null, said: `✓ Right: ${id}.` };
}
function lightOf({ steps, causes }, { at, done, pointed, wrong }) {
  const step = (
    /** @type {Step} */
    steps[at]
  );
  const answer = step.act && done.includes(at) ? [step.act] : [];
  const [ids, besides] = pointed === null ? [step.lights, answer] : [causes[pointed]?.lights ?? [], [pointed]];
  const lit = ids.length ? /* @__PURE__ */ new Set([...ids, ...besides, ...wrong === null ? [] : [wrong]]) : null;
  return { lit, pointed, wrong };
}
function readingTime(text) {
  return Math.min(1500 + 55 * text.length, 1e4);
}

// player/controls.js
var HINT = "Point at a result, or go to it with Tab and the arrow keys: what it comes from lights up.";
function makeWords({ steps, causes }) {
  const sentence = statusLine("player-sentence");
  const sum = statusLine("player-sum");
  sum.dataset.hint = Object.keys(causes).length ? HINT : "";
  let told = "";
  const show = ({ at, pointed, said }) => {
    const text = steps[at]?.text ?? "";
    if (sentence.textContent !== text) sentence.textContent = text;
    if (told === `${pointed} ${said}`) return;
    told = `${pointed} ${said}`;
    const terms = pointed === null ? [] : [`${pointed} = `, ...(causes[pointed]?.parts ?? []).map(termOf)];
    const answer = said ? [element("b", { class: "player-said" }, said, " ")] : [];
    sum.replaceChildren(...answer, ...terms);
  };
  return { nodes: [sum, sentence], show };
}
function termOf({ text, tint }) {
  return tint ? element("b", { class: "player-term", style: `--tint: ${cssColor(tint)}` }, text) : text;
}
function makeControls({ steps }, act) {
  const play = button("", act.toggle, { class: "page-button player-play" });
  const back = button("◀", () => act.step(-1), { "aria-label": "Back", title: "Back (←)" });
  const next = button("▶", () => act.step(1), { "aria-label": "Step", title: "Step (→)" });
  const reveal = button("Show me", act.reveal, { title: "Shows what to press here, and goes on" });
  const place = slider("Step", steps.length - 1, (at) => `${at + 1} / ${steps.length}`, act.go);
  const node = element("div", { class: "page-bar player-bar" }, play, back, next, place.node, reveal);
  const show = (state, { wanted, allowed }) => {
    play.textContent = wanted ? "❚❚ Pause" : "► Play";
    play.hidden = !allowed || steps.length < 2;
    enable(back, state.at > 0);
    enable(next, state.at < furthest(steps, state));
    reveal.hidden = !waits(steps, state);
    place.set(state.at);
  };
  return { node, show };
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
  const alike = (
    /** @type {Record<string, string>} */
    { ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" }[key] ?? key
  );
  return keyMove({ height: 1, width: count }, { row: 0, column: from }, alike)?.column ?? null;
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

// common/pointer.js
function positionOf(picture, { height, width }, event) {
  const box = picture.getBoundingClientRect();
  const half = 0.499 / (window.devicePixelRatio || 1);
  return {
    row: (event.clientY + half - box.top) / box.height * height,
    column: (event.clientX + half - box.left) / box.width * width
  };
}
function hovers({ pointerType, movementX, movementY }) {
  return pointerType !== "touch" && (movementX !== 0 || movementY !== 0);
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
function toSegment(position, from, to) {
  const [down, right] = [to.row - from.row, to.column - from.column];
  const along = (position.row - from.row) * down + (position.column - from.column) * right;
  const share = Math.min(Math.max(along / (down * down + right * right || 1), 0), 1);
  return Math.hypot(position.row - from.row - share * down, position.column - from.column - share * right);
}
function toEdge({ row, column }, [left, top, right, bottom]) {
  const corners = [[top, left], [top, right], [bottom, right], [bottom, left], [top, left]];
  const [first, ...others] = corners.map(([down = 0, across = 0]) => ({ row: down, column: across }));
  let from = (
    /** @type {Position} */
    first
  );
  const sides = others.map((to) => {
    const far = toSegment({ row, column }, from, to);
    from = to;
    return far;
  });
  return Math.min(...sides);
}

// player/tags.js
var WIDTH = 400;
var NAME = { width: 24, height: 16, gap: 7 };
var SIDES = { right: [1, 0], left: [-1, 0], above: [0, -1], below: [0, 1] };
function sidesOf(marks, panel) {
  const spots = marks.flatMap(spotsOf);
  const names = [];
  return marks.map(({ kind, at: [x = 0, y = 0] }) => {
    if (kind !== "point") return null;
    const hidden = (side) => {
      const box = boxAt(x, y, side, panel.width / WIDTH);
      const under = spots.filter((spot) => within(box, spot)).length + names.filter((name) => meet(box, name)).length;
      const [x0, y0, x1, y1] = box;
      return under + (x0 < 0 || y0 < 0 || x1 > panel.width || y1 > panel.height ? 1 : 0);
    };
    const sides = (
      /** @type {Side[]} */
      Object.keys(SIDES)
    );
    const best = sides.reduce((least, side) => hidden(side) < hidden(least) ? side : least);
    names.push(boxAt(x, y, best, panel.width / WIDTH));
    return best;
  });
}
function spotsOf({ kind, at: [x0 = 0, y0 = 0, x1 = 0, y1 = 0] }) {
  if (kind === "point") return [[x0, y0]];
  if (kind !== "arrow") return [];
  return [0, 0.25, 0.5, 0.75, 1].map((part) => [x0 + part * (x1 - x0), y0 + part * (y1 - y0)]);
}
function boxAt(x, y, side, scale) {
  const [right, down] = SIDES[side];
  const [width, height] = [scale * NAME.width / 2, scale * NAME.height / 2];
  const middle = [x + right * (width + scale * NAME.gap), y + down * (height + scale * NAME.gap)];
  const [column = 0, row = 0] = middle;
  return [column - width, row - height, column + width, row + height];
}
function within([x0, y0, x1, y1], [x, y]) {
  return x > x0 && x < x1 && y > y0 && y < y1;
}
function meet([x0, y0, x1, y1], [u0, v0, u1, v1]) {
  return x0 < u1 && u0 < x1 && y0 < v1 && v0 < y1;
}

// player/picture.js
var DIM = 0.3;
var TINT = 0.45;
var REACH = 14;
var TAGS = 12;
function unpack(panel, take) {
  const pixels = panel.height * panel.width;
  const rgb = take(3 * pixels);
  const marks = panel.marks.map((mark2) => ({
    ...mark2,
    mask: mark2.kind === "mask" ? unpackMask(take(Math.ceil(pixels / 8)), panel) : null
  }));
  return { rgb, marks };
}
function distanceTo({ mask, kind, at, tag: [x, y] }, { row, column }, width, reach) {
  const [left = 0, top = 0, right = left, bottom = top] = at;
  if (mask) {
    const inside2 = column >= 0 && column < width && mask[Math.floor(row) * width + Math.floor(column)];
    return Math.max(inside2 ? 0 : Math.hypot(row - y, column - x), 0.5 * reach);
  }
  if (kind !== "box") return toSegment({ row, column }, { row: top, column: left }, { row: bottom, column: right });
  const inside = row >= top && row < bottom && column >= left && column < right;
  return Math.min(toEdge({ row, column }, [left, top, right, bottom]), inside ? 0.6 * reach : Infinity);
}
function markAt(marks, position, width, reach) {
  return nearest(marks, (mark2) => distanceTo(mark2, position, width, reach), reach);
}
function outline({ mask, kind, at }, panel) {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = at;
  if (mask) return pathOf(borders(mask, panel));
  if (kind === "box") return `M${x0} ${y0}H${x1}V${y1}H${x0}Z`;
  if (kind === "point") return `M${x0} ${y0}h0`;
  const length = Math.hypot(x1 - x0, y1 - y0);
  const head = Math.min(panel.width / 30, 0.4 * length);
  const barbs = [0.45, -0.45].map((turn) => {
    const angle = Math.atan2(y0 - y1, x0 - x1) + turn;
    return `M${x1} ${y1}l${head * Math.cos(angle)} ${head * Math.sin(angle)}`;
  });
  return length ? `M${x0} ${y0}L${x1} ${y1}${barbs.join("")}` : `M${x0} ${y0}h0`;
}
function makePicture(panel, take, reader) {
  const { rgb, marks } = unpack(panel, take);
  const canvas = element("canvas", { width: panel.width, height: panel.height, "aria-hidden": "true" });
  const nodes = marks.map((mark2) => drawMark(mark2, panel, reader));
  const sides = sidesOf(marks, panel);
  const tags = marks.map((mark2, at) => drawTag(mark2, panel, sides[at] ?? null));
  const view = { viewBox: `0 0 ${panel.width} ${panel.height}`, preserveAspectRatio: "none" };
  const drawing = shape("svg", { ...view, role: "group", "aria-label": panel.title }, ...nodes);
  const stage2 = element("div", { class: "player-stage" }, canvas, drawing, ...tags);
  oneTabStop(nodes, (from, key) => lineMove(nodes.length, from, key));
  follow(drawing, marks, nodes, panel, reader);
  const paint = painter(canvas, photo(rgb, panel), marks.map((mark2) => cutout(mark2, rgb, panel)));
  const node = element("figure", { class: "player-picture" }, element("figcaption", {}, panel.title), stage2);
  const show = (light) => {
    paint(marks.map(({ id }) => !light.lit || light.lit.has(id)), light.lit !== null);
    const seen = marks.filter(({ id, kind }) => kind !== "arrow" && (!light.lit || light.lit.has(id)));
    const named = seen.length <= TAGS;
    marks.forEach(({ id }, at) => {
      for (const each of [nodes[at], tags[at]]) mark(each, id, light);
      if (tags[at]) tags[at].hidden = !named;
    });
  };
  return { node, show };
}
function mark(node, id, { lit, pointed, wrong }) {
  node?.classList.toggle("player-dim", lit !== null && !lit.has(id));
  node?.classList.toggle("player-pointed", id === pointed);
  node?.classList.toggle("player-wrong", id === wrong);
}
function drawMark(mark2, panel, { focus, press: press2 }) {
  const line = outline(mark2, panel);
  const paths = ["player-under", "player-line"].map((name) => shape("path", { d: line, class: name }));
  const names = { role: "button", "aria-label": `${mark2.id}, ${mark2.kind}`, "data-id": mark2.id };
  const style = `--tint: ${cssColor(mark2.tint)}`;
  const node = shape("g", { ...names, class: `player-mark player-${mark2.kind}`, style }, ...paths);
  node.addEventListener("focus", () => focus(mark2.id));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    press2(mark2.id);
  });
  return node;
}
function drawTag({ id, kind, tag: [x, y], tint }, { height, width }, beside) {
  const style = `left: ${100 * x / width}%; top: ${100 * y / height}%; --tint: ${cssColor(tint)}`;
  const side = beside ? `player-tag-${beside}` : x > 0.85 * width ? "player-tag-before" : "";
  return element("span", { class: `player-tag player-tag-${kind} ${side}`, style, "aria-hidden": "true" }, id);
}
function cutout({ mask, tint }, rgb, panel) {
  if (!mask) return null;
  const mixed = (at, channel) => (1 - TINT) * (rgb[3 * at + channel] ?? 0) + TINT * tint[channel];
  return bitmap(panel, (at) => mask[at] ? packed([mixed(at, 0), mixed(at, 1), mixed(at, 2)]) : 0);
}
function painter(canvas, ground, cutouts) {
  const context = contextOf(canvas);
  return (lit, dimmed) => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = dimmed ? DIM : 1;
    context.drawImage(ground, 0, 0);
    context.globalAlpha = 1;
    cutouts.forEach((each, at) => each && lit[at] && context.drawImage(each, 0, 0));
  };
}
function follow(drawing, marks, nodes, panel, reader) {
  const under = (event) => {
    const reach = REACH * panel.width / drawing.getBoundingClientRect().width;
    return markAt(marks, positionOf(drawing, panel, event), panel.width, reach);
  };
  drawing.addEventListener("pointermove", (event) => {
    if (!hovers(event)) return;
    const mark2 = under(event);
    drawing.style.cursor = mark2 ? "pointer" : "";
    reader.point(mark2?.id ?? null);
  });
  drawing.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && reader.point(null));
  drawing.addEventListener("click", (event) => {
    const mark2 = under(event);
    if (!mark2) return;
    nodes[marks.indexOf(mark2)]?.focus({ preventScroll: true });
    reader.press(mark2.id);
  });
}

// player/grid.js
function makeGrid(panel, reader) {
  const rows = rowsOf(panel);
  const table = element("table", { role: "grid", "aria-label": panel.title }, ...rows);
  const nodes = (
    /** @type {HTMLElement[]} */
    [...table.querySelectorAll("[data-id]")]
  );
  oneTabStop(nodes, neighbours(nodes));
  follow2(table, reader);
  const scroller = element("div", { class: "player-scroller" }, table);
  const node = element("figure", { class: "player-grid" }, element("figcaption", {}, panel.title), scroller);
  const show = (light) => nodes.forEach((each) => mark(each, idOf(each), light));
  return { node, show };
}
function idOf(node) {
  return node.dataset.id ?? "";
}
function rowsOf({ rows, columns, cells }) {
  const corner = rows.length ? [element("td", { class: "player-corner" })] : [];
  const heads = columns.map((each) => headOf(each, "col"));
  const top = heads.length ? [element("tr", { role: "row" }, ...corner, ...heads)] : [];
  const body = cells.map((line, row) => {
    const head = rows[row];
    return element("tr", { role: "row" }, ...head ? [headOf(head, "row")] : [], ...line.map(cellOf));
  });
  return [...top, ...body];
}
function headOf({ id, tint }, scope) {
  const role = scope === "row" ? "rowheader" : "columnheader";
  return element("th", { role, scope, "data-id": id, style: `--tint: ${cssColor(tint)}` }, id);
}
function cellOf({ id, text, shade, tint }) {
  const style = `--tint: ${cssColor(tint)}; --shade: ${Math.round(55 * Math.abs(shade))}%`;
  const names = { role: "gridcell", "aria-label": `${id}, ${text}`, "data-id": id };
  return element("td", { ...names, class: shade < 0 && "player-negative", style }, text);
}
function neighbours(nodes) {
  const places = nodes.map((node) => {
    const cell = (
      /** @type {HTMLTableCellElement} */
      node
    );
    return { row: (
      /** @type {HTMLTableRowElement} */
      cell.parentElement.rowIndex
    ), column: cell.cellIndex };
  });
  const size = {
    height: 1 + Math.max(...places.map(({ row }) => row)),
    width: 1 + Math.max(...places.map(({ column }) => column))
  };
  return (from, key) => {
    const place = places[from];
    const to = place && keyMove(size, place, key);
    const found = to ? places.findIndex(({ row, column }) => row === to.row && column === to.column) : -1;
    return found < 0 ? null : found;
  };
}
function follow2(table, { point: point2, focus, press: press2 }) {
  const under = (event) => (
    /** @type {Element} */
    event.target.closest("[data-id]")?.getAttribute("data-id") ?? null
  );
  table.addEventListener("pointermove", (event) => hovers(event) && point2(under(event)));
  table.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && point2(null));
  table.addEventListener("focusin", (event) => focus(under(event) ?? ""));
  const pressed = (event) => {
    const id = under(event);
    if (id !== null) press2(id);
  };
  table.addEventListener("click", pressed);
  table.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    pressed(event);
  });
}

// player/player.js
function makePlayer(info, pixels) {
  const now = { state: START, playing: { wanted: false, allowed: true }, goesOn: false };
  const acts = makeActs(info, now, () => show(), () => clock);
  const figure = makeFigure(info, pixels, acts);
  const words = makeWords(info);
  const controls = makeControls(info, acts);
  const node = frame("player", info.alt, figure.node, ...words.nodes, controls.node);
  const show = () => {
    figure.show(lightOf(info, now.state));
    words.show(now.state);
    controls.show(now.state, now.playing);
  };
  const clock = motion(node, {
    wait: () => waitOf(info, now),
    move: () => acts.become(goTo(info.steps, now.state, now.state.at + 1)),
    changed: (playing) => controls.show(now.state, now.playing = playing)
  });
  node.addEventListener("keydown", (event) => onKey(event, acts));
  show();
  clock.idle();
  return { node, leave: clock.leave };
}
function makeFigure({ panels, alt }, pixels, reader) {
  let taken = 0;
  const take = (count) => pixels.subarray(taken, taken += count);
  const make = (each) => each.kind === "picture" ? makePicture(each, take, reader) : makeGrid(each, reader);
  const made = panels.map(make);
  const attributes = { class: "player-figure", role: "group", "aria-label": alt };
  const node = element("div", attributes, ...made.map((each) => each.node));
  return { node, show: (light) => made.forEach((each) => each.show(light)) };
}
function waitOf({ steps }, now) {
  now.goesOn = waits(steps, now.state);
  if (now.goesOn || now.state.at === steps.length - 1) return null;
  return readingTime(`${steps[now.state.at]?.text}${now.state.said}`);
}
function makeActs(info, now, show, clock) {
  const become = (state) => {
    now.state = state;
    show();
  };
  const look = (state) => {
    if (state === now.state) return;
    if (state.pointed !== null) clock().pause();
    become(state);
  };
  const go = (at) => {
    now.goesOn = false;
    clock().pause();
    become(goTo(info.steps, now.state, at));
  };
  const answer = (id) => {
    const waited = waits(info.steps, now.state);
    look(press(info, now.state, id));
    if (waited && now.goesOn && !waits(info.steps, now.state)) clock().idle();
  };
  const toggle = () => {
    if (!now.playing.allowed) return;
    if (now.playing.wanted) return go(now.state.at);
    if (now.state.at === info.steps.length - 1) become(goTo(info.steps, now.state, 0));
    clock().play();
  };
  return {
    become,
    go,
    toggle,
    press: answer,
    step: (by) => go(now.state.at + by),
    reveal: () => answer(info.steps[now.state.at]?.act ?? ""),
    point: (id) => look(point(info, now.state, id)),
    focus: (id) => look(point(info, now.state, id)),
    free: () => look(free(now.state))
  };
}
function onKey(event, { step, toggle, free: free2 }) {
  const { target, key } = event;
  const native = target instanceof HTMLInputElement || target instanceof HTMLButtonElement && key === " ";
  if (native || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": toggle, Escape: free2 };
  const act = keys[key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

// player/index.js
function render({ model, el }) {
  const { node, leave } = makePlayer(model.get("info"), bytesOf(model.get("pixels")));
  el.replaceChildren(node);
  return leave;
}
var player_default = { render };
export {
  player_default as default
};
