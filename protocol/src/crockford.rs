//! Crockford's base32, as people type it: the alphabet without I, L, O and U, read tolerantly
//! (protocol sections 5 and 11).

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A person's spacing may be generous, a megabyte is not typing.
const TYPED_CAP: usize = 128;

/// The character of the low five bits.
pub(crate) fn character(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

/// The first `5 × characters` bits.
pub(crate) fn encode(bytes: &[u8], characters: usize) -> Zeroizing<String> {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let value = |at: usize| (0..5).fold(0, |value, offset| value << 1 | bit(at * 5 + offset));
    let mut text = Zeroizing::new(String::with_capacity(characters));
    text.extend((0..characters).map(|at| character(value(at))));
    text
}

/// What a person typed, when it has this many characters of the alphabet: spaces and hyphens don't
/// count, small letters are capital ones, O, I, L are 0, 1, 1.
pub(crate) fn read(typed: &str, characters: usize) -> Option<Zeroizing<String>> {
    if typed.len() > TYPED_CAP {
        return None;
    }
    // Room for all, so that growing leaves no copy behind.
    let mut code = Zeroizing::new(String::with_capacity(typed.len()));
    let kept = typed.chars().filter(|c| !matches!(c, ' ' | '-'));
    code.extend(kept.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }));
    is_code(&code, characters).then_some(code)
}

/// Whether these are so many characters of the alphabet, as they are written.
pub(crate) fn is_code(text: &str, characters: usize) -> bool {
    text.len() == characters && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// The bytes of a code that [`read`] gave; `N` bytes are `8 × N ÷ 5` characters.
pub(crate) fn decode<const N: usize>(code: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    if code.len() * 5 != N * 8 {
        return None;
    }
    for (at, byte) in code.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&known| known == byte)?;
        for offset in 0..5 {
            let (bit, place) = (value >> (4 - offset) & 1, at * 5 + offset);
            bytes[place / 8] |= (bit as u8) << (7 - place % 8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ten_bytes_are_sixteen_characters_and_back(bytes: [u8; 10]) {
            let code = encode(&bytes, 16);
            prop_assert_eq!(read(&code, 16), Some(code.clone()));
            prop_assert_eq!(decode::<10>(&code).map(|back| *back), Some(bytes));
        }

        #[test]
        fn whatever_is_typed_never_panics(typed: String) {
            if let Some(code) = read(&typed, 16) {
                prop_assert!(decode::<10>(&code).is_some());
            }
        }
    }

    #[test]
    fn generous_spacing_is_read_and_a_flood_of_it_is_not() {
        let spaced = |all: usize| format!("{}0123456789", " ".repeat(all - 10));
        assert!(read(&spaced(TYPED_CAP), 10).is_some());
        assert!(read(&spaced(TYPED_CAP + 1), 10).is_none());
    }

    #[test]
    fn a_code_of_another_length_has_no_bytes() {
        for bad in [
            "",
            "0",
            "000000000000000",
            "00000000000000000",
            "U000000000000000",
        ] {
            assert!(decode::<10>(bad).is_none(), "{bad}");
        }
    }
}
