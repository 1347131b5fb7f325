//! Apps.

use moca_core::{
    account::Role,
    app::{App, PreviousSecret},
    id::AppId,
    limits::SECRET_OVERLAP_MS,
    resource::Kind,
    scope::{Access, Family},
    target::Target,
};
use moca_storage::control::Tx;
use moca_wire::{apps, targets::Against};

use super::{
    common::{self, accept, created},
    deletion, targets,
};
use crate::{call::Call, failure::Failure, reply::Reply, secret};

/// `GET /v2/apps`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query().list();
    let page = tx.list::<App>(call.principal.account_id, &query).await?;
    let items: Vec<apps::App> = page
        .items
        .iter()
        .map(|app| shown(call, app))
        .collect::<Result<_, _>>()?;
    Ok(Reply::list(&query, page.total, &items)?.secret())
}

/// `POST /v2/apps`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = apps::read(call.json()?, against(call, &[]));
    let input = accept(call, tx, body).await?;
    let frame = call.new_frame();
    let targets = targets::make(call, &frame, input.targets.unwrap_or_default(), &[])?;
    let (app_secret, sealed_secret) = new_secret(call, AppId(frame.id))?;
    let app = App {
        frame,
        sealed_secret,
        previous_secret: None,
        targets,
        config: input.config,
    };
    tx.insert(&app).await?;
    let answer = view(call, &app, Some(app_secret))?;
    Ok(created(&app.frame, &answer)?.secret())
}

/// `GET /v2/apps/{appId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(call, &find(call, tx).await?)
}

/// `PUT /v2/apps/{appId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut app = find(call, tx).await?;
    call.check_match(Some(app.frame.revision))?;
    let current: Vec<Target> = app.targets.iter().map(|kept| kept.target.clone()).collect();
    let own_secret = shown(call, &app)?.app_secret;
    let how = "changes by PUT of the app's /secret only: leave it out";
    let body = apps::read(call.json()?, against(call, &current))
        .of(Kind::App, &app.frame)
        .unchanged("appSecret", &own_secret, how);
    let input = accept(call, tx, body).await?;
    app.frame = call.next_frame(&app.frame);
    app.config = input.config;
    if let Some(sent) = input.targets {
        app.targets = targets::make(call, &app.frame, sent, &app.targets)?;
    }
    tx.replace(&app).await?;
    answer(call, &app)
}

/// `PUT /v2/apps/{appId}/secret`
pub(crate) async fn rotate_secret(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut app = find(call, tx).await?;
    call.check_match(Some(app.frame.revision))?;
    let sent = call.json_if_any()?.map(apps::read_rotation).transpose()?;
    let overlap_ms = sent.and_then(|rotation| rotation.overlap_ms);
    let until = call.now_ms() + overlap_ms.unwrap_or(SECRET_OVERLAP_MS);
    let (_, sealed_secret) = new_secret(call, app.id())?;
    let sealed = std::mem::replace(&mut app.sealed_secret, sealed_secret);
    let previous = PreviousSecret { sealed, until };
    // One that ends at once need not be kept.
    app.previous_secret = Some(previous).filter(|previous| call.now_ms() < previous.until);
    app.frame = call.next_frame(&app.frame);
    tx.replace(&app).await?;
    answer(call, &app)
}

/// `DELETE /v2/apps/{appId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let app = find(call, tx).await?;
    deletion::delete(call, tx, Kind::App, &app.frame).await
}

/// A new secret, and as it is stored.
fn new_secret(call: &Call, app_id: AppId) -> Result<(String, Vec<u8>), Failure> {
    let state = call.state();
    let random = state.random.as_ref();
    let secret = secret::new_app_secret(random);
    let sealed = secret::seal_app_secret(&state.sealer, random, app_id, &secret)?;
    Ok((secret, sealed))
}

fn against<'a>(call: &Call, targets: &'a [Target]) -> Against<'a> {
    Against {
        targets,
        now_ms: Some(call.now_ms()),
    }
}

async fn find(call: &Call, tx: &mut Tx) -> Result<App, Failure> {
    common::find(call, tx, "appId").await
}

/// The app as the caller may see it: with its secret from editors up, if they may change apps as far as
/// their scopes go.
fn shown(call: &Call, app: &App) -> Result<apps::App, Failure> {
    let principal = &call.principal;
    let may_change = principal.reach.admits(Family::Apps, Access::Write);
    if principal.role < Role::Editor || !may_change {
        return view(call, app, None);
    }
    let app_secret = secret::open_app_secret(&call.state().sealer, app.id(), &app.sealed_secret)?;
    view(call, app, Some(app_secret))
}

fn view(call: &Call, app: &App, app_secret: Option<String>) -> Result<apps::App, Failure> {
    let key = secret::bundle_key(&call.state().sealer, app.id())?;
    Ok(apps::App::new(app, app_secret, key.public(), call.now_ms()))
}

fn answer(call: &Call, app: &App) -> Result<Reply, Failure> {
    Ok(Reply::object(app.frame.revision, &shown(call, app)?)?.secret())
}
