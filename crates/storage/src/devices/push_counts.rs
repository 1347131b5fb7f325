//! How often what happened to notifications, and when.
//!
//! A chunk that was sent is one entry, so what a range of time has is read from the entries in it. The
//! audience of a notification is kept apart, once: it may be taken again after a crash. Like the lists of
//! who is to be sent to, this cannot be made again from the event log, but for what was opened. Nothing
//! here leads to an instance.

use fjall::Readable;
use moca_core::{
    id::{AppId, CampaignId, NotificationId},
    notification::counts::{Counted, Counts},
    time::Range,
};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, from_sortable},
    value::{backend, decode, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "pushes";
/// The row of what the pusher counts; those of the event log come after it.
const PUSHER: u64 = 0;

fn audiences(app: AppId) -> Key {
    Key::new().byte(b'a').app(app)
}

fn entries(app: AppId) -> Key {
    Key::new().byte(b'c').app(app)
}

pub(super) fn audience_key(of: &Counted) -> Vec<u8> {
    audiences(of.app_id).bytes(&of.notification_id.0.0).build()
}

pub(super) fn entry_key(of: &Counted, at_ms: i64, seq: u64) -> Vec<u8> {
    entries(of.app_id)
        .signed(at_ms)
        .bytes(&of.notification_id.0.0)
        .unsigned(seq)
        .build()
}

impl Devices {
    /// Calls `each` with what happened to the notifications of an app in a range of time, and when.
    pub fn for_each_push_count(
        &self,
        app_id: AppId,
        range: Range,
        mut each: impl FnMut(&Counted, i64, &Counts),
    ) -> Result<(), StorageError> {
        let snapshot = self.database.snapshot();
        let counted = |campaign_id, notification_id| Counted {
            app_id,
            campaign_id,
            notification_id: NotificationId(notification_id),
        };
        let prefix = audiences(app_id).build();
        for stored in snapshot.prefix(&self.pushes, &prefix) {
            let (key, value) = stored.into_inner().map_err(backend(READING))?;
            let id = KeyReader::new(&key[prefix.len()..]).id();
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            let (campaign, at_ms, targeted): (CampaignId, i64, u64) = decode(TABLE, &key, &value)?;
            if range.from <= at_ms && at_ms < range.to {
                let counts = Counts {
                    targeted,
                    ..Counts::default()
                };
                each(&counted(campaign, id), at_ms, &counts);
            }
        }
        let prefix = entries(app_id).build();
        let (from, to) = (
            entries(app_id).signed(range.from).build(),
            entries(app_id).signed(range.to).build(),
        );
        for stored in snapshot.range(&self.pushes, from..to) {
            let (key, value) = stored.into_inner().map_err(backend(READING))?;
            let mut reader = KeyReader::new(&key[prefix.len()..]);
            let (Some(at), Some(id)) = (reader.unsigned(), reader.id()) else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            let (campaign, counts): (CampaignId, Counts) = decode(TABLE, &key, &value)?;
            each(&counted(campaign, id), from_sortable(at), &counts);
        }
        Ok(())
    }
}

const READING: &str = "read what happened to notifications";

impl Batch<'_> {
    /// Keeps how many a notification was for when its audience was taken, in the place of what was kept.
    pub(super) fn put_targeted(
        &mut self,
        of: &Counted,
        at_ms: i64,
        targeted: u64,
    ) -> Result<(), StorageError> {
        let value = (of.campaign_id, at_ms, targeted);
        self.put(&self.devices.pushes, audience_key(of), &value)
    }

    /// Adds what the pusher did at a moment.
    pub(super) fn add_push_counts(
        &mut self,
        of: &Counted,
        at_ms: i64,
        more: &Counts,
    ) -> Result<(), StorageError> {
        let key = entry_key(of, at_ms, PUSHER);
        let kept: Option<(CampaignId, Counts)> =
            self.devices.get(TABLE, &self.devices.pushes, &key)?;
        let mut counts = kept.map(|(_, counts)| counts).unwrap_or_default();
        counts.add(more);
        self.put(&self.devices.pushes, key, &(of.campaign_id, counts))
    }

    /// Keeps on how many instances a notification was opened at a moment, as a row of the log tells.
    pub fn put_opened(
        &mut self,
        of: &Counted,
        at_ms: i64,
        seq: u64,
        opened: u64,
    ) -> Result<(), StorageError> {
        let counts = Counts {
            opened,
            ..Counts::default()
        };
        let key = entry_key(of, at_ms, seq);
        self.put(&self.devices.pushes, key, &(of.campaign_id, counts))
    }
}
