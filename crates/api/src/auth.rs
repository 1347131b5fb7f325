//! Who calls, and what they may do. Only this file can make a proof of permission.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use moca_core::{
    account::{Account, AccountLimits, Member, Role, Token},
    app::App,
    event::Subject,
    id::{AccountId, AppId, Id, MemberId, TokenId},
    scope::{Access, Family, Reach, Scope, spaced},
};
use moca_engine::workers::last_used::LastUse;
use moca_storage::control::Tx;
use moca_wire::problem::Code;
use subtle::ConstantTimeEq;

use crate::{callers::Proven, failure::Failure, secret, state::ApiState};

/// A member of an account, authenticated by a token.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The tenant.
    pub account_id: AccountId,
    /// The member.
    pub member_id: MemberId,
    /// The token.
    pub token_id: TokenId,
    /// What they may do: the lower of the member's role and the token's.
    pub role: Role,
    /// What of that the scopes of the token let through, and those of the one it was exchanged for.
    pub reach: Reach,
    /// When the token ends, ms since 1970, if it does.
    pub expires_at: Option<i64>,
    /// When the token was last used.
    pub last_use: LastUse,
    /// Whether they may create and list accounts.
    pub operator: bool,
    /// The token whose requests are counted: the one this was exchanged for, else itself.
    pub counted_as: TokenId,
    /// What an operator set for the account.
    pub limits: AccountLimits,
    _proof: Proof,
}

/// One installation of an app, authenticated by its instance token.
#[derive(Debug, Clone)]
pub struct Device {
    /// The instance.
    pub subject: Subject,
    /// Hash of its token, to look again whether that still counts.
    token_hash: [u8; 32],
    /// What an operator set for the account.
    pub limits: AccountLimits,
    _proof: Proof,
}

/// An app, authenticated by its id and secret.
#[derive(Debug, Clone)]
pub struct AppClient {
    /// The tenant.
    pub account_id: AccountId,
    /// The app.
    pub app_id: AppId,
    /// What an operator set for the account.
    pub limits: AccountLimits,
    _proof: Proof,
}

/// Who brings what many devices told: a member of an account, or one of its apps.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// The tenant.
    pub account_id: AccountId,
    /// The app, if it is one: it tells of its own instances only.
    pub app_id: Option<AppId>,
    _proof: Proof,
}

impl From<&Principal> for Gateway {
    fn from(member: &Principal) -> Self {
        Self {
            account_id: member.account_id,
            app_id: None,
            _proof: Proof,
        }
    }
}

impl From<&AppClient> for Gateway {
    fn from(app: &AppClient) -> Self {
        Self {
            account_id: app.account_id,
            app_id: Some(app.app_id),
            _proof: Proof,
        }
    }
}

/// Anybody at all: what is public asks for no proof.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

/// Cannot be made outside this file, and so cannot what has one.
#[derive(Debug, Clone)]
struct Proof;

