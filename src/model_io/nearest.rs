//! Suggestions for mistyped names.

#![expect(clippy::arithmetic_side_effects, reason = "lengths of names")]

/// The name in `known` nearest to `got`, if it is near enough to be a typing mistake.
///
/// ```
/// use convstep::model_io::nearest;
///
/// assert_eq!(nearest("kernal", &["stride", "kernel"]), Some("kernel"));
/// assert_eq!(nearest("conv", &["conv2d", "dense"]), Some("conv2d"));
/// assert_eq!(nearest("banana", &["conv2d", "dense"]), None);
/// ```
pub fn nearest<'a>(got: &str, known: &[&'a str]) -> Option<&'a str> {
    /// Longer than any name; anything longer is not a typing mistake.
    const LONGEST: usize = 64;
    let got: String = got.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let close = |name: &&str| {
        let distance = distance(&got, &name.to_lowercase());
        let part = got.len() >= 3 && (name.contains(got.as_str()) || got.contains(*name));
        (distance <= 1 + name.len() / 4 || part).then_some(distance)
    };
    let near = known.iter().filter_map(|name| Some((close(name)?, *name)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The number of insertions, deletions and replacements that turn `a` into `b` (Wagner & Fischer 1974); swapping
/// two neighbours counts as two.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            row.push((above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above[b.len()]
}

/// ` (did you mean "kernel"?)`, or an empty text if nothing is near.
pub(super) fn hint(got: &str, known: &[&str]) -> String {
    nearest(got, known).map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}
