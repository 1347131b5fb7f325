//! How soon an experience may fire again.

use serde::{Deserialize, Serialize};

/// The 21 documented values of `config.repeat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Repeat {
    Immediately,
    Never,
    After1Min,
    After3Min,
    After5Min,
    After15Min,
    After30Min,
    After1Hour,
    After2Hours,
    After4Hours,
    After8Hours,
    After12Hours,
    After24Hours,
    NextDay,
    After2Days,
    After3Days,
    After5Days,
    NextWeek,
    After2Weeks,
    NextMonth,
    After2Months,
}
