//! The event log and the device store keep these types as postcard. What was written must stay
//! readable: a change that makes one of these texts differ needs a new format version in
//! `moca-storage` and code that reads the old one, never just another text here.
//!
//! Postcard in short: integers are variable-length (zigzag when signed), an enum is the number of
//! its variant, an option 0 or 1, lists and texts have their length before them, ids are 16 bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fmt::Debug};

use moca_core::{
    beacon::{BeaconIdentity, Hex},
    campaign::{
        Status,
        caps::{Caps, Earlier},
        decide::{Rival, Verdict},
    },
    consent::{Consent, Purpose},
    event::{
        Change, Counted, Event, EventBody, Fix, Profile, Proximity, Record, Sighting, Subject,
        TagChange,
    },
    experience::Target,
    geo::LatLon,
    health::BeaconHealth,
    history::Taken,
    id::{
        AccountId, AppId, BeaconId, CampaignId, ExperienceId, Id, InstanceId, PlaceId, SegmentId,
        ZoneId,
    },
    notification::counts::Opening,
    presence::{Presence, Stay, Watched},
    property::Property,
    push::PushAddress,
    receipt::{Receipt, ReceiptKind},
    tally::{Happening, Happenings},
    target::Environment,
    user::User,
};
use serde::{Serialize, de::DeserializeOwned};

fn id<T: From<Id>>(byte: u8) -> T {
    T::from(Id([byte; 16]))
}

/// The value is written as these bytes (hexadecimal, spaces for the eye) and read from them.
fn kept<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, hexadecimal: &str) {
    let digits: String = hexadecimal.split_whitespace().collect();
    let bytes = postcard::to_stdvec(value).unwrap();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(written, digits, "{value:?}");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value);
}

fn instance_record(change: Change) -> Record {
    Record::Instance {
        subject: Subject {
            account_id: id::<AccountId>(0xa1),
            app_id: id::<AppId>(0xa2),
            instance_id: id::<InstanceId>(0xa3),
            number: 300,
        },
        received_at: 1_795_000_000_000,
        change,
    }
}

/// What comes before the change in the bytes of [`instance_record`].
const INSTANCE: &str = "00a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3ac0280f8b2e5bd68";

fn kept_change(change: Change, hexadecimal: &str) {
    kept(
        &instance_record(change),
        &format!("{INSTANCE}{hexadecimal}"),
    );
}

fn profile() -> Box<Profile> {
    Box::new(Profile {
        lang: Some("es-MX".into()),
        time_zone: Some("America/Mexico_City".into()),
        ..Profile::default()
    })
}

fn event(body: EventBody) -> Change {
    Change::Event(Event {
        id: [0xe1; 16],
        at_ms: 1_795_000_000_000,
        body,
    })
}