/// The member whose token is in the request.
pub(crate) async fn member(
    state: &ApiState,
    tx: &mut Tx,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<Principal, Failure> {
    let hash = secret::hash(&bearer(headers)?);
    let version = tx.callers_version().await?;
    let known = &state.callers.members;
    if let Some(proven) = known.at(version, &hash) {
        return proven.at(now_ms).ok_or_else(rejected);
    }
    let token = tx.token_by_hash(&hash).await?.ok_or_else(rejected)?;
    let proven = prove(tx, &token).await?;
    let principal = proven.clone().at(now_ms).ok_or_else(rejected)?;
    known.learn(version, hash, proven);
    Ok(principal)
}

/// The member whose token's id and secret an OAuth 2.0 client gave.
pub(crate) async fn oauth_client(
    tx: &mut Tx,
    client_id: &str,
    client_secret: &str,
    now_ms: i64,
) -> Result<Principal, Failure> {
    let hash = secret::hash(&client_secret.to_ascii_lowercase());
    let token = tx
        .token_by_hash(&hash)
        .await?
        .filter(|token| token.frame.id.to_string() == client_id)
        .ok_or_else(rejected)?;
    let proven = prove(tx, &token).await?;
    proven.at(now_ms).ok_or_else(rejected)
}

/// Whom a token stands for, and until when: it ends with the one it was exchanged for.
async fn prove(tx: &mut Tx, token: &Token) -> Result<Proven<Principal>, Failure> {
    let account_id = token.frame.account_id;
    let account: Account = tx.account(account_id).await?.ok_or_else(rejected)?;
    let member: Member = tx
        .get(account_id, token.member_id.0)
        .await?
        .ok_or_else(rejected)?;
    let mut role = lower(member.config.role, token.config.role);
    let mut reach = Reach::of(token.config.scopes.as_deref());
    let mut ends_at = token.config.expires_at;
    if let Some(parent_id) = token.parent_id {
        let parent: Token = tx
            .get(account_id, parent_id.0)
            .await?
            .ok_or_else(rejected)?;
        role = lower(role, parent.config.role);
        reach = reach.and(Reach::of(parent.config.scopes.as_deref()));
        ends_at = ends_at.into_iter().chain(parent.config.expires_at).min();
    }
    let who = Principal {
        account_id,
        member_id: token.member_id,
        token_id: TokenId(token.frame.id),
        role,
        reach,
        expires_at: token.config.expires_at,
        last_use: LastUse::new(token.last_used_at),
        operator: account.operator && role == Role::Owner,
        counted_as: token.parent_id.unwrap_or(TokenId(token.frame.id)),
        limits: account.limits,
        _proof: Proof,
    };
    Ok(Proven { who, ends_at })
}

fn lower(role: Role, bound: Option<Role>) -> Role {
    bound.map_or(role, |bound| role.min(bound))
}

/// Refuses a member whose role is below what the route asks for.
pub(crate) fn require_role(principal: &Principal, least: Role) -> Result<(), Failure> {
    if principal.role >= least {
        return Ok(());
    }
    Err(Failure::new(
        Code::RoleTooLow,
        format!(
            "This call needs the role {} or a higher one; the token has {}.",
            least.as_str(),
            principal.role.as_str()
        ),
    ))
}

/// Refuses a member whose token's scopes do not let this through.
pub(crate) fn require_scope(
    principal: &Principal,
    family: Family,
    access: Access,
) -> Result<(), Failure> {
    if principal.reach.admits(family, access) {
        return Ok(());
    }
    Err(Failure::new(
        Code::InsufficientScope,
        format!(
            "This call needs the scope {}; the token has {}.",
            Scope::of(family, access),
            held(principal)
        ),
    ))
}

/// Refuses to hand out, or to change, a token whose scopes let more through than the caller's.
pub(crate) fn require_within(principal: &Principal, reach: Reach) -> Result<(), Failure> {
    if principal.reach.includes(reach) {
        return Ok(());
    }
    let wanted = match reach.scopes() {
        Some(scopes) => spaced(&scopes),
        None => "no scopes, which is everything".to_owned(),
    };
    Err(Failure::new(
        Code::InsufficientScope,
        format!(
            "This concerns a token with {wanted}, which is more than yours has: set scopes within {}.",
            held(principal)
        ),
    ))
}

/// The scopes of a token as a sentence names them.
fn held(principal: &Principal) -> String {
    match principal.reach.scopes() {
        Some(scopes) if scopes.is_empty() => "none".to_owned(),
        Some(scopes) => spaced(&scopes),
        None => "all".to_owned(),
    }
}

/// The instance whose token is in the request. With its app, an instance loses its access.
pub(crate) async fn device(state: &ApiState, headers: &HeaderMap) -> Result<Device, Failure> {
    device_with(state, secret::hash(&bearer(headers)?)).await
}

/// Refuses an instance that was let in before and has lost its access since.
pub(crate) async fn confirm(state: &ApiState, device: &Device) -> Result<(), Failure> {
    let now = device_with(state, device.token_hash).await?;
    match now.subject == device.subject {
        true => Ok(()),
        false => Err(rejected()),
    }
}

async fn device_with(state: &ApiState, token_hash: [u8; 32]) -> Result<Device, Failure> {
    let subject = state
        .engine
        .authenticate(&token_hash)
        .await?
        .ok_or_else(rejected)?;
    let limits = limits_of_app(state, &subject).await?;
    Ok(Device {
        subject,
        token_hash,
        limits,
        _proof: Proof,
    })
}

/// What an operator set for the account of an instance whose app is still there.
async fn limits_of_app(state: &ApiState, subject: &Subject) -> Result<AccountLimits, Failure> {
    let key = (subject.account_id, subject.app_id);
    let mut tx = state.control.read().await?;
    let version = tx.callers_version().await?;
    let known = &state.callers.limits;
    if let Some(limits) = known.at(version, &key) {
        return Ok(limits);
    }
    let limits = tx.limits_of_app(key.0, key.1).await?;
    let limits = limits.ok_or_else(rejected)?;
    known.learn(version, key, limits.clone());
    Ok(limits)
}

/// The app whose id and secret are in the request.
pub(crate) async fn app(
    state: &ApiState,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<AppClient, Failure> {
    let (app_id, given) = basic(headers).ok_or_else(rejected)?;
    let app_id: Id = app_id.parse().map_err(|_| rejected())?;
    let hash = secret::hash(&format!("{app_id}:{given}"));
    let mut tx = state.control.read().await?;
    let version = tx.callers_version().await?;
    let known = &state.callers.apps;
    if let Some(proven) = known.at(version, &hash) {
        return proven.at(now_ms).ok_or_else(rejected);
    }
    let app = tx.app_of_any_account(app_id).await?.ok_or_else(rejected)?;
    let ends_at = match app.previous_secret_at(now_ms) {
        _ if is_secret(state, &app, &app.sealed_secret, &given)? => None,
        Some(previous) if is_secret(state, &app, &previous.sealed, &given)? => Some(previous.until),
        _ => return Err(rejected()),
    };
    let who = AppClient {
        limits: tx.account_limits(app.frame.account_id).await?,
        account_id: app.frame.account_id,
        app_id: app.id(),
        _proof: Proof,
    };
    let proven = Proven { who, ends_at };
    let client = proven.clone().at(now_ms).ok_or_else(rejected)?;
    known.learn(version, hash, proven);
    Ok(client)
}

/// Whether an app that was let in before has not been deleted since.
pub(crate) async fn is_there(state: &ApiState, app: &AppClient) -> Result<bool, Failure> {
    let mut tx = state.control.read().await?;
    let limits = tx.limits_of_app(app.account_id, app.app_id).await?;
    Ok(limits.is_some())
}

fn is_secret(state: &ApiState, app: &App, sealed: &[u8], given: &str) -> Result<bool, Failure> {
    let secret = secret::open_app_secret(&state.sealer, app.id(), sealed)?;
    Ok(secret.as_bytes().ct_eq(given.as_bytes()).into())
}

/// The token of `Authorization: Bearer`, shaped like a UUID, in lower case.
fn bearer(headers: &HeaderMap) -> Result<String, Failure> {
    let token = credentials(headers, "bearer").ok_or_else(rejected)?;
    let shaped = token.len() == 36
        && token.bytes().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if shaped {
        Ok(token.to_ascii_lowercase())
    } else {
        Err(rejected())
    }
}

/// User and password of `Authorization: Basic`.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// What follows the scheme in the one `Authorization` header.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (given, rest) = value.to_str().ok()?.split_once(' ')?;
    given
        .eq_ignore_ascii_case(scheme)
        .then(|| rest.trim_start_matches(' '))
}

/// One answer for all that can be wrong with credentials, so that none can be told from another.
pub(crate) fn rejected() -> Failure {
    Failure::new(
        Code::NotAuthenticated,
        "Send valid credentials in the Authorization header: these are missing, wrong, expired or revoked.",
    )
}
