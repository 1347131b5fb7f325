//! Imports and what was refused of them.

use moca_core::{
    audit::Action,
    bulk::{BulkKind, ImportFormat},
    id::{AccountId, ImportId, MemberId},
    import::{Import, ImportConfig, ImportProgress, ImportRefusal},
    job::{Job as _, JobStatus},
    resource::Frame,
};
use moca_storage::{
    StorageError,
    control::{AuditQuery, Control, Filter, KeptAnswer, ListQuery},
};

use crate::{
    backend::on_every_backend,
    samples::{self, ABROAD, HOME, everything, frame, id, part},
};

on_every_backend![
    an_import_comes_back_as_it_was_and_changes_only_from_its_last_version,
    the_oldest_are_listed_first_and_accounts_see_their_own,
    filters_find_what_they_say,
    those_that_are_not_done_are_found_in_the_order_they_came,
    old_ones_are_forgotten_with_what_was_refused,
    refusals_keep_the_order_of_the_file,
    what_is_no_object_goes_with_its_account,
];

fn import(number: u32) -> Import {
    Import {
        frame: frame(number),
        member_id: MemberId(id(9)),
        config: ImportConfig {
            name: Some("stores.csv".into()),
            kind: BulkKind::Places,
            format: ImportFormat::Csv,
            dry_run: false,
            upsert: true,
            map: Some("name=Station".into()),
            radius: 100.0,
        },
        status: JobStatus::Pending,
        progress: ImportProgress {
            bytes_total: 1_000,
            ..ImportProgress::default()
        },
    }
}

fn of(account: AccountId, number: u32) -> Import {
    let import = import(number);
    let frame = Frame {
        account_id: account,
        ..import.frame
    };
    Import { frame, ..import }
}

