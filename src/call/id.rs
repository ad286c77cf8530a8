//! The id of a signature request: an opaque string that becomes one segment of a path.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use crate::outcome::{Refusal, check_length};

/// An id that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct SignatureRequestId<'a>(pub(super) &'a str);

impl<'a> SignatureRequestId<'a> {
    /// Refuses what cannot be part of a path segment, and what makes an id look like another one: the service would answer
    /// that it does not exist, while the intended signature request can still be signed.
    pub fn new(id: &'a str) -> Result<Self, Refusal> {
        check_length("signature_request_id", id, 256)?;
        let last = id.chars().count() - 1;
        for (place, c) in id.chars().enumerate() {
            let advice = match c {
                '/' | '\\' => "pass the id alone, as Create signature request returned it",
                c if c.is_control() => "was it read with its line break?",
                ' ' if place == 0 || place == last => "remove the blanks around the id",
                ' ' => continue,
                c if c.is_whitespace() || is_format(c) => "was it copied from a web page?",
                _ => continue,
            };
            let place =
                if place == 0 { "at its start".into() } else { format!("after the {} character", ordinal(place)) };
            let character = if c.is_ascii_graphic() { c.into() } else { format!("U+{:04X}", u32::from(c)) };
            return Err(Refusal::argument(format!(
                "signature_request_id \"{id}\" holds {character} {place}; {advice}"
            )));
        }
        if matches!(id, "." | "..") {
            return Err(Refusal::argument(format!(
                "signature_request_id \"{id}\" names a folder, not a signature request"
            )));
        }
        Ok(Self(id))
    }
}

/// Invisible characters: byte order mark, zero-width and bidirectional characters, soft hyphen.
fn is_format(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_looks_like_another_is_refused_with_character_and_place() {
        for (id, wrong) in [
            (" a", "holds U+0020 at its start; remove the blanks"),
            ("ab ", "holds U+0020 after the 2nd character; remove the blanks"),
            ("abcd\u{200b}", "holds U+200B after the 4th character; was it copied from a web page?"),
            ("\u{feff}a", "holds U+FEFF at its start; was it copied"),
            ("a\u{a0}b", "holds U+00A0 after the 1st character; was it copied"),
            ("abcdefghijk\u{ad}", "holds U+00AD after the 11th character"),
            ("abcdefghijabcdefghijabc\u{202e}d", "holds U+202E after the 23rd character"),
            ("abc\n", "holds U+000A after the 3rd character; was it read with its line break?"),
            ("a/b", "holds / after the 1st character; pass the id alone"),
            ("a\\b", "holds \\ after the 1st character"),
            ("..", "names a folder"),
            ("", "is empty"),
            (&"é".repeat(129), "has 258 bytes"),
        ] {
            let refusal = SignatureRequestId::new(id).unwrap_err().to_string();
            assert!(refusal.contains(wrong), "{refusal}");
        }
    }

    #[test]
    fn what_is_visible_is_an_id() {
        for id in ["32f8628d-6658-443d-a2a0-f59d9d3752d2", "a b", "é", "...", "%20", "\u{1f4c4}", &"x".repeat(256)] {
            assert!(SignatureRequestId::new(id).is_ok(), "{id}");
        }
    }
}
