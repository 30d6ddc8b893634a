//! The texts of lessons: words that point at things, words that are introduced, numbers that are computed.

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Span {
    /// Plain text.
    Plain(String),
    /// `**word**`: introduced here.
    Introduced(String),
    /// `[words](address)`: lights a place, with variables in braces.
    Link {
        /// The words.
        text: String,
        /// The address.
        target: String,
    },
    /// Text in backquotes: a number that belongs to the wording and is not computed.
    Literal(String),
    /// `{expression}`: a number that is computed.
    Computed(String),
}

/// The parts of a text. A brace, a bracket or asterisks that are not closed are plain text.
pub fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    let mut plain = String::new();
    while let Some(c) = rest.chars().next() {
        match special(rest) {
            Some((span, len)) => {
                if !plain.is_empty() {
                    spans.push(Span::Plain(std::mem::take(&mut plain)));
                }
                spans.push(span);
                rest = &rest[len..];
            }
            None => {
                plain.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        spans.push(Span::Plain(plain));
    }
    spans
}

/// The special part that a text begins with, and how many bytes it takes.
fn special(text: &str) -> Option<(Span, usize)> {
    if let Some(inner) = text.strip_prefix("**") {
        let len = inner.find("**").filter(|len| *len > 0)?;
        return Some((Span::Introduced(inner[..len].to_owned()), len + 4));
    }
    if let Some(inner) = text.strip_prefix('`') {
        let len = inner.find('`').filter(|len| *len > 0)?;
        return Some((Span::Literal(inner[..len].to_owned()), len + 2));
    }
    if let Some(inner) = text.strip_prefix('{') {
        let len = inner.find('}')?;
        return Some((Span::Computed(inner[..len].to_owned()), len + 2));
    }
    let inner = text.strip_prefix('[')?;
    let close = inner.find("](")?;
    let target = &inner[close + 2..];
    let len = closing(target)?;
    let span = Span::Link { text: inner[..close].to_owned(), target: target[..len].to_owned() };
    Some((span, close + len + 4))
}

/// Where the parenthesis that is open before a text closes; an address has parentheses of its own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_its_parts() {
        let text = "A **filter** lies on [this window](input/k0/(1..3,2..4)): {value(fwd/conv1/k0/(0,0))}.";
        let link = Span::Link { text: "this window".into(), target: "input/k0/(1..3,2..4)".into() };
        let computed = Span::Computed("value(fwd/conv1/k0/(0,0))".into());
        assert_eq!(
            spans(text),
            [
                Span::Plain("A ".into()),
                Span::Introduced("filter".into()),
                Span::Plain(" lies on ".into()),
                link,
                Span::Plain(": ".into()),
                computed,
                Span::Plain(".".into()),
            ]
        );
        assert_eq!(spans("2 ** 3 [a] {"), [Span::Plain("2 ** 3 [a] {".into())]);
    }
}
