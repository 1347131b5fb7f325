//! Whether all stages still work.

use std::sync::OnceLock;

/// The first failure of a stage, if there was one.
#[derive(Default)]
pub(crate) struct Health {
    failure: OnceLock<String>,
}

impl Health {
    /// Notes that a stage failed; only the first failure is kept, the others follow from it.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(
            reason,
            "A stage of the pipeline failed; it takes no more events"
        );
        // Someone was first: theirs is the reason.
        let _ = self.failure.set(reason);
    }

    /// The first failure.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }
}
