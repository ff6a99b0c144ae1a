import * as words from "./correction_words.js";

/** @typedef {[key: string, value: string]} Wish */

const ABOUT_THE_ANSWER = beginning(words.ABOUT_THE_ANSWER);
const NO = beginning(words.NO);
const THANKS = beginning(words.THANKS);
const LACKING = new RegExp(words.LACKING, "giu");
const CLAUSE_ENDS = new RegExp(words.CLAUSE_ENDS, "iu");
const WORDS = /[\p{L}\p{Nl}\p{No}]+(?:'[\p{L}\p{Nl}\p{No}]+)?/gu;

// Maps, since an object knows words such as `constructor`.
/** @type {Map<string, (Wish | null)[]>} */
const ASKED = new Map(Object.entries(/** @type {any} */ (words.ASKED)));
/** @type {Map<string, Wish>} */
const FIRST = new Map(Object.entries(/** @type {any} */ (words.FIRST)));
const LANGUAGES = new Map(Object.entries(words.LANGUAGES));
const TURNING = new Set(words.TURNING);
const STARTS = new Set(words.STARTS);
const INTO = new Set(words.INTO);
const OF_ANSWERS = new Set(words.OF_ANSWERS);

/**
 * Returns whether a user's turn corrects the answer before it: `is_correction` of foreword/follow_ups.py, which says the
 * rule, word by word. It would rather miss a correction than invent one.
 *
 * @param {string} text
 * @param {string} answer
 */
export function isCorrection(text, answer) {
  const said = text.trim().replaceAll("\u2019", "'");
  if (!answer || length(said) > words.TEXT_CHARACTERS_MAX) return false;
  if (ABOUT_THE_ANSWER.test(said)) return true;
  // Then it may be what was asked for: "No, one-way", "more details on the second".
  if (answer.includes("?")) return false;
  const isWish = said.split(/\s+/u).length <= words.WISH_WORDS_MAX && !THANKS.test(said) && hasWish(said);
  return isWish || NO.test(said);
}

/**
 * Returns whether a text asks how answers should be, without contradicting itself in each respect.
 *
 * @param {string} text
 */
function hasWish(text) {
  const plain = text.normalize("NFKC").toLowerCase().replaceAll("\u2019", "'").replaceAll("tl;dr", "tldr");
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const clause of plain.replace(LACKING, "more").split(CLAUSE_ENDS)) {
    for (const [key, value] of wishesOf(clause.match(WORDS) ?? [])) {
      found.set(key, (found.get(key) ?? new Set()).add(value));
    }
  }
  return [...found.values()].some(({ size }) => size === 1);
}

/**
 * @param {string[]} clause
 * @returns {Generator<Wish>}
 */
function* wishesOf(clause) {
  if (clause.filter((word) => !isOfAnswers(word)).length > words.OTHER_WORDS_MAX) return;
  for (const [place, word] of clause.entries()) {
    const before = clause.slice(Math.max(0, place - words.TURNING_WORDS_BEFORE), place);
    const isTurned = before.some((other) => TURNING.has(other));
    const wish = ASKED.get(word)?.[isTurned ? 1 : 0];
    if (wish) yield wish;
    const first = FIRST.get(word);
    if (first && !isTurned && comesFirst(clause, place)) yield first;
    const language = LANGUAGES.get(word);
    if (language && !isTurned && INTO.has(clause[place - 1] ?? "")) yield ["answer_language", language];
  }
}

/** @param {string} word */
function isOfAnswers(word) {
  return [OF_ANSWERS, ASKED, FIRST, LANGUAGES, TURNING, STARTS, INTO].some((known) => known.has(word));
}

/**
 * @param {string[]} clause
 * @param {number} place
 */
function comesFirst(clause, place) {
  const behind = clause.slice(place + 1, place + 1 + words.FIRST_WORDS_BEHIND);
  const before = clause.slice(Math.max(0, place - words.START_WORDS_BEFORE), place);
  return behind.includes("first") || before.some((word) => STARTS.has(word));
}

/**
 * Returns what matches at the beginning of a text alone.
 *
 * @param {string} pattern
 */
function beginning(pattern) {
  return new RegExp(`^(?:${pattern})`, "iu");
}

/**
 * Returns how many characters a text has, of which JavaScript may count one as two.
 *
 * @param {string} text
 */
function length(text) {
  return [...text].length;
}
