import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ReadNotes } from "../src/read_notes.js";
import { taking } from "./taking.js";

const ANN = Buffer.from("ann");

test("with the sidecar's socket full, gone, or never there, telling returns, and makes nothing", async () => {
  await inFolder(async (directory) => {
    const notes = new ReadNotes(directory);
    notes.tell(ANN, 0);
    assert.deepEqual(readdirSync(directory), []);
    const taken = taking(directory);
    // Nothing is taken before this turn of the event loop ends.
    for (let number = 0; number < 20_000; number++) notes.tell(Buffer.from(`${number}`), 2000);
    notes.tell(ANN, 2999);
    const told = await taken.some();
    assert.ok(told.length > 0 && told.length < 10_000, `${told.length} had room`);
    assert.ok(!told.includes(ANN.toString("hex")));
    notes.tell(ANN, 4000);
    assert.deepEqual((await taken.all()).slice(told.length), [ANN.toString("hex")]);
    notes.tell(ANN, 6000);
  });
});

test("a sidecar that took the place of another is told", async () => {
  await inFolder(async (directory) => {
    const notes = new ReadNotes(directory);
    for (const nowMs of [1000, 2000]) {
      const taken = taking(directory);
      notes.tell(ANN, nowMs);
      assert.deepEqual(await taken.all(), [ANN.toString("hex")]);
    }
  });
});

test("a socket's address may have some hundred bytes, the store's path more", async () => {
  await inFolder(async (directory) => {
    const store = join(directory, "d".repeat(100), "e".repeat(100));
    mkdirSync(store, { recursive: true });
    const taken = taking(store);
    new ReadNotes(store).tell(ANN, 5000);
    assert.deepEqual(await taken.all(), [ANN.toString("hex")]);
  });
});

test("telling leaves no descriptor open", async () => {
  await inFolder(async (directory) => {
    const taken = taking(directory);
    const before = readdirSync("/proc/self/fd").length;
    for (let number = 0; number < 100; number++) new ReadNotes(directory).tell(ANN, 0);
    assert.equal(readdirSync("/proc/self/fd").length, before);
    await taken.all();
  });
});

/** @param {(directory: string) => Promise<void>} run */
async function inFolder(run) {
  const directory = mkdtempSync(join(tmpdir(), "fw-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
