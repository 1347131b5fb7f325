//! The integration tests. Most drive the API in process (`support::Installation`), with clock and
//! randomness of their own; those of the listener drive the real server (`support::TestServer`).

mod authorization;
mod devices;
mod docs;
mod oauth;
mod rules;
mod support;
mod tidy;
