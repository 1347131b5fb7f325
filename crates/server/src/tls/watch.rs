//! Takes new certificate files into force while the server runs.

use std::{sync::Arc, time::Duration};

use moca_core::clock::Clock;

use super::{Tls, self_signed};
use crate::config::Config;

/// How often the files are looked at: certificates are renewed hours before they end.
const PERIOD: Duration = Duration::from_secs(5);

/// Looks at the files for ever, and renews a self-signed pair. A pair that cannot be used leaves the
/// old one in force.
pub(crate) async fn watch(tls: Tls, config: Config, clock: Arc<dyn Clock>) {
    let certificate = &tls.certificate;
    let mut seen = certificate.written();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        period.tick().await;
        if tls.trust.is_some()
            && let Err(error) = self_signed::ensure(&config, clock.now_ms())
        {
            let error = format!("{error:#}");
            tracing::warn!(error, "the self-signed certificate cannot be renewed");
        }
        let written = certificate.written();
        if written == seen {
            continue;
        }
        seen = written;
        match certificate.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "the certificate files changed and cannot be used; the old ones stay in force"
            ),
        }
    }
}
