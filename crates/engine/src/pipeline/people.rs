//! The fourth fold of the log: which instances, users and tags there are.

use moca_core::{
    event::{Change, Record, Subject, TagChange},
    limits::{STEP_BYTES_MAX, STEP_RECORDS_MAX},
    user::User,
};
use moca_storage::{
    StorageError,
    devices::{Consumer, InstanceTag, PeopleStep},
    log::{LogEditor, LogReader, Row},
};
use tokio::{runtime::Handle, sync::watch};

use super::erase::Eraser;
use crate::shared::Shared;

/// The fourth stage.
pub(crate) struct People {
    log: LogReader,
    shared: Shared,
    eraser: Eraser,
    offset: u64,
}

impl People {
    /// Prepares the stage to go on where its last run ended.
    pub(crate) fn new(
        log: LogReader,
        editor: LogEditor,
        shared: Shared,
    ) -> Result<Self, StorageError> {
        let eraser = Eraser {
            log: editor,
            shared: shared.clone(),
        };
        Ok(Self {
            offset: shared.devices.offset(Consumer::People)?,
            log,
            shared,
            eraser,
        })
    }

    /// Works until the stage before has ended and nothing is left to do.
    pub(crate) fn run(
        mut self,
        runtime: &Handle,
        mut counted: watch::Receiver<u64>,
        listed: &watch::Sender<u64>,
    ) -> Result<(), StorageError> {
        // What the last run did not get to; readers wait for it.
        self.finish_erasures()?;
        listed.send_replace(self.offset);
        while let Ok(last) = runtime
            .block_on(counted.wait_for(|seq| *seq > self.offset))
            .map(|seq| *seq)
        {
            self.list(last)?;
            self.finish_erasures()?;
            self.log.forget(self.offset);
            self.shared
                .metrics
                .people_lag_rows
                .set((last - self.offset) as i64);
            listed.send_replace(self.offset);
        }
        Ok(())
    }

    /// Takes in some of the rows up to `last`, which must be counted.
    pub(crate) fn list(&mut self, last: u64) -> Result<(), StorageError> {
        let rows = self
            .log
            .read(self.offset, last, STEP_RECORDS_MAX, STEP_BYTES_MAX)?;
        let Some(newest) = rows.last() else {
            return Ok(());
        };
        let mut step = self.shared.devices.people_step();
        let mut batch = self.shared.devices.batch();
        for row in &rows {
            let tagged = self.shared.devices.tagged(row.seq)?;
            take_in_row(row, &tagged, &mut step)?;
            if !tagged.is_empty() {
                batch.remove_tagged(row.seq);
            }
        }
        batch.put_people(step);
        batch.commit(Consumer::People, newest.seq)?;
        self.offset = newest.seq;
        Ok(())
    }

    /// Erases whom listed rows ask to erase.
    pub(crate) fn finish_erasures(&self) -> Result<(), StorageError> {
        self.eraser.finish_pending()
    }
}

/// Takes in the records of a row, each followed by the tags that actions changed because of it.
fn take_in_row(
    row: &Row,
    mut tagged: &[InstanceTag],
    step: &mut PeopleStep<'_>,
) -> Result<(), StorageError> {
    for (index, record) in row.records.iter().enumerate() {
        match record {
            Record::Instance {
                subject,
                received_at,
                change,
            } => {
                step.note_row(subject.instance_id, row.seq);
                take_in_change(subject, *received_at, change, step)?;
            }
            Record::Erase { subject, .. } => {
                step.note_row(subject.instance_id, row.seq);
                step.request_erasure(*subject)?;
            }
            Record::Tick { .. } | Record::Counted(_) | Record::Happened(_) => {}
        }
        let here = tagged.partition_point(|one| one.record as usize <= index);
        let (of_record, rest) = tagged.split_at(here);
        tagged = rest;
        for one in of_record {
            tag(&one.subject, one.received_at, &one.name, one.change, step)?;
        }
    }
    Ok(())
}

fn take_in_change(
    subject: &Subject,
    received_at: i64,
    change: &Change,
    step: &mut PeopleStep<'_>,
) -> Result<(), StorageError> {
    let (app, instance) = (subject.app_id, subject.instance_id);
    match change {
        Change::Registered { .. } => step.add_instance(app, instance),
        Change::LoggedIn {
            user_id,
            properties,
        } => {
            step.set_current_user(app, instance, Some(user_id))?;
            let user = step.user(app, user_id)?;
            let mut user = user.unwrap_or_else(|| User::new(received_at));
            user.set_properties(properties);
            user.updated_at = user.updated_at.max(received_at);
            step.put_user(app, user_id, &user)
        }
        Change::LoggedOut => step.set_current_user(app, instance, None),
        Change::PropertiesSet(properties) => of_current_user(subject, received_at, step, |user| {
            user.set_properties(properties);
        }),
        Change::Tagged { name, change } => tag(subject, received_at, name, *change, step),
        Change::ProfileReplaced(_)
        | Change::PushSet(_)
        | Change::PushEnded(_)
        | Change::ConsentsSet(_)
        | Change::Event(_)
        | Change::Receipt(_)
        | Change::Opened(_)
        | Change::LocationStatusSet(_)
        | Change::Listed { .. } => Ok(()),
    }
}

/// Lists the instance under a tag, and changes its number for the user that is logged in.
fn tag(
    subject: &Subject,
    received_at: i64,
    name: &str,
    change: TagChange,
    step: &mut PeopleStep<'_>,
) -> Result<(), StorageError> {
    step.add_tag(subject.app_id, subject.instance_id, name)?;
    of_current_user(subject, received_at, step, |user| user.tag(name, change))
}

/// Changes the user that is logged in, if one is.
fn of_current_user(
    subject: &Subject,
    received_at: i64,
    step: &mut PeopleStep<'_>,
    change: impl FnOnce(&mut User),
) -> Result<(), StorageError> {
    let Some(user_id) = step.current_user(subject.instance_id)? else {
        return Ok(());
    };
    let Some(mut user) = step.user(subject.app_id, &user_id)? else {
        return Ok(());
    };
    change(&mut user);
    user.updated_at = user.updated_at.max(received_at);
    step.put_user(subject.app_id, &user_id, &user)
}
