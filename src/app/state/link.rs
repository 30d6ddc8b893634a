//! The fragment of a link: a moment, or a beat of a lesson that comes with the program. The page in a browser keeps it
//! in its address; pasted anywhere, it leads there.

use super::{AppState, Moment};
use crate::lesson::bundled;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
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

    /// Whether a text is meant as a link, as its fragment or as a moment.
    pub fn is_meant(text: &str) -> bool {
        fragment_of(text).is_some() || Moment::is_meant(text)
    }

    /// Reads a link, its fragment, or a moment.
    ///
    /// # Errors
    /// One line on what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected a link as the program makes it, got another or a part of one; copy the whole link again";
        let moment = |text: &str| Moment::parse(text).map(|moment| Self::Moment(Box::new(moment)));
        let Some(fragment) = fragment_of(text) else { return moment(text) };
        if let Some(packed) = fragment.strip_prefix(MOMENT) {
            return moment(&unpacked(packed).ok_or_else(wrong)?);
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

/// A text, deflated, in base64url.
fn packed(text: &str) -> String {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = deflated.write_all(text.as_bytes());
    URL_SAFE_NO_PAD.encode(deflated.finish().unwrap_or_default())
}

/// What [`packed`] packed; `None` if it is something else.
fn unpacked(packed: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(packed).ok()?;
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
            prop_assert!(packed.bytes().all(|digit| digit.is_ascii_alphanumeric() || b"-_".contains(&digit)));
            prop_assert_eq!(unpacked(&packed), Some(text));
        }

        #[test]
        fn any_text_is_a_link_or_an_error(text in "(https://a\\.b/)?(#m=|#lesson=)?[\\w=&%-]{0,60}") {
            let _ = Link::parse(&text);
        }
    }
}
