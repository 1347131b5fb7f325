//! From a device's events to its inbox, and the decisions kept on the way.

use moca_core::{
    campaign::{decide::Verdict, repeat::Repeat},
    event::{Change, Profile},
    experience::Trigger,
};
use moca_engine::{Appended, DecisionQuery};

use crate::support::{HOUR, MINUTE, START, Site, inbox};

fn everything() -> DecisionQuery {
    DecisionQuery {
        limit: 1_000,
        ..DecisionQuery::default()
    }
}

#[tokio::test]
async fn entering_a_place_fires_once_and_every_trigger_is_explained() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    site.experience(
        campaign,
        Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Repeat::Never,
    )
    .await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;

    for (minute, latitude) in [(0, 41.0), (1, 40.0), (2, 40.0001), (3, 41.0), (4, 40.0)] {
        let fix = site.fix(START + minute * MINUTE, latitude, -3.0);
        let appended = engine.events(subject, vec![fix]).await.unwrap();
        assert_eq!((appended.accepted, appended.duplicates), (1, 0));
    }
    assert_eq!(inbox(&engine, subject).await, ["Hello"]);

    let decisions = engine.decisions(site.app_id, &everything()).await.unwrap();
    assert_eq!(decisions.total, 2);
    let [fired, stopped] = &decisions.items[..] else {
        unreachable!("two decisions were counted");
    };
    assert_eq!(fired.decision.verdict, Verdict::Fired);
    assert_eq!(fired.decision.at_ms, START + MINUTE);
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    assert_eq!(fired.decision.trigger, trigger);
    let message = &engine.messages(subject, 0, 1).await.unwrap().items[0].message;
    assert_eq!(fired.decision.message_id, Some(message.message_id));
    assert_eq!(
        stopped.decision.verdict,
        Verdict::RepeatInterval {
            last_at: START + MINUTE,
            next_at: None
        }
    );
    assert_ne!(fired.id, stopped.id);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn decisions_are_found_by_instance_campaign_and_time() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    let campaigns = [site.campaign(None).await, site.campaign(Some(1)).await];
    for campaign in campaigns {
        site.experience(campaign, trigger.clone(), Repeat::Immediately)
            .await;
    }
    let engine = site.engine().await;
    let (one, two) = (
        site.register(&engine, "one").await,
        site.register(&engine, "two").await,
    );
    for (subject, minutes) in [(one, [1, 2, 3, 4]), (two, [5, 6, 7, 8])] {
        for minute in minutes {
            let latitude = if minute % 2 == 1 { 40.0 } else { 41.0 };
            let fix = site.fix(START + minute * MINUTE, latitude, -3.0);
            engine.events(subject, vec![fix]).await.unwrap();
        }
    }
    let total = async |query| engine.decisions(site.app_id, &query).await.unwrap().total;
    assert_eq!(total(everything()).await, 8);
    assert_eq!(
        total(DecisionQuery {
            instance_id: Some(two.instance_id),
            ..everything()
        })
        .await,
        4
    );
    let capped = DecisionQuery {
        campaign_id: Some(campaigns[1]),
        ..everything()
    };
    let page = engine.decisions(site.app_id, &capped).await.unwrap();
    let fired = |instance| {
        page.items
            .iter()
            .filter(|kept| kept.decision.instance_id == instance)
            .map(|kept| kept.decision.verdict.clone())
            .collect::<Vec<_>>()
    };
    for subject in [one, two] {
        let cap = Verdict::DisplayCap { shown: 1, cap: 1 };
        assert_eq!(fired(subject.instance_id), [Verdict::Fired, cap]);
    }
    let ranged = DecisionQuery {
        range: Some(moca_core::time::Range {
            from: START + 3 * MINUTE,
            to: START + 7 * MINUTE,
        }),
        offset: 1,
        limit: 2,
        ..everything()
    };
    let page = engine.decisions(site.app_id, &ranged).await.unwrap();
    assert_eq!((page.total, page.items.len()), (4, 2));
    assert_eq!(page.items[1].decision.at_ms, START + 5 * MINUTE);
    assert_eq!(inbox(&engine, one).await.len(), 3);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_change_of_configuration_applies_to_the_next_event() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    let fix = |minute| site.fix(START + minute * MINUTE, 40.0, -3.0);
    engine.events(subject, vec![fix(0)]).await.unwrap();
    assert!(inbox(&engine, subject).await.is_empty());

    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    site.experience(
        campaign,
        Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Repeat::Immediately,
    )
    .await;
    engine.events(subject, vec![fix(1)]).await.unwrap();
    assert_eq!(inbox(&engine, subject).await, ["Hello"]);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_text_is_in_the_language_of_the_device() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    site.experience(
        campaign,
        Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Repeat::Never,
    )
    .await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    let profile = Profile {
        lang: Some("es-MX".to_owned()),
        ..Profile::default()
    };
    engine
        .change(subject, Change::ProfileReplaced(Box::new(profile)))
        .await
        .unwrap();
    engine
        .events(subject, vec![site.fix(START, 40.0, -3.0)])
        .await
        .unwrap();
    let message = engine
        .messages(subject, 0, 1)
        .await
        .unwrap()
        .items
        .remove(0)
        .message;
    assert_eq!(
        (message.locale, message.content),
        ("es".into(), "Hola".into())
    );
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn campaigns_of_another_app_do_not_fire() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    site.experience(
        campaign,
        Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Repeat::Never,
    )
    .await;
    let other = moca_core::id::AppId(moca_core::id::Id([3; 16]));
    site.insert_app(other).await;
    let engine = site.engine().await;
    let profile = Profile::default();
    let registered = engine
        .register(site.account_id, other, None, [9; 32], profile, Vec::new())
        .await
        .unwrap();
    engine
        .events(registered.subject, vec![site.fix(START, 40.0, -3.0)])
        .await
        .unwrap();
    assert!(inbox(&engine, registered.subject).await.is_empty());
    let decisions = engine.decisions(other, &everything()).await.unwrap();
    assert_eq!(decisions.total, 0);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn events_of_one_request_apply_in_order_of_time_and_late_ones_do_not_fire() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    site.experience(campaign, trigger, Repeat::Immediately)
        .await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    let events = vec![
        site.fix(START + 2 * MINUTE, 41.0, -3.0),
        site.fix(START + MINUTE, 40.0, -3.0),
        site.fix(START, 41.0, -3.0),
    ];
    let appended = engine.events(subject, events).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            accepted: 3,
            duplicates: 0
        }
    );
    assert_eq!(inbox(&engine, subject).await.len(), 1);

    // However new the events of the app are: it is newer than any fix before, so it crosses.
    engine
        .events(subject, vec![site.custom(START + 2 * HOUR)])
        .await
        .unwrap();
    engine
        .events(subject, vec![site.fix(START + HOUR, 40.0, -3.0)])
        .await
        .unwrap();
    assert_eq!(inbox(&engine, subject).await.len(), 2);

    // Too old by what the device told of where it was.
    let events = vec![
        site.fix(START + 30 * MINUTE, 41.0, -3.0),
        site.fix(START + 31 * MINUTE, 40.0, -3.0),
    ];
    engine.events(subject, events).await.unwrap();
    assert_eq!(inbox(&engine, subject).await.len(), 2);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_was_changed_while_the_feed_was_cut_is_known_all_the_same() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    let fix = site.fix(START, 41.0, -3.0);
    engine.events(subject, vec![fix]).await.unwrap();
    assert!(inbox(&engine, subject).await.is_empty());
    // There is little, so all of it stays.
    engine.forget_changes().await.unwrap();
    let mut tx = site.control.read().await.unwrap();
    assert!(!tx.changes_since(0, 10).await.unwrap().is_empty());
    drop(tx);
    engine.shutdown().await.unwrap();
    drop(engine);

    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    site.experience(campaign, trigger, Repeat::Never).await;
    let mut tx = site.control.write().await.unwrap();
    assert!(tx.forget_changes(i64::MAX, 1_000).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = site.control.read().await.unwrap();
    assert!(tx.changes_since(0, 10).await.is_err());
    drop(tx);

    let engine = site.engine().await;
    let fix = site.fix(START + MINUTE, 40.0, -3.0);
    engine.events(subject, vec![fix]).await.unwrap();
    assert_eq!(inbox(&engine, subject).await, ["Hello"]);
    engine.shutdown().await.unwrap();
}
