//! Versions compare as dotted numbers: 10.2 is after 9.9, and 10 is 10.0.

use std::cmp::Ordering;

/// Whether a text is numbers with dots between.
pub(super) fn is_version(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How two versions compare; none if one of the texts is no version.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    if !is_version(left) || !is_version(right) {
        return None;
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let ordering = match (left.next(), right.next()) {
            (None, None) => return Some(Ordering::Equal),
            (one, other) => compare_digits(one.unwrap_or("0"), other.unwrap_or("0")),
        };
        if ordering != Ordering::Equal {
            return Some(ordering);
        }
    }
}

/// Numbers of any length, so that no version is too long to compare.
fn compare_digits(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}
