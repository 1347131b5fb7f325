//! What is asked of instances and users.

use moca_core::id::{AccountId, AppId, InstanceId};

use crate::{
    Engine, EngineError,
    query::{InstanceQuery, InstanceView, Page, UserQuery, UserView},
    read::people,
};

impl Engine {
    /// Instances of an app, with all that was acknowledged before this call.
    pub async fn instances(
        &self,
        app_id: AppId,
        query: &InstanceQuery,
    ) -> Result<Page<InstanceView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let query = query.clone();
        self.read(move |devices| people::instances(devices, app_id, &query))
            .await
    }

    /// The instance with this id, if it is one of the account.
    pub async fn instance_of(
        &self,
        account_id: AccountId,
        instance_id: InstanceId,
    ) -> Result<Option<InstanceView>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let state = self
            .read(move |devices| devices.state(instance_id))
            .await?
            .filter(|state| state.subject.account_id == account_id);
        Ok(state.map(people::view))
    }

    /// Users of an app, with all that was acknowledged before this call.
    pub async fn users(
        &self,
        app_id: AppId,
        query: &UserQuery,
    ) -> Result<Page<UserView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let query = query.clone();
        self.read(move |devices| people::users(devices, app_id, &query))
            .await
    }

    /// The user of an app with this id.
    pub async fn user(
        &self,
        app_id: AppId,
        user_id: &str,
    ) -> Result<Option<UserView>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let user_id = user_id.to_owned();
        self.read(move |devices| people::user(devices, app_id, &user_id))
            .await
    }
}
