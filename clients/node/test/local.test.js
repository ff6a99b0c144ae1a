import assert from "node:assert/strict";
import fs, { cpSync, existsSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorService } from "../gen/foreword/v1/operator_service_pb.js";
import { Segment } from "../gen/foreword/v1/profile_pb.js";
import { RefreshReason } from "../gen/foreword/v1/refresh_pb.js";
import { UserDataService } from "../gen/foreword/v1/user_data_service_pb.js";
import { Client } from "../src/client.js";
import { Freshness, LocalReader } from "../src/local.js";
import { setting, skip } from "./settings.js";
import { taking } from "./taking.js";

test("beside the daemons that write the store, the reader says what the sidecar says", { skip }, async () => {
  const client = new Client(setting("FOREWORD_TARGET"), { raises: true });
  const reader = new LocalReader(setting("FOREWORD_STORE"));
  try {
    const read = reader.profile("ada");
    assert.equal(read.freshness, Freshness.FRESH);
    assert.deepEqual(read, await client.profile("ada"));
    assert.ok(reader.text("ada"));
    assert.equal(reader.text("ada", { maxTokens: 40 }), await client.text("ada", { maxTokens: 40 }));
    assert.ok(reader.schedulerSeen());
    // LMDB forbids two mappings in a process.
    assert.throws(() => new LocalReader(setting("FOREWORD_STORE")), { reason: "STORE_UNUSABLE" });
  } finally {
    reader.close();
    client.close();
  }
});

test("an erased user is unknown as soon as the sidecar has taken the erasure", { skip }, async () => {
  const client = new Client(setting("FOREWORD_TARGET"), { raises: true });
  const reader = new LocalReader(setting("FOREWORD_STORE"));
  try {
    assert.equal(reader.profile("leaver-node").freshness, Freshness.FRESH);
    await client.call(UserDataService.method.eraseUser, { userId: "leaver-node" });
    assert.equal(reader.profile("leaver-node").freshness, Freshness.DEFAULT);
    assert.equal(reader.text("leaver-node"), "");
  } finally {
    reader.close();
    client.close();
  }
});

test("a store may come after the reader, and one that takes its place is followed", { skip }, () => {
  inFolder((directory) => {
    const reader = new LocalReader(directory);
    try {
      assert.equal(reader.text("ada"), "");
      for (const [store, revision] of /** @type {[string, bigint][]} */ ([["sound", 8n], ["bare", 0n]])) {
        putInPlace(directory, store, "profiles.lmdb");
        reader.upkeep();
        assert.equal(reader.profile("ada").profile?.revision, revision, store);
      }
    } finally {
      reader.close();
    }
  });
});

test("both files of before are read while a restore replaces them one by one, then both of after", { skip }, () => {
  reading((reader, directory) => {
    const mark = join(directory, "restore.pending");
    shows(reader, 8n, 0n);
    writeFileSync(mark, "[]");
    shows(reader, 8n, 0n);
    putInPlace(directory, "restored", "activity.lmdb");
    shows(reader, 8n, 0n);
    putInPlace(directory, "restored", "profiles.lmdb");
    shows(reader, 8n, 0n);
    rmSync(mark);
    shows(reader, 9n, 7n);
  });
});

test("profiles that a restored store lacks are not read on, and what a swap has put aside is", { skip }, () => {
  reading((reader, directory) => {
    const profiles = join(directory, "profiles.lmdb");
    renameSync(profiles, `${profiles}.former`);
    shows(reader, 8n, 0n);
    rmSync(`${profiles}.former`, { recursive: true });
    putInPlace(directory, "restored", "activity.lmdb");
    shows(reader, 0n, 0n);
  });
});

test("a file that is cut short during a restore is refused like any other", { skip }, () => {
  reading((reader, directory) => {
    writeFileSync(join(directory, "restore.pending"), "[]");
    truncateSync(join(directory, "profiles.lmdb", "data.mdb"), 3 * 4096);
    assert.throws(() => reader.upkeep(), { reason: "STORE_CORRUPT" });
    assert.throws(() => reader.profile("ada"), { reason: "STORE_CORRUPT" });
  });
});

