//! Apps in the control store.

use moca_core::{
    app::{App, AppConfig, PreviousSecret},
    id::Id,
    resource::{Frame, Kind},
    target::{KeptTarget, Target},
};

use super::{
    Tx,
    audit::Shown,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of},
};
use crate::StorageError;

impl Stored for App {
    const KIND: Kind = Kind::App;
}

impl Mapped for App {
    type Config = AppConfig;

    const TABLE: &'static Table = &Table {
        name: "apps",
        columns: &[
            "sealed_secret",
            "sealed_previous_secret",
            "previous_secret_until",
            "targets",
        ],
        n_read: 4,
        unique: &[],
        filters: &[],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("targets", "targets", Shown::Without(visible_targets))];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &AppConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        let previous = self.previous_secret.as_ref();
        Ok(vec![
            Value::from(self.sealed_secret.as_slice()),
            Value::optional_bytes(previous.map(|previous| previous.sealed.as_slice())),
            previous.map_or(Value::Null, |previous| previous.until.into()),
            json_of(self, "targets", &self.targets)?,
        ])
    }

    fn read(frame: Frame, config: AppConfig, columns: &mut Columns) -> Result<Self, StorageError> {
        let sealed_secret = columns.bytes()?;
        let sealed = columns.optional_bytes()?;
        let until = columns.optional_integer()?;
        let previous = sealed.zip(until);
        Ok(Self {
            frame,
            sealed_secret,
            previous_secret: previous.map(|(sealed, until)| PreviousSecret { sealed, until }),
            targets: columns.json()?,
            config,
        })
    }
}

/// Push credentials without what is sealed of them; nothing if they cannot be read.
fn visible_targets(stored: &str) -> Option<String> {
    let kept: Vec<KeptTarget> = serde_json::from_str(stored).ok()?;
    let visible: Vec<Target> = kept.into_iter().map(|kept| kept.target).collect();
    serde_json::to_string(&visible).ok()
}

impl Tx {
    /// The app with this id, whatever its account (devices do not know theirs).
    pub async fn app_of_any_account(&mut self, id: Id) -> Result<Option<App>, StorageError> {
        self.find("id = $1", vec![Value::id(id)]).await
    }
}
