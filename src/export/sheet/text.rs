//! Text in two weights, broken into lines as Latin and Chinese are.

use crate::export::fonts::Face;

/// A piece of text in one weight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The text.
    pub text: String,
    /// Half-bold.
    pub is_strong: bool,
}

impl Run {
    /// Text of the usual weight.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_strong: false }
    }

    /// Half-bold text.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_strong: true }
    }

    /// The font that it begins with.
    pub const fn face(&self) -> Face {
        if self.is_strong { Face::Strong } else { Face::Text }
    }
}

/// No line begins with one of these.
const CLOSING: &str = "，。、；：！？）”》」,.;:!?)";
/// No line ends with one of these.
const OPENING: &str = "（“《「(";

const fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// Whether a line may end between two characters that no space separates.
fn may_break(before: char, after: char) -> bool {
    (is_wide(before) || is_wide(after))
        && !CLOSING.contains(after)
        && !OPENING.contains(before)
        && ![before, after].contains(&'\u{2009}')
}

/// The lines of a text of a size that fit into a width. A word that is too long is cut; `\n` ends a line.
pub fn lines(runs: &[Run], size: f64, width: f64) -> Vec<Vec<Run>> {
    let chars: Vec<(char, &Run)> =
        runs.iter().flat_map(|run| run.text.chars().map(move |c| (c, run))).collect();
    let wide = |k: usize| chars[k].1.face().width(chars[k].0.encode_utf8(&mut [0; 4])) * size;
    let mut lines = Vec::new();
    let (mut start, mut used, mut last_break) = (0, 0.0, None);
    for k in 0..chars.len() {
        let c = chars[k].0;
        if c == '\n' {
            lines.push(collect(&chars[start..k]));
            (start, used, last_break) = (k + 1, 0.0, None);
            continue;
        }
        used += wide(k);
        if used > width && k > start && c != ' ' {
            let (end, next) = last_break.unwrap_or((k, k));
            lines.push(collect(&chars[start..end]));
            start = next;
            used = (start..=k).map(wide).sum();
            last_break = None;
        }
        match chars.get(k + 1) {
            _ if c == ' ' => last_break = Some((k, k + 1)),
            Some((after, _)) if may_break(c, *after) => last_break = Some((k + 1, k + 1)),
            Some(_) | None => {}
        }
    }
    lines.push(collect(&chars[start..]));
    lines
}

/// Characters as runs.
fn collect(chars: &[(char, &Run)]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (c, run) in chars {
        match runs.last_mut() {
            Some(last) if last.is_strong == run.is_strong => last.text.push(*c),
            Some(_) | None => runs.push(Run { text: c.to_string(), is_strong: run.is_strong }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, width: f64) -> Vec<String> {
        let text = [Run::plain(text)];
        lines(&text, 10.0, width)
            .iter()
            .map(|line| line.iter().map(|run| run.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn lines_end_where_they_may() {
        assert_eq!(broken("one two three", 45.0), ["one two", "three"]);
        assert_eq!(broken("one\ntwo", 100.0), ["one", "two"]);
        assert_eq!(broken("卷积核盖住窗口，相乘。", 70.0), ["卷积核盖住窗", "口，相乘。"]);
        // Nor does a mark begin a line, nor is a number torn from the word before it.
        assert_eq!(
            broken("卷积核盖，是 3 个", 50.0),
            ["卷积核盖，", "是\u{2009}3\u{2009}个".replace('\u{2009}', " ").as_str()]
        );
        assert_eq!(broken("abcdefghij", 30.0).concat(), "abcdefghij");
        for line in
            lines(&[Run::plain("a long text of many words "), Run::strong("and a strong end")], 9.0, 60.0)
        {
            assert!(
                line.iter().map(|run| run.face().width(&run.text) * 9.0).sum::<f64>() <= 63.0,
                "{line:?}"
            );
        }
    }
}
