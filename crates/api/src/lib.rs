//! The HTTP surface of MOCA: management, device and operations APIs.
//!
//! Every path stands in [`routes`]. A request travels through [`dispatch`], which holds all rules
//! that are the same for every route; a handler under [`manage`] or [`device`] gets a [`call::Call`]
//! that has passed them and answers with a [`reply::Reply`] or a [`failure::Failure`].

mod accept;
mod accept_encoding;
mod audit;
pub mod auth;
mod body;
pub mod call;
mod callers;
mod content;
mod cors;
pub mod device;
mod dispatch;
mod docs;
mod door;
mod etag;
pub mod failure;
mod head;
mod headers;
mod idempotency;
mod inflate;
mod json;
mod leftover;
pub mod list;
pub mod manage;
mod matching;
pub mod metrics;
mod oauth;
pub mod openapi;
pub mod ops;
mod percent;
mod perform;
pub mod query;
mod rates;
mod remembered;
pub mod reply;
mod room;
pub mod route;
pub mod routes;
pub mod secret;
pub mod state;
mod turn;
mod upload;

pub use dispatch::{ops_router, router};
pub use door::Remote;
pub use headers::set_standard_headers;
pub use moca_engine::seal;
pub use rates::Rates;
pub use state::{ApiState, Settings};
