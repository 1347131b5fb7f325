//! OAuth 2.0 client credentials (RFC 6749 §4.4): a token's id and secret are exchanged for a
//! short-lived token of the same member.

use moca_core::{
    account::{Role, Token, TokenConfig},
    id::TokenId,
    limits::OAUTH_TOKEN_MS,
    scope::{Reach, Scope, spaced},
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
    let granted = grant(field(body, "scope"), &call.principal)?;
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
        last_used_at: None,
        config: TokenConfig {
            name: "OAuth 2.0 access token".into(),
            expires_at: Some(expires_at),
            role: Some(granted.role),
            scopes: granted.scopes.clone(),
        },
    })
    .await?;
    let answer = AccessToken {
        access_token,
        token_type: "Bearer".into(),
        expires_in: (expires_at - now_ms) / 1_000,
        scope: granted.words(),
    };
    Ok(Reply::ok(&answer)?.secret())
}

/// What an exchanged token may do.
struct Grant {
    role: Role,
    scopes: Option<Vec<Scope>>,
}

impl Grant {
    /// As the answer tells it (RFC 6749 §3.3).
    fn words(&self) -> String {
        let role = self.role.as_str();
        match &self.scopes {
            Some(scopes) => format!("{role} {}", spaced(scopes)),
            None => role.to_owned(),
        }
    }
}

/// What was asked for, and what the client has where it does not say. Of several roles the highest
/// counts: scopes of OAuth 2.0 add up.
fn grant(asked: Option<&str>, client: &Principal) -> Result<Grant, Failure> {
    let refused = |detail: String| bad_request(&detail).with_oauth_error("invalid_scope");
    let mut role: Option<Role> = None;
    let mut scopes: Vec<Scope> = Vec::new();
    for word in asked
        .into_iter()
        .filter(|all| !all.is_empty())
        .flat_map(|all| all.split(' '))
    {
        if let Some(more) = Role::parse(word) {
            role = role.max(Some(more));
        } else if let Ok(more) = word.parse() {
            scopes.push(more);
        } else {
            return Err(refused(
                "scope is a role (viewer, analyst, editor, admin or owner), scopes such as places:read, \
                 or both, with one space between two."
                    .to_owned(),
            ));
        }
    }
    let role = role.unwrap_or(client.role);
    let reach = match scopes.as_slice() {
        [] => client.reach,
        scopes => Reach::of(Some(scopes)),
    };
    if role > client.role || !client.reach.includes(reach) {
        let scopes = client.reach.scopes().map(|scopes| spaced(&scopes));
        return Err(refused(format!(
            "scope is more than the client has: at most the role {}{}.",
            client.role.as_str(),
            scopes.map_or_else(String::new, |scopes| format!(" and the scopes {scopes}")),
        )));
    }
    let scopes = reach.scopes();
    if scopes.as_ref().is_some_and(Vec::is_empty) {
        return Err(refused(
            "The client has no scope left: give the token it was exchanged for others.".to_owned(),
        ));
    }
    Ok(Grant { role, scopes })
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
