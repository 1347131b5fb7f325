use std::{fs, path::Path};

use moca_core::{
    id::{AppId, CampaignId, Id, InstanceId, NotificationId},
    limits::EVENT_ID_KEPT_MS,
    notification::counts::{Counted, Counts},
};

use super::{Consumer, Devices, PushTally};

const WEEK: i64 = EVENT_ID_KEPT_MS;

fn instance(n: u8) -> InstanceId {
    InstanceId(Id([n; 16]))
}

fn see(devices: &Devices, at: i64, event: u8) {
    devices.seen_begin(at).unwrap();
    let mut batch = devices.batch();
    batch.put_seen(instance(1), &[event; 16]);
    batch.commit(Consumer::Ingest, 1).unwrap();
}

#[test]
fn an_event_id_is_remembered_for_one_to_two_weeks_through_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let is_seen = |devices: &Devices, event| devices.is_seen(instance(1), &[event; 16]).unwrap();
    let devices = Devices::open(dir.path()).unwrap();
    see(&devices, 10 * WEEK, 1);
    see(&devices, 11 * WEEK - 1, 2);
    assert!(!devices.is_seen(instance(2), &[1; 16]).unwrap());
    see(&devices, 11 * WEEK, 3);
    assert!(is_seen(&devices, 1) && is_seen(&devices, 2) && is_seen(&devices, 3));
    drop(devices);

    let devices = Devices::open(dir.path()).unwrap();
    devices.seen_begin(12 * WEEK - 1).unwrap();
    assert!(is_seen(&devices, 1) && is_seen(&devices, 2) && is_seen(&devices, 3));
    devices.seen_begin(12 * WEEK).unwrap();
    assert!(!is_seen(&devices, 1) && !is_seen(&devices, 2) && is_seen(&devices, 3));
    // A clock that steps back does not bring an old week back.
    see(&devices, 10 * WEEK, 4);
    drop(devices);

    let devices = Devices::open(dir.path()).unwrap();
    assert!(!is_seen(&devices, 1) && is_seen(&devices, 3) && is_seen(&devices, 4));
}

#[test]
fn a_store_that_was_only_half_made_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("devices");
    let whole = dir.path().join("whole");
    drop(Devices::open(&whole).unwrap());
    // As a kill leaves them: with any of the files that come before the last.
    for left in [&["0.jnl"][..], &["0.jnl", "keyspaces"], &["lock"], &[]] {
        fs::create_dir_all(&store).unwrap();
        for name in left {
            fs::rename(whole.join(name), store.join(name)).unwrap();
        }
        fs::create_dir_all(store.with_extension("new").join("keyspaces")).unwrap();
        see(&Devices::open(&store).unwrap(), WEEK, 1);
        let again = Devices::open(&store).unwrap();
        assert!(again.is_seen(instance(1), &[1; 16]).unwrap(), "{left:?}");
        drop(again);
        fs::remove_dir_all(&store).unwrap();
        fs::remove_dir_all(&whole).unwrap();
        drop(Devices::open(&whole).unwrap());
    }
}

#[test]
fn a_batch_that_is_dropped_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let devices = Devices::open(dir.path()).unwrap();
    devices.seen_begin(0).unwrap();
    let mut batch = devices.batch();
    batch.put_seen(instance(1), &[1; 16]);
    drop(batch);
    assert!(!devices.is_seen(instance(1), &[1; 16]).unwrap());
    assert_eq!(devices.offset(Consumer::Ingest).unwrap(), 0);
    devices.batch().commit(Consumer::Count, 7).unwrap();
    assert_eq!(devices.offset(Consumer::Count).unwrap(), 7);
    assert_eq!(devices.offset(Consumer::Ingest).unwrap(), 0);
}

/// Whether a file of the store has these bytes.
fn is_in_a_file(directory: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_in_a_file(&path, bytes),
            false => {
                let file = fs::read(&path).unwrap();
                file.windows(bytes.len()).any(|window| window == bytes)
            }
        }
    })
}

#[test]
fn a_sweep_leaves_nothing_of_what_was_removed_in_any_file() {
    const ANA: &[u8] = b"ana-5f0c1e9b7d2a4468";
    let dir = tempfile::tempdir().unwrap();
    let devices = Devices::open(dir.path()).unwrap();
    devices.states.insert(ANA, "first").unwrap();
    devices.sweep(1).unwrap();
    // So many files that the next one is merged with them at once, and the removal in it is dropped with
    // what it removes: the keyspace has nothing any more that is as new as the journal.
    for _ in 0..3 {
        devices.states.insert(ANA, "again").unwrap();
        devices.states.rotate_memtable_and_wait().unwrap();
    }
    devices.states.remove(ANA).unwrap();
    devices.inbox.insert("bob", "hello").unwrap();
    devices.sync().unwrap();
    assert!(is_in_a_file(dir.path(), ANA));
    devices.sweep(2).unwrap();
    assert!(!is_in_a_file(dir.path(), ANA));
    assert_eq!(devices.inbox.get("bob").unwrap().unwrap(), "hello");
    drop(devices);
    let devices = Devices::open(dir.path()).unwrap();
    assert!(devices.states.get(ANA).unwrap().is_none());
    assert_eq!(devices.inbox.get("bob").unwrap().unwrap(), "hello");
    assert_eq!(devices.swept().unwrap().at_ms, 2);
}

#[test]
fn whom_a_notification_goes_to_is_kept_without_those_it_did_not_reach() {
    let dir = tempfile::tempdir().unwrap();
    let devices = Devices::open(dir.path()).unwrap();
    let of = |n| Counted {
        app_id: AppId(Id([1; 16])),
        campaign_id: CampaignId(Id([2; 16])),
        notification_id: NotificationId(Id([n; 16])),
    };
    let (first, second) = (of(3), of(4));
    let is_addressed =
        |of: &Counted, number| devices.is_addressed(of.notification_id, number).unwrap();
    // A second time, as after a crash: what was kept before is no more.
    for numbers in [[1, 70_000, 200_000], [1, 2, 70_000]] {
        devices.end_audience(&first, 0, &numbers.into()).unwrap();
    }
    devices.end_audience(&second, 0, &[1].into()).unwrap();
    let of_first = [1, 2, 70_000].map(|number| is_addressed(&first, number));
    assert_eq!(of_first, [true; 3]);
    assert!(!is_addressed(&first, 200_000) && !is_addressed(&second, 2));
    let nobody = &[][..];
    devices
        .settle(
            &first,
            (nobody, nobody, &[2, 70_000].into()),
            &PushTally::default(),
            (0, &Counts::default()),
        )
        .unwrap();
    let of_first = [1, 2, 70_000].map(|number| is_addressed(&first, number));
    assert_eq!(of_first, [true, false, false]);
    let kept: Vec<_> = devices.addressed().unwrap().into_iter().collect();
    assert_eq!(kept, [first.notification_id, second.notification_id]);
    devices.forget_addressed(first.notification_id).unwrap();
    assert!(!is_addressed(&first, 1) && is_addressed(&second, 1));
}
