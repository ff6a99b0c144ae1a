//! Mends the `:authority` that gRPC's clients send on unix sockets.
//!
//! It is the path of the socket, from the C core in percent-encoding, `%2Frun%2Fforeword.sock`, from Java as it is; a URI
//! may have neither there. The h2 crate resets every such call (grpc/grpc#38142, hyperium/h2#487); gRPC's own servers
//! take it, and so must whoever stands in front of one. Nobody here reads the value. So before h2 sees the bytes, what is
//! odd in an authority that is spelled out becomes a `.`: no length changes, and both sides' tables of headers stay the
//! same. A patched copy of h2 was left out: it would have to be carried from version to version.

const FRAME_HEADER_BYTES: usize = 9;
const PREFACE_BYTES: usize = 24;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;
/// A call's headers are smaller; what is longer goes to h2 as it is, and is refused there.
const BLOCK_BYTES_MAX: usize = 16_384;
/// `:authority` in HPACK's table of fixed names.
const AUTHORITY: u64 = 1;

/// Follows the frames of a connection through buffers of any size.
pub struct Mending {
    /// Bytes until the next frame begins.
    skip: usize,
    /// The beginning of a frame that is not whole yet, as far as h2 has seen none of it.
    held: Vec<u8>,
}

impl Mending {
    pub fn new() -> Self {
        Self { skip: PREFACE_BYTES, held: Vec::new() }
    }

    /// Takes what was read, and appends what may be handed on to `out`.
    pub fn pass(&mut self, read: &[u8], out: &mut Vec<u8>) {
        let mut rest = read;
        if !self.held.is_empty() {
            self.held.extend_from_slice(rest);
            let held = std::mem::take(&mut self.held);
            self.frames(&held, out);
            return;
        }
        if self.skip >= rest.len() {
            self.skip -= rest.len();
            out.extend_from_slice(rest);
            return;
        }
        rest = &rest[std::mem::take(&mut self.skip)..];
        out.extend_from_slice(&read[..read.len() - rest.len()]);
        self.frames(rest, out);
    }

    fn frames(&mut self, mut rest: &[u8], out: &mut Vec<u8>) {
        while let Some(header) = rest.get(..FRAME_HEADER_BYTES) {
            let size = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
            let whole = FRAME_HEADER_BYTES + size;
            let has_names = matches!(header[3], HEADERS | CONTINUATION) && size <= BLOCK_BYTES_MAX;
            if rest.len() < whole {
                if !has_names {
                    out.extend_from_slice(rest);
                    self.skip = whole - rest.len();
                    return;
                }
                break;
            }
            let start = out.len();
            out.extend_from_slice(&rest[..whole]);
            // A block that goes on in another frame is left as it is: no authority is so long.
            if header[3] == HEADERS {
                mend(header[4], &mut out[start + FRAME_HEADER_BYTES..]);
            }
            rest = &rest[whole..];
        }
        self.held.extend_from_slice(rest);
    }
}

/// Replaces what is odd of an authority in the payload of a HEADERS frame.
fn mend(flags: u8, payload: &mut [u8]) {
    let mut start = 0;
    let mut end = payload.len();
    if flags & PADDED != 0 && !payload.is_empty() {
        start = 1;
        end = end.saturating_sub(usize::from(payload[0]));
    }
    if flags & PRIORITY != 0 {
        start += 5;
    }
    while start < end {
        let Some(field) = field_at(&payload[..end], start) else { return };
        if let Some(value) = field.authority {
            let is_odd =
                |byte: &u8| matches!(byte, b'%' | b'/' | b'\\' | b'?' | b'#' | b'"') || !byte.is_ascii_graphic();
            let value = &mut payload[value];
            // An authority that h2 takes stays as it is, with its port.
            if value.iter().any(is_odd) {
                value.iter_mut().filter(|byte| !byte.is_ascii_alphanumeric()).for_each(|byte| *byte = b'.');
            }
            return;
        }
        start = field.end;
    }
}

struct HeaderField {
    end: usize,
    /// Where the value stands, when it is an authority in plain letters.
    authority: Option<std::ops::Range<usize>>,
}

