//! The bytes of every kind of value. A difference means that stores of earlier releases could not be
//! read any more: give the value a new version and keep the reader of the old one.

use std::{collections::BTreeSet, fmt::Debug};

use moca_core::{
    campaign::{
        caps::Caps,
        decide::{Decision, Verdict},
    },
    consent::{Consent, Consents, Purpose},
    event::{Profile, Subject, TagChange},
    experience::{Direction, TagExpression, Target, Trigger},
    geo::LatLon,
    id::{
        AccountId, AppId, BeaconId, CampaignId, ExperienceId, Id, InstanceId, MessageId,
        NotificationId, PlaceId, SegmentId, ZoneId,
    },
    metric::Level,
    notification::{
        Failure,
        counts::{Counted, Counts},
    },
    presence::{Crossing, PathStart, Presence, Watched},
    property::Property,
    push::PushAddress,
    receipt::{ReceiptKind, Receipts},
    tally::{Happening, Tally},
    webhook::{
        Attempt, Delivery, Failure as HookFailure, HookEvent, Occasion, Outcome as HookOutcome,
        State, event::Position,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    DirectoryEntry, HookTally, InstanceCrossing, InstanceState, InstanceTag, LastUser, Message,
    Moment, PushTally, Queued, SetKey, SetKind, addressed, decisions, inbox, push_counts, sets,
    states,
    value::{decode, encode},
};

fn id(byte: u8) -> Id {
    Id([byte; 16])
}

fn subject() -> Subject {
    Subject {
        account_id: AccountId(id(1)),
        app_id: AppId(id(2)),
        instance_id: InstanceId(id(3)),
        number: 300,
    }
}

fn hex(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Ids are long and say nothing: 16 equal bytes are written as one in brackets.
    (0..=9).fold(hex, |hex, byte| {
        hex.replace(&format!("{byte:02x}").repeat(16), &format!("[{byte}]"))
    })
}

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, expected: &str) {
    let bytes = encode(value).unwrap();
    assert_eq!(hex(&bytes), expected, "{value:?}");
    assert_eq!(&decode::<T>("", &[], &bytes).unwrap(), value);
}

fn check_inbox(message: &Message, expected: &str) {
    let bytes = inbox::encode(message).unwrap();
    assert_eq!(hex(&bytes), expected, "{message:?}");
    assert_eq!(&inbox::decode(&[], &bytes).unwrap(), message);
}

#[test]
fn directory_entry() {
    let entry = DirectoryEntry {
        subject: subject(),
        token_hash: [4; 32],
    };
    check(&entry, "[1]01[2][3]ac02[4][4]");
}

