//! The audit log: what it tells, and that nobody can change it unnoticed.

use moca_core::{
    account::{Member, Token},
    audit::{Action, Actor, Event, Origin, Subject},
    beacon::Beacon,
    id::{AccountId, BeaconId, MemberId, TokenId, ZoneId},
    notification::State,
    place::Place,
    resource::Kind,
};
use moca_storage::control::{Access, AuditKeys, AuditQuery, AuditReport, Control, Stored, Tx};

use crate::{
    backend::on_every_backend,
    samples::{
        ABROAD, HOME, account, app, beacon, campaign, campaign_group, exchanged_token, experience,
        id, insert, label, member, notification, place, segment, tag, token, triggers, webhook,
        zone,
    },
};

on_every_backend![by url:
    every_change_of_every_kind_is_an_event_with_before_and_after,
    beacons_that_change_zones_are_events_too,
    what_expires_is_the_doing_of_the_server,
    what_a_member_does_elsewhere_stands_in_both_logs,
    lists_are_narrowed_and_paged_as_by_hand,
    people_are_found_by_their_ids_and_not_named,
    what_is_undone_is_no_event,
];

pub(crate) async fn open(url: &str) -> Control {
    Control::open(url)
        .await
        .unwrap()
        .with_keys(AuditKeys::of(&[7; 32]))
}

pub(crate) const AT: i64 = 1_700_000_001_000;

pub(crate) fn someone(account_id: AccountId) -> Origin {
    Origin {
        at: AT,
        actor: Actor::Member {
            account_id,
            member_id: MemberId(id(1)),
            token_id: TokenId(id(2)),
        },
        request_id: Some("R".into()),
        route: Some("POST /v2/things".into()),
        address: Some("::ffff:192.0.2.7".parse().unwrap()),
    }
}

fn all() -> AuditQuery {
    AuditQuery {
        oldest_first: true,
        limit: 1_000,
        ..AuditQuery::default()
    }
}

pub(crate) async fn events(store: &Control, account: AccountId) -> Vec<Event> {
    let mut tx = store.read().await.unwrap();
    tx.audit_events(account, &all()).await.unwrap().items
}

pub(crate) async fn check(store: &Control) -> AuditReport {
    store.check_audit(|_, _| {}).await.unwrap()
}

/// Makes, changes and deletes an object, a transaction each.
async fn live<R: Stored>(store: &Control, object: &R, changed: &R) {
    let frame = object.frame();
    let begin = async || {
        let mut tx = store.write().await.unwrap();
        tx.act_as(someone(HOME));
        tx
    };
    let mut tx = begin().await;
    tx.insert(object).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin().await;
    tx.replace(changed).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin().await;
    assert!(tx.delete::<R>(HOME, frame.id).await.unwrap());
    tx.commit().await.unwrap();
}

/// What the log shows of one object.
fn shown(events: &[Event], kind: Kind) -> Vec<(Action, Option<&str>, Option<&str>)> {
    let of_kind = |event: &&Event| event.subject == Subject::Object(kind);
    events
        .iter()
        .filter(of_kind)
        .map(|event| {
            (
                event.action,
                event.before.as_deref(),
                event.after.as_deref(),
            )
        })
        .collect()
}

