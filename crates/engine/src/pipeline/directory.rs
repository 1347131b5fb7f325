//! The first fold of the log: who is who, and which event ids were seen.
//!
//! The ingest thread has to know the effect of a record before the record is written (the second
//! event with an id is a repeat, even within one group), so the fold runs on top of the store in
//! memory and is written when the row is on disk. At the start the same fold runs over the rows
//! that the last run did not get to.

use std::collections::{HashMap, HashSet};

use moca_core::{
    consent::Purpose,
    event::{Change, Record, Subject},
    id::{AppId, InstanceId},
};
use moca_storage::{
    StorageError,
    devices::{Consumer, Devices, DirectoryEntry},
};

/// The directory with the effects of one row that is not written yet.
pub(crate) struct DirectoryFold<'a> {
    devices: &'a Devices,
    entries: HashMap<InstanceId, Option<DirectoryEntry>>,
    tokens: HashMap<[u8; 32], Option<InstanceId>>,
    device_keys: HashMap<(AppId, [u8; 32]), Option<InstanceId>>,
    keys_of: HashMap<InstanceId, [u8; 32]>,
    next_numbers: HashMap<AppId, u32>,
    seen: HashSet<(InstanceId, [u8; 16])>,
    refuse_location: HashMap<InstanceId, bool>,
}

impl<'a> DirectoryFold<'a> {
    /// The directory as it is in the store, for a row that came in at this time.
    pub(crate) fn new(devices: &'a Devices, received_at: i64) -> Result<Self, StorageError> {
        devices.seen_begin(received_at)?;
        Ok(Self {
            devices,
            entries: HashMap::new(),
            tokens: HashMap::new(),
            device_keys: HashMap::new(),
            keys_of: HashMap::new(),
            next_numbers: HashMap::new(),
            seen: HashSet::new(),
            refuse_location: HashMap::new(),
        })
    }

    /// The instance of an app that is known by this device key.
    pub(crate) fn by_device_key(
        &self,
        app: AppId,
        hash: &[u8; 32],
    ) -> Result<Option<Subject>, StorageError> {
        let instance = match self.device_keys.get(&(app, *hash)) {
            Some(instance) => *instance,
            None => self.devices.instance_by_device_key(app, hash)?,
        };
        let Some(instance) = instance else {
            return Ok(None);
        };
        Ok(self.entry(instance)?.map(|entry| entry.subject))
    }

    /// The number the next instance of an app gets.
    pub(crate) fn next_number(&self, app: AppId) -> Result<u32, StorageError> {
        match self.next_numbers.get(&app) {
            Some(number) => Ok(*number),
            None => self.devices.next_number(app),
        }
    }

    /// Whether an instance has sent an event with this id before.
    pub(crate) fn is_seen(
        &self,
        instance: InstanceId,
        event_id: &[u8; 16],
    ) -> Result<bool, StorageError> {
        Ok(self.seen.contains(&(instance, *event_id))
            || self.devices.is_seen(instance, event_id)?)
    }

    /// Takes in one record.
    pub(crate) fn take_in(&mut self, record: &Record) -> Result<(), StorageError> {
        let (subject, change) = match record {
            Record::Instance {
                subject, change, ..
            } => (subject, change),
            Record::Erase { subject, .. } => return self.erase(*subject),
            // The number of one who was erased is not given again.
            Record::Counted(counted) => return self.note_number(counted.app_id, counted.number),
            Record::Tick { .. } | Record::Happened(_) => return Ok(()),
        };
        match change {
            Change::Registered {
                device_key_hash,
                token_hash,
                ..
            } => self.register(*subject, *device_key_hash, *token_hash),
            Change::Event(event) => {
                self.seen.insert((subject.instance_id, event.id));
                Ok(())
            }
            Change::ConsentsSet(consents) => {
                if let Some(consent) = consents.get(&Purpose::Location) {
                    let refuses = !consent.granted;
                    self.refuse_location.insert(subject.instance_id, refuses);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an instance has refused to tell where it is.
    pub(crate) fn refuses_location(&self, instance: InstanceId) -> Result<bool, StorageError> {
        match self.refuse_location.get(&instance) {
            Some(refuses) => Ok(*refuses),
            None => self.devices.refuses_location(instance),
        }
    }

    /// Writes the effects together with the number of their row.
    pub(crate) fn commit(self, seq: u64) -> Result<(), StorageError> {
        let mut batch = self.devices.batch();
        for (instance, entry) in &self.entries {
            match entry {
                Some(entry) => batch.put_directory_entry(entry)?,
                None => batch.remove_directory_entry(*instance),
            }
        }
        for (hash, instance) in &self.tokens {
            batch.put_token(hash, *instance)?;
        }
        for ((app, hash), instance) in &self.device_keys {
            batch.put_device_key(*app, hash, *instance)?;
        }
        for (instance, refuses) in &self.refuse_location {
            batch.put_refuses_location(*instance, *refuses)?;
        }
        for (app, number) in &self.next_numbers {
            batch.put_next_number(*app, *number)?;
        }
        // In their order, those of an instance stand side by side: each is put next to where the store
        // has just been.
        let mut seen: Vec<_> = self.seen.into_iter().collect();
        seen.sort_unstable();
        for (instance, event_id) in &seen {
            batch.put_seen(*instance, event_id);
        }
        batch.commit(Consumer::Ingest, seq)
    }

    /// What is known of an instance; nothing of one that was erased.
    pub(crate) fn entry(
        &self,
        instance: InstanceId,
    ) -> Result<Option<DirectoryEntry>, StorageError> {
        match self.entries.get(&instance) {
            Some(entry) => Ok(entry.clone()),
            None => self.devices.directory_entry(instance),
        }
    }

    fn register(
        &mut self,
        subject: Subject,
        device_key_hash: Option<[u8; 32]>,
        token_hash: [u8; 32],
    ) -> Result<(), StorageError> {
        let instance = subject.instance_id;
        if let Some(before) = self.entry(instance)? {
            self.tokens.insert(before.token_hash, None);
        }
        self.tokens.insert(token_hash, Some(instance));
        if let Some(hash) = device_key_hash {
            self.device_keys
                .insert((subject.app_id, hash), Some(instance));
            self.keys_of.insert(instance, hash);
        }
        self.note_number(subject.app_id, subject.number)?;
        let entry = DirectoryEntry {
            subject,
            token_hash,
        };
        self.entries.insert(instance, Some(entry));
        Ok(())
    }

    /// The next instance gets a higher number than this one.
    fn note_number(&mut self, app: AppId, number: u32) -> Result<(), StorageError> {
        // More than 4 294 967 295 instances of one app do not fit the sets, nor one machine.
        let next = self.next_number(app)?.max(number.saturating_add(1));
        self.next_numbers.insert(app, next);
        Ok(())
    }

    /// Forgets an instance: its token is refused from now on, its device key leads to nobody.
    fn erase(&mut self, subject: Subject) -> Result<(), StorageError> {
        let instance = subject.instance_id;
        if let Some(entry) = self.entry(instance)? {
            self.tokens.insert(entry.token_hash, None);
        }
        let key = match self.keys_of.get(&instance) {
            Some(hash) => Some(*hash),
            None => self.devices.device_key_of(instance)?,
        };
        if let Some(hash) = key {
            self.device_keys.insert((subject.app_id, hash), None);
        }
        self.entries.insert(instance, None);
        self.refuse_location.insert(instance, false);
        Ok(())
    }
}
