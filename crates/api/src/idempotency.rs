//! `Idempotency-Key`: a repeated POST gets the first answer again.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName};
use moca_core::{
    account::Role,
    id::AccountId,
    limits::{IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_KEY_CHARS_MAX},
    scope::{Reach, Scope},
};
use moca_storage::{
    StorageError,
    control::{KeptAnswer, Tx},
};
use moca_wire::problem::Code;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{content, failure::Failure, reply::Reply, state::ApiState};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// A key with the request it stands for.
pub(crate) struct Key {
    pub(crate) account_id: AccountId,
    /// The key as stored: what the client sent, after the caller it belongs to.
    pub(crate) stored: String,
    pub(crate) request_hash: [u8; 32],
    /// The role of a member who calls: an answer is not given to a lower one than got it first.
    pub(crate) role: Option<Role>,
    /// What their scopes let through: nor is it given to one with less than that.
    pub(crate) reach: Reach,
}

/// An answer as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    role: Option<Role>,
    /// The scopes; everything if there are none, as in answers from before there were any.
    #[serde(default)]
    scopes: Option<Vec<Scope>>,
    status: u16,
    content_type: String,
    body: String,
    revision: Option<i64>,
    location: Option<String>,
    no_store: bool,
}

/// The key in the request.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    match content::single(headers, &HEADER)? {
        Some(key) if key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX => Err(Failure::new(
            Code::InvalidHeader,
            format!("Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} characters."),
        )),
        other => Ok(other),
    }
}

/// What makes two requests the same.
pub(crate) fn request_hash(target: &str, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in [target.as_bytes(), body] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// What an answer is kept under: a hash of who called and of the key they chose.
pub(crate) fn stored_key(caller: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{caller} {key}")))
}

/// The answer that was given to the same request before.
pub(crate) async fn recall(
    state: &ApiState,
    tx: &mut Tx,
    key: &Key,
    now_ms: i64,
) -> Result<Option<Reply>, Failure> {
    let kept = tx.kept_answer(key.account_id, &key.stored).await?;
    let Some(kept) = kept.filter(|kept| kept.created_at >= now_ms - IDEMPOTENCY_KEPT_MS) else {
        return Ok(None);
    };
    let plain = state
        .sealer
        .open(&context(key), &kept.sealed_answer)
        .map_err(|error| Failure::internal("a kept answer cannot be opened", error))?;
    let answer: Kept = serde_json::from_slice(&plain)
        .map_err(|error| Failure::internal("a kept answer cannot be read", error))?;
    let is_theirs =
        key.role >= answer.role && key.reach.includes(Reach::of(answer.scopes.as_deref()));
    if kept.request_hash != key.request_hash || !is_theirs {
        return Err(Failure::new(
            Code::IdempotencyKeyReused,
            "Choose a new Idempotency-Key: this one was used for another request.",
        ));
    }
    Ok(Some(Reply {
        status: answer.status,
        content_type: answer.content_type,
        body: answer.body.into(),
        revision: answer.revision,
        location: answer.location,
        no_store: answer.no_store,
        ..Reply::done()
    }))
}

/// Keeps an answer for later repeats.
pub(crate) async fn keep(
    state: &ApiState,
    tx: &mut Tx,
    key: &Key,
    reply: &Reply,
    now_ms: i64,
) -> Result<(), Failure> {
    let body = String::from_utf8(reply.body.to_vec())
        .map_err(|error| Failure::internal("an answer is not UTF-8", error))?;
    let plain = serde_json::to_vec(&Kept {
        role: key.role,
        scopes: key.reach.scopes(),
        status: reply.status,
        content_type: reply.content_type.clone(),
        body,
        revision: reply.revision,
        location: reply.location.clone(),
        no_store: reply.no_store,
    })
    .map_err(|error| Failure::internal("an answer cannot be kept", error))?;
    let sealed_answer = state
        .sealer
        .seal(state.random.as_ref(), &context(key), &plain)
        .map_err(|error| Failure::internal("an answer cannot be sealed", error))?;
    let answer = KeptAnswer {
        request_hash: key.request_hash,
        sealed_answer,
        created_at: now_ms,
    };
    let expired_before = now_ms - IDEMPOTENCY_KEPT_MS;
    match tx
        .keep_answer(key.account_id, &key.stored, &answer, expired_before)
        .await
    {
        // The same request on another connection was faster; this one is undone.
        Err(StorageError::Conflict { .. }) => Err(Failure::new(
            Code::IdempotencyKeyBusy,
            "The first request with this Idempotency-Key is being answered: repeat this one.",
        )),
        other => Ok(other?),
    }
}

fn context(key: &Key) -> Vec<u8> {
    [&key.account_id.0.0[..], key.stored.as_bytes()].concat()
}
