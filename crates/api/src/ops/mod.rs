//! The operations port: health and metrics, without tenant data.

pub mod health;
pub mod metrics;
