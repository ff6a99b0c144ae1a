import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UserDataService } from "../gen/foreword/v1/user_data_service_pb.js";
import { Client } from "../src/client.js";
import { Freshness, LocalReader } from "../src/local.js";
import { setting, skip } from "./settings.js";

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
  const directory = mkdtempSync(join(tmpdir(), "fw-"));
  const reader = new LocalReader(directory);
  const place = join(directory, "profiles.lmdb");
  try {
    assert.equal(reader.text("ada"), "");
    for (const [store, revision] of /** @type {[string, bigint][]} */ ([["sound", 8n], ["bare", 0n]])) {
      cpSync(join(setting("FOREWORD_VECTOR_STORES"), store, "profiles.lmdb"), `${place}.incoming`, { recursive: true });
      if (revision === 0n) renameSync(place, `${place}.former`);
      renameSync(`${place}.incoming`, place);
      reader.upkeep();
      assert.equal(reader.profile("ada").profile?.revision, revision, store);
    }
  } finally {
    reader.close();
    rmSync(directory, { recursive: true });
  }
});