async fn every_change_of_every_kind_is_an_event_with_before_and_after(url: &str) {
    let store = &open(url).await;
    macro_rules! live {
        ($($object:expr, |$it:ident| $change:expr;)*) => {$({
            let object = $object;
            let mut $it = object.clone();
            $change;
            $it.frame.revision = 2;
            live(store, &object, &$it).await;
        })*};
    }
    let mut moved = triggers();
    moved.rotate_left(1);
    live! {
        account(HOME), |it| it.limits.token_requests_per_minute = Some(7);
        member(1), |it| it.config.name = "Ana".into();
        token(2), |it| it.config.role = None;
        app(3), |it| it.sealed_secret = vec![9; 40];
        label(4), |it| it.config.color = None;
        place(5), |it| it.config.geofence = None;
        zone(6), |it| it.config.floor_number = 3;
        beacon(7), |it| it.zone_id = None;
        campaign_group(10), |it| it.config.name = "Autumn".into();
        tag(12), |it| it.config.description = None;
        segment(11), |it| it.config.name = "Gold".into();
        campaign(8), |it| it.lifecycle.since_ms += 1;
        experience(9, triggers()[0].clone()), |it| it.trigger = moved[0].clone();
        notification(13), |it| it.status.state = State::Cancelled;
        webhook(14), |it| it.config.enabled = false;
    }
    let events = events(store, HOME).await;
    assert_eq!(events.len(), 3 * Kind::ALL.len());
    for kind in Kind::ALL {
        let shown = shown(&events, kind);
        let [made, changed, deleted] = shown.as_slice() else {
            panic!("{kind:?}: {shown:?}");
        };
        assert_eq!((made.0, made.1), (Action::Create, None));
        assert_eq!((changed.0, changed.1), (Action::Update, made.2));
        assert_eq!((deleted.0, deleted.1), (Action::Delete, changed.2));
        assert_eq!(deleted.2, None);
        // A secret is all that changed of the app; it is not shown, and yet there is an event.
        assert_eq!(changed.1 == changed.2, kind == Kind::App, "{changed:?}");
        for json in [made.2, changed.2] {
            let json: serde_json::Value = serde_json::from_str(json.unwrap()).unwrap();
            assert!(json["config"].is_object(), "{json}");
        }
    }
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event.sequence, number);
        assert_eq!((event.at, event.actor), (AT, someone(HOME).actor));
        assert_eq!(event.address.as_deref(), Some("192.0.2.7"));
        assert_eq!(event.request_id.as_deref(), Some("R"));
        assert_eq!(event.route.as_deref(), Some("POST /v2/things"));
    }
    let mut tx = store.read().await.unwrap();
    // One line of the change feed each.
    let lines = tx.changes_since(0, 1_000).await.unwrap();
    let in_feed = lines.iter().map(|line| (line.kind, line.id.to_string()));
    let in_log = events.iter().map(|event| match event.subject {
        Subject::Object(kind) => (kind, event.object_id.clone().unwrap()),
        other => panic!("{other:?}"),
    });
    assert!(in_feed.eq(in_log));
    assert!(check(store).await.is_sound());
}

async fn beacons_that_change_zones_are_events_too(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME)]).await;
    let mut loose = beacon(2);
    loose.zone_id = None;
    insert(store, &[beacon(1), loose]).await;
    let mut tx = store.write().await.unwrap();
    let zone_id = ZoneId(id(3));
    tx.set_zone_beacons(HOME, zone_id, &[BeaconId(id(2))], AT)
        .await
        .unwrap();
    // What is read before it was changed is not what it was like before the next change.
    let mut twice: Beacon = tx.get(HOME, id(2)).await.unwrap().unwrap();
    twice.frame.revision += 1;
    twice.config.name = None;
    tx.replace(&twice).await.unwrap();
    tx.commit().await.unwrap();
    let events = events(store, HOME).await;
    let zone_of = |json: &Option<String>| {
        let json: serde_json::Value = serde_json::from_str(json.as_deref().unwrap()).unwrap();
        json["zoneId"].as_str().map(str::to_owned)
    };
    let zone = Some(zone_id.to_string());
    let moves: Vec<_> = events[3..]
        .iter()
        .map(|event| {
            let object = event.object_id.clone().unwrap();
            (object, zone_of(&event.before), zone_of(&event.after))
        })
        .collect();
    assert_eq!(
        moves,
        [
            (id(1).to_string(), zone.clone(), None),
            (id(2).to_string(), None, zone.clone()),
            (id(2).to_string(), zone.clone(), zone),
        ]
    );
    assert_eq!(events[5].before, events[4].after);
    assert_eq!((events[3].at, events[3].actor), (AT, Actor::System));
}

