// CRC-32C (Castagnoli), reflected polynomial 0x82F63B78. Node has only the other CRC-32; a table costs less than a
// dependency.
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder;
});

/**
 * Returns the checksum of parts, one after the other.
 *
 * @param {...Uint8Array} parts
 */
export function crc32c(...parts) {
  let remainder = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) {
      remainder = (remainder >>> 8) ^ /** @type {number} */ (TABLE[(remainder ^ byte) & 0xff]);
    }
  }
  return (remainder ^ 0xffffffff) >>> 0;
}
