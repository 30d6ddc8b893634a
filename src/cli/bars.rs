//! A bar chart in text.

/// A bar of at most `width` characters for a share from 0 to 1, in eighths of a character.
pub fn bar(part: f32, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    // NaN gives an empty bar.
    let eighths = (part.clamp(0.0, 1.0) * width as f32 * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_grow_by_eighths() {
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(1.0 / 32.0, 4), "▏");
        assert_eq!(bar(7.0, 4), "████");
        assert_eq!(bar(f32::NAN, 4), "");
    }
}
