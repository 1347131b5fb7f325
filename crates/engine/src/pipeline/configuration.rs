//! The configuration as the decide stage uses it: loaded once, then kept up by the change feed. All
//! that is taken in is kept in the history first, with the row of the log it was taken in after.

use std::collections::{BTreeSet, HashMap};

use moca_core::{
    account::Account,
    beacon::Beacon,
    campaign::Campaign,
    experience::Experience,
    history::Taken,
    id::{AccountId, Id, WebhookId},
    place::Place,
    resource::Kind,
    segment::Segment,
    webhook::Webhook,
    world::World,
    zone::Zone,
};
use moca_storage::{
    StorageError,
    control::{ChangeRow, Control, Stored, Tx},
    devices::{Devices, HistoryKey},
};

/// Rows read from the control store at a time.
const PAGE_ROWS: i64 = 1_000;

/// The worlds of all accounts as of one version of the control store.
pub(crate) struct Configuration {
    control: Control,
    worlds: HashMap<AccountId, World>,
    version: i64,
}

impl Configuration {
    /// Reads everything. What changed since the history was last kept is found by the first refresh.
    ///
    /// Without a history (a store of an earlier release, or a store that was brought back from a copy,
    /// so that the newest changes are unknown to the control store, or the oldest not known any more) it
    /// begins with what there is now, as if it had been there from the first row on.
    pub(crate) async fn load(control: Control, devices: &Devices) -> Result<Self, StorageError> {
        let mut tx = control.read().await?;
        let newest = tx.config_version().await?;
        let mut kept = devices.history_version()?.filter(|kept| *kept <= newest);
        if let Some(version) = kept
            && let Err(error) = tx.changes_since(version, 1).await
        {
            match error {
                StorageError::FeedTooShort => kept = None,
                error => return Err(error),
            }
        }
        if kept.is_none() {
            devices.forget_history(None)?;
        }
        let mut loading = Loading {
            worlds: Worlds::new(),
            history: kept.is_none().then_some(devices),
            next: HistoryKey {
                seq: 0,
                version: newest.unsigned_abs(),
                index: 0,
            },
        };
        let (tx, all) = (&mut tx, &mut loading);
        load_all::<Account>(tx, all, |one| Taken::Account(Box::new(one))).await?;
        load_all::<Place>(tx, all, |one| Taken::Place(Box::new(one))).await?;
        load_all::<Zone>(tx, all, |one| Taken::Zone(Box::new(one))).await?;
        load_all::<Beacon>(tx, all, |one| Taken::Beacon(Box::new(one))).await?;
        load_all::<Segment>(tx, all, |one| Taken::Segment(Box::new(one))).await?;
        load_all::<Campaign>(tx, all, |one| Taken::Campaign(Box::new(one))).await?;
        load_all::<Experience>(tx, all, |one| Taken::Experience(Box::new(one))).await?;
        load_webhooks(tx, &mut all.worlds).await?;
        if kept.is_none() {
            devices.set_history_version(newest)?;
        }
        Ok(Self {
            control,
            worlds: loading.worlds,
            version: kept.unwrap_or(newest),
        })
    }

    /// Takes in what was committed since the last call, after the row `seq` of the log.
    pub(crate) async fn refresh(
        &mut self,
        devices: &Devices,
        seq: u64,
    ) -> Result<(), StorageError> {
        let mut tx = self.control.read().await?;
        loop {
            let changes = tx.changes_since(self.version, PAGE_ROWS).await?;
            let Some(newest) = changes.last() else {
                return Ok(());
            };
            // A file that is imported makes thousands of one kind.
            let is_alike = |one: &ChangeRow, next: &ChangeRow| {
                (one.account_id, one.kind) == (next.account_id, next.kind)
            };
            let mut taken = Vec::with_capacity(changes.len());
            for run in changes.chunk_by(is_alike) {
                if run.iter().any(|change| change.kind == Kind::Webhook) {
                    find_webhooks(&mut tx, run, &mut self.worlds).await?;
                } else {
                    find(&mut tx, run, &mut taken).await?;
                }
            }
            // The history must not know more than the store does after the power fails.
            self.control.settle().await?;
            // Before anything is decided by it.
            let first = HistoryKey {
                seq,
                version: newest.version.unsigned_abs(),
                index: 0,
            };
            devices.keep_history(first, &taken)?;
            for (account, one) in taken {
                if let Taken::Gone {
                    kind: Kind::Account,
                    ..
                } = one
                {
                    devices.forget_history(Some(account))?;
                    self.worlds.remove(&account);
                } else {
                    one.apply(self.worlds.entry(account).or_default());
                }
            }
            devices.set_history_version(newest.version)?;
            self.version = newest.version;
        }
    }

