//! Control groups: who does not get what a campaign sends, so that it can be told what it changes.

use sha2::{Digest, Sha256};

use crate::id::{CampaignId, InstanceId};

/// The number of an instance in a campaign, 0..=99: the first eight bytes of the SHA-256 of both ids, as
/// a number, modulo 100.
///
/// It is the same for ever, so a control group stays together and one of 10 % is part of one of 20 %.
/// It depends on the campaign, so nobody is left out of everything. Nothing secret goes into it: who
/// has the ids can find out the group by himself.
pub fn bucket(campaign: CampaignId, instance: InstanceId) -> i64 {
    let mut hash = Sha256::new();
    hash.update(campaign.0.0);
    hash.update(instance.0.0);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    (u64::from_be_bytes(first) % 100) as i64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{id::Id, samples::MONDAY};

    /// Ids as they are made: alike but for a count and the time.
    fn instance(number: u32) -> InstanceId {
        let mut random = [0; 10];
        random[6..].copy_from_slice(&number.to_be_bytes());
        InstanceId(Id::from_parts(MONDAY + i64::from(number) / 7, random))
    }

    fn campaign(number: u8) -> CampaignId {
        CampaignId(Id::from_parts(MONDAY, [number; 10]))
    }

    fn held_out(of: CampaignId, percent: i64, people: u32) -> BTreeSet<u32> {
        let held_out = |number: &u32| bucket(of, instance(*number)) < percent;
        (0..people).filter(held_out).collect()
    }

    /// Who is held out must never change: a control group of last year is asked about this year.
    /// `hashlib.sha256(campaign + instance)` of Python says the same.
    #[test]
    fn the_number_stays_what_it_is() {
        let of = |campaign: u8, instance: u8| {
            let campaign = CampaignId(Id([campaign; 16]));
            bucket(campaign, InstanceId(Id([instance; 16])))
        };
        let numbers: Vec<i64> = (0..8).map(|instance| of(2, instance)).collect();
        assert_eq!(numbers, [72, 98, 15, 11, 79, 13, 74, 98]);
        assert_eq!(of(3, 0), 17);
    }

    /// Pearson's test with 99 degrees of freedom: above 148.2 in one of a thousand uniform samples.
    #[test]
    fn all_numbers_are_equally_frequent() {
        for number in 0..8 {
            let mut counts = [0_u32; 100];
            for person in 0..50_000 {
                counts[bucket(campaign(number), instance(person)) as usize] += 1;
            }
            let off = |count: &u32| (f64::from(*count) - 500.0).powi(2) / 500.0;
            let chi_square: f64 = counts.iter().map(off).sum();
            assert!(chi_square < 148.2, "campaign {number}: {chi_square}");
        }
    }

    #[test]
    fn a_smaller_group_is_part_of_a_larger_one_and_campaigns_have_their_own() {
        let people = 20_000;
        let (ten, twenty) = (
            held_out(campaign(1), 10, people),
            held_out(campaign(1), 20, people),
        );
        assert!(ten.is_subset(&twenty));
        assert!(held_out(campaign(1), 0, people).is_empty());
        assert_eq!(held_out(campaign(1), 100, people).len(), people as usize);
        // One of a hundred is in both groups of a tenth, give or take four standard deviations.
        let others = held_out(campaign(2), 10, people);
        let both = ten.intersection(&others).count();
        assert!((144..=256).contains(&both), "{both}");
    }
}
