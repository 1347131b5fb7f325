//! Figures compared, and what differs.

use std::fmt::Debug;

/// How many figures were compared, and every difference.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) compared: usize,
    pub(super) differences: Vec<String>,
}

impl Checks {
    /// Compares one figure.
    pub(super) fn same<T: PartialEq + Debug>(
        &mut self,
        what: impl FnOnce() -> String,
        expected: &T,
        answered: &T,
    ) {
        self.compared += 1;
        if expected != answered {
            let what = what();
            self.differences.push(format!(
                "{what}: expected {expected:?}, the API says {answered:?}"
            ));
        }
    }
}