async fn insert(store: &Control, imports: &[Import]) {
    let mut tx = store.write().await.unwrap();
    for import in imports {
        tx.insert_import(import).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn save(store: &Control, import: &Import) -> Result<(), StorageError> {
    let mut tx = store.write().await.unwrap();
    tx.save_job(import).await?;
    tx.commit().await
}

async fn get(store: &Control, account: AccountId, number: u32) -> Option<Import> {
    let mut tx = store.read().await.unwrap();
    tx.job(account, id(number)).await.unwrap()
}

async fn an_import_comes_back_as_it_was_and_changes_only_from_its_last_version(store: &Control) {
    insert(store, &[import(1)]).await;
    assert_eq!(get(store, HOME, 1).await, Some(import(1)));
    assert_eq!(get(store, ABROAD, 1).await, None);
    let mut running = import(1).changed(1_800_000_000_000);
    running.status = JobStatus::Running;
    running.progress.rows = 7;
    running.progress.failure = Some("why".into());
    save(store, &running).await.unwrap();
    assert_eq!(get(store, HOME, 1).await, Some(running.clone()));
    assert!(matches!(
        save(store, &running).await,
        Err(StorageError::Stale)
    ));
    let gone = import(2).changed(0);
    assert!(matches!(save(store, &gone).await, Err(StorageError::Stale)));
}

async fn the_oldest_are_listed_first_and_accounts_see_their_own(store: &Control) {
    insert(store, &[import(1), import(2), import(3), of(ABROAD, 4)]).await;
    let mut tx = store.read().await.unwrap();
    let page = tx.jobs::<Import>(HOME, &part(1, 2)).await.unwrap();
    assert_eq!((page.total, page.items), (3, vec![import(2), import(3)]));
    assert_eq!(
        tx.jobs::<Import>(ABROAD, &part(0, 10)).await.unwrap().total,
        1
    );
}

async fn filters_find_what_they_say(store: &Control) {
    let mut zones = import(2);
    zones.config.kind = BulkKind::Zones;
    zones.member_id = MemberId(id(8));
    // A name that looks like what is looked for.
    zones.config.name = Some("ÉTÉ \"kind\":\"beacons\"".into());
    let mut unnamed = import(3);
    unnamed.config.name = None;
    insert(store, &[import(1), zones, unnamed, of(ABROAD, 4)]).await;
    let done = import(1).ended(JobStatus::Failed, 5).changed(5);
    save(store, &done).await.unwrap();
    let mut tx = store.read().await.unwrap();
    let mut found = async |filters: &[(Filter, &str)], q: Option<&str>| {
        let filters = filters
            .iter()
            .map(|(filter, text)| (*filter, (*text).to_owned()));
        let query = ListQuery {
            filters: filters.collect(),
            q: q.map(str::to_owned),
            ..everything()
        };
        let page = tx.jobs::<Import>(HOME, &query).await.unwrap();
        assert_eq!(page.total, page.items.len() as i64);
        let numbers = page.items.iter().map(|one| one.frame.id.0[15]);
        numbers.collect::<Vec<u8>>()
    };
    let member = id(8).to_string();
    for (filters, q, expected) in [
        (vec![], None, vec![1, 2, 3]),
        (vec![(Filter::Status, "Failed")], None, vec![1]),
        (vec![(Filter::Status, "Running")], None, vec![]),
        (vec![(Filter::ImportKind, "zones")], None, vec![2]),
        (vec![(Filter::ImportKind, "beacons")], None, vec![]),
        (vec![(Filter::MemberId, member.as_str())], None, vec![2]),
        (vec![], Some("été"), vec![2]),
        (vec![], Some("S.csv"), vec![1]),
        (vec![(Filter::Status, "Pending")], Some("stores"), vec![]),
        (
            vec![(Filter::Status, "Pending"), (Filter::ImportKind, "places")],
            None,
            vec![3],
        ),
    ] {
        assert_eq!(found(&filters, q).await, expected, "{filters:?} {q:?}");
    }
    let query = ListQuery {
        q: Some("stores".into()),
        ..part(1, 5)
    };
    let page = tx.jobs::<Import>(HOME, &query).await.unwrap();
    assert_eq!((page.total, page.items.len()), (1, 0));
    let query = ListQuery {
        filters: vec![(Filter::LabelId, "x".into())],
        ..everything()
    };
    assert!(tx.jobs::<Import>(HOME, &query).await.is_err());
}

async fn those_that_are_not_done_are_found_in_the_order_they_came(store: &Control) {
    insert(store, &[import(2), of(ABROAD, 1), import(3)]).await;
    let done = import(2).ended(JobStatus::Failed, 5).changed(5);
    save(store, &done).await.unwrap();
    let mut tx = store.read().await.unwrap();
    let unfinished = tx.unfinished_jobs::<Import>().await.unwrap();
    assert_eq!(unfinished, [of(ABROAD, 1), import(3)]);
    assert_eq!(tx.count_unfinished_jobs::<Import>(HOME).await.unwrap(), 1);
}

fn refusal(row: i64) -> ImportRefusal {
    ImportRefusal {
        row,
        line: row + 1,
        column: (row % 2 == 0).then_some(row),
        field: (row % 3 == 0).then(|| "latitude".into()),
        code: "wrong_type".into(),
        detail: format!("expected {row}"),
    }
}

async fn old_ones_are_forgotten_with_what_was_refused(store: &Control) {
    let numbers = [1, 2, 3, 4];
    insert(store, &numbers.map(import)).await;
    insert(store, &[of(ABROAD, 5)]).await;
    let mut tx = store.write().await.unwrap();
    for number in numbers {
        let of_it = [refusal(i64::from(number))];
        let import = ImportId(id(number));
        tx.add_refusals(HOME, import, 0, &of_it).await.unwrap();
    }
    // The last goes on.
    for number in &numbers[..3] {
        let ended = import(*number).ended(JobStatus::Completed, i64::from(*number));
        tx.save_job(&ended.changed(0)).await.unwrap();
    }
    tx.forget_jobs::<Import>(HOME, 2, 2).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    for (number, is_left) in [(1, false), (2, false), (3, true), (4, true)] {
        let import = ImportId(id(number));
        let found = tx.job::<Import>(HOME, import.0).await.unwrap();
        assert_eq!(found.is_some(), is_left, "{number}");
        let refusals = tx.refusals(HOME, import, 0, 10).await.unwrap();
        assert_eq!(refusals.total, i64::from(is_left), "{number}");
    }
    assert_eq!(
        tx.jobs::<Import>(ABROAD, &part(0, 10)).await.unwrap().total,
        1
    );
}

async fn refusals_keep_the_order_of_the_file(store: &Control) {
    let import = ImportId(id(1));
    let all: Vec<ImportRefusal> = (0..150).map(refusal).collect();
    let mut tx = store.write().await.unwrap();
    tx.add_refusals(HOME, import, 0, &all[..100]).await.unwrap();
    tx.add_refusals(HOME, import, 100, &all[100..])
        .await
        .unwrap();
    tx.add_refusals(ABROAD, import, 0, &all[..1]).await.unwrap();
    let page = tx.refusals(HOME, import, 98, 4).await.unwrap();
    assert_eq!((page.total, page.items.as_slice()), (150, &all[98..102]));
    tx.delete_refusals(HOME, import).await.unwrap();
    assert_eq!(tx.refusals(HOME, import, 0, 1).await.unwrap().total, 0);
    assert_eq!(tx.refusals(ABROAD, import, 0, 1).await.unwrap().total, 1);
}

async fn what_is_no_object_goes_with_its_account(store: &Control) {
    let accounts = [HOME, ABROAD];
    for (number, account) in (1..).zip(accounts) {
        insert(store, &[of(account, number)]).await;
        let mut tx = store.write().await.unwrap();
        tx.insert(&samples::account(account)).await.unwrap();
        let refusals = [refusal(1)];
        let import = ImportId(id(number));
        tx.add_refusals(account, import, 0, &refusals)
            .await
            .unwrap();
        let answer = KeptAnswer {
            request_hash: [1; 32],
            sealed_answer: vec![2],
            created_at: 3,
        };
        tx.keep_answer(account, "key", &answer, 0).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete_account(HOME).await.unwrap());
    assert!(!tx.delete_account(HOME).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    for (number, account, left) in [(1, HOME, 0), (2, ABROAD, 1)] {
        let import = ImportId(id(number));
        assert_eq!(tx.account(account).await.unwrap().is_some(), left == 1);
        assert_eq!(
            tx.jobs::<Import>(account, &part(0, 9)).await.unwrap().total,
            left
        );
        let refusals = tx.refusals(account, import, 0, 9).await.unwrap();
        assert_eq!(refusals.total, left);
        let answer = tx.kept_answer(account, "key").await.unwrap();
        assert_eq!(answer.is_some(), left == 1);
    }
    let all = AuditQuery {
        oldest_first: true,
        limit: 9,
        ..AuditQuery::default()
    };
    let log = tx.audit_events(HOME, &all).await.unwrap().items;
    let actions: Vec<Action> = log.iter().map(|event| event.action).collect();
    assert_eq!(
        actions,
        [
            Action::Create,
            Action::Create,
            Action::Delete,
            Action::Delete
        ]
    );
}
