//! Experiences.

use moca_core::{
    campaign::{Campaign, CampaignType},
    experience::Experience,
    id::CampaignId,
    resource::Kind,
};
use moca_storage::control::Tx;
use moca_wire::{experiences, fault::FaultCode, problem::Fault};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/experiences`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let answer = |experience: &Experience| experiences::Experience::from(experience);
    common::list(call, tx, answer).await
}

/// `POST /v2/experiences`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, experiences::read(call.json()?, None)).await?;
    refuse_push(call, tx, input.campaign_id).await?;
    let experience = Experience {
        frame: call.new_frame(),
        campaign_id: input.campaign_id,
        config: input.config,
        trigger: input.trigger,
        action: input.action,
    };
    tx.insert(&experience).await?;
    created(
        &experience.frame,
        &experiences::Experience::from(&experience),
    )
}

/// `GET /v2/experiences/{experienceId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/experiences/{experienceId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let experience = find(call, tx).await?;
    call.check_match(Some(experience.frame.revision))?;
    let body = experiences::read(call.json()?, Some(experience.campaign_id))
        .of(Kind::Experience, &experience.frame);
    let input = accept(call, tx, body).await?;
    let experience = Experience {
        frame: call.next_frame(&experience.frame),
        campaign_id: experience.campaign_id,
        config: input.config,
        trigger: input.trigger,
        action: input.action,
    };
    tx.replace(&experience).await?;
    answer(&experience)
}

/// `DELETE /v2/experiences/{experienceId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let experience = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Experience, &experience.frame).await
}

/// A campaign of type Push has no experiences. It gets none by a PUT either: an experience stays in
/// its campaign, and a campaign that has some keeps its type.
async fn refuse_push(call: &Call, tx: &mut Tx, id: CampaignId) -> Result<(), Failure> {
    let campaign: Option<Campaign> = tx.get(call.principal.account_id, id.0).await?;
    if campaign.is_none_or(|campaign| campaign.config.kind != CampaignType::Push) {
        return Ok(());
    }
    let detail =
        "the campaign is of type Push, which takes no experiences: choose one of type Proximity";
    Err(
        Failure::conflict("The experience does not go with its campaign: see errors.").with_errors(
            vec![Fault::new(
                "/campaignId",
                FaultCode::WrongCampaignType,
                detail,
            )],
        ),
    )
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Experience, Failure> {
    common::find(call, tx, "experienceId").await
}

fn answer(experience: &Experience) -> Result<Reply, Failure> {
    Reply::object(
        experience.frame.revision,
        &experiences::Experience::from(experience),
    )
}
