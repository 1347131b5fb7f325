//! Campaign groups.

use moca_core::{campaign::group::CampaignGroup, resource::Kind};
use moca_storage::control::Tx;
use moca_wire::campaign_groups;

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/campaign-groups`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<CampaignGroup, campaign_groups::CampaignGroup>(call, tx).await
}

/// `POST /v2/campaign-groups`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, campaign_groups::read(call.json()?, None)).await?;
    let group = CampaignGroup {
        frame: call.new_frame(),
        app_id: input.app_id,
        config: input.config,
    };
    tx.insert(&group).await?;
    created(&group.frame, &campaign_groups::CampaignGroup::from(&group))
}

/// `GET /v2/campaign-groups/{campaignGroupId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/campaign-groups/{campaignGroupId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut group = find(call, tx).await?;
    call.check_match(Some(group.frame.revision))?;
    let body = campaign_groups::read(call.json()?, Some(group.app_id))
        .of(Kind::CampaignGroup, &group.frame);
    group.config = accept(call, tx, body).await?.config;
    group.frame = call.next_frame(&group.frame);
    tx.replace(&group).await?;
    answer(&group)
}

/// `DELETE /v2/campaign-groups/{campaignGroupId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let group = find(call, tx).await?;
    deletion::delete(call, tx, Kind::CampaignGroup, &group.frame).await
}

async fn find(call: &Call, tx: &mut Tx) -> Result<CampaignGroup, Failure> {
    common::find(call, tx, "campaignGroupId").await
}

fn answer(group: &CampaignGroup) -> Result<Reply, Failure> {
    Reply::object(
        group.frame.revision,
        &campaign_groups::CampaignGroup::from(group),
    )
}
