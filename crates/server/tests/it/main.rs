//! The integration tests: the real server over HTTPS.

#[expect(dead_code, reason = "the tests that use it come with the routes")]
mod support;
