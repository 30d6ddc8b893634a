//! What bundled models and samples were called before: sessions, command lines and papers go on naming them so.

/// Former names, each with the name of today. No name of today is among the former ones.
pub const FORMER_NAMES: [(&str, &str); 3] = [
    ("article-match", "pattern"),
    ("article-circle", "pattern-circle"),
    ("article-square", "pattern-square"),
];

/// The name of today of a bundled model or sample; any other name stays as it is.
///
/// ```
/// use convstep::data::current_name;
///
/// assert_eq!(current_name("article-match"), "pattern");
/// assert_eq!(current_name("digits"), "digits");
/// ```
pub fn current_name(name: &str) -> &str {
    FORMER_NAMES.iter().find(|(former, _)| *former == name).map_or(name, |(_, current)| current)
}