/// Returns where a field of a header block ends (RFC 7541, section 6), without looking anything up.
fn field_at(block: &[u8], start: usize) -> Option<HeaderField> {
    let first = *block.get(start)?;
    // An indexed field, and a change of the table's size, are a number alone.
    if first & 0x80 != 0 {
        return Some(HeaderField { end: integer(block, start, 7)?.1, authority: None });
    }
    if first & 0xe0 == 0x20 {
        return Some(HeaderField { end: integer(block, start, 5)?.1, authority: None });
    }
    let (name, mut at) = integer(block, start, if first & 0xc0 == 0x40 { 6 } else { 4 })?;
    let mut is_authority = name == AUTHORITY;
    if name == 0 {
        let (text, is_huffman) = string(block, at)?;
        is_authority = !is_huffman && &block[text.clone()] == b":authority";
        at = text.end;
    }
    let (value, is_huffman) = string(block, at)?;
    Some(HeaderField { end: value.end, authority: (is_authority && !is_huffman).then_some(value) })
}

fn string(block: &[u8], start: usize) -> Option<(std::ops::Range<usize>, bool)> {
    let is_huffman = block.get(start)? & 0x80 != 0;
    let (size, at) = integer(block, start, 7)?;
    let end = at.checked_add(usize::try_from(size).ok()?)?;
    (end <= block.len()).then_some((at..end, is_huffman))
}

/// A number with a prefix of so many bits, and where it ends.
fn integer(block: &[u8], start: usize, bits: u8) -> Option<(u64, usize)> {
    let limit = (1u64 << bits) - 1;
    let mut value = u64::from(*block.get(start)?) & limit;
    if value < limit {
        return Some((value, start + 1));
    }
    for place in 0..4 {
        let byte = *block.get(start + 1 + place)?;
        value += u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, start + 2 + place));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, (payload.len() >> 8) as u8, payload.len() as u8, kind, flags, 0, 0, 0, 1];
        bytes.extend_from_slice(payload);
        bytes
    }

    /// `:method POST`, `:path /a`, then an authority, then a value that has a `%` of its own.
    fn block(authority: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x83, 0x44, 2, b'/', b'a', 0x41, authority.len() as u8];
        bytes.extend_from_slice(authority);
        bytes.extend_from_slice(b"\x40\x01x\x03a%b");
        bytes
    }

    fn connection(authority: &[u8]) -> Vec<u8> {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, &[]));
        bytes.extend(frame(HEADERS, 4, &block(authority)));
        bytes.extend(frame(0, 1, b"100% of the body"));
        let mut padded = vec![2, 0, 0, 0, 0, 9];
        padded.extend(block(authority));
        padded.extend([0, 0]);
        bytes.extend(frame(HEADERS, 4 | PADDED | PRIORITY, &padded));
        bytes
    }

    /// Only the authority changes, wherever reads happen to cut the connection into pieces.
    #[test]
    fn an_authority_is_mended_in_pieces_of_any_size() {
        for (authority, mended) in [
            (&b"%2Frun%2Ffw-1.sock"[..], &b".2Frun.2Ffw.1.sock"[..]),
            (b"/run/f w.sock", b".run.f.w.sock"),
            (b"[::1]:7464", b"[::1]:7464"),
            (b"", b""),
        ] {
            let (sent, expected) = (connection(authority), connection(mended));
            for size in 1..sent.len() {
                let (mut mending, mut out) = (Mending::new(), Vec::new());
                sent.chunks(size).for_each(|piece| mending.pass(piece, &mut out));
                assert_eq!(out, expected, "pieces of {size}");
            }
        }
    }

    /// Bytes that are no header block pass as they are.
    #[test]
    fn odd_blocks_pass() {
        for payload in [&b"\x41"[..], b"\x41\xff\xff\xff\xff\xff", b"\x7f", b"\x00\x85ab", b""] {
            for flags in [0, PADDED, PRIORITY, PADDED | PRIORITY] {
                let mut bytes = payload.to_vec();
                mend(flags, &mut bytes);
                assert_eq!(bytes, payload);
            }
        }
    }
}
