import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { setting, skip } from "./settings.js";

// Nothing here may load unix-dgram in the main thread: loaded twice it would refuse the worker by itself.
const PROGRAM = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData.module).then(({ LocalReader }) => {
    const reader = new LocalReader(workerData.directory);
    parentPort.postMessage([reader.tellsReads, reader.profile("dormant").profile.revision]);
    reader.close();
  });`;

test("in a worker thread, which unix-dgram does not serve, reads are answered and tell nothing", { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "fw-"));
  cpSync(join(setting("FOREWORD_VECTOR_STORES"), "sound"), directory, { recursive: true, filter: isNoSocket });
  const module = new URL("../src/local.js", import.meta.url).href;
  const worker = new Worker(PROGRAM, { eval: true, workerData: { module, directory } });
  const [[said]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  assert.deepEqual(said, [false, 7n]);
  rmSync(directory, { recursive: true });
});

/** @param {string} path */
function isNoSocket(path) {
  // Other tests may be listening there.
  return !path.endsWith(".sock");
}
