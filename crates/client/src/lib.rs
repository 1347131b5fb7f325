//! A typed client of the MOCA APIs.
//!
//! [`Client`] speaks the management API with a member's token; [`AppClient`] registers devices with
//! an app's secret; [`DeviceClient`] is one registered device. All share one pool of connections.

mod app;
mod builder;
mod device;
mod error;
mod manage;
mod reports;
mod transport;

pub use app::AppClient;
pub use builder::Builder;
pub use device::DeviceClient;
pub use error::ClientError;
pub use manage::{Client, ListParameters};
pub use reports::{AnalyticsQuery, DecisionQuery};
