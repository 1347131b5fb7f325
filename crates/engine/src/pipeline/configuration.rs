//! The configuration as the decide stage uses it: loaded once, then kept up by the change feed.

use std::collections::{HashMap, HashSet};

use moca_core::{
    account::Account,
    beacon::Beacon,
    campaign::Campaign,
    experience::Experience,
    id::{
        AccountId, BeaconId, CampaignId, ExperienceId, Id, PlaceId, SegmentId, WebhookId, ZoneId,
    },
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
    /// Reads everything.
    pub(crate) async fn load(control: Control) -> Result<Self, StorageError> {
        let mut tx = control.read().await?;
        let mut worlds = Worlds::new();
        let version = tx.config_version().await?;
        load_all(&mut tx, &mut worlds, put_account).await?;
        load_all(&mut tx, &mut worlds, put_place).await?;
        load_all(&mut tx, &mut worlds, put_zone).await?;
        load_all(&mut tx, &mut worlds, put_beacon).await?;
        load_all(&mut tx, &mut worlds, put_segment).await?;
        load_all(&mut tx, &mut worlds, put_campaign).await?;
        load_all(&mut tx, &mut worlds, put_experience).await?;
        load_all(&mut tx, &mut worlds, put_webhook).await?;
        Ok(Self {
            control,
            worlds,
            version,
        })
    }

    /// Takes in what was committed since the last call.
    pub(crate) async fn refresh(&mut self) -> Result<(), StorageError> {
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
            for run in changes.chunk_by(is_alike) {
                apply(&mut tx, &mut self.worlds, run).await?;
            }
            self.version = newest.version;
        }
    }

    /// The world of an account; an empty one for an account that has nothing (left).
    pub(crate) fn world(&mut self, account: AccountId) -> &World {
        self.worlds.entry(account).or_default()
    }
}

type Worlds = HashMap<AccountId, World>;

async fn load_all<R: Stored>(
    tx: &mut Tx,
    worlds: &mut Worlds,
    put: fn(&mut Worlds, R) -> Id,
) -> Result<(), StorageError> {
    let mut after = None;
    loop {
        let page = tx.all::<R>(after, PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(());
        }
        for object in page {
            after = Some(put(worlds, object));
        }
    }
}

/// Takes in changes of one kind in one account.
async fn apply(tx: &mut Tx, worlds: &mut Worlds, run: &[ChangeRow]) -> Result<(), StorageError> {
    let Some(ChangeRow {
        account_id, kind, ..
    }) = run.first().copied()
    else {
        return Ok(());
    };
    let mut ids: Vec<Id> = run.iter().map(|change| change.id).collect();
    ids.sort_unstable();
    ids.dedup();
    match kind {
        Kind::Account => {
            for id in ids {
                match tx.account(AccountId(id)).await? {
                    Some(account) => drop(put_account(worlds, account)),
                    None => drop(worlds.remove(&AccountId(id))),
                }
            }
        }
        Kind::Place => {
            update(tx, worlds, account_id, ids, put_place, |world, id| {
                world.remove_place(PlaceId(id));
            })
            .await?;
        }
        Kind::Zone => {
            update(tx, worlds, account_id, ids, put_zone, |world, id| {
                world.remove_zone(ZoneId(id));
            })
            .await?;
        }
        Kind::Beacon => {
            update(tx, worlds, account_id, ids, put_beacon, |world, id| {
                world.remove_beacon(BeaconId(id));
            })
            .await?;
        }
        Kind::Segment => {
            update(tx, worlds, account_id, ids, put_segment, |world, id| {
                world.remove_segment(SegmentId(id));
            })
            .await?;
        }
        Kind::Campaign => {
            update(tx, worlds, account_id, ids, put_campaign, |world, id| {
                world.remove_campaign(CampaignId(id));
            })
            .await?;
        }
        Kind::Experience => {
            update(tx, worlds, account_id, ids, put_experience, |world, id| {
                world.remove_experience(ExperienceId(id));
            })
            .await?;
        }
        Kind::Webhook => {
            update(tx, worlds, account_id, ids, put_webhook, |world, id| {
                world.remove_webhook(WebhookId(id));
            })
            .await?;
        }
        Kind::Member
        | Kind::Token
        | Kind::App
        | Kind::Tag
        | Kind::Label
        | Kind::CampaignGroup
        | Kind::Notification => {}
    }
    let count = run.len();
    tracing::trace!(%account_id, kind = kind.noun(), count, "Took in changed objects");
    Ok(())
}

async fn update<R: Stored>(
    tx: &mut Tx,
    worlds: &mut Worlds,
    account_id: AccountId,
    ids: Vec<Id>,
    put: fn(&mut Worlds, R) -> Id,
    remove: fn(&mut World, Id),
) -> Result<(), StorageError> {
    let found = tx.get_many::<R>(account_id, &ids).await?;
    let mut gone: HashSet<Id> = ids.into_iter().collect();
    for object in found {
        gone.remove(&put(worlds, object));
    }
    let world = worlds.entry(account_id).or_default();
    for id in gone {
        remove(world, id);
    }
    Ok(())
}

fn put_account(worlds: &mut Worlds, account: Account) -> Id {
    let id = account.frame.id;
    worlds
        .entry(AccountId(id))
        .or_default()
        .put_account(&account);
    id
}

macro_rules! put {
    ($($name:ident: $kind:ty;)*) => {$(
        fn $name(worlds: &mut Worlds, object: $kind) -> Id {
            let id = object.frame.id;
            worlds.entry(object.frame.account_id).or_default().$name(object);
            id
        }
    )*};
}

put! {
    put_place: Place;
    put_zone: Zone;
    put_beacon: Beacon;
    put_segment: Segment;
    put_campaign: Campaign;
    put_experience: Experience;
    put_webhook: Webhook;
}
