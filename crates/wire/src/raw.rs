//! Objects whose `config` is JSON already, as it is stored: written around it, without reading it.

use serde_json::Result;

use crate::resource::Resource;

/// A resource of which is answered, in this order: when it was made and changed, its id, the id of what it
/// belongs to, and its `config` as it is stored.
pub trait Plain: Resource {
    /// What its id is called.
    const ID: &'static str;
    /// What the id of what it belongs to is called.
    const OWNER_ID: &'static str;
}

/// What is answered of such an object.
#[derive(Debug, Clone, Copy)]
pub struct RawObject<'a> {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Its id.
    pub id: &'a str,
    /// The id of what it belongs to.
    pub owner_id: &'a str,
    /// What a client sets: a JSON object of at least one field.
    pub config: &'a str,
}

impl RawObject<'_> {
    /// Writes it as its answer would be written.
    pub fn write<A: Plain>(&self, json: &mut Vec<u8>) -> Result<()> {
        self.open(A::ID, A::OWNER_ID, json)?;
        json.extend_from_slice(self.config.as_bytes());
        json.push(b'}');
        Ok(())
    }

    /// Writes what comes before the value of `config`.
    pub(crate) fn open(&self, id: &str, owner_id: &str, json: &mut Vec<u8>) -> Result<()> {
        json.extend_from_slice(b"{\"createdAt\":");
        serde_json::to_writer(&mut *json, &self.created_at)?;
        json.extend_from_slice(b",\"updatedAt\":");
        serde_json::to_writer(&mut *json, &self.updated_at)?;
        for (name, value) in [(id, self.id), (owner_id, self.owner_id)] {
            json.push(b',');
            serde_json::to_writer(&mut *json, name)?;
            json.push(b':');
            serde_json::to_writer(&mut *json, value)?;
        }
        json.extend_from_slice(b",\"config\":");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::value::RawValue;

    use super::*;
    use crate::{
        beacons, campaign_groups::CampaignGroup, labels::Label, members::Member, places::Place,
        schema::Described, segments::Segment, zones::Zone,
    };

    fn is_written_as_it_writes_itself<A: Plain + Described>() {
        let mut example = A::example();
        example["updatedAt"] = 1_767_614_400_001_i64.into();
        let answer: A = serde_json::from_value(example).unwrap();
        let answer = serde_json::to_string(&answer).unwrap();
        // The values as they stand in it.
        let parts: HashMap<&str, &RawValue> = serde_json::from_str(&answer).unwrap();
        let text = |name| serde_json::from_str::<&str>(parts[name].get()).unwrap();
        let number = |name| parts[name].get().parse().unwrap();
        let object = RawObject {
            created_at: number("createdAt"),
            updated_at: number("updatedAt"),
            id: text(A::ID),
            owner_id: text(A::OWNER_ID),
            config: parts["config"].get(),
        };
        let mut json = Vec::new();
        object.write::<A>(&mut json).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), answer);
    }

    #[test]
    fn an_object_is_written_around_its_config_as_it_writes_itself() {
        is_written_as_it_writes_itself::<Member>();
        is_written_as_it_writes_itself::<Label>();
        is_written_as_it_writes_itself::<Place>();
        is_written_as_it_writes_itself::<Zone>();
        is_written_as_it_writes_itself::<CampaignGroup>();
        is_written_as_it_writes_itself::<Segment>();
    }

    #[test]
    fn a_beacon_is_written_with_its_zone_in_its_config_as_it_writes_itself() {
        let mut beacon: beacons::Beacon =
            serde_json::from_value(beacons::Beacon::example()).unwrap();
        let (id, owner_id) = (beacon.beacon_id.to_string(), beacon.account_id.to_string());
        let health = beacon.health.unwrap();
        let config = serde_json::to_string(&beacon.config.beacon).unwrap();
        for zone_id in [beacon.config.zone_id, None] {
            beacon.config.zone_id = zone_id;
            let object = RawObject {
                created_at: beacon.created_at,
                updated_at: beacon.updated_at,
                id: &id,
                owner_id: &owner_id,
                config: &config,
            };
            let zone_id = zone_id.map(|id| id.to_string());
            let mut json = Vec::new();
            beacons::write_raw(&object, zone_id.as_deref(), &health, &mut json).unwrap();
            let expected = serde_json::to_string(&beacon).unwrap();
            assert_eq!(String::from_utf8(json).unwrap(), expected);
        }
    }
}
