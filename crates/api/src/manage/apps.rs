//! Apps.

use moca_core::{account::Role, app::App, id::AppId, resource::Kind};
use moca_storage::control::Tx;
use moca_wire::apps;

use super::{
    common::{self, accept, created},
    deletion,
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
    let input = accept(call, tx, apps::read(call.json()?)).await?;
    let frame = call.new_frame();
    let state = call.state();
    let random = state.random.as_ref();
    let app_secret = secret::new_app_secret(random);
    let sealed_secret =
        secret::seal_app_secret(&state.sealer, random, AppId(frame.id), &app_secret)?;
    let app = App {
        frame,
        sealed_secret,
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
    app.config = accept(call, tx, apps::read(call.json()?)).await?.config;
    app.frame = call.next_frame(&app.frame);
    tx.replace(&app).await?;
    answer(call, &app)
}

/// `DELETE /v2/apps/{appId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let app = find(call, tx).await?;
    deletion::delete(call, tx, Kind::App, &app.frame).await
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
