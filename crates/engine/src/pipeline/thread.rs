//! The thread of a stage.

use std::{
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use moca_storage::StorageError;
use tokio::sync::watch;

use crate::health::Health;

/// Runs a stage on a thread of its own and notes why it failed, if it does. `progress` is where the
/// stage tells how far it has come. It closes when the stage ends, after a failure was noted: those
/// who wait for the stage then find the reason.
pub(crate) fn spawn(
    stage: &'static str,
    health: Arc<Health>,
    progress: watch::Sender<u64>,
    run: impl FnOnce(&watch::Sender<u64>) -> Result<(), StorageError> + Send + 'static,
) -> Result<JoinHandle<()>, StorageError> {
    Builder::new()
        .name(format!("moca-{stage}"))
        .spawn(move || {
            let watch = PanicWatch { stage, health };
            if let Err(error) = run(&progress) {
                watch.health.fail(format!("{stage}: {}", chain(&error)));
            }
        })
        .map_err(|source| StorageError::Backend {
            doing: "start a thread of the pipeline",
            source: Box::new(source),
        })
}

/// Notes a panic of the stage, which would otherwise end its thread without a word.
struct PanicWatch {
    stage: &'static str,
    health: Arc<Health>,
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.health.fail(format!("{}: it panicked", self.stage));
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
