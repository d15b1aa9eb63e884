// The painter's conversation with the kernel; painter.py holds the messages. The kernel is told what there is at the end of a
// stroke, and asked for the score alone. painter_score.js stands before this text, painter.js after it.

const SAVE_MS = 250;
const WAIT_MS = 4000;
const GONE = "The kernel has stopped or restarted: it cannot score these labels. Run this cell again; what was scored before is shown again where the lesson keeps it.";
const SLOW = "The kernel has not replied yet. If it is busy, the score comes when it is done. If it has stopped, run this cell again.";

/**
 * Joins a label map and its stopwatch to the kernel. `on` holds what is to happen: `painted(labels)` when another view of the
 * same painter was painted on, `scored(report, asked)` with both label maps in the report, `waiting(yes)` while a score is on
 * its way, `trouble(text)` with a sentence for the learner, or with "" when all is well again.
 *
 * Returns `save` for the end of a step, `ask` for the score, `isWaiting`, `hello` for the start and `leave` for the end.
 */
function joinKernel(model, map, watch, on) {
  let saving = null;
  let sent = model.get("painting");
  let waiting = null;

  function save() {
    clearTimeout(saving);
    saving = setTimeout(flush, SAVE_MS);
  }

  function flush() {
    clearTimeout(saving);
    saving = null;
    sent = new DataView(map.labels.slice().buffer);
    try {
      model.set("painting", sent);
      model.set("seconds", watch.seconds);
      model.save_changes();
    } catch {
      on.trouble(GONE);
    }
  }

  function adopt() {
    if (model.get("painting") === sent) return;
    sent = model.get("painting");
    watch.seconds = Math.max(watch.seconds, model.get("seconds"));
    on.painted(bytesOf(sent));
  }

  function wait(yes) {
    clearTimeout(waiting);
    waiting = yes ? setTimeout(() => (wait(false), on.trouble(SLOW)), WAIT_MS) : null;
    on.waiting(yes);
  }

  function ask() {
    on.trouble("");
    wait(true);
    flush();
    try {
      model.send({ type: "score", seconds: watch.seconds }, undefined, [map.labels.slice().buffer]);
    } catch {
      wait(false);
      on.trouble(GONE);
    }
  }

  function receive(message, buffers) {
    const asked = waiting !== null;
    if (message.type === "refused") on.trouble(message.reason);
    else {
      const [painted, truth] = buffers.map(bytesOf);
      on.trouble("");
      on.scored({ ...message, painted, truth }, asked);
    }
    wait(false);
  }

  function hello() {
    model.on("msg:custom", receive);
    model.on("change:painting", adopt);
    try {
      model.send({ type: "hello" });
    } catch {
      // A page without its kernel: it can still be painted on.
    }
  }

  function leave() {
    if (saving) flush();
    clearTimeout(waiting);
    model.off("msg:custom", receive);
    model.off("change:painting", adopt);
  }

  return { save, ask, isWaiting: () => waiting !== null, hello, leave };
}
