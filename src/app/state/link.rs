//! The fragment of a link: a moment, or a beat of a lesson that comes with the program. The page in a browser keeps it
//! in its address; pasted anywhere, it leads there.

use super::{AppState, Moment};
use crate::lesson::bundled;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use std::io::{Read, Write};

/// What the fragment of a moment begins with; its text follows, deflated, in base64url.
const MOMENT: &str = "#m=";
/// What the fragment of a lesson begins with; its id follows, and the beat.
const LESSON: &str = "#lesson=";
/// What stands before the number of the beat.
const BEAT: &str = "&beat=";

/// The longest text that a link may unpack to.
const LONGEST: u64 = 1 << 20;

/// Where a link leads.
#[derive(Clone, PartialEq, Debug)]
pub enum Link {
    /// To a moment.
    Moment(Box<Moment>),
    /// To a beat of a lesson.
    Lesson {
        /// The lesson's id.
        id: String,
        /// The beat's number.
        beat: usize,
    },
}

impl Link {
    /// The link to what a state shows.
    pub fn from_state(state: &AppState) -> Self {
        match state.lesson() {
            Some(open) if bundled().lesson(&open.lesson().id).is_some() => {
                Self::Lesson { id: open.lesson().id.clone(), beat: open.beat() }
            }
            Some(_) | None => Self::Moment(Box::new(state.moment().0)),
        }
    }

    /// The fragment of the link, `#` first: only letters, digits and `=&_-`.
    pub fn fragment(&self) -> String {
        match self {
            Self::Moment(moment) => format!("{MOMENT}{}", packed(&moment.text())),
            Self::Lesson { id, beat } => format!("{LESSON}{id}{BEAT}{}", beat + 1),
        }
    }

    /// Whether a text is a link or a moment that can be read.
    ///
    /// # Errors
    /// One line on what is wrong with it.
    pub fn check(text: &str) -> Result<(), String> {
        match Self::is_meant(text) {
            true => Self::parse(text).map(|_| ()),
            false => Moment::parse(text).map(|_| ()),
        }
    }

    /// Whether a text is meant as a link, or as its fragment.
    pub fn is_meant(text: &str) -> bool {
        fragment_of(text).is_some()
    }

    /// Reads a link, or its fragment.
    ///
    /// # Errors
    /// One line on what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected a link as the program makes it, got another or a part of one; copy the whole link again";
        let fragment = fragment_of(text).ok_or_else(wrong)?;
        if let Some(packed) = fragment.strip_prefix(MOMENT) {
            let text = unpacked(packed).ok_or_else(wrong)?;
            return Moment::parse(&text).map(|moment| Self::Moment(Box::new(moment)));
        }
        let lesson = fragment.strip_prefix(LESSON).ok_or_else(wrong)?;
        let (id, beat) = lesson.split_once(BEAT).unwrap_or((lesson, "1"));
        let beat = beat.parse().ok().and_then(|beat: usize| beat.checked_sub(1)).ok_or_else(wrong)?;
        Ok(Self::Lesson { id: id.to_owned(), beat })
    }
}

/// The fragment in a text.
fn fragment_of(text: &str) -> Option<&str> {
    let text = text.trim();
    let start = [MOMENT, LESSON].iter().find_map(|begin| text.find(begin))?;
    let is_link = start == 0 || text.contains("://");
    let fragment = &text[start..];
    (is_link && !fragment.contains(char::is_whitespace)).then_some(fragment)
}

/// The digits of base64url, of 6 bits each.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A text, deflated, in base64url.
fn packed(text: &str) -> String {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = deflated.write_all(text.as_bytes());
    let bytes = deflated.finish().unwrap_or_default();
    let digits = |three: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        (0..=three.len()).map(move |at| DIGITS[(bits >> (18 - 6 * at) & 63) as usize] as char)
    };
    bytes.chunks(3).flat_map(digits).collect()
}

/// What [`packed`] packed; `None` if it is something else.
fn unpacked(packed: &str) -> Option<String> {
    let value = |digit: u8| DIGITS.iter().position(|own| *own == digit);
    let values = packed.bytes().map(value).collect::<Option<Vec<usize>>>()?;
    let bytes = |four: &[usize]| {
        let bits = (0..4).fold(0usize, |bits, at| bits << 6 | four.get(at).copied().unwrap_or(0));
        (1..four.len()).map(move |at| (bits >> (24 - 8 * at) & 255) as u8)
    };
    let bytes: Vec<u8> = values.chunks(4).flat_map(bytes).collect();
    let mut text = String::new();
    DeflateDecoder::new(&*bytes).take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(text in ".{0,300}") {
            let packed = packed(&text);
            prop_assert!(packed.bytes().all(|digit| DIGITS.contains(&digit)));
            prop_assert_eq!(unpacked(&packed), Some(text));
        }

        #[test]
        fn any_text_is_a_link_or_an_error(text in "(https://a\\.b/)?(#m=|#lesson=)?[\\w=&%-]{0,60}") {
            let _ = Link::parse(&text);
        }
    }
}
