//! Deleting objects that others refer to.
//!
//! Without `cascade`, they stop it. With it, what is a part of the object (or cannot be without it)
//! is deleted too, all the way down; what only carries a mark of it loses the mark: a label is taken
//! off, campaigns leave their group, experiences go on changing a tag that is not declared any more (they
//! name it, and need no declaration), and the beacons of a zone, which are hardware, stay in the
//! account without a zone. A campaign cannot be without its segment, nor a segment without one that
//! its query names: left alone, they would suddenly be for other people than they were made for.
//!
//! Scopes of a token reach as far here as elsewhere: what it may not change stops the deletion, and
//! what it may not read is counted and not named.

use moca_core::{
    account::{Member, Token},
    app::App,
    beacon::Beacon,
    campaign::{Campaign, group::CampaignGroup},
    experience::Experience,
    id::{AccountId, Id, LabelId, ZoneId},
    label::Label,
    limits::FAULTS_MAX,
    notification::Notification,
    place::Place,
    resource::{Frame, Kind},
    scope::{Access, Family},
    segment::Segment,
    tag::Tag,
    webhook::Webhook,
    zone::Zone,
};
use moca_storage::control::{Reference, Tx};

use crate::{auth, call::Call, failure::Failure, reply::Reply};

/// Users looked up at a time.
const USERS_AT_ONCE: i64 = FAULTS_MAX as i64;

/// Answers a DELETE of the object with this frame.
pub(crate) async fn delete(
    call: &Call,
    tx: &mut Tx,
    kind: Kind,
    frame: &Frame,
) -> Result<Reply, Failure> {
    call.check_match(Some(frame.revision))?;
    if call.query().flag("cascade") {
        delete_with_users(call, tx, frame.account_id, (kind, frame.id)).await?;
        return Ok(Reply::done());
    }
    let mut users = tx
        .references(frame.account_id, kind, frame.id, USERS_AT_ONCE)
        .await?;
    if !users.is_empty() {
        let total = match users.len() as i64 {
            USERS_AT_ONCE => {
                tx.count_references(frame.account_id, kind, frame.id)
                    .await?
            }
            few => few,
        };
        let reach = call.principal.reach;
        users.retain(|user| reach.admits(Family::of(user.kind), Access::Read));
        return Err(Failure::in_use(kind, &users, total));
    }
    delete_one(tx, frame.account_id, kind, frame.id).await?;
    Ok(Reply::done())
}

/// Deletes an object of an account with what cannot be without it.
pub(super) async fn delete_with_users(
    call: &Call,
    tx: &mut Tx,
    account_id: AccountId,
    object: (Kind, Id),
) -> Result<(), Failure> {
    let mut pending = vec![object];
    while let Some(&(kind, id)) = pending.last() {
        if kind == Kind::Zone && !tx.beacons_of_zone(account_id, ZoneId(id)).await?.is_empty() {
            auth::require_scope(&call.principal, Family::Beacons, Access::Write)?;
            tx.set_zone_beacons(account_id, ZoneId(id), &[], call.now_ms())
                .await?;
        }
        let users = match kind {
            Kind::Tag => Vec::new(),
            _ => tx.references(account_id, kind, id, USERS_AT_ONCE).await?,
        };
        for user in &users {
            auth::require_scope(&call.principal, Family::of(user.kind), Access::Write)?;
        }
        if users.is_empty() {
            delete_one(tx, account_id, kind, id).await?;
            pending.pop();
        } else if kind == Kind::Label {
            for user in &users {
                take_label_off(call, tx, account_id, user, LabelId(id)).await?;
            }
        } else if kind == Kind::CampaignGroup {
            for user in &users {
                take_out_of_group(call, tx, account_id, user).await?;
            }
        } else {
            pending.extend(users.iter().map(|user| (user.kind, user.id)));
        }
    }
    Ok(())
}

async fn delete_one(tx: &mut Tx, account_id: AccountId, kind: Kind, id: Id) -> Result<(), Failure> {
    match kind {
        Kind::Account => tx.delete_account(account_id).await?,
        Kind::Member => tx.delete::<Member>(account_id, id).await?,
        Kind::Token => tx.delete::<Token>(account_id, id).await?,
        Kind::App => tx.delete::<App>(account_id, id).await?,
        Kind::Label => tx.delete::<Label>(account_id, id).await?,
        Kind::Place => tx.delete::<Place>(account_id, id).await?,
        Kind::Zone => tx.delete::<Zone>(account_id, id).await?,
        Kind::Beacon => tx.delete::<Beacon>(account_id, id).await?,
        Kind::CampaignGroup => tx.delete::<CampaignGroup>(account_id, id).await?,
        Kind::Tag => tx.delete::<Tag>(account_id, id).await?,
        Kind::Segment => tx.delete::<Segment>(account_id, id).await?,
        Kind::Campaign => tx.delete::<Campaign>(account_id, id).await?,
        Kind::Experience => tx.delete::<Experience>(account_id, id).await?,
        Kind::Notification => tx.delete::<Notification>(account_id, id).await?,
        Kind::Webhook => tx.delete::<Webhook>(account_id, id).await?,
    };
    Ok(())
}

async fn take_label_off(
    call: &Call,
    tx: &mut Tx,
    account_id: AccountId,
    user: &Reference,
    label_id: LabelId,
) -> Result<(), Failure> {
    match user.kind {
        Kind::Place => {
            if let Some(mut place) = tx.get::<Place>(account_id, user.id).await? {
                place.frame = call.next_frame(&place.frame);
                place.config.label_ids.retain(|id| *id != label_id);
                tx.replace(&place).await?;
            }
        }
        Kind::Zone => {
            if let Some(mut zone) = tx.get::<Zone>(account_id, user.id).await? {
                zone.frame = call.next_frame(&zone.frame);
                zone.config.label_ids.retain(|id| *id != label_id);
                tx.replace(&zone).await?;
            }
        }
        Kind::Beacon => {
            if let Some(mut beacon) = tx.get::<Beacon>(account_id, user.id).await? {
                beacon.frame = call.next_frame(&beacon.frame);
                beacon.config.label_ids.retain(|id| *id != label_id);
                tx.replace(&beacon).await?;
            }
        }
        kind => return Err(never(kind)),
    }
    Ok(())
}

async fn take_out_of_group(
    call: &Call,
    tx: &mut Tx,
    account_id: AccountId,
    user: &Reference,
) -> Result<(), Failure> {
    if let Some(mut campaign) = tx.get::<Campaign>(account_id, user.id).await? {
        campaign.frame = call.next_frame(&campaign.frame);
        campaign.config.group_id = None;
        tx.replace(&campaign).await?;
    }
    Ok(())
}

fn never(kind: Kind) -> Failure {
    Failure::internal("a reference that cannot be", kind.noun())
}
