//! How often something may be done: the generic cell rate algorithm (GCRA; ITU-T I.371), which is a
//! leaky bucket that needs one number.
//!
//! The number is the moment at which the bucket of a caller will be empty again. A request adds its
//! share of the window to it, and is refused when the bucket would hold more than a whole window.
//! So a rate of 60 a minute lets 60 come at once after a quiet minute, and one a second after that.

use crate::limits::{RATE_MAX, RATE_WINDOW_MS};

const NS_PER_MS: i64 = 1_000_000;
const NS_PER_S: i64 = 1_000_000_000;
const WINDOW_NS: i64 = RATE_WINDOW_MS * NS_PER_MS;

/// So many requests a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(i64);

/// The moment at which a caller's bucket is empty, ns since 1970; 0 for one never seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket(i64);

/// Where a caller stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests of a whole bucket.
    pub limit: i64,
    /// Requests that could follow at once.
    pub remaining: i64,
    /// Seconds, rounded up, until `remaining` is `limit` again.
    pub reset_s: i64,
    /// Seconds, rounded up, until a refused request would be let through; 0 if it was.
    pub retry_s: i64,
}

impl Rate {
    /// This many a minute, 1 to [`RATE_MAX`]; none for 0, which stands for no limit.
    pub const fn per_minute(requests: i64) -> Option<Self> {
        if requests <= 0 {
            return None;
        }
        Some(Self(if requests > RATE_MAX {
            RATE_MAX
        } else {
            requests
        }))
    }

    /// What one request adds to a bucket, ns; rounded up, so that no more are let through than said.
    const fn share_ns(self) -> i64 {
        (WINDOW_NS + self.0 - 1) / self.0
    }

    /// A request at `now_ms` by the caller with this bucket, which is filled if it is let through.
    pub fn request(self, bucket: &mut Bucket, now_ms: i64) -> Standing {
        let filled = self.filled_ns(*bucket, now_ms) + self.share_ns();
        let over = filled - self.capacity_ns();
        if over > 0 {
            let standing = self.standing(*bucket, now_ms);
            let retry_s = ceil_s(over).max(1);
            return Standing {
                retry_s,
                ..standing
            };
        }
        bucket.0 = now_ms.saturating_mul(NS_PER_MS).saturating_add(filled);
        self.standing(*bucket, now_ms)
    }

    /// Where the caller with this bucket stands, without a request.
    pub fn standing(self, bucket: Bucket, now_ms: i64) -> Standing {
        let filled = self.filled_ns(bucket, now_ms);
        Standing {
            limit: self.0,
            remaining: (self.capacity_ns() - filled) / self.share_ns(),
            reset_s: ceil_s(filled),
            retry_s: 0,
        }
    }

    const fn capacity_ns(self) -> i64 {
        self.share_ns() * self.0
    }

    /// What is in the bucket. A clock that was turned back does not lock anybody out for longer than
    /// a whole bucket takes to empty.
    fn filled_ns(self, bucket: Bucket, now_ms: i64) -> i64 {
        let now_ns = now_ms.saturating_mul(NS_PER_MS);
        bucket.0.saturating_sub(now_ns).clamp(0, self.capacity_ns())
    }
}

impl Bucket {
    /// Whether nothing is in it: then it need not be remembered.
    pub const fn is_empty_at(self, now_ms: i64) -> bool {
        self.0 <= now_ms.saturating_mul(NS_PER_MS)
    }
}

impl Standing {
    /// Whether the request was refused.
    pub const fn is_refused(self) -> bool {
        self.retry_s > 0
    }
}

const fn ceil_s(ns: i64) -> i64 {
    (ns + NS_PER_S - 1) / NS_PER_S
}

#[cfg(test)]
mod tests;
