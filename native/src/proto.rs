//! As much of protobuf's wire format as is needed to read a request and to put an answer together.

/// A field's number with what stands in it. Other wire types are not met in what we read.
#[derive(Debug, PartialEq, Eq)]
pub enum Field<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
}

/// The fields of a message in their order; ends with `None` in place of a field where the bytes are not as expected.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn take(&mut self) -> Option<Field<'a>> {
        let (tag, rest) = varint(self.0)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        let (value, rest) = match tag & 7 {
            0 | 2 => varint(rest)?,
            _ => return None,
        };
        if tag & 7 == 0 {
            self.0 = rest;
            return Some(Field::Number(number, value));
        }
        let (bytes, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
        self.0 = rest;
        Some(Field::Bytes(number, bytes))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let found = self.take();
        if found.is_none() {
            self.0 = &[];
        }
        Some(found)
    }
}

/// Returns a number and what follows it; None where there is no whole one.
pub fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (place, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

/// How many bytes a number takes.
pub fn varint_size(mut value: usize) -> usize {
    let mut size = 1;
    while value > 0x7f {
        value >>= 7;
        size += 1;
    }
    size
}

pub fn put_varint(into: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        into.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Appends a length-delimited field with a number below 16; an empty text stands for none, as in proto3.
pub fn put_text(into: &mut Vec<u8>, number: u8, text: &[u8]) {
    if !text.is_empty() {
        put_message(into, number, text);
    }
}

/// Appends a number with a field's number below 16; 0 stands for none, as in proto3.
pub fn put_number(into: &mut Vec<u8>, number: u8, value: u64) {
    if value != 0 {
        into.push(number << 3);
        put_varint(into, value as usize);
    }
}

/// Appends a message with a field's number below 16, also an empty one.
pub fn put_message(into: &mut Vec<u8>, number: u8, message: &[u8]) {
    into.push(number << 3 | 2);
    put_varint(into, message.len());
    into.extend_from_slice(message);
}

/// How many bytes `put_text` appends.
pub fn text_size(text: &[u8]) -> usize {
    if text.is_empty() {
        0
    } else {
        1 + varint_size(text.len()) + text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is put in comes out, at every size of a length.
    #[test]
    fn texts_come_back() {
        for size in [0usize, 1, 127, 128, 16_383, 16_384] {
            let text = vec![b'a'; size];
            let mut message = Vec::new();
            put_text(&mut message, 3, &text);
            assert_eq!(message.len(), text_size(&text));
            let found: Vec<_> = Fields::new(&message).collect();
            let expected = if size == 0 { vec![] } else { vec![Some(Field::Bytes(3, &text[..]))] };
            assert_eq!(found, expected);
        }
    }

    /// Bytes that are cut short or of another wire type end in `None`, and never in a panic.
    #[test]
    fn odd_bytes_are_told() {
        for odd in [&b"\x0a"[..], b"\x0a\x05ab", b"\x0d\0\0\0\0", b"\x80", b"\x00\x01", &[0xff; 12]] {
            assert_eq!(Fields::new(odd).last(), Some(None), "{odd:?}");
        }
    }
}