#[test]
fn records_of_the_event_log() {
    kept(&Record::Tick { at_ms: -1 }, "0101");
    kept_change(
        Change::Registered {
            device_key_hash: Some([0xd1; 32]),
            token_hash: [0xd2; 32],
            profile: profile(),
        },
        "0001d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d200000000010565732d4d58000113416d65726963612f4d657869636f5f43697479000000",
    );
    kept_change(
        Change::ProfileReplaced(Box::default()),
        "0100000000000000000000",
    );
    kept_change(
        Change::LoggedIn {
            user_id: "ana".into(),
            properties: vec![
                ("vip".into(), Some(Property::Bool(true))),
                ("age".into(), Some(Property::Number(41.0))),
                ("city".into(), Some(Property::Text("León".into()))),
                (
                    "teams".into(),
                    Some(Property::List(vec!["a".into(), "b".into()])),
                ),
                ("old".into(), None),
            ],
        },
        "0203616e610503766970010001036167650101000000000080444004636974790102054c65c3b36e057465616d7301030201610162036f6c6400",
    );
    kept_change(Change::LoggedOut, "03");
    kept_change(Change::PropertiesSet(Vec::new()), "0400");
    kept_change(
        Change::Tagged {
            name: "t".into(),
            change: TagChange::Add(-2.0),
        },
        "0501740000000000000000c0",
    );
    kept_change(
        Change::Tagged {
            name: "t".into(),
            change: TagChange::Set(3.0),
        },
        "050174010000000000000840",
    );
    kept_change(
        Change::Receipt(Receipt {
            message_id: id(0xb1),
            campaign_id: id(0xb2),
            experience_id: id(0xb3),
            kind: ReceiptKind::Clicked,
            at_ms: 1_795_000_000_000,
        }),
        "08b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b30180f8b2e5bd68",
    );
    kept_change(
        Change::Event(Event {
            id: [0xe1; 16],
            at_ms: 1,
            body: EventBody::Withheld,
        }),
        "06e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e10203",
    );
    kept_change(
        Change::Listed {
            segment_id: id(0xb4),
            is_member: true,
        },
        "0ab4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b401",
    );
    kept_change(
        Change::ConsentsSet(
            [
                (
                    Purpose::Analytics,
                    Consent {
                        granted: false,
                        version: "1".into(),
                        at_ms: 1,
                    },
                ),
                (
                    Purpose::Profiling,
                    Consent {
                        granted: true,
                        version: "2a".into(),
                        at_ms: 64,
                    },
                ),
            ]
            .into(),
        ),
        "0b02 00 00 0131 02 03 01 023261 8001",
    );
    kept_change(
        Change::Opened(Opening {
            notification_id: id(0xb5),
            campaign_id: id(0xb2),
            at_ms: 64,
        }),
        "0cb5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b28001",
    );
    kept_change(
        Change::LocationStatusSet("always".into()),
        "0d06616c77617973",
    );
    kept(
        &Record::Happened(Happenings {
            app_id: id(0xa2),
            happenings: vec![Happening {
                campaign_id: id(0xb2),
                experience_id: id(0xb3),
                word: "Fired".into(),
                at_ms: -1,
            }],
        }),
        "04a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a201b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b305466972656401",
    );
}

#[test]
fn push_addresses_of_the_event_log() {
    for (address, hexadecimal) in [
        (
            PushAddress::Apns {
                token: "0a".into(),
                environment: Environment::Production,
            },
            "00 023061 00",
        ),
        (
            PushAddress::Apns {
                token: "0a".into(),
                environment: Environment::Sandbox,
            },
            "00 023061 01",
        ),
        (PushAddress::Fcm { token: "T".into() }, "01 0154"),
        (
            PushAddress::WebPush {
                endpoint: "E".into(),
                p256dh: "P".into(),
                auth: "A".into(),
            },
            "02 0145 0150 0141",
        ),
    ] {
        let boxed = || Box::new(address.clone());
        kept_change(Change::PushSet(boxed()), &format!("07{hexadecimal}"));
        kept_change(Change::PushEnded(boxed()), &format!("09{hexadecimal}"));
    }
}

#[test]
fn events_of_the_event_log() {
    kept_change(
        event(EventBody::Location(Fix {
            at: LatLon::new(40.5, -3.75).unwrap(),
            accuracy_m: Some(12.5),
            speed_m_s: None,
            floor: Some(-2),
        })),
        "06e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e180f8b2e5bd680000000000004044400000000000000ec00100004841000103",
    );
    kept_change(
        event(EventBody::Sightings(vec![
            Sighting {
                identity: BeaconIdentity::IBeacon {
                    proximity_uuid: uuid::Uuid::from_bytes([0xb1; 16]),
                    major: 1,
                    minor: 300,
                },
                rssi_dbm: Some(-70),
                proximity: Some(Proximity::Near),
                battery_percent: Some(99),
            },
            Sighting {
                identity: BeaconIdentity::EddystoneUid {
                    namespace: Hex([0xb2; 10]),
                    instance: Hex([0xb3; 6]),
                },
                rssi_dbm: None,
                proximity: None,
                battery_percent: None,
            },
        ])),
        "06e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e180f8b2e5bd68010200b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b101ac0201ba0101016301b2b2b2b2b2b2b2b2b2b2b3b3b3b3b3b3000000",
    );
    kept_change(
        event(EventBody::Custom {
            verb: "buy".into(),
            item: Some("shoe".into()),
            category: None,
            value: Some(0.5),
            properties: BTreeMap::from([("n".into(), Property::Number(1.0))]),
        }),
        "06e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e180f8b2e5bd680203627579010473686f650001000000000000e03f01016e01000000000000f03f",
    );
}

