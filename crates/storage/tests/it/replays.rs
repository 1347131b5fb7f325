//! Replays, and the history of the configuration that they read.

use moca_core::{
    experience::Trigger,
    history::Taken,
    id::{AccountId, AppId, CampaignId, ExperienceId, PlaceId, ReplayId},
    job::{Job as _, JobStatus},
    replay::{Replay, ReplayProgress},
    resource::{Frame, Kind},
    tally::Counts,
    time::Range,
};
use moca_storage::{
    StorageError,
    control::{Control, Filter, ListQuery},
    devices::{Devices, HistoryKey},
};

use crate::{
    backend::on_every_backend,
    samples::{self, ABROAD, HOME, everything, frame, id, part},
};

on_every_backend![
    a_replay_lives_on_as_it_was_and_changes_only_from_its_last_version,
    what_lives_is_found_in_the_order_it_came,
    a_replay_lives_until_there_are_many_newer_ones,
];

/// Everything that is taken in.
fn taken() -> Vec<Taken> {
    let place_id = PlaceId(id(3));
    let trigger = Trigger::ExitPlace { place_id };
    let mut place = samples::place(1);
    place.sealed_secret_key = None;
    vec![
        Taken::Account(Box::new(samples::account(HOME))),
        Taken::Place(Box::new(place)),
        Taken::Zone(Box::new(samples::zone(2))),
        Taken::Beacon(Box::new(samples::beacon(3))),
        Taken::Segment(Box::new(samples::segment(4))),
        Taken::Campaign(Box::new(samples::campaign(5))),
        Taken::Experience(Box::new(samples::experience(6, trigger))),
        Taken::Gone {
            kind: Kind::Zone,
            id: id(7),
        },
    ]
}

fn replay(account: AccountId, number: u32) -> Replay {
    Replay {
        frame: Frame {
            account_id: account,
            ..frame(number)
        },
        app_id: AppId(id(8)),
        campaign_id: CampaignId(id(9)),
        range: Range { from: -1, to: 5 },
        draft: (number % 2 == 1).then(taken),
        status: JobStatus::Pending,
        progress: ReplayProgress::default(),
    }
}

async fn insert(store: &Control, replays: &[Replay]) {
    let mut tx = store.write().await.unwrap();
    for replay in replays {
        tx.insert_replay(replay).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn save(store: &Control, replay: &Replay) -> Result<(), StorageError> {
    let mut tx = store.write().await.unwrap();
    tx.save_job(replay).await?;
    tx.commit().await
}

async fn get(store: &Control, account: AccountId, number: u32) -> Option<Replay> {
    let mut tx = store.read().await.unwrap();
    tx.job(account, id(number)).await.unwrap()
}

async fn a_replay_lives_on_as_it_was_and_changes_only_from_its_last_version(store: &Control) {
    insert(store, &[replay(HOME, 1), replay(HOME, 2)]).await;
    assert_eq!(get(store, HOME, 1).await, Some(replay(HOME, 1)));
    assert_eq!(get(store, HOME, 2).await, Some(replay(HOME, 2)));
    assert_eq!(get(store, ABROAD, 1).await, None);
    let mut running = replay(HOME, 1).changed(1_800_000_000_000);
    running.status = JobStatus::Running;
    running.progress.rows_done = 7;
    let counts = Counts::from([("Fired".to_owned(), 3)]);
    running.progress.outcomes = [(ExperienceId(id(4)), counts)].into();
    save(store, &running).await.unwrap();
    assert_eq!(get(store, HOME, 1).await, Some(running.clone()));
    let stale = save(store, &running).await;
    assert!(matches!(stale, Err(StorageError::Stale)));
    let gone = replay(HOME, 3).changed(0);
    assert!(matches!(save(store, &gone).await, Err(StorageError::Stale)));
}

async fn what_lives_is_found_in_the_order_it_came(store: &Control) {
    let all = [replay(HOME, 1), replay(ABROAD, 2), replay(HOME, 3)];
    insert(store, &all).await;
    let done = replay(HOME, 1);
    let done = done.ended(JobStatus::Cancelled, 9).changed(9);
    save(store, &done).await.unwrap();
    let mut tx = store.read().await.unwrap();
    let unfinished = tx.unfinished_jobs::<Replay>().await.unwrap();
    assert_eq!(unfinished, [replay(ABROAD, 2), replay(HOME, 3)]);
    assert_eq!(tx.count_unfinished_jobs::<Replay>(HOME).await.unwrap(), 1);
    for (filter, text, expected) in [
        (Filter::AppId, id(8).to_string(), 2),
        (Filter::AppId, id(9).to_string(), 0),
        (Filter::CampaignId, id(9).to_string(), 2),
        (Filter::CampaignId, id(8).to_string(), 0),
        (Filter::Status, "Completed".to_owned(), 0),
    ] {
        let query = ListQuery {
            filters: vec![(filter, text)],
            ..everything()
        };
        let found = tx.jobs::<Replay>(HOME, &query).await.unwrap();
        assert_eq!(found.total, expected, "{filter:?}");
    }
    let page = tx.jobs::<Replay>(HOME, &part(0, 1)).await.unwrap();
    assert_eq!((page.total, page.items), (2, vec![done]));
    let page = tx.jobs::<Replay>(HOME, &part(1, 5)).await.unwrap();
    assert_eq!((page.total, page.items), (2, vec![replay(HOME, 3)]));
    let mut ids = tx.replay_ids().await.unwrap();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3].map(|number| ReplayId(id(number))));
}

