#![doc = include_str!("../README.md")]

mod answer;
mod app;
mod builder;
mod bundle;
mod call;
mod collection;
mod device;
mod error;
mod files;
mod inbox;
mod login;
mod manage;
mod pace;
mod query;
mod reports;
mod retry;
mod transport;

pub use answer::Answer;
pub use app::AppClient;
pub use builder::Builder;
pub use bundle::SignedBundle;
pub use call::Call;
pub use collection::{Collection, Versioned};
pub use device::DeviceClient;
pub use error::{ClientError, NetworkFault};
pub use files::{Download, ImportRequest};
pub use manage::{Client, ListParameters};
pub use pace::{Pace, SystemPace};
pub use query::{Order, Query};
pub use reports::{AnalyticsQuery, Asked, DecisionQuery, ExperiencesQuery, NotificationsQuery};
pub use reqwest::Method;
pub use retry::RetryPolicy;