#[test]
fn presence_of_the_device_store() {
    kept(&Presence::default(), "000000000000");
    kept(
        &Presence {
            newest_at: 1_795_000_000_000,
            fences: vec![
                Target::Place(id::<PlaceId>(1)),
                Target::Zone(id::<ZoneId>(2)),
            ],
            doubts: vec![(Target::Zone(id::<ZoneId>(2)), 6)],
            beacons: vec![(id::<BeaconId>(3), 5)],
            inside: vec![(Target::Beacon(id::<BeaconId>(3)), 4)],
            stays: vec![Stay {
                due_ms: 7,
                target: Target::Beacon(id::<BeaconId>(3)),
                entered_at: 4,
            }],
            // These stand behind the state of the instance.
            watched: Watched::default(),
            path_start: None,
            newest_fix_at: 0,
            exits: Vec::new(),
        },
        "80f8b2e5bd6802000101010101010101010101010101010101020202020202020202020202020202020101020202020202020202020202020202020c01030303030303030303030303030303030a01020303030303030303030303030303030308010e020303030303030303030303030303030308",
    );
}

#[test]
fn caps_of_the_device_store() {
    kept(&Caps::default(), "0000");
    kept(
        &Caps {
            campaigns: BTreeMap::from([(id::<CampaignId>(1), (2, 3))]),
            experiences: BTreeMap::from([(id::<ExperienceId>(4), 5)]),
            // These stand behind the state of the instance.
            earlier: Earlier::default(),
        },
        "0101010101010101010101010101010101040601040404040404040404040404040404040a",
    );
}

#[test]
fn decisions_of_the_device_store() {
    for (verdict, hexadecimal) in [
        (Verdict::Fired, "00"),
        (
            Verdict::NotRunning {
                status: Status::Stopped,
            },
            "01 04",
        ),
        (Verdict::Disabled, "02"),
        (Verdict::OutsideRecurrence { hour: 23, day: 7 }, "03 2e 0e"),
        (
            Verdict::RepeatInterval {
                last_at: 1,
                next_at: Some(64),
            },
            "04 02 01 8001",
        ),
        (
            Verdict::RepeatInterval {
                last_at: 1,
                next_at: None,
            },
            "04 02 00",
        ),
        (Verdict::DisplayCap { shown: 3, cap: 3 }, "05 06 06"),
        (
            Verdict::DisplayWait {
                last_at: 1,
                next_at: 2,
            },
            "06 02 04",
        ),
        (
            Verdict::NotInSegment {
                segment_id: id::<SegmentId>(9),
                compared: vec![
                    ("lang".into(), Some(Property::Text("en".into()))),
                    ("tag.vip".into(), None),
                ],
            },
            "07 09090909090909090909090909090909 02 046c616e67 01 02 02656e 077461672e766970 00",
        ),
        (
            Verdict::Outranked {
                priority: -1,
                by: Rival {
                    campaign_id: id::<CampaignId>(7),
                    experience_id: id::<ExperienceId>(8),
                    priority: 64,
                },
            },
            "08 01 07070707070707070707070707070707 08080808080808080808080808080808 8001",
        ),
        (
            Verdict::HeldOut {
                bucket: 9,
                percent: 10,
            },
            "09 12 14",
        ),
        (
            Verdict::SensitivePlace {
                place_id: id::<PlaceId>(9),
            },
            "0a 09090909090909090909090909090909",
        ),
        (Verdict::NoConsent { consent: None }, "0b 00"),
        (
            Verdict::NoConsent {
                consent: Some(Consent {
                    granted: false,
                    version: "1".into(),
                    at_ms: 1,
                }),
            },
            "0b 01 00 0131 02",
        ),
    ] {
        kept(&verdict, hexadecimal);
    }
}

