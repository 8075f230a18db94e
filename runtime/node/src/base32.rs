//! Crockford's base 32: bits as characters that people can read aloud.
//! In: numbers of five bits. Out: digits and letters but `i`, `l`, `o` and `u`. Absent: padding; what is written has whole bytes.
//! Source of the alphabet and its look-alikes: <https://www.crockford.com/base32.html>.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The character of a number below 32.
pub(crate) fn character(value: u8) -> char {
    ALPHABET.get(usize::from(value & 31)).copied().map_or('?', char::from)
}

/// The number of a character. Case does not count, and `i`, `l` and `o` are read as what they look like.
pub(crate) fn value(character: char) -> Option<u8> {
    let character = match character.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    ALPHABET.iter().position(|known| char::from(*known) == character).and_then(|at| u8::try_from(at).ok())
}

/// The characters of `bytes`, in lower case. Where the last has fewer than five bits, zeros fill it.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    let mut push = |value: u32| text.push(character((value & 31) as u8));
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            push(bits >> count);
        }
    }
    if count > 0 {
        push(bits << (5 - count));
    }
    text
}

/// The bytes of a text, in which dashes are left out. Nothing where another character stands, or the last one has bits that
/// belong to no byte.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.chars().filter(|character| *character != '-') {
        bits = (bits << 5) | u32::from(value(character)?);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            // Only what is not in a byte yet is kept, so that nothing is shifted out.
            bits &= (1 << count) - 1;
        }
    }
    (count < 5 && bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            }
        }
    }

    #[test]
    fn case_dashes_and_look_alikes_do_not_count() {
        assert_eq!(encode(b"\x00\x44\x32\x14\xc7"), "01234567");
        assert_eq!(decode("o1i-lL-OOo"), decode("01111000"));
        assert_eq!(decode("ABCD-EFGH"), decode("abcdefgh"));
        assert_eq!(decode("u0000000"), None);
    }

    #[test]
    fn bits_of_no_byte_are_refused() {
        assert_eq!(decode("00"), Some(vec![0]));
        assert_eq!(decode("01"), None);
        assert_eq!(decode("0"), None);
        assert_eq!(decode("000"), None);
    }
}
