// How a typed number is read. The one place that knows: the page shows its reading while the learner types, and commits
// the number, so that the kernel grades what the learner saw. Its cases are in tests/quiz_fixture/numbers.yaml.

// A sign, a whole number before a fraction (1 1/2), a number, a second one that divides it, a percent sign.
const SHAPE = /^([+-]?) ?(?:(\d+) (?=\d\d? ?\/))?([^/%]+?)(?: ?\/ ?([^/%]+?))? ?(%?)$/;
const PLAIN = /^(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?$/i;
// Thousands set apart by one and the same sign; what follows another one are decimals. No number begins with 0 then.
const GROUPED = /^([1-9]\d{0,2}([ '_.,])\d{3}(?:\2\d{3})*)(?:(?!\2)[.,](\d*))?$/;
// 60.000 is 60 in London and 60000 in Berlin; 60,000 the other way round.
const AMBIGUOUS = /^([1-9]\d{0,2})[.,](\d{3})$/;

const UNREADABLE = "cannot be read as a number. Write it like 12, 0.5, 1/2 or 50%.";
const OUT_OF_RANGE = "is too large, or too close to 0, to calculate with.";

/** {value} if the text has one meaning, {trouble} with a sentence if it has none or two, {} if it is empty. */
function readNumber(text, unit) {
  let typed = toAscii(text);
  if (!typed) return {};
  const trouble = (sentence, part = text.trim()) => ({
    trouble: `“${part.length > 24 ? `${part.slice(0, 24)}…` : part}” ${sentence}`,
  });
  const ending = toAscii(unit);
  if (ending && typed.endsWith(ending)) typed = typed.slice(0, -ending.length).trim(); // 40% is 40 if the unit is %
  const [, sign, whole = "0", above, below = "1", percent] = SHAPE.exec(typed) ?? [];
  if (!above) return trouble(UNREADABLE);
  const twofold = [above, below].find((part) => AMBIGUOUS.test(part));
  if (twofold) return trouble(meanings(twofold), twofold);
  const [dividend, divisor] = [above, below].map(toNumber);
  if (Number.isNaN(dividend + divisor) || divisor === 0) return trouble(UNREADABLE);
  const value = ((sign === "-" ? -1 : 1) * (Number(whole) + dividend / divisor)) / (percent ? 100 : 1);
  const vanished = value === 0 && /^[^e]*[1-9]/i.test(above);
  return Number.isFinite(value) && !vanished ? { value } : trouble(OUT_OF_RANGE);
}

/** Other signs for the same thing become those of a keyboard: −½ is -1/2. All white space becomes one blank. */
function toAscii(text) {
  const plain = (sign) => (/[！-～]/.test(sign) ? "" : " ") + sign.normalize("NFKC"); // a blank, as 1½ is not 11/2
  return text
    .replace(/[¼-¾⅐-⅞！-～]/g, plain)
    .replace(/[⁄∕]/g, "/")
    .replace(/[−–‐‑﹣]/g, "-")
    .replace(/[’ʼ]/g, "'")
    .replace(/\s+/g, " ")
    .trim();
}

/** A number without sign, NaN if it is none. */
function toNumber(text) {
  if (PLAIN.test(text)) return Number(text.replace(",", "."));
  const [, thousands, , decimals = ""] = GROUPED.exec(text) ?? [];
  return thousands ? Number(`${thousands.replace(/\D/g, "")}.${decimals}`) : NaN;
}

/** Both meanings of an ambiguous number, each as it can be written without doubt. */
function meanings(text) {
  const [, thousands, decimals] = AMBIGUOUS.exec(text);
  const small = String(Number(`${thousands}.${decimals}`)).replace(/\.\d{3}$/, "$&0");
  return `can mean ${small} or ${thousands}${decimals}. Write one of these.`;
}

/** A number for the learner's eyes, of at most 12 digits if it is not whole. */
function numberInWords(value) {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(12)));
}
