//! What the decide stage has taken in of the configuration, and when: so that events can be decided on
//! once more in the world they came into.

use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    beacon::Beacon,
    campaign::Campaign,
    experience::Experience,
    id::{BeaconId, CampaignId, ExperienceId, Id, PlaceId, SegmentId, ZoneId},
    place::Place,
    resource::Kind,
    segment::Segment,
    world::World,
    zone::Zone,
};

/// An object as it was taken in, or that it is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Taken {
    /// An account.
    Account(Box<Account>),
    /// A place.
    Place(Box<Place>),
    /// A zone.
    Zone(Box<Zone>),
    /// A beacon.
    Beacon(Box<Beacon>),
    /// A segment.
    Segment(Box<Segment>),
    /// A campaign.
    Campaign(Box<Campaign>),
    /// An experience.
    Experience(Box<Experience>),
    /// There is none of this kind with this id any more.
    Gone {
        /// The kind.
        kind: Kind,
        /// The id.
        id: Id,
    },
}

impl Taken {
    /// Takes it in.
    pub fn apply(self, world: &mut World) {
        match self {
            Self::Account(account) => world.put_account(&account),
            Self::Place(place) => world.put_place(*place),
            Self::Zone(zone) => world.put_zone(*zone),
            Self::Beacon(beacon) => world.put_beacon(*beacon),
            Self::Segment(segment) => world.put_segment(*segment),
            Self::Campaign(campaign) => world.put_campaign(*campaign),
            Self::Experience(experience) => world.put_experience(*experience),
            Self::Gone { kind, id } => match kind {
                Kind::Place => world.remove_place(PlaceId(id)),
                Kind::Zone => world.remove_zone(ZoneId(id)),
                Kind::Beacon => world.remove_beacon(BeaconId(id)),
                Kind::Segment => world.remove_segment(SegmentId(id)),
                Kind::Campaign => world.remove_campaign(CampaignId(id)),
                Kind::Experience => world.remove_experience(ExperienceId(id)),
                // An account takes its world with it, and the others are no part of one.
                Kind::Account
                | Kind::Member
                | Kind::Token
                | Kind::App
                | Kind::Tag
                | Kind::Label
                | Kind::CampaignGroup
                | Kind::Notification
                | Kind::Webhook => {}
            },
        }
    }

    /// Whether it is the campaign of this id or an experience of it. That of one that is gone cannot be
    /// told any more.
    pub fn is_of(&self, campaign: CampaignId) -> bool {
        match self {
            Self::Campaign(one) => one.id() == campaign,
            Self::Experience(one) => one.campaign_id == campaign,
            Self::Gone { kind, id } => *kind == Kind::Campaign && *id == campaign.0,
            _ => false,
        }
    }
}
