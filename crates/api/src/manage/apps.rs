//! Apps.

use moca_core::{account::Role, app::App, id::AppId, resource::Kind, target::Target};
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
    let state = call.state();
    let random = state.random.as_ref();
    let app_secret = secret::new_app_secret(random);
    let sealed_secret =
        secret::seal_app_secret(&state.sealer, random, AppId(frame.id), &app_secret)?;
    let app = App {
        frame,
        sealed_secret,
        targets,
        config: input.config,
    };
    tx.insert(&app).await?;
    let answer = apps::App::new(&app, Some(app_secret));
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
    let body = apps::read(call.json()?, against(call, &current));
    let input = accept(call, tx, body).await?;
    app.frame = call.next_frame(&app.frame);
    app.config = input.config;
    if let Some(sent) = input.targets {
        app.targets = targets::make(call, &app.frame, sent, &app.targets)?;
    }
    tx.replace(&app).await?;
    answer(call, &app)
}

/// `DELETE /v2/apps/{appId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let app = find(call, tx).await?;
    deletion::delete(call, tx, Kind::App, &app.frame).await
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

/// The app as the caller may see it: with its secret from editors up.
fn shown(call: &Call, app: &App) -> Result<apps::App, Failure> {
    if call.principal.role < Role::Editor {
        return Ok(apps::App::new(app, None));
    }
    let app_secret = secret::open_app_secret(&call.state().sealer, app)?;
    Ok(apps::App::new(app, Some(app_secret)))
}

fn answer(call: &Call, app: &App) -> Result<Reply, Failure> {
    Ok(Reply::object(app.frame.revision, &shown(call, app)?)?.secret())
}
