//! Members in the control store.

use moca_core::{
    account::{Member, MemberConfig},
    resource::{Frame, Kind},
};

use super::{
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Member {
    const KIND: Kind = Kind::Member;
}

impl Raw for Member {
    const PARENT: Option<&'static str> = None;
}

impl Mapped for Member {
    type Config = MemberConfig;

    const TABLE: &'static Table = &Table {
        name: "members",
        columns: &["email"],
        n_read: 0,
        unique: &[Unique {
            columns: &["account_id", "email"],
            field: "config.email",
        }],
        filters: &[],
        labelled: false,
    };

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &MemberConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        // No mail server in use tells addresses apart by case.
        let email = self.config.email.as_ref().map(|email| email.to_lowercase());
        Ok(vec![Value::optional_text(email.as_deref())])
    }

    fn read(frame: Frame, config: MemberConfig, _: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self { frame, config })
    }
}
