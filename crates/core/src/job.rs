//! Jobs: work that goes on beside requests and is asked about, such as imports and replays.

use serde::{Deserialize, Serialize};

use crate::resource::Frame;

/// What all jobs are.
pub trait Job: Sized {
    /// What becomes of every job.
    fn parts(&mut self) -> Parts<'_>;

    /// The same, changed now.
    #[must_use]
    fn changed(mut self, now_ms: i64) -> Self {
        let frame = self.parts().frame;
        frame.updated_at = now_ms.max(frame.updated_at);
        frame.revision += 1;
        self
    }

    /// The same, ended now.
    #[must_use]
    fn ended(mut self, status: JobStatus, now_ms: i64) -> Self {
        let parts = self.parts();
        *parts.status = status;
        *parts.finished_at = Some(now_ms);
        self
    }
}

/// The parts of a job that change whatever its work is.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The frame.
    pub frame: &'a mut Frame,
    /// Where it stands.
    pub status: &'a mut JobStatus,
    /// When it ended, ms since 1970.
    pub finished_at: &'a mut Option<i64>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    /// It waits for its turn.
    Pending,
    /// It is under way.
    Running,
    /// All of it was done.
    Completed,
    /// It could not come to its end.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The words of all of them.
    pub const WORDS: [&'static str; Self::ALL.len()] = {
        let mut words = [""; Self::ALL.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = Self::ALL[at].as_str();
            at += 1;
        }
        words
    };

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The status with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more happens.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}
