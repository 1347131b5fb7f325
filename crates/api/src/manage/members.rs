//! Members. Nobody touches what is above their own role, and an account keeps an owner.

use moca_core::{
    account::{Member, Role},
    limits::PAGE_LIMIT_MAX,
    resource::Kind,
};
use moca_storage::control::{ListQuery, Tx};
use moca_wire::members;

use super::{
    common::{self, accept, created, require_role_at_most},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/members`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<Member, members::Member>(call, tx).await
}

/// `POST /v2/members`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, members::read(call.json()?)).await?;
    require_role_at_most(call, input.config.role)?;
    let member = Member {
        frame: call.new_frame(),
        config: input.config,
    };
    tx.insert(&member).await?;
    created(&member.frame, &members::Member::from(&member))
}

/// `GET /v2/members/{memberId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/members/{memberId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut member = find(call, tx).await?;
    call.check_match(Some(member.frame.revision))?;
    let body = members::read(call.json()?).of(Kind::Member, &member.frame);
    let config = accept(call, tx, body).await?.config;
    require_role_at_most(call, member.config.role.max(config.role))?;
    if config.role < Role::Owner {
        require_other_owner(tx, &member).await?;
    }
    member.config = config;
    member.frame = call.next_frame(&member.frame);
    tx.replace(&member).await?;
    answer(&member)
}

/// `DELETE /v2/members/{memberId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let member = find(call, tx).await?;
    require_role_at_most(call, member.config.role)?;
    require_other_owner(tx, &member).await?;
    deletion::delete(call, tx, Kind::Member, &member.frame).await
}

/// Refuses to let go of the last owner of an account.
async fn require_other_owner(tx: &mut Tx, leaving: &Member) -> Result<(), Failure> {
    if leaving.config.role < Role::Owner {
        return Ok(());
    }
    let mut query = ListQuery {
        offset: 0,
        limit: PAGE_LIMIT_MAX,
        sort: Vec::new(),
        filters: Vec::new(),
        q: None,
        regions: vec![],
        status: None,
    };
    loop {
        let page = tx.list::<Member>(leaving.frame.account_id, &query).await?;
        let other = |member: &Member| {
            member.config.role == Role::Owner && member.frame.id != leaving.frame.id
        };
        if page.items.iter().any(other) {
            return Ok(());
        }
        query.offset += query.limit;
        if query.offset >= page.total {
            return Err(Failure::conflict(
                "Make another member an owner first: an account must keep one.",
            ));
        }
    }
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Member, Failure> {
    common::find(call, tx, "memberId").await
}

fn answer(member: &Member) -> Result<Reply, Failure> {
    Reply::object(member.frame.revision, &members::Member::from(member))
}
