import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { Client, tokenFile } from "../src/client.js";
import { setting, skip } from "./settings.js";

test("where the sidecar asks who calls, a token opens its namespace and no other", { skip }, async () => {
  for (const target of [setting("FOREWORD_GUARDED_TARGET"), setting("FOREWORD_GUARDED_UNIX_TARGET")]) {
    const client = new Client(target, { raises: true, token: setting("FOREWORD_GUARDED_TOKEN") });
    const anonymous = new Client(target, { raises: true, namespace: "shop" });
    try {
      assert.equal((await client.within("shop").profile("ada")).profile?.userId, "ada");
      await assert.rejects(client.within("blog").profile("ada"), { reason: "NAMESPACE_FORBIDDEN" });
      await assert.rejects(anonymous.profile("ada"), { reason: "UNAUTHENTICATED" });
    } finally {
      client.close();
      anonymous.close();
    }
  }
});

test("a token file is read anew when it changes, and leaves the former in force when it cannot be", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fw-"));
  const path = join(folder, "token");
  writeFileSync(path, "fwt_of-nobody\n");
  const options = { raises: true, namespace: "shop", token: tokenFile(path) };
  const client = new Client(setting("FOREWORD_GUARDED_TARGET"), options);
  try {
    await assert.rejects(client.profile("ada"), { reason: "UNAUTHENTICATED" });
    writeFileSync(path, `${setting("FOREWORD_GUARDED_TOKEN")}\n`);
    for (const change of [() => {}, () => writeFileSync(path, ""), () => rmSync(path)]) {
      change();
      assert.equal((await client.profile("ada")).profile?.userId, "ada");
    }
  } finally {
    client.close();
    rmSync(folder, { recursive: true });
  }
});

test("a token goes to no other machine in clear text", () => {
  for (const target of ["192.0.2.1:7464", "sidecar.example:7464", "[2001:db8::1]:7464", "127.0.0.1.example:1"]) {
    assert.throws(() => new Client(target, { token: "t" }), { reason: "FIELD_INVALID", field: "token" });
    new Client(target, { token: "t", credentials: credentials.createSsl() }).close();
  }
  for (const target of ["127.0.0.1:7464", "[::1]:7464", "localhost:7464", "unix:/tmp/s"]) {
    new Client(target, { token: "t" }).close();
  }
});
