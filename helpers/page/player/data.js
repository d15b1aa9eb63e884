// What the kernel sends: one standing figure, the steps that point into it, and the causes of its results. An element
// is known by its id everywhere: "p1" may be a mask in a picture and the head of a row in a grid.

/** @typedef {import("../common/canvas.js").Color} Color */

/**
 * One element of a picture. `at` are numbers in pixels of the picture, x before y: nothing for a mask, whose pixels are
 * sent apart; left, top, right, bottom of a box; x, y of a point; x, y of both ends of an arrow. `tag` is where its
 * name stands.
 *
 * @typedef {object} Mark
 * @property {string} id
 * @property {"mask" | "box" | "point" | "arrow"} kind
 * @property {number[]} at
 * @property {[x: number, y: number]} tag
 * @property {Color} tint
 */

/** @typedef {{ kind: "picture", title: string, height: number, width: number, marks: Mark[] }} PicturePanel */

/** @typedef {{ id: string, text: string, shade: number, tint: Color }} Cell `shade`: -1..1, its value on the grid's scale */

/** @typedef {{ kind: "grid", title: string, rows: Head[], columns: Head[], cells: Cell[][] }} GridPanel */

/** @typedef {{ id: string, tint: Color }} Head */

/** @typedef {{ text: string, lights: string[], act: string | null, wrong: Record<string, string> }} Step */

/** @typedef {{ text: string, tint: Color | null }} Part of an arithmetic; a term has a tint */

/** @typedef {{ lights: string[], parts: Part[] }} Cause */

/**
 * @typedef {object} Info
 * @property {string} alt the figure in words
 * @property {(PicturePanel | GridPanel)[]} panels
 * @property {Step[]} steps
 * @property {Record<string, Cause>} causes by the id of the result
 */

/**
 * What is shown of the figure: the ids that stay while the rest dims (null: nothing dims), the one pointed at, and the
 * one that was a wrong answer.
 *
 * @typedef {{ lit: Set<string> | null, pointed: string | null, wrong: string | null }} Light
 */

/**
 * What a panel tells of its reader: the id pointed at (null: none any more), focused or pressed.
 *
 * @typedef {{ point: (id: string | null) => void, focus: (id: string) => void, press: (id: string) => void }} Reader
 */

/** @typedef {{ node: HTMLElement, show: (light: Light) => void }} Panel */

export {};