#[test]
fn instance_state() {
    let mut caps = Caps::default();
    caps.record(CampaignId(id(5)), ExperienceId(id(6)), 1_000);
    let mut state = InstanceState {
        subject: subject(),
        created_at: 1_000,
        profile: Profile {
            os: Some("iOS".to_owned()),
            ..Profile::default()
        },
        user_id: Some("u".to_owned()),
        properties: [("p".to_owned(), Property::Number(1.0))].into(),
        tags: [("t".to_owned(), 2.0)].into(),
        presence: Presence {
            newest_at: 1_001,
            fences: vec![Target::Place(PlaceId(id(7)))],
            doubts: Vec::new(),
            beacons: vec![(BeaconId(id(8)), 1_002)],
            inside: vec![(Target::Zone(ZoneId(id(9))), 1_003)],
            stays: Vec::new(),
            path_start: None,
            newest_fix_at: 1_001,
            exits: Vec::new(),
            watched: Watched::default(),
        },
        caps,
        message_count: 1,
        newest_event_at: 1_004,
        heard_at: 1_005,
        push: None,
        listed: BTreeSet::new(),
        consents: Consents::new(),
        location_status: None,
        last_user: None,
    };
    let kept = "[1]01[2][3]ac02d00f00000103694f530000000000000001017501017001000000000000f03f0101740000000000000040d20f0100[7]0001[8]d40f0101[9]d60f0001[5]02d00f01[6]d00f01d80fda0f";
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), kept);
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.push = Some(PushAddress::Fcm {
        token: "T".to_owned(),
    });
    let bytes = states::encode(&state).unwrap();
    // The version, and 16 equal bytes behind it.
    let rest = kept.strip_prefix("[1]01").unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}01010154"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.presence.path_start = Some(PathStart {
        at_ms: 1_000,
        at: LatLon::new(1.0, -2.0).unwrap(),
        error_m: 0.5,
        floor: Some(-1),
    });
    let start = "01d00f000000000000f03f00000000000000c0000000000000e03f0101";
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}01010154{start}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);
    // A part that is neither there nor missing.
    assert!(states::decode(&[], &[&bytes[..], &[2]].concat()).is_err());
    assert!(states::decode(&[], &bytes[..bytes.len() - 1]).is_err());

    state.push = None;
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}00{start}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.listed = BTreeSet::from([SegmentId(id(4))]);
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}00{start}0101[4]"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);
    state.presence.path_start = None;
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}00000101[4]"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.listed = BTreeSet::new();
    state.presence.newest_fix_at = 1_000;
    state.presence.exits = vec![(Target::Place(PlaceId(id(7))), 999)];
    let bytes = states::encode(&state).unwrap();
    let order = "01d00f0100[7]ce0f";
    assert_eq!(hex(&bytes), format!("02[1]{rest}000000{order}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);
    state.presence.watched.left = vec![Target::Place(PlaceId(id(7)))];
    let bytes = states::encode(&state).unwrap();
    let watched = "010100[7]00";
    assert_eq!(hex(&bytes), format!("02[1]{rest}000000{order}{watched}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    let refused = Consent {
        granted: false,
        version: "v".to_owned(),
        at_ms: 64,
    };
    state.consents = [(Purpose::Marketing, refused)].into();
    let bytes = states::encode(&state).unwrap();
    let consents = "0101020001768001";
    let behind = format!("{order}{watched}{consents}");
    assert_eq!(hex(&bytes), format!("02[1]{rest}000000{behind}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);
    state.presence.newest_fix_at = state.presence.newest_at;
    state.presence.exits = Vec::new();
    state.presence.watched.left = Vec::new();
    let bytes = states::encode(&state).unwrap();
    assert_eq!(hex(&bytes), format!("02[1]{rest}0000000000{consents}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.consents = Consents::new();
    let (campaign, experience) = (CampaignId(id(5)), ExperienceId(id(6)));
    state.caps.earlier.campaigns = [(campaign, vec![64])].into();
    state.caps.earlier.experiences = [(experience, vec![1, 64])].into();
    let bytes = states::encode(&state).unwrap();
    let earlier = "0101[5]01800101[6]02028001";
    assert_eq!(hex(&bytes), format!("02[1]{rest}000000000000{earlier}"));
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.location_status = Some("on".to_owned());
    let bytes = states::encode(&state).unwrap();
    let status = "01026f6e";
    assert_eq!(
        hex(&bytes),
        format!("02[1]{rest}000000000000{earlier}{status}")
    );
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);

    state.last_user = Some(LastUser {
        user_id: "u".to_owned(),
        properties: ["p".to_owned()].into(),
    });
    let bytes = states::encode(&state).unwrap();
    let last_user = "010175010170";
    assert_eq!(
        hex(&bytes),
        format!("02[1]{rest}000000000000{earlier}{status}{last_user}")
    );
    assert_eq!(states::decode(&[], &bytes).unwrap(), state);
}

#[test]
fn push_tally() {
    let tally = PushTally {
        is_whole: true,
        targeted: 100,
        sent: 3,
        accepted: 2,
        failed: [(Failure::Unregistered, 1), (Failure::Unreachable, 64)].into(),
    };
    check(&tally, "0101c8010604020002078001");
}

#[test]
fn push_counts() {
    let counts = Counts {
        targeted: 1,
        sent: 300,
        accepted: 2,
        failed: [(Failure::Unreachable, 3)].into(),
        opened: 4,
    };
    check(&(CampaignId(id(5)), counts), "01[5]01ac020201070304");
    // An audience.
    check(&(CampaignId(id(5)), 64_i64, 300_u64), "01[5]8001ac02");
    let of = Counted {
        app_id: AppId(id(2)),
        campaign_id: CampaignId(id(5)),
        notification_id: NotificationId(id(6)),
    };
    let key = push_counts::entry_key(&of, 1, 2);
    assert_eq!(hex(&key), "63[2]8000000000000001[6]0000000000000002");
    assert_eq!(hex(&push_counts::audience_key(&of)), "61[2][6]");
}

#[test]
fn addressed() {
    let key = addressed::part_key(NotificationId(id(6)), 0x0102);
    assert_eq!(hex(&key), "6e[6]0102");
    let bytes = sets::encode_bitmap(&[3, 300].into()).unwrap();
    assert_eq!(hex(&bytes), "013a30000001000000000001001000000003002c01");
    assert_eq!(sets::decode_bitmap(&[], &bytes).unwrap(), [3, 300].into());
}

#[test]
fn deliveries() {
    let event = HookEvent {
        app_id: AppId(id(2)),
        instance_id: InstanceId(id(3)),
        user_id: Some("u".to_owned()),
        at_ms: 1_000,
        received_at: 1_001,
        position: Some(Position {
            latitude: 1.0,
            longitude: 2.0,
            accuracy_m: None,
        }),
        occasion: Occasion::Crossed {
            direction: Direction::Exit,
            target: Target::Place(PlaceId(id(4))),
            dwell_ms: Some(5),
        },
    };
    let mut delivery = Delivery::new(event, 300, 2);
    let rest = "[2][3]010175d00fd20f01000000000000f03f000000000000004000000100[4]010a";
    check(&delivery, &format!("01{rest}00ac02020000"));
    let occasions = [
        (Occasion::LoggedIn, "04"),
        (Occasion::LoggedOut, "05"),
        (Occasion::Erased, "07"),
        (Occasion::Registered { first_at: 1 }, "0302"),
    ];
    for (occasion, expected) in occasions {
        check(&occasion, &format!("01{expected}"));
    }
    let (campaign_id, experience_id) = (CampaignId(id(5)), ExperienceId(id(6)));
    let fired = Occasion::Fired {
        campaign_id,
        experience_id,
        message_id: MessageId(id(7)),
    };
    check(&fired, "0101[5][6][7]");
    let receipt = Occasion::Receipt {
        kind: ReceiptKind::Clicked,
        campaign_id,
        experience_id,
        message_id: MessageId(id(7)),
    };
    check(&receipt, "010201[5][6][7]");
    let custom = Occasion::Custom {
        event_id: [8; 16],
        verb: "v".to_owned(),
        item: None,
        category: Some("c".to_owned()),
        value: Some(1.0),
        properties: [("p".to_owned(), Property::Bool(true))].into(),
    };
    check(
        &custom,
        "0106[8]0176000101630100000000 0000f03f0101700001"
            .replace(' ', "")
            .as_str(),
    );
    for (outcome, expected) in [
        (HookOutcome::Answered(500), "00f403"),
        (HookOutcome::Failed(HookFailure::Timeout), "0100"),
        (HookOutcome::Failed(HookFailure::Unreachable), "0101"),
        (HookOutcome::Failed(HookFailure::PrivateAddress), "0102"),
        (HookOutcome::Failed(HookFailure::Waited), "0103"),
        (HookOutcome::Failed(HookFailure::SecretUnreadable), "0104"),
    ] {
        let attempt = Attempt {
            at_ms: 1_000,
            took_ms: 300,
            outcome,
        };
        check(&attempt, &format!("01d00fac02{expected}"));
    }
    for (state, expected) in [
        (State::Again { due_ms: 1 }, "0102"),
        (State::Delivered, "02"),
        (State::GivenUp, "03"),
    ] {
        check(&state, &format!("01{expected}"));
    }
    delivery.begin_anew(3);
    check(&delivery, &format!("01{rest}01060000"));
    let queued = Queued {
        count: 1,
        dropped: 2,
        dropped_at: Some(3),
    };
    check(&queued, "0102040106");
    let tally = HookTally {
        settled: 1,
        delivered: 2,
        given_up: 3,
        delivered_at: Some(4),
        failing_since: None,
    };
    check(&tally, "01020406010800");
}

#[test]
fn message() {
    let mut message = Message {
        message_id: MessageId(id(4)),
        campaign_id: CampaignId(id(5)),
        experience_id: ExperienceId(id(6)),
        at_ms: 1_000,
        action_type: "T".to_owned(),
        content_type: "C".to_owned(),
        locale: "es".to_owned(),
        content: "Hola".to_owned(),
        bg_alert: None,
        tag: None,
    };
    let kept = "[4][5][6]d00f0154014302657304486f6c6100";
    check_inbox(&message, &format!("01{kept}"));
    message.tag = Some(TagExpression {
        tag_name: "vip".to_owned(),
        tag_value: "+1".to_owned(),
    });
    check_inbox(&message, &format!("02{kept}0103766970022b31"));
}

#[test]
fn receipts_and_tallies() {
    let mut receipts = Receipts::default();
    receipts.note(ReceiptKind::Clicked, 1_000);
    check(&receipts, "010001d00f00");
    let mut tally = Tally::empty(CampaignId(id(5)));
    tally.count("Fired");
    tally.count("Fired");
    check(&tally, "01[5]0105466972656402");
    let happening = Happening {
        campaign_id: CampaignId(id(5)),
        experience_id: ExperienceId(id(6)),
        word: "Shown".into(),
        at_ms: 1_000,
    };
    check(&vec![happening], "0101[5][6]0553686f776ed00f");
    let about = BTreeSet::from([
        Target::Beacon(BeaconId(id(8))),
        Target::Place(PlaceId(id(3))),
    ]);
    check(&about, "010200[3]02[8]");
}

#[test]
fn crossings() {
    let crossing = InstanceCrossing {
        subject: subject(),
        crossing: Crossing {
            direction: Direction::Exit,
            target: Target::Beacon(BeaconId(id(8))),
            at_ms: 1_000,
            entered_at: 999,
        },
    };
    check(&vec![crossing], "[1]0101[2][3]ac020102[8]d00fce0f");
}

#[test]
fn tags_that_actions_changed() {
    let tag = InstanceTag {
        subject: subject(),
        record: 300,
        received_at: 1_000,
        name: "vip".to_owned(),
        change: TagChange::Add(1.0),
    };
    check(
        &vec![tag],
        "[1]0101[2][3]ac02ac02d00f0376697000000000000000f03f",
    );
}

#[test]
fn decisions_on_triggers_of_every_version() {
    let mut decision = Decision {
        instance_id: InstanceId(id(7)),
        campaign_id: CampaignId(id(5)),
        experience_id: ExperienceId(id(6)),
        trigger: Trigger::EnterZone {
            zone_id: ZoneId(id(4)),
            delay_ms: Some(60_000),
        },
        at_ms: 1_000,
        verdict: Verdict::Fired,
        message_id: Some(MessageId(id(9))),
    };
    let check = |decision: &Decision, expected: &str| {
        let bytes = decisions::encode(decision).unwrap();
        assert_eq!(hex(&bytes), expected);
        assert_eq!(
            &decisions::decode("decisions", &[], &bytes).unwrap(),
            decision
        );
    };
    check(&decision, "01[7][5][6]0001[4]c0a907d00f0001[9]");
    decision.trigger = Trigger::ExitZone {
        zone_id: ZoneId(id(4)),
    };
    check(&decision, "01[7][5][6]0101[4]00d00f0001[9]");
    decision.trigger = Trigger::Custom {
        custom_argument: "a".to_owned(),
    };
    let json = r#"{"@type":"CustomTrigger","customArgument":"a"}"#;
    let json_hex: String = json.bytes().map(|byte| format!("{byte:02x}")).collect();
    check(&decision, &format!("03[7][5][6]2e{json_hex}d00f0001[9]"));
}

#[test]
fn moments() {
    let moments = vec![
        Moment {
            offset_ms: 899_999,
            number: 300,
            target: None,
        },
        Moment {
            offset_ms: 0,
            number: 0,
            target: Some(Target::Place(PlaceId(id(7)))),
        },
    ];
    check(&moments, "01029ff736ac020000000100[7]");
}

#[test]
fn keys_of_sets() {
    let mut key = SetKey {
        app_id: AppId(id(2)),
        kind: SetKind::Entered,
        level: Level::Quarter,
        index: -1,
        target: Some(Target::Zone(ZoneId(id(9)))),
    };
    assert_eq!(
        hex(&sets::part_key(&key, 258)),
        "[2]03037fffffffffffffff02[9]0102"
    );
    key.kind = SetKind::Active;
    key.level = Level::Day;
    key.index = 1;
    key.target = None;
    assert_eq!(
        hex(&sets::part_key(&key, 0)),
        "[2]01018000000000000001[0]000000"
    );
    key.kind = SetKind::First;
    key.level = Level::Hour;
    assert_eq!(
        hex(&sets::part_key(&key, 0)),
        "[2]02028000000000000001[0]000000"
    );
    key.kind = SetKind::Refused;
    assert_eq!(
        hex(&sets::part_key(&key, 0)),
        "[2]04028000000000000001[0]000000"
    );
}

#[test]
fn a_value_of_another_version_or_length_is_refused() {
    let bytes = encode(&300_u32).unwrap();
    assert_eq!(decode::<u32>("", &[], &bytes).unwrap(), 300);
    for bad in [&[][..], &[2, 172, 2], &[1, 172], &[1, 172, 2, 0]] {
        assert!(decode::<u32>("", &[], bad).is_err(), "{bad:?}");
    }
}
