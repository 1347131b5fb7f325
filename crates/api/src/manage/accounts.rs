//! Accounts. Owners of the operator's account make them and see all; others see their own.

use moca_core::{
    account::{Account, AccountLimits, Member, MemberConfig, Role, Token, TokenConfig},
    id::{AccountId, MemberId},
    resource::{Frame, Kind},
};
use moca_storage::control::Tx;
use moca_wire::{
    accounts::{self, NewAccount, RateLimits},
    problem::Code,
    resource::Resource,
};

use super::common::accept;
use crate::{call::Call, failure::Failure, reply::Reply, secret};

/// `GET /v2/accounts`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query().list();
    let page = if call.principal.operator {
        tx.list_accounts(&query).await?
    } else {
        tx.list(call.principal.account_id, &query).await?
    };
    let items: Vec<accounts::Account> = page.items.iter().map(Into::into).collect();
    Reply::list(&query, page.total, &items)
}

/// `POST /v2/accounts`: the account, its first owner and their first token.
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    if !call.principal.operator {
        return Err(Failure::new(
            Code::RoleTooLow,
            "Only owners of the first account of this server may create accounts.",
        ));
    }
    let input = accept(call, tx, accounts::read(call.json()?)).await?;
    let account_id = AccountId(call.new_id());
    let account = Account {
        frame: frame_in(call, account_id, account_id.0),
        operator: false,
        config: input.config,
        limits: AccountLimits::default(),
    };
    tx.insert(&account).await?;
    let owner = Member {
        frame: frame_in(call, account_id, call.new_id()),
        config: MemberConfig {
            name: "Owner".to_owned(),
            email: None,
            role: Role::Owner,
        },
    };
    tx.insert(&owner).await?;
    let first_token = insert_first_token(call, tx, &owner).await?;
    let answer = NewAccount {
        account: accounts::Account::from(&account),
        owner: MemberId(owner.frame.id),
        first_token,
    };
    let location = format!("{}/{account_id}", accounts::Account::PATH);
    Ok(Reply::created(location, account.frame.revision, &answer)?.secret())
}

/// `GET /v2/accounts/{accountId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let account = visible(call, tx).await?;
    answer(call, tx, &account).await
}

/// `PUT /v2/accounts/{accountId}`: one's own.
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let id: AccountId = call.id("accountId")?;
    if id != call.principal.account_id {
        return Err(Failure::not_found(Kind::Account));
    }
    let mut account = find(tx, id).await?;
    call.check_match(Some(account.frame.revision))?;
    let how = "are set by an operator at /limits of the account: leave them out";
    let body = accounts::read(call.json()?)
        .of(Kind::Account, &account.frame)
        .unchanged("rateLimits", &rate_limits(call, &account), how);
    account.config = accept(call, tx, body).await?.config;
    account.frame = call.next_frame(&account.frame);
    tx.replace(&account).await?;
    answer(call, tx, &account).await
}

async fn insert_first_token(call: &Call, tx: &mut Tx, owner: &Member) -> Result<String, Failure> {
    let access_token = secret::new_token(call.state().random.as_ref());
    let token = Token {
        frame: frame_in(call, owner.frame.account_id, call.new_id()),
        member_id: MemberId(owner.frame.id),
        secret_hash: secret::hash(&access_token),
        parent_id: None,
        last_used_at: None,
        config: TokenConfig {
            name: "First token".to_owned(),
            expires_at: None,
            role: None,
            scopes: None,
        },
    };
    tx.insert(&token).await?;
    Ok(access_token)
}

/// The frame of something new in an account that is not the caller's.
fn frame_in(call: &Call, account_id: AccountId, id: moca_core::id::Id) -> Frame {
    Frame {
        account_id,
        id,
        ..call.new_frame()
    }
}

/// The account in the path, when the caller may see it: operators see all.
pub(super) async fn visible(call: &Call, tx: &mut Tx) -> Result<Account, Failure> {
    let id: AccountId = call.id("accountId")?;
    if id != call.principal.account_id && !call.principal.operator {
        return Err(Failure::not_found(Kind::Account));
    }
    find(tx, id).await
}

async fn find(tx: &mut Tx, id: AccountId) -> Result<Account, Failure> {
    tx.account(id)
        .await?
        .ok_or_else(|| Failure::not_found(Kind::Account))
}

/// An account with how much it has of everything, and may have.
async fn answer(call: &Call, tx: &mut Tx, account: &Account) -> Result<Reply, Failure> {
    let mut answer = accounts::Account::from(account);
    answer.quotas = Some(tx.usage(AccountId(account.frame.id)).await?);
    answer.rate_limits = Some(rate_limits(call, account));
    Reply::object(account.frame.revision, &answer)
}

fn rate_limits(call: &Call, account: &Account) -> RateLimits {
    let (own, server) = (&account.limits, &call.state().settings.rates);
    RateLimits {
        token_requests_per_minute: own.token_requests_per_minute.unwrap_or(server.token),
        app_requests_per_minute: own.app_requests_per_minute.unwrap_or(server.app),
        device_requests_per_minute: own.device_requests_per_minute.unwrap_or(server.device),
    }
}