async fn what_expires_is_the_doing_of_the_server(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME)]).await;
    insert(
        store,
        &[token(2), exchanged_token(3, 2), exchanged_token(4, 2)],
    )
    .await;
    let mut tx = store.write().await.unwrap();
    tx.act_as(someone(HOME));
    let mut late = token(5);
    late.frame.created_at = 1_900_000_000_001;
    tx.insert(&late).await.unwrap();
    assert!(tx.delete::<Token>(HOME, id(5)).await.unwrap());
    tx.commit().await.unwrap();
    let events = events(store, HOME).await;
    let by: Vec<_> = events[4..]
        .iter()
        .map(|event| (event.action, event.actor == Actor::System))
        .collect();
    let create = (Action::Create, false);
    let expired = (Action::Delete, true);
    assert_eq!(by, [create, expired, expired, (Action::Delete, false)]);
    assert_eq!(events[5].route, None);
    assert_eq!(events[5].request_id.as_deref(), Some("R"));
}

async fn what_a_member_does_elsewhere_stands_in_both_logs(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME)]).await;
    let mut tx = store.write().await.unwrap();
    tx.act_as(someone(HOME));
    tx.insert(&account(ABROAD)).await.unwrap();
    tx.commit().await.unwrap();
    let abroad = events(store, ABROAD).await;
    let home = events(store, HOME).await;
    let ([theirs], [_, ours]) = (abroad.as_slice(), home.as_slice()) else {
        panic!("{abroad:?} {home:?}");
    };
    assert_eq!(
        (theirs.actor, theirs.address.as_deref()),
        (Actor::Operator, None)
    );
    assert_eq!(ours.actor, someone(HOME).actor);
    assert_eq!(ours.object_id, Some(ABROAD.to_string()));
    assert_eq!(
        (&ours.after, &ours.request_id),
        (&theirs.after, &theirs.request_id)
    );
    assert!(check(store).await.is_sound());
}

/// Events of several members, kinds, actions and times, not in the order of time.
pub(crate) async fn history(store: &Control) -> Vec<Event> {
    insert(store, &[account(HOME)]).await;
    for number in 0..40 {
        let mut tx = store.write().await.unwrap();
        let mut origin = someone(HOME);
        origin.at += i64::from((number * 7) % 40);
        if let Actor::Member { member_id, .. } = &mut origin.actor {
            *member_id = MemberId(id(number % 3));
        }
        tx.act_as(origin);
        match number % 4 {
            0 => tx.insert(&place(number)).await.unwrap(),
            1 => tx.insert(&label(number)).await.unwrap(),
            2 => assert!(tx.delete::<Place>(HOME, id(number - 2)).await.unwrap()),
            _ => read_user(&mut tx, if number % 8 == 3 { "ana" } else { "bob" }),
        }
        tx.commit().await.unwrap();
    }
    events(store, HOME).await
}

