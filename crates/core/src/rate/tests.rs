use proptest::prelude::*;

use super::*;

const NOON: i64 = 1_767_614_400_000;

/// The same rate as a bucket of tokens, counted in exact fractions: `have` of a token is this many
/// of `WINDOW_NS` parts.
struct Tokens {
    rate: i128,
    have: i128,
    at_ms: i64,
}

impl Tokens {
    fn full(rate: i64, at_ms: i64) -> Self {
        let rate = i128::from(rate);
        let have = rate * i128::from(WINDOW_NS);
        Self { rate, have, at_ms }
    }

    fn take(&mut self, now_ms: i64) -> bool {
        let one = i128::from(WINDOW_NS);
        let passed_ns = i128::from(now_ms - self.at_ms) * i128::from(NS_PER_MS);
        self.at_ms = now_ms;
        self.have = (self.have + passed_ns * self.rate).min(self.rate * one);
        let enough = self.have >= one;
        if enough {
            self.have -= one;
        }
        enough
    }
}

/// Rates that divide the window, so that a share is exact.
const EXACT: [i64; 6] = [1, 2, 60, 1_000, 60_000, 1_200_000];

proptest! {
    #[test]
    fn it_lets_through_what_a_bucket_of_tokens_does(
        rate in prop::sample::select(&EXACT[..]),
        waits in prop::collection::vec(prop_oneof![Just(0), 0..50_i64, 0..70_000_i64], 1..300),
    ) {
        let gcra = Rate::per_minute(rate).unwrap();
        let (mut bucket, mut now_ms) = (Bucket::default(), NOON);
        let mut tokens = Tokens::full(rate, now_ms);
        for wait in waits {
            now_ms += wait;
            let standing = gcra.request(&mut bucket, now_ms);
            prop_assert_eq!(!standing.is_refused(), tokens.take(now_ms));
            let left = i64::try_from(tokens.have / i128::from(WINDOW_NS)).unwrap();
            prop_assert_eq!(standing.remaining, left);
        }
    }

    #[test]
    fn what_it_tells_comes_true(
        rate in 1..5_000_i64,
        waits in prop::collection::vec(prop_oneof![Just(0), 0..50_i64, 0..70_000_i64], 1..100),
    ) {
        let rate = Rate::per_minute(rate).unwrap();
        let (mut bucket, mut now_ms) = (Bucket::default(), NOON);
        for wait in waits {
            now_ms += wait;
            let standing = rate.request(&mut bucket, now_ms);
            let mut later = bucket;
            if standing.is_refused() {
                let again = rate.request(&mut later, now_ms + standing.retry_s * 1_000);
                prop_assert!(!again.is_refused());
            } else {
                for _ in 0..standing.remaining.min(100) {
                    prop_assert!(!rate.request(&mut later, now_ms).is_refused());
                }
            }
            let reset = rate.standing(bucket, now_ms + standing.reset_s * 1_000);
            prop_assert_eq!(reset.remaining, reset.limit);
        }
    }

    #[test]
    fn no_minute_has_more_than_two_buckets(
        rate in 1..200_i64,
        waits in prop::collection::vec(0..2_000_i64, 1..500),
    ) {
        let gcra = Rate::per_minute(rate).unwrap();
        let (mut bucket, mut now_ms) = (Bucket::default(), NOON);
        let mut passed = Vec::new();
        for wait in waits {
            now_ms += wait;
            if !gcra.request(&mut bucket, now_ms).is_refused() {
                passed.push(now_ms);
            }
        }
        for (i, start) in passed.iter().enumerate() {
            let within = passed[i..].iter().filter(|at| **at < start + RATE_WINDOW_MS);
            prop_assert!(within.count() as i64 <= 2 * rate);
        }
    }
}

#[test]
fn a_whole_bucket_at_once_then_one_share_at_a_time() {
    let rate = Rate::per_minute(60).unwrap();
    let mut bucket = Bucket::default();
    for sent in 1..=60 {
        let standing = rate.request(&mut bucket, NOON);
        let expected = Standing {
            limit: 60,
            remaining: 60 - sent,
            reset_s: sent,
            retry_s: 0,
        };
        assert_eq!(standing, expected);
    }
    assert_eq!(rate.request(&mut bucket, NOON).retry_s, 1);
    assert!(!rate.request(&mut bucket, NOON + 1_000).is_refused());
    assert!(rate.request(&mut bucket, NOON + 1_999).is_refused());
}

#[test]
fn zero_is_no_limit_and_no_rate_is_beyond_the_highest() {
    assert_eq!(Rate::per_minute(0), None);
    assert_eq!(Rate::per_minute(i64::MAX), Rate::per_minute(RATE_MAX));
}

#[test]
fn a_clock_turned_back_locks_out_for_a_bucket_at_most() {
    let rate = Rate::per_minute(2).unwrap();
    let mut bucket = Bucket::default();
    assert!(!rate.request(&mut bucket, NOON).is_refused());
    let before = NOON - 86_400_000;
    let standing = rate.request(&mut bucket, before);
    assert_eq!(standing.retry_s, 30);
    assert!(bucket.is_empty_at(NOON + 30_000) && !bucket.is_empty_at(NOON + 29_999));
}
