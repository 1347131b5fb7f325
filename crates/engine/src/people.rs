//! What is asked of instances, users and beacons.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use moca_core::{
    event::{Change, Record, Subject},
    health::BeaconHealth,
    id::{AccountId, AppId, BeaconId, InstanceId, SegmentId},
};
use moca_storage::log::LogReader;

use crate::{
    Engine, EngineError,
    pipeline::ingest::Request,
    query::{
        About, Chosen, InstanceQuery, InstanceView, MemberQuery, Page, Replaced, TagQuery, ToldRow,
        UserQuery, UserView,
    },
    read::people,
};

impl Engine {
    /// Instances of an app, with all that was acknowledged before this call.
    pub async fn instances(
        &self,
        app_id: AppId,
        query: &InstanceQuery,
    ) -> Result<Page<InstanceView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let query = query.clone();
        self.read(move |devices| people::instances(devices, app_id, &query))
            .await
    }

    /// The instances of an app for which a query holds, with all that was acknowledged before this
    /// call. All of the app are looked at, so only a few such questions are answered at a time. Who no
    /// longer waits for the answer has the work ended.
    pub async fn members(
        &self,
        app_id: AppId,
        query: MemberQuery,
    ) -> Result<Page<InstanceView>, EngineError> {
        let turn = self.inner.scans.clone().acquire_owned().await;
        let turn = turn.map_err(|_| EngineError::Stopping)?;
        self.wait(&self.inner.listed).await?;
        let waiting = GivenUp::default();
        let is_given_up = waiting.0.clone();
        let page = self
            .read(move |devices| {
                let _turn = turn;
                people::members(devices, app_id, &query, &is_given_up)
            })
            .await;
        drop(waiting);
        page
    }

    /// The instances with these ids, and those that these users are logged in on now, with all that was
    /// acknowledged before this call.
    pub async fn choose(
        &self,
        app_id: AppId,
        instance_ids: Vec<InstanceId>,
        user_ids: Vec<String>,
    ) -> Result<Chosen, EngineError> {
        self.wait(&self.inner.listed).await?;
        self.read(move |devices| people::choose(devices, app_id, &instance_ids, &user_ids))
            .await
    }

    /// Lets a static segment of an app hold these instances and no others; durable when it returns.
    /// All of the app are looked at, in turn with other questions that do.
    pub async fn replace_members(
        &self,
        app_id: AppId,
        segment_id: SegmentId,
        members: Vec<Subject>,
    ) -> Result<Replaced, EngineError> {
        // Of two that change one list at a time, the second has to see what the first did.
        let _alone = self.inner.lists.lock().await;
        let turn = self.inner.scans.clone().acquire_owned().await;
        let turn = turn.map_err(|_| EngineError::Stopping)?;
        self.wait(&self.inner.listed).await?;
        let waiting = GivenUp::default();
        let is_given_up = waiting.0.clone();
        let before = self
            .read(move |devices| {
                let _turn = turn;
                people::listed(devices, app_id, segment_id, &is_given_up)
            })
            .await?;
        drop(waiting);
        let change = |is_member| Change::Listed {
            segment_id,
            is_member,
        };
        let after: HashSet<Subject> = members.into_iter().collect();
        let added = after.difference(&before);
        let added = added.map(|subject| (*subject, change(true)));
        let removed = before.difference(&after);
        let removed = removed.map(|subject| (*subject, change(false)));
        let (mut changes, removed): (Vec<_>, Vec<_>) = (added.collect(), removed.collect());
        let replaced = Replaced {
            count: after.len(),
            added: changes.len(),
            removed: removed.len(),
        };
        changes.extend(removed);
        if !changes.is_empty() {
            self.submit(|answer| Request::Each(changes, answer)).await?;
        }
        Ok(replaced)
    }

    /// How many instances of its app carry each of these tags, with all that was acknowledged before
    /// this call.
    pub async fn tagged(&self, tags: Vec<(AppId, String)>) -> Result<Vec<u64>, EngineError> {
        self.wait(&self.inner.listed).await?;
        self.read(move |devices| {
            let reader = devices.people_reader();
            tags.iter()
                .map(|(app_id, name)| reader.tagged(*app_id, name))
                .collect()
        })
        .await
    }

    /// The tags that instances of an app carry, by name, and how many do, with all that was
    /// acknowledged before this call.
    pub async fn tags(
        &self,
        app_id: AppId,
        query: &TagQuery,
    ) -> Result<Page<(String, u64)>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let query = query.clone();
        self.read(move |devices| people::tags(devices, app_id, &query))
            .await
    }

    /// The instance with this id, if it is one of the account.
    pub async fn instance_of(
        &self,
        account_id: AccountId,
        instance_id: InstanceId,
    ) -> Result<Option<InstanceView>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let state = self
            .read(move |devices| devices.state(instance_id))
            .await?
            .filter(|state| state.subject.account_id == account_id);
        Ok(state.map(people::view))
    }

    /// Users of an app, with all that was acknowledged before this call.
    pub async fn users(
        &self,
        app_id: AppId,
        query: &UserQuery,
    ) -> Result<Page<UserView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let query = query.clone();
        self.read(move |devices| people::users(devices, app_id, &query))
            .await
    }

    /// What is kept of an instance besides its state.
    pub async fn about(&self, subject: Subject) -> Result<About, EngineError> {
        self.wait(&self.inner.listed).await?;
        self.read(move |devices| {
            Ok(About {
                user_ids: devices.people_reader().users_of(subject.instance_id)?,
                first_event_at: devices.first_event_at(subject.app_id, subject.number)?,
            })
        })
        .await
    }

    /// What an instance told in the first row of the log behind `after` that tells of it.
    pub async fn told(
        &self,
        instance_id: InstanceId,
        after: u64,
    ) -> Result<Option<ToldRow>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let log_path = self.inner.log_path.clone();
        self.read(move |devices| {
            let Some(seq) = devices.people_reader().next_row(instance_id, after)? else {
                return Ok(None);
            };
            let row = LogReader::open(&log_path)?.read(seq - 1, seq, 1, 1)?.pop();
            let records = row.iter().flat_map(|row| &row.records);
            let records = records.filter(|record| {
                matches!(record, Record::Instance { subject, .. }
                    if subject.instance_id == instance_id)
            });
            let records = records.cloned().collect();
            Ok(Some(ToldRow { seq, records }))
        })
        .await
    }

    /// The health of beacons, in the same order, with all sightings acknowledged before this call.
    pub async fn beacon_healths(
        &self,
        beacons: Vec<BeaconId>,
    ) -> Result<Vec<BeaconHealth>, EngineError> {
        self.wait(&self.inner.decided).await?;
        self.read(move |devices| {
            let stored = beacons.iter().map(|beacon| devices.beacon_health(*beacon));
            stored
                .map(|health| Ok(health?.unwrap_or_default()))
                .collect()
        })
        .await
    }

    /// The user of an app with this id.
    pub async fn user(
        &self,
        app_id: AppId,
        user_id: &str,
    ) -> Result<Option<UserView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let user_id = user_id.to_owned();
        self.read(move |devices| people::user(devices, app_id, &user_id))
            .await
    }
}

/// Tells the thread that works on an answer when nobody waits for it any more.
#[derive(Default)]
pub(crate) struct GivenUp(pub(crate) Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