pub(crate) fn read_user(tx: &mut Tx, user_id: &str) {
    tx.record(Access {
        account_id: HOME,
        action: Action::Read,
        subject: Subject::User,
        id: Some(user_id),
        parameters: Some(r#"{"appId":"A"}"#),
    })
    .unwrap();
}

async fn lists_are_narrowed_and_paged_as_by_hand(url: &str) {
    let store = &open(url).await;
    let events = history(store).await;
    assert_eq!(events.len(), 41);
    let member = |event: &Event| match event.actor {
        Actor::Member { member_id, .. } => Some(member_id),
        _ => None,
    };
    let place_0 = id(0).to_string();
    type Holds = Box<dyn Fn(&Event) -> bool>;
    let narrowings: Vec<(AuditQuery, Holds)> = vec![
        (all(), Box::new(|_| true)),
        (
            AuditQuery {
                from: Some(AT + 5),
                to: Some(AT + 20),
                ..all()
            },
            Box::new(|event| (AT + 5..AT + 20).contains(&event.at)),
        ),
        (
            AuditQuery {
                action: Some(Action::Delete),
                ..all()
            },
            Box::new(|event| event.action == Action::Delete),
        ),
        (
            AuditQuery {
                subject: Some(Subject::Object(Kind::Label)),
                ..all()
            },
            Box::new(|event| event.subject == Subject::Object(Kind::Label)),
        ),
        (
            AuditQuery {
                member_id: Some(MemberId(id(1))),
                ..all()
            },
            Box::new(move |event| member(event) == Some(MemberId(id(1)))),
        ),
        (
            AuditQuery {
                object_id: Some(id(0).to_string()),
                ..all()
            },
            Box::new(move |event| event.object_id.as_ref() == Some(&place_0)),
        ),
        (
            AuditQuery {
                member_id: Some(MemberId(id(2))),
                subject: Some(Subject::User),
                from: Some(AT + 9),
                ..all()
            },
            Box::new(move |event| {
                member(event) == Some(MemberId(id(2)))
                    && event.subject == Subject::User
                    && event.at >= AT + 9
            }),
        ),
        (
            AuditQuery {
                object_id: Some("no\0body".into()),
                ..all()
            },
            Box::new(|_| false),
        ),
    ];
    let mut tx = store.read().await.unwrap();
    for (query, holds) in narrowings {
        let mut expected: Vec<&Event> = events.iter().filter(|event| holds(event)).collect();
        for oldest_first in [true, false] {
            for (offset, limit) in [(0, 1_000), (0, 3), (2, 5), (39, 10), (500, 7)] {
                let query = AuditQuery {
                    oldest_first,
                    offset,
                    limit,
                    ..query.clone()
                };
                let page = tx.audit_events(HOME, &query).await.unwrap();
                let wanted = expected.iter().skip(offset as usize).take(limit as usize);
                assert!(page.items.iter().eq(wanted.copied()), "{query:?}");
                assert_eq!(page.total, expected.len() as i64, "{query:?}");
            }
            expected.reverse();
        }
    }
    for event in &events {
        let found = tx.audit_event(HOME, event.id()).await.unwrap();
        assert_eq!(found.as_ref(), Some(event));
        assert_eq!(tx.audit_event(ABROAD, event.id()).await.unwrap(), None);
    }
    let nobodys = moca_core::audit::event_id(HOME, AT + 999, 1);
    assert_eq!(tx.audit_event(HOME, nobodys).await.unwrap(), None);
}

async fn people_are_found_by_their_ids_and_not_named(url: &str) {
    let store = &open(url).await;
    let events = history(store).await;
    let mut tx = store.read().await.unwrap();
    let of = |user_id: &str| AuditQuery {
        object_id: Some(user_id.into()),
        ..all()
    };
    let ana = tx.audit_events(HOME, &of("ana")).await.unwrap();
    let bob = tx.audit_events(HOME, &of("bob")).await.unwrap();
    assert_eq!((ana.total, bob.total), (5, 5));
    let hash = ana.items[0].object_id.clone().unwrap();
    assert!(
        ana.items
            .iter()
            .all(|event| event.object_id.as_ref() == Some(&hash))
    );
    assert_ne!(bob.items[0].object_id.as_ref(), Some(&hash));
    assert_eq!(tx.audit_events(HOME, &of(&hash)).await.unwrap().total, 5);
    assert_eq!(ana.items[0].parameters.as_deref(), Some(r#"{"appId":"A"}"#));
    assert!(!format!("{events:?}").contains("\"ana\""));
    // An access changes nothing, so it is no line of the feed.
    let lines = tx.changes_since(0, 1_000).await.unwrap();
    assert_eq!(lines.len(), events.len() - 10);
    // Without the key nobody can be recorded.
    let keyless = Control::open(url).await.unwrap();
    let mut tx = keyless.write().await.unwrap();
    let access = Access {
        account_id: HOME,
        action: Action::Erase,
        subject: Subject::Instance,
        id: Some("ana"),
        parameters: None,
    };
    assert!(tx.record(access).is_err());
}

async fn what_is_undone_is_no_event(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME)]).await;
    let mut tx = store.write().await.unwrap();
    tx.insert(&place(1)).await.unwrap();
    drop(tx);
    let mut tx = store.write().await.unwrap();
    tx.insert(&member(1)).await.unwrap();
    let mut same = member(2);
    same.config.email = member(1).config.email;
    assert!(tx.insert(&same).await.is_err());
    let mut stale = member(1);
    stale.frame.revision = 9;
    assert!(tx.replace(&stale).await.is_err());
    assert!(!tx.delete::<Member>(HOME, id(7)).await.unwrap());
    let taken = tx.insert_many(HOME, &[place(1), place(1)]).await.unwrap();
    assert_eq!(taken.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    tx.commit().await.unwrap();
    let events = events(store, HOME).await;
    let kinds: Vec<_> = events.iter().map(|event| event.subject.word()).collect();
    assert_eq!(kinds, ["account", "member", "place"]);
}