    /// The world of an account; an empty one for an account that has nothing (left).
    pub(crate) fn world(&mut self, account: AccountId) -> &World {
        self.worlds.entry(account).or_default()
    }
}

type Worlds = HashMap<AccountId, World>;

/// The worlds while they are loaded, and the history if it begins with them.
struct Loading<'a> {
    worlds: Worlds,
    history: Option<&'a Devices>,
    next: HistoryKey,
}

async fn load_all<R: Stored>(
    tx: &mut Tx,
    loading: &mut Loading<'_>,
    wrap: fn(R) -> Taken,
) -> Result<(), StorageError> {
    let mut after = None;
    loop {
        let page = tx.all::<R>(after, PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(());
        }
        let taken: Vec<(AccountId, Taken)> = page
            .into_iter()
            .map(|object| {
                after = Some(object.frame().id);
                (object.frame().account_id, wrap(object))
            })
            .collect();
        if let Some(devices) = loading.history {
            devices.keep_history(loading.next, &taken)?;
            loading.next.index += taken.len() as u32;
        }
        for (account, one) in taken {
            one.apply(loading.worlds.entry(account).or_default());
        }
    }
}

/// What changes of one kind in one account left.
async fn find(
    tx: &mut Tx,
    run: &[ChangeRow],
    taken: &mut Vec<(AccountId, Taken)>,
) -> Result<(), StorageError> {
    let Some(ChangeRow {
        account_id, kind, ..
    }) = run.first().copied()
    else {
        return Ok(());
    };
    let mut ids: Vec<Id> = run.iter().map(|change| change.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = match kind {
        Kind::Account => {
            let mut found = Vec::new();
            for id in ids {
                let account = tx.account(AccountId(id)).await?;
                let gone = Taken::Gone { kind, id };
                found.push(account.map_or(gone, |account| Taken::Account(Box::new(account))));
            }
            found
        }
        Kind::Place => many(tx, account_id, ids, |one| Taken::Place(Box::new(one))).await?,
        Kind::Zone => many(tx, account_id, ids, |one| Taken::Zone(Box::new(one))).await?,
        Kind::Beacon => many(tx, account_id, ids, |one| Taken::Beacon(Box::new(one))).await?,
        Kind::Segment => many(tx, account_id, ids, |one| Taken::Segment(Box::new(one))).await?,
        Kind::Campaign => many(tx, account_id, ids, |one| Taken::Campaign(Box::new(one))).await?,
        Kind::Experience => {
            many(tx, account_id, ids, |one| Taken::Experience(Box::new(one))).await?
        }
        Kind::Member
        | Kind::Token
        | Kind::App
        | Kind::Tag
        | Kind::Label
        | Kind::CampaignGroup
        | Kind::Notification
        | Kind::Webhook => Vec::new(),
    };
    let count = found.len();
    tracing::trace!(%account_id, kind = kind.noun(), count, "Took in changed objects");
    taken.extend(found.into_iter().map(|one| (account_id, one)));
    Ok(())
}

/// Reads the webhooks of all accounts. They decide nothing, so no history of them is kept.
async fn load_webhooks(tx: &mut Tx, worlds: &mut Worlds) -> Result<(), StorageError> {
    let mut after = None;
    loop {
        let page = tx.all::<Webhook>(after, PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(());
        }
        for webhook in page {
            after = Some(webhook.frame.id);
            let world = worlds.entry(webhook.frame.account_id).or_default();
            world.put_webhook(webhook);
        }
    }
}

/// Takes in changes of the webhooks of one account.
async fn find_webhooks(
    tx: &mut Tx,
    run: &[ChangeRow],
    worlds: &mut Worlds,
) -> Result<(), StorageError> {
    let Some(ChangeRow { account_id, .. }) = run.first().copied() else {
        return Ok(());
    };
    let ids: Vec<Id> = run.iter().map(|change| change.id).collect();
    let world = worlds.entry(account_id).or_default();
    for id in &ids {
        world.remove_webhook(WebhookId(*id));
    }
    for webhook in tx.get_many::<Webhook>(account_id, &ids).await? {
        world.put_webhook(webhook);
    }
    Ok(())
}

/// The objects with these ids, then those that are gone.
async fn many<R: Stored>(
    tx: &mut Tx,
    account_id: AccountId,
    ids: Vec<Id>,
    wrap: fn(R) -> Taken,
) -> Result<Vec<Taken>, StorageError> {
    let objects = tx.get_many::<R>(account_id, &ids).await?;
    let mut gone: BTreeSet<Id> = ids.into_iter().collect();
    let mut found = Vec::new();
    for object in objects {
        gone.remove(&object.frame().id);
        found.push(wrap(object));
    }
    found.extend(gone.into_iter().map(|id| Taken::Gone { kind: R::KIND, id }));
    Ok(found)
}
