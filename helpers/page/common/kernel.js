// The link to the kernel: a question with a time limit. A kernel that is gone or slow gives a sentence, never a wait
// without end. In Python, `helpers.page.answer` stands at the other end.

/**
 * What anywidget gives a page.
 *
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(content: unknown, callbacks?: undefined, buffers?: ArrayBuffer[]) => void} send
 * @property {(event: string, call: (...what: any[]) => void) => void} on
 * @property {(event: string, call: (...what: any[]) => void) => void} off
 */

/** @typedef {{ trouble: string } | { trouble: null, content: any, buffers: DataView[] }} Reply */

export const GONE = "The kernel has stopped or restarted. Run this cell again.";
export const SLOW =
  "The kernel has not replied yet. Wait until it is idle and try again; if it has stopped, run this cell again.";

/**
 * `ask` resolves to the kernel's reply, or to a sentence about what is wrong: it never rejects. `leave` ends all.
 *
 * @param {Model} model
 * @param {number} [limit] milliseconds
 */
export function joinKernel(model, limit = 4000) {
  let count = 0;
  /** @type {Map<number, (reply: Reply) => void>} */
  const waiting = new Map();

  /** @type {(content: { id: number, trouble: string | null }, buffers: DataView[]) => void} */
  const receive = ({ id, trouble, ...content }, buffers) => {
    waiting.get(id)?.(trouble ? { trouble } : { trouble: null, content, buffers });
  };

  /** @type {(content: object, buffers?: ArrayBuffer[]) => Promise<Reply>} */
  const ask = (content, buffers = []) =>
    new Promise((done) => {
      const id = ++count;
      const timer = setTimeout(() => settle({ trouble: SLOW }), limit);
      /** @param {Reply} reply */
      const settle = (reply) => {
        clearTimeout(timer);
        waiting.delete(id);
        done(reply);
      };
      waiting.set(id, settle);
      try {
        model.send({ ...content, id }, undefined, buffers);
      } catch {
        settle({ trouble: GONE });
      }
    });

  const leave = () => {
    model.off("msg:custom", receive);
    for (const settle of [...waiting.values()]) settle({ trouble: GONE });
  };
  model.on("msg:custom", receive);
  return { ask, leave };
}
