// LMDB trusts what it has mapped: the first page beyond the end of a file that was cut short ends the process with
// SIGBUS. So the file is looked at before it is mapped, and now and then while it is. Format 0.9, 64 bit,
// little-endian.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DATA_FILE, corrupt } from "./environment.js";

const PAGE_HEADER_BYTES = 16;
const META_BYTES = 152;
const MAGIC = 0xbeefc0de;
const DATA_FORMAT = 1;
const NO_PAGE = 0xffffffffffffffffn;
const BRANCH_PAGE = 0x01;
const LEAF_PAGE = 0x02;
const BIG_NODE = 0x01;
// LMDB's own limit on the depth of a tree.
const DEPTH_MAX = 32;
// A commit between two reads makes a sound file look cut; two in a row are a millisecond apart.
const LOOKS = 3;

/** @typedef {{ pageBytes: number, lastPage: number, transaction: bigint, freeRoot: bigint }} Meta */

/**
 * Refuses an environment whose data file ends before a page that is in use. A file that is not there, or is none of
 * LMDB's, is left to whoever opens it.
 *
 * @param {string} path
 */
export function refuseCut(path) {
  for (let look = 1; ; look++) {
    let file;
    try {
      file = openSync(join(path, DATA_FILE), "r");
    } catch {
      return;
    }
    try {
      // In this order: whatever a meta page names is in the file before it is.
      const meta = newestMeta(file);
      const { size } = fstatSync(file);
      if (!meta || isWhole(file, meta, size)) return;
      if (look === LOOKS) {
        const end = (meta.lastPage + 1) * meta.pageBytes;
        throw corrupt(`${path} was cut short: its data file has ${size} bytes, and pages in use up to byte ${end}`);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** @param {number} file */
function newestMeta(file) {
  const first = metaAt(file, 0);
  const second = first && metaAt(file, first.pageBytes);
  if (!first || !second || first.pageBytes !== second.pageBytes) return undefined;
  return second.transaction > first.transaction ? second : first;
}

/**
 * @param {number} file
 * @param {number} offset
 * @returns {Meta | undefined}
 */
function metaAt(file, offset) {
  const page = read(file, offset, META_BYTES);
  if (!page || page.readUInt32LE(16) !== MAGIC || page.readUInt32LE(20) !== DATA_FORMAT) return undefined;
  const pageBytes = page.readUInt32LE(40);
  if (pageBytes < META_BYTES) return undefined;
  const lastPage = Number(page.readBigUInt64LE(136));
  return { pageBytes, lastPage, transaction: page.readBigUInt64LE(144), freeRoot: page.readBigUInt64LE(80) };
}

/**
 * Tells whether every page beyond the end of the file is free: what one transaction took and gave back was never
 * written.
 *
 * @param {number} file
 * @param {Meta} meta
 * @param {number} size
 */
function isWhole(file, meta, size) {
  const end = Math.floor(size / meta.pageBytes);
  if (end > meta.lastPage) return true;
  if (meta.freeRoot === NO_PAGE) return false;
  let free = 0;
  try {
    for (const page of freePages(file, meta, Number(meta.freeRoot), 0)) {
      if (page >= end && page <= meta.lastPage) free++;
    }
  } catch (exc) {
    // A page of the tree is missing, or is none.
    if (exc instanceof RangeError) return false;
    throw exc;
  }
  return free === meta.lastPage + 1 - end;
}

/**
 * Yields the numbers of free pages.
 *
 * @param {number} file
 * @param {Meta} meta
 * @param {number} number
 * @param {number} depth
 * @returns {Generator<number>}
 */
function* freePages(file, meta, number, depth) {
  const page = number <= meta.lastPage && read(file, number * meta.pageBytes, meta.pageBytes);
  const flags = page && page.readUInt16LE(10);
  if (!page || depth > DEPTH_MAX || (flags !== BRANCH_PAGE && flags !== LEAF_PAGE)) {
    throw new RangeError("no page of a tree");
  }
  for (let place = PAGE_HEADER_BYTES; place < page.readUInt16LE(12); place += 2) {
    // Low and high half of a size or page number, flags and key size, 16 bits each; then key and data.
    const node = page.subarray(page.readUInt16LE(place));
    const size = node.readUInt32LE(0);
    const nodeFlags = node.readUInt16LE(4);
    if (flags === BRANCH_PAGE) {
      yield* freePages(file, meta, size + nodeFlags * 2 ** 32, depth + 1);
      continue;
    }
    let data = node.subarray(8 + node.readUInt16LE(6));
    if (nodeFlags & BIG_NODE) {
      const offset = Number(data.readBigUInt64LE(0)) * meta.pageBytes + PAGE_HEADER_BYTES;
      data = read(file, offset, size) ?? Buffer.of();
    }
    // A list begins with how many it has.
    for (let entry = 8; entry + 8 <= size; entry += 8) yield Number(data.readBigUInt64LE(entry));
  }
}

/**
 * @param {number} file
 * @param {number} offset
 * @param {number} size
 */
function read(file, offset, size) {
  const bytes = Buffer.alloc(size);
  return readSync(file, bytes, 0, size, offset) === size ? bytes : undefined;
}
