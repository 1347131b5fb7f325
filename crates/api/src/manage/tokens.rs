//! Tokens. A token never lets its maker do more than they may themselves.

use moca_core::{
    account::{Member, Token, TokenConfig},
    id::TokenId,
    resource::Kind,
    scope::Reach,
};
use moca_storage::control::Tx;
use moca_wire::{fault::FaultCode, problem::Fault, tokens};

use super::{
    common::{self, accept, created, require_role_at_most},
    deletion,
};
use crate::{auth, call::Call, failure::Failure, reply::Reply, secret};

/// `GET /v2/tokens`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |token: &Token| shown(call, token)).await
}

/// `POST /v2/tokens`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, tokens::read_create(call.json()?, call.now_ms())).await?;
    let member_id = input.member_id.unwrap_or(call.principal.member_id);
    let member = tx
        .get::<Member>(call.principal.account_id, member_id.0)
        .await?
        .ok_or_else(|| Failure::not_found(Kind::Member))?;
    require_grantable(call, &member, &input.config)?;
    auth::require_within(&call.principal, reach(&input.config))?;
    require_end(call, &input.config, None)?;
    let access_token = secret::new_token(call.state().random.as_ref());
    let token = Token {
        frame: call.new_frame(),
        member_id,
        secret_hash: secret::hash(&access_token),
        parent_id: None,
        last_used_at: None,
        config: input.config,
    };
    tx.insert(&token).await?;
    let answer = tokens::Token::new(&token, Some(access_token));
    Ok(created(&token.frame, &answer)?.secret())
}

/// `GET /v2/tokens/{tokenId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(call, &find(call, tx).await?)
}

/// `PUT /v2/tokens/{tokenId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut token = find(call, tx).await?;
    call.check_match(Some(token.frame.revision))?;
    let body = tokens::read_replace(call.json()?, token.member_id);
    let body = body.of(Kind::Token, &token.frame);
    let config = accept(call, tx, body).await?.config;
    if token.parent_id.is_some() {
        return Err(Failure::conflict(
            "A token from /oauth/token cannot be changed: delete it and exchange a new one.",
        ));
    }
    let member = member_of(call, tx, &token).await?;
    require_grantable(call, &member, &token.config)?;
    require_grantable(call, &member, &config)?;
    for config in [&token.config, &config] {
        auth::require_within(&call.principal, reach(config))?;
    }
    require_end(call, &config, Some(&token.config))?;
    token.config = config;
    token.frame = call.next_frame(&token.frame);
    tx.replace(&token).await?;
    answer(call, &token)
}

/// `DELETE /v2/tokens/{tokenId}`: whatever its scopes, as ending a token gives nobody more.
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let token = find(call, tx).await?;
    let member = member_of(call, tx, &token).await?;
    require_grantable(call, &member, &token.config)?;
    deletion::delete(call, tx, Kind::Token, &token.frame).await
}

/// Refuses tokens that may do more than the caller, and any that stand for a higher member.
fn require_grantable(call: &Call, member: &Member, config: &TokenConfig) -> Result<(), Failure> {
    let own = call.principal.member_id.0 == member.frame.id;
    let role = match config.role {
        Some(bound) if own => member.config.role.min(bound),
        _ => member.config.role,
    };
    require_role_at_most(call, role)
}

/// Refuses a token that lasts longer than the caller's, unless it did so before.
fn require_end(
    call: &Call,
    config: &TokenConfig,
    before: Option<&TokenConfig>,
) -> Result<(), Failure> {
    let Some(own) = call.principal.expires_at else {
        return Ok(());
    };
    let latest = match before.map(|before| before.expires_at) {
        Some(None) => return Ok(()),
        Some(Some(before)) => before.max(own),
        None => own,
    };
    let code = match config.expires_at {
        Some(at) if at <= latest => return Ok(()),
        Some(_) => FaultCode::OutOfRange,
        None => FaultCode::Required,
    };
    let detail = format!(
        "expected at most {latest}, when the token of this call ends: a token makes none that outlives it"
    );
    let fault = Fault::new("/config/expiresAt", code, detail);
    Err(Failure::invalid(vec![fault]))
}

fn reach(config: &TokenConfig) -> Reach {
    Reach::of(config.scopes.as_deref())
}

async fn member_of(call: &Call, tx: &mut Tx, token: &Token) -> Result<Member, Failure> {
    tx.get(call.principal.account_id, token.member_id.0)
        .await?
        .ok_or_else(|| Failure::internal("a token has no member", token.frame.id.to_string()))
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Token, Failure> {
    common::find(call, tx, "tokenId").await
}

/// The token without its secret, with uses that are not written down yet.
fn shown(call: &Call, token: &Token) -> tokens::Token {
    let Token {
        frame,
        last_used_at,
        ..
    } = token;
    let used = call.state().engine.last_used();
    tokens::Token {
        last_used_at: used.of(frame.account_id, TokenId(frame.id), *last_used_at),
        ..tokens::Token::new(token, None)
    }
}

fn answer(call: &Call, token: &Token) -> Result<Reply, Failure> {
    Reply::object(token.frame.revision, &shown(call, token))
}
