// The probe in the browser. It draws the picture and asks the kernel what stands beside it. page.js comes first in this module.

const FAR = 8; // pixels that an arrow key moves with Shift
const WAIT_MS = 4000;
const GONE = "The kernel has stopped or restarted: run this cell again.";
const SLOW = "The kernel has not replied yet. If it is busy, the answer comes when it is done. If it has stopped, run this cell again.";

/**
 * Lets one question at a time through to `send`. Of those that come while it waits for its answer, the last one follows.
 * Tell it with `done` that the answer is there.
 */
export function oneAtATime(send) {
  let waiting = false;
  let next = null;
  function ask(question) {
    if (waiting) next = question;
    else {
      waiting = true;
      send(question);
    }
  }
  function done() {
    const question = next;
    waiting = false;
    next = null;
    if (question) ask(question);
  }
  return { ask, done, isWaiting: () => waiting };
}

/** Where a key leads from a position, or null if it is none of ours. */
export function probeMove(size, position, key, far) {
  let to = position;
  for (let step = far ? FAR : 1; step && to; step--) to = keyMove(size, to, key, false);
  return to;
}

/** A circle around a pixel, which leaves it and its neighbours to be seen. */
function ringAround({ row, column }, scale, ratio) {
  const path = new Path2D();
  path.arc(column + 0.5, row + 0.5, Math.max(2, (8 * ratio) / scale), 0, 2 * Math.PI);
  return path;
}

function render({ model, el }) {
  const info = model.get("info");
  const photo = photoOf(info, bytesOf(model.get("image")));
  let now = {}; // what the learner asks for: row, column, choices
  let answer = null; // the last picture that came

  const root = element("div", "pv pb", "", { role: "group", "aria-label": "Probe of a picture" });
  // JupyterLab would take plain keys for its own: an arrow selects another cell.
  root.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.altKey || event.stopPropagation());
  const bar = element("div", "pv-bar");
  const title = element("div", "pv-title", "Probe");
  title.append(element("span", "", `${info.height} × ${info.width}`));
  bar.append(title);
  const selects = info.controls.map(({ name, options }) => {
    const label = element("label", "pb-control", name);
    const select = element("select");
    select.append(...options.map((text) => element("option", "", text)));
    select.addEventListener("change", () => update({ choices: selects.map((each) => each.selectedIndex) }));
    label.append(select);
    bar.append(label);
    return select;
  });
  const panes = element("div", "pb-panes");
  const main = element("canvas", "pb-main", "", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "picture",
    "aria-label": `The picture, ${info.height} rows by ${info.width} columns. Arrow keys move the ring by one pixel, with Shift by eight.`,
  });
  const beside = element("canvas", "pb-answer", "", { role: "img", "aria-label": info.alt });
  panes.append(main, beside);
  const status = statusLine("pb-status");
  const trouble = element("p", "pv-note", "", { role: "alert" });
  const hint = element("div", "pv-hint");
  hint.innerHTML = "Click or drag in the picture with the ring, or click it and use <kbd>←</kbd> <kbd>↑</kbd> <kbd>↓</kbd> <kbd>→</kbd>, with <kbd>Shift</kbd> eight pixels at a time.";
  root.append(bar, panes, status, trouble, hint);

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const context = fit(main, info, ratio);
    const scale = main.width / info.width;
    context.drawImage(photo, 0, 0, main.width, main.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    strokeTwice(context, ringAround(now, scale, ratio), scale, 2.5 * ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (answer) fit(beside, answer, ratio).drawImage(answer, 0, 0, beside.width, beside.height);
  }
  const redraw = oncePerFrame(draw);

  function complain(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
    beside.classList.toggle("pb-old", text !== ""); // it belongs to another pixel
  }

  let patience;
  const questions = oneAtATime((question) => {
    beside.setAttribute("aria-busy", "true");
    clearTimeout(patience);
    patience = setTimeout(() => complain(SLOW), WAIT_MS); // it stays under way: a busy kernel answers it in the end
    try {
      model.send(question);
    } catch {
      complain(GONE);
      rest();
    }
  });

  function rest() {
    clearTimeout(patience);
    questions.done();
    beside.setAttribute("aria-busy", String(questions.isWaiting()));
  }

  /** Shows what is asked for, without asking. */
  function adopt(change) {
    now = { ...now, ...change };
    status.textContent = `row ${now.row}, column ${now.column}`;
    selects.forEach((select, place) => (select.selectedIndex = now.choices[place]));
    redraw();
  }

  function update(change) {
    adopt(change);
    questions.ask(now);
  }

  async function receive() {
    const { row, column, choices, trouble: reason } = model.get("shown");
    complain(reason);
    if (!questions.isWaiting()) adopt({ row, column, choices }); // at the start, or another view of this probe asked
    try {
      answer = await createImageBitmap(new Blob([bytesOf(model.get("answer"))], { type: "image/png" }));
      redraw();
    } finally {
      rest();
    }
  }

  function point(event) {
    const { row, column } = inside(info, positionOf(main, info, event));
    if (row !== now.row || column !== now.column) update({ row, column });
  }
  main.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    main.setPointerCapture(event.pointerId);
    point(event);
  });
  main.addEventListener("pointermove", (event) => main.hasPointerCapture(event.pointerId) && point(event));
  main.addEventListener("keydown", (event) => {
    const position = event.ctrlKey || event.metaKey || event.altKey ? null : probeMove(info, now, event.key, event.shiftKey);
    if (!position) return;
    event.preventDefault();
    update(position);
  });

  el.replaceChildren(root);
  receive();
  model.on("change:shown", receive);
  const observer = new ResizeObserver(redraw);
  observer.observe(root);
  return () => {
    clearTimeout(patience);
    observer.disconnect();
    model.off("change:shown", receive);
  };
}

export default { render };