#[test]
fn what_is_kept_for_composite_and_proximity_triggers() {
    kept(&Watched::default(), "0000");
    kept(
        &Watched {
            left: vec![Target::Zone(id::<ZoneId>(2))],
            near: vec![(id::<BeaconId>(3), Proximity::Far, 5)],
        },
        "01 01 02020202020202020202020202020202 01 03030303030303030303030303030303 02 0a",
    );
}

#[test]
fn users() {
    let mut user = User::new(1_000);
    user.updated_at = 1_001;
    user.set_properties(&[("p".into(), Some(Property::Number(1.0)))]);
    user.tag("t", TagChange::Set(2.0));
    kept(
        &user,
        "d00f d20f 01 0170 01 000000000000f03f 01 0174 0000000000000040",
    );
}

#[test]
fn records_of_erasures() {
    let Record::Instance { subject, .. } = instance_record(Change::LoggedOut) else {
        unreachable!("it is one");
    };
    kept(
        &Record::Erase {
            subject,
            received_at: 1_795_000_000_000,
        },
        &format!("02{}", &INSTANCE[2..]),
    );
    kept(
        &Record::Counted(Counted {
            app_id: id::<AppId>(0xa2),
            number: 300,
            active: vec![1_000, 1_001],
            entered: vec![(Target::Place(id::<PlaceId>(7)), 1_001)],
        }),
        "03 a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2 ac02 02d00fd20f 01 00 07070707070707070707070707070707 d20f",
    );
}

#[test]
fn healths_of_beacons() {
    let mut health = BeaconHealth::default();
    health.sight(86_400_000, Some(90));
    health.sight(86_400_001, None);
    kept(&health, "82f0b252 01 30 02 01 02 01 5a 01");
}

#[test]
fn the_history_of_the_configuration() {
    for json in [
        r#"{"gone":{"kind":"zone","id":"BwcHBwcHBwcHBwcHBwcHBw"}}"#,
        concat!(
            r#"{"campaign":{"frame":{"accountId":"AQEBAQEBAQEBAQEBAQEBAQ","id":"AgICAgICAgICAgICAgICAg","createdAt":1,"#,
            r#""updatedAt":2,"revision":3},"appId":"AwMDAwMDAwMDAwMDAwMDAw","lifecycle":{"phase":"Started","since_ms":4},"#,
            r#""config":{"name":"N","type":"Proximity","startAt":5,"endAt":6,"priority":7,"holdoutPercent":8}}}"#
        ),
        concat!(
            r#"{"experience":{"frame":{"accountId":"AQEBAQEBAQEBAQEBAQEBAQ","id":"AgICAgICAgICAgICAgICAg","createdAt":1,"#,
            r#""updatedAt":2,"revision":3},"campaignId":"AwMDAwMDAwMDAwMDAwMDAw","#,
            r#""config":{"name":"N","repeat":"Never","enabled":true},"#,
            r#""trigger":{"@type":"ExitPlaceTrigger","placeId":"BAQEBAQEBAQEBAQEBAQEBA"},"#,
            r#""action":{"@type":"OpenUrlAction","content":{"default":"https://e.org"},"bgAlert":{}}}}"#
        ),
        concat!(
            r#"{"zone":{"frame":{"accountId":"AQEBAQEBAQEBAQEBAQEBAQ","id":"AgICAgICAgICAgICAgICAg","createdAt":1,"#,
            r#""updatedAt":2,"revision":3},"placeId":"AwMDAwMDAwMDAwMDAwMDAw","config":{"name":"N","floorNumber":0}}}"#
        ),
    ] {
        let taken: Taken = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&taken).unwrap(), json);
    }
}
