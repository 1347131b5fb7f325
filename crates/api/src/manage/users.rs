//! Users: people that an app has identified. Their ids are the app's, so every call names the app.

use moca_engine::{UserQuery, UserView};
use moca_wire::{
    problem::Code,
    users::{User, UserInstance},
};

use super::{common::text_of, decisions::require_app};
use crate::{audit, call::Call, etag, failure::Failure, reply::Reply};

/// `GET /v2/users`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let app_id = require_app(call).await?;
    let asked = UserQuery {
        q: text_of(call, "q"),
        offset: call.query().offset(),
        limit: call.query().limit(),
    };
    let page = call.state().engine.users(app_id, &asked).await?;
    let items: Vec<User> = page.items.into_iter().map(shown).collect();
    Reply::page(asked.offset, asked.limit, page.total, &items)
}

/// `GET /v2/users/{userId}`
pub(crate) async fn get(call: &Call) -> Result<Reply, Failure> {
    let user = shown(find(call).await?);
    Reply::object(etag::revision_of(&user)?, &user)
}

/// `DELETE /v2/users/{userId}`
pub(crate) async fn delete(call: &Call) -> Result<Reply, Failure> {
    let view = find(call).await?;
    let (app_id, user_id) = (view.app_id, view.user_id.clone());
    call.check_match(Some(etag::revision_of(&shown(view))?))?;
    audit::record_erasure(call).await?;
    call.state().engine.erase_user(app_id, &user_id).await?;
    Ok(Reply::done())
}

/// The user in the path, of the app in `appId`.
pub(super) async fn find(call: &Call) -> Result<UserView, Failure> {
    let app_id = require_app(call).await?;
    let user_id = call.path_text("userId")?;
    let found = call.state().engine.user(app_id, user_id).await?;
    found.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "No user with this id has logged in to this app.",
        )
    })
}

/// A user as it is answered.
pub(super) fn shown(view: UserView) -> User {
    let instances = view.instances.iter().map(|instance| UserInstance {
        instance_id: instance.instance_id,
        logged_in: instance.logged_in,
    });
    User {
        created_at: view.user.created_at,
        updated_at: view.user.updated_at,
        user_id: view.user_id,
        app_id: view.app_id,
        properties: view.user.properties,
        tags: view.user.tags,
        instance_count: view.instance_count,
        instances: instances.collect(),
    }
}
