import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isCorrection } from "../src/follow_ups.js";

/** @type {[answer: string, turn: string, isCorrection: boolean][]} */
const vectors = JSON.parse(readFileSync(new URL("../../vectors/corrections.json", import.meta.url), "utf8"));

test("corrections are told from requests as Python tells them", () => {
  assert.ok(vectors.length > 100);
  const found = vectors.map(([answer, turn]) => [answer, turn, isCorrection(turn, answer)]);
  assert.deepEqual(found, vectors);
});

test("words that every object knows ask for nothing", () => {
  assert.ok(!isCorrection("start with the constructor", "Done."));
});