test("a restore that begins while the files are looked at leaves neither open, and is waited for", { skip }, (t) => {
  reading((reader) => {
    const marks = [false, true, true];
    marking(t, () => marks.shift(), () => {
      assert.throws(() => reader.upkeep(), { reason: "STORE_UNUSABLE" });
      assert.throws(() => reader.profile("ada"), { reason: "STORE_UNUSABLE" });
      assert.deepEqual(marks, []);
    });
    shows(reader, 8n, 0n);
  });
});

test("profiles of after a restore and erasures of before are refused when another has begun", { skip }, (t) => {
  reading((reader, directory) => {
    const swaps = ["profiles.lmdb", "activity.lmdb"];
    const isMarked = () => {
      const next = swaps.shift();
      if (next) putInPlace(directory, "restored", next);
      return !next;
    };
    marking(t, isMarked, () => assert.throws(() => reader.upkeep(), { reason: "STORE_UNUSABLE" }));
    shows(reader, 9n, 7n);
  });
});

test("a dormant user is refreshed when read here, as when read through the sidecar", { skip }, async () => {
  const client = new Client(setting("FOREWORD_TARGET"), { raises: true });
  const reader = new LocalReader(setting("FOREWORD_STORE"));
  try {
    assert.ok(reader.tellsReads);
    assert.equal(reader.profile("sleeper-node").profile?.segment, Segment.DORMANT);
    const ledger = { userId: "sleeper-node", attemptsMax: 10 };
    for (const end = Date.now() + 20_000; ; await sleep(20)) {
      const { attempts } = await client.call(OperatorService.method.getLedger, ledger);
      if (attempts.some(({ entry }) => entry?.reason === RefreshReason.ON_OPEN)) break;
      assert.ok(Date.now() < end, "never refreshed");
    }
  } finally {
    reader.close();
    client.close();
  }
});

test("a reader that is to tell nothing tells nothing", { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "fw-"));
  putInPlace(directory, "sound", "activity.lmdb");
  putInPlace(directory, "sound", "profiles.lmdb");
  const taken = taking(directory);
  const reader = new LocalReader(directory, { tellsReads: false });
  assert.equal(reader.tellsReads, false);
  reader.profile("dormant");
  reader.close();
  assert.deepEqual(await taken.all(), []);
  rmSync(directory, { recursive: true });
});

/**
 * Runs a test in a folder of its own.
 *
 * @param {(directory: string) => void} run
 */
function inFolder(run) {
  const directory = mkdtempSync(join(tmpdir(), "fw-"));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Runs a test on a reader of a copy of the store `sound`.
 *
 * @param {(reader: LocalReader, directory: string) => void} run
 */
function reading(run) {
  inFolder((directory) => {
    putInPlace(directory, "sound", "activity.lmdb");
    putInPlace(directory, "sound", "profiles.lmdb");
    const reader = new LocalReader(directory);
    try {
      run(reader, directory);
    } finally {
      reader.close();
    }
  });
}

/**
 * Runs a function while a restore is marked as under way whenever another says so.
 *
 * @param {import("node:test").TestContext} t
 * @param {() => boolean | undefined} isMarked
 * @param {() => void} run
 */
function marking(t, isMarked, run) {
  // Kept: the name that is imported becomes that of the mock.
  const original = fs.existsSync;
  const mocked = t.mock.method(fs, "existsSync", (/** @type {string} */ path) =>
    path.endsWith("restore.pending") ? isMarked() : original(path),
  );
  syncBuiltinESMExports();
  try {
    run();
  } finally {
    mocked.mock.restore();
    syncBuiltinESMExports();
  }
}

/**
 * Has an environment of a store of the vectors take the place of what is there, as restoring does.
 *
 * @param {string} directory
 * @param {string} store
 * @param {string} environment
 */
function putInPlace(directory, store, environment) {
  const place = join(directory, environment);
  cpSync(join(setting("FOREWORD_VECTOR_STORES"), store, environment), `${place}.incoming`, { recursive: true });
  if (existsSync(place)) renameSync(place, `${place}.former-for-${store}`);
  renameSync(`${place}.incoming`, place);
}

/**
 * Holds what ada and leaver have after a look at the files: revisions, of which a default has none. A user who is
 * erased in the one activity never comes back by the other's profiles.
 *
 * @param {LocalReader} reader
 * @param {bigint} ada
 * @param {bigint} leaver
 */
function shows(reader, ada, leaver) {
  reader.upkeep();
  assert.equal(reader.profile("ada").profile?.revision, ada);
  assert.equal(reader.within("acme").profile("leaver").profile?.revision, leaver);
}
