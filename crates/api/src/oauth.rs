//! OAuth 2.0 client credentials (RFC 6749 §4.4): a token's id and secret are exchanged for a
//! short-lived token of the same member.

use moca_core::{
    account::{Role, Token, TokenConfig},
    id::TokenId,
    limits::OAUTH_TOKEN_MS,
};
use moca_storage::control::Tx;
use moca_wire::{oauth::AccessToken, problem::Code};

use crate::{
    auth::{self, Principal},
    call::{Body, Call},
    failure::Failure,
    percent,
    reply::Reply,
    secret,
};

/// The member whose client asks, by HTTP Basic or by the form, not both.
pub(crate) async fn client(
    tx: &mut Tx,
    basic: Option<(String, String)>,
    body: &Body,
    now_ms: i64,
) -> Result<Principal, Failure> {
    let id = field(body, "client_id");
    let secret = field(body, "client_secret");
    let (id, secret) = match (basic, id, secret) {
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined for Basic.
        (Some((user, password)), id, None) => {
            let user = percent::decode_form(&user)?;
            if id.is_some_and(|id| id != user) {
                return Err(bad_request(
                    "client_id in the form is not the one in Authorization.",
                ));
            }
            (user, percent::decode_form(&password)?)
        }
        (Some(_), _, Some(_)) => {
            return Err(bad_request(
                "Give the client's secret once: in Authorization or in the form.",
            ));
        }
        (None, Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
        (None, _, _) => return Err(auth::rejected()),
    };
    auth::oauth_client(tx, &id, &secret, now_ms).await
}

/// `POST /oauth/token`
pub(crate) async fn token(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = call.body();
    match field(body, "grant_type") {
        Some("client_credentials") => {}
        None | Some("") => return Err(bad_request("grant_type is required.")),
        Some(_) => {
            return Err(
                bad_request("grant_type is client_credentials, the only one there is.")
                    .with_oauth_error("unsupported_grant_type"),
            );
        }
    }
    let role = scope(field(body, "scope"), call.principal.role)?;
    let account_id = call.principal.account_id;
    let client: Token = tx
        .get(account_id, call.principal.token_id.0)
        .await?
        .ok_or_else(auth::rejected)?;
    let access_token = secret::new_token(call.state().random.as_ref());
    let now_ms = call.now_ms();
    let longest = now_ms.saturating_add(OAUTH_TOKEN_MS);
    let expires_at = client
        .config
        .expires_at
        .map_or(longest, |at| at.min(longest));
    tx.insert(&Token {
        frame: call.new_frame(),
        member_id: client.member_id,
        secret_hash: secret::hash(&access_token),
        // An exchanged token that is exchanged again hangs on the first: one level to check.
        parent_id: Some(client.parent_id.unwrap_or(TokenId(client.frame.id))),
        config: TokenConfig {
            name: "OAuth 2.0 access token".into(),
            expires_at: Some(expires_at),
            role: Some(role),
        },
    })
    .await?;
    let answer = AccessToken {
        access_token,
        token_type: "Bearer".into(),
        expires_in: (expires_at - now_ms) / 1_000,
        scope: role.as_str().into(),
    };
    Ok(Reply::ok(&answer)?.secret())
}

/// The role asked for; the highest the client may have when it does not say.
fn scope(asked: Option<&str>, highest: Role) -> Result<Role, Failure> {
    let Some(word) = asked.filter(|word| !word.is_empty()) else {
        return Ok(highest);
    };
    Role::parse(word)
        .filter(|role| *role <= highest)
        .ok_or_else(|| {
            bad_request(&format!(
                "scope is one role of viewer, analyst, editor, admin and owner, at most {}.",
                highest.as_str()
            ))
            .with_oauth_error("invalid_scope")
        })
}

fn field<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    let Body::Form(fields) = body else {
        return None;
    };
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn bad_request(detail: &str) -> Failure {
    Failure::new(Code::ValidationFailed, detail).with_oauth_error("invalid_request")
}