async fn a_replay_lives_until_there_are_many_newer_ones(store: &Control) {
    let numbers = 1..=4;
    let all: Vec<Replay> = numbers.map(|number| replay(HOME, number)).collect();
    insert(store, &all).await;
    for replay in &all[..3] {
        let done = replay.clone().ended(JobStatus::Completed, 9).changed(9);
        save(store, &done).await.unwrap();
    }
    let mut tx = store.write().await.unwrap();
    tx.forget_jobs::<Replay>(ABROAD, i64::MIN, 0).await.unwrap();
    tx.forget_jobs::<Replay>(HOME, i64::MIN, 2).await.unwrap();
    tx.delete_job(&all[3]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.replay_ids().await.unwrap(), [ReplayId(id(3))]);
}

#[test]
fn history_lives_on_in_its_order_piece_by_piece() {
    let dir = tempfile::TempDir::new().unwrap();
    let devices = Devices::open(&dir.path().join("devices")).unwrap();
    assert_eq!(devices.history_version().unwrap(), None);
    let key = |seq, version, index| HistoryKey {
        seq,
        version,
        index,
    };
    let of = |account: AccountId| taken().into_iter().map(move |one| (account, one));
    let later: Vec<_> = of(HOME).take(2).collect();
    devices.keep_history(key(300, 1, 0), &later).unwrap();
    let both: Vec<_> = of(HOME).chain(of(ABROAD)).collect();
    devices.keep_history(key(2, 5, 0), &both).unwrap();
    devices.set_history_version(5).unwrap();
    drop(devices);

    let devices = Devices::open(&dir.path().join("devices")).unwrap();
    assert_eq!(devices.history_version().unwrap(), Some(5));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = devices.history(HOME, after, 3).unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        found.extend(page);
    }
    let early = (0..)
        .zip(taken())
        .map(|(index, one)| (key(2, 5, index), one));
    let later = (0..)
        .zip(taken())
        .map(|(index, one)| (key(300, 1, index), one));
    let expected: Vec<_> = early.chain(later.take(2)).collect();
    assert_eq!(found, expected);
    assert_eq!(devices.history(ABROAD, None, 100).unwrap().len(), 8);
    devices.forget_history(Some(HOME)).unwrap();
    assert_eq!(devices.history(HOME, None, 100).unwrap(), []);
    assert_eq!(devices.history(ABROAD, None, 100).unwrap().len(), 8);
    devices.forget_history(None).unwrap();
    assert_eq!(devices.history(ABROAD, None, 100).unwrap(), []);
}
