//! The configuration of one account as the pipeline uses it: indexed, in memory, changed in place.

use crate::{
    account::Account,
    beacon::Beacon,
    campaign::Campaign,
    experience::{Direction, Experience, Target},
    id::{BeaconId, CampaignId, ExperienceId, PlaceId, ZoneId},
    place::Place,
    time::Zone as TimeZone,
    zone::Zone,
};

/// One account's places, zones, beacons, campaigns and experiences.
#[derive(Default)]
pub struct World {}

#[expect(missing_docs, clippy::todo, reason = "skeleton")]
impl World {
    pub fn put_account(&mut self, _account: &Account) {
        todo!()
    }
    pub fn put_place(&mut self, _place: Place) {
        todo!()
    }
    pub fn remove_place(&mut self, _id: PlaceId) {
        todo!()
    }
    pub fn put_zone(&mut self, _zone: Zone) {
        todo!()
    }
    pub fn remove_zone(&mut self, _id: ZoneId) {
        todo!()
    }
    pub fn put_beacon(&mut self, _beacon: Beacon) {
        todo!()
    }
    pub fn remove_beacon(&mut self, _id: BeaconId) {
        todo!()
    }
    pub fn put_campaign(&mut self, _campaign: Campaign) {
        todo!()
    }
    pub fn remove_campaign(&mut self, _id: CampaignId) {
        todo!()
    }
    pub fn put_experience(&mut self, _experience: Experience) {
        todo!()
    }
    pub fn remove_experience(&mut self, _id: ExperienceId) {
        todo!()
    }
    /// The experiences that wait for this crossing, in order of creation, each with its campaign.
    pub fn waiting_for(
        &self,
        _direction: Direction,
        _target: Target,
    ) -> Vec<(&Campaign, &Experience)> {
        todo!()
    }
    /// The time zone of the place that a target is (part of), if it says one; else the account's.
    pub fn time_zone(&self, _target: Target) -> TimeZone {
        todo!()
    }
}
