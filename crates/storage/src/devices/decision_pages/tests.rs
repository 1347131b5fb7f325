//! Pages and totals against a plain list that is gone through, whatever comes and goes.

use moca_core::{
    campaign::decide::Verdict,
    event::Subject,
    experience::Trigger,
    id::{AccountId, Id, InstanceId, PlaceId},
};

use super::*;
use crate::devices::{Consumer, value::encode};

const DAY_MS: i64 = 86_400_000;

/// A xorshift generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn maybe(&mut self, end: u8) -> Option<u8> {
        let number = self.below(u64::from(end) * 2) as u8;
        (number < end).then_some(number)
    }
}

fn id(number: u8) -> Id {
    Id([number; 16])
}

fn app() -> AppId {
    AppId(id(90))
}

fn decision(dice: &mut Dice) -> Decision {
    let experience = dice.below(4) as u8;
    // Most within some hours, some long before and after, and many at a border.
    let at_ms = match dice.below(4) {
        0 => dice.below(20) as i64 * DAY_MS - 10 * DAY_MS,
        1 => dice.below(400) as i64 * 900_000,
        _ => dice.below(20_000_000) as i64,
    };
    Decision {
        instance_id: InstanceId(id(60 + dice.below(5) as u8)),
        campaign_id: CampaignId(id(40 + experience % 2)),
        experience_id: ExperienceId(id(50 + experience)),
        trigger: Trigger::EnterPlace {
            place_id: PlaceId(id(1)),
            delay_ms: None,
        },
        at_ms,
        verdict: match dice.below(8) {
            0 => Verdict::Disabled,
            1 | 2 => Verdict::DisplayCap { shown: 1, cap: 1 },
            _ => Verdict::Fired,
        },
        message_id: None,
    }
}

type Kept = Vec<(DecisionKey, Decision)>;

fn keep(devices: &Devices, seq: u64, decided: &[(DecisionKey, Decision)]) {
    let mut batch = devices.batch();
    for (key, decision) in decided {
        batch.put_decision(app(), *key, decision).unwrap();
    }
    batch.commit(Consumer::Decide, seq).unwrap();
}

fn row(dice: &mut Dice, seq: u64) -> Kept {
    let keys = (0..dice.below(30) as u32).map(|index| DecisionKey { seq, index });
    keys.map(|key| (key, decision(dice))).collect()
}

fn agree(devices: &Devices, list: DecisionList, kept: &Kept, dice: &mut Dice) {
    let mut kept = kept.clone();
    kept.sort_by_key(|(key, decision)| (decision.at_ms, *key));
    for _ in 0..60 {
        let number = |n: Option<u8>, first: u8| n.map(|n| id(first + n));
        let filter = DecisionFilter {
            campaign_id: number(dice.maybe(2), 40).map(CampaignId),
            experience_id: number(dice.maybe(5), 50).map(ExperienceId),
            verdict: [None, None, Some(0), Some(2), Some(5)][dice.below(5) as usize],
        };
        let moments = [
            -20 * DAY_MS,
            -DAY_MS,
            0,
            1,
            900_000,
            900_001,
            7_654_321,
            DAY_MS,
            40 * DAY_MS,
        ];
        let mut moment = || moments[dice.below(9) as usize];
        let range = Range {
            from: moment(),
            to: moment(),
        };
        let range = (dice.below(2) == 0).then_some(range);
        let (offset, limit) = (dice.below(80), dice.below(40) as usize);
        let wanted: Kept = kept
            .iter()
            .filter(|(_, one)| {
                range.is_none_or(|range| range.from <= one.at_ms && one.at_ms < range.to)
                    && filter.campaign_id.is_none_or(|id| one.campaign_id == id)
                    && filter
                        .experience_id
                        .is_none_or(|id| one.experience_id == id)
                    && filter.verdict.is_none_or(|number| match one.verdict {
                        Verdict::Fired => number == 0,
                        Verdict::Disabled => number == 2,
                        _ => number == 5,
                    })
            })
            .cloned()
            .collect();
        let (total, page) = devices
            .decision_page(list, &filter, range, offset, limit)
            .unwrap();
        let asked = format!("{filter:?} {range:?} {offset} {limit}");
        assert_eq!(total, wanted.len() as u64, "{asked}");
        let expected: Kept = wanted
            .into_iter()
            .skip(offset as usize)
            .take(limit)
            .collect();
        assert_eq!(page, expected, "{asked}");
    }
}

#[test]
fn pages_are_those_of_a_plain_list_whatever_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let devices = Devices::open(dir.path()).unwrap();
    let dice = &mut Dice(0x9e37_79b9_7f4a_7c15);
    let (list, replay) = (DecisionList::App(app()), ReplayId(id(91)));
    let of_replay = DecisionList::Replay(replay);
    let (mut kept, mut replayed) = (Kept::new(), Kept::new());
    for seq in 1..=24 {
        let decided = row(dice, seq);
        keep(&devices, seq, &decided);
        kept.extend(decided);
        // A pass that begins again decides the same rows again, and need not come to the same.
        let mut decided = row(dice, seq);
        devices.keep_replayed(replay, &decided).unwrap();
        for (_, one) in &mut decided {
            one.verdict = decision(dice).verdict;
        }
        devices.keep_replayed(replay, &decided).unwrap();
        devices.keep_replayed(replay, &decided).unwrap();
        replayed.extend(decided);
        if seq % 6 == 0 {
            let subject = Subject {
                account_id: AccountId(id(1)),
                app_id: app(),
                instance_id: InstanceId(id(60 + dice.below(5) as u8)),
                number: 1,
            };
            devices.erase(subject, 0).unwrap();
            kept.retain(|(_, one)| one.instance_id != subject.instance_id);
            replayed.retain(|(_, one)| one.instance_id != subject.instance_id);
        }
        agree(&devices, list, &kept, dice);
        agree(&devices, of_replay, &replayed, dice);
    }
    devices.forget_replay(replay).unwrap();
    agree(&devices, of_replay, &Kept::new(), dice);
    agree(&devices, list, &kept, dice);

    // A store of an earlier release has no counts.
    for stored in devices.decisions.prefix(b"n") {
        devices.decisions.remove(stored.key().unwrap()).unwrap();
    }
    devices.decisions.remove(COMPLETE).unwrap();
    let (total, _) = devices
        .decision_page(list, &DecisionFilter::default(), None, 0, 1)
        .unwrap();
    assert_eq!(total, 0, "the counts are not gone");
    drop(devices);
    let devices = Devices::open(dir.path()).unwrap();
    agree(&devices, list, &kept, dice);
}

#[test]
fn what_is_counted_under_which_keys() {
    let filter = DecisionFilter {
        campaign_id: Some(CampaignId(id(1))),
        experience_id: Some(ExperienceId(id(2))),
        verdict: Some(5),
    };
    let both = [[1; 16], [2; 16]].concat();
    let owner = [b"n".as_slice(), &[9; 16]].concat();
    let expected = [&owner, &[7][..], &both, &[5], b"a"].concat();
    assert_eq!(all_key(filter.key(&[9; 16])), expected);
    let nothing = DecisionFilter::default().key(&[9; 16]);
    let day = stretches(nothing, Level::Day).signed(-1).build();
    let expected = [&owner, &[0][..], b"d", &[0x7f], &[0xff; 7]].concat();
    assert_eq!(day, expected);
    assert_eq!(encode(&300_u64).unwrap(), [1, 0xac, 2]);
}
