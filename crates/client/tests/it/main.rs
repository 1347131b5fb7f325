//! The client against a server that answers by a script, over TLS, with time turned by hand.

#![expect(clippy::unwrap_used, reason = "tests")]

mod lists;
mod login;
mod network;
mod repeats;
mod support;
