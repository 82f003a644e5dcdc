//! Words in a text, which are compared without case.

/// Where a text has another.
pub(super) fn position(text: &[u8], part: &str) -> Option<usize> {
    text.windows(part.len().max(1)).position(|at| at.eq_ignore_ascii_case(part.as_bytes()))
}

/// Whether a text has one of these, which a slash separates.
pub(super) fn says_any(text: &[u8], parts: &str) -> bool {
    parts.split('/').any(|part| position(text, part).is_some())
}

/// Whether a text has this as one of its words, which white space separates.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word))
}
