//! Narrowed lists of a log of several blocks, held against going through all of it.

use futures::future::join_all;
use moca_core::{
    audit::{Action, Actor, Event, Subject},
    id::{AccountId, MemberId},
    place::Place,
    resource::Kind,
};
use moca_storage::control::{AuditQuery, ChainFault, Control};

use crate::{
    audit::{AT, check, events, open, read_user, someone},
    backend::{execute, number, on_every_backend},
    samples::{ABROAD, HOME, account, id, insert, label, place},
};

on_every_backend![by url:
    a_long_log_is_narrowed_and_paged_as_by_hand,
    what_fills_blocks_at_once_is_counted,
    a_log_that_was_cut_off_is_added_to,
    counts_that_do_not_fit_the_log_are_found,
    a_log_that_is_older_than_the_counts_is_counted,
];

/// Two full blocks and a part of a third.
const EVENTS: u32 = 2 * 256 + 90;

/// Makes a long log, of which two blocks are full.
///
/// The clock goes back now and then. Labels are made only in the first block, and member 2 does only now and then
/// something.
async fn long_history(store: &Control) -> Vec<Event> {
    insert(store, &[account(HOME), account(ABROAD)]).await;
    let mut tx = store.write().await.unwrap();
    for step in 0..EVENTS - 1 {
        if step % 7 == 0 {
            tx.commit().await.unwrap();
            tx = store.write().await.unwrap();
            let mut origin = someone(HOME);
            origin.at += i64::from(step) - i64::from(step % 3) * 60;
            if let Actor::Member { member_id, .. } = &mut origin.actor {
                let member = if step % 140 == 0 { 2 } else { step % 2 };
                *member_id = MemberId(id(member));
            }
            tx.act_as(origin);
        }
        match step % 4 {
            0 if step < 200 => tx.insert(&label(step)).await.unwrap(),
            3 => read_user(&mut tx, "ana"),
            2 => assert!(tx.delete::<Place>(HOME, id(step - 1)).await.unwrap()),
            _ => tx.insert(&place(step)).await.unwrap(),
        }
    }
    tx.commit().await.unwrap();
    events(store, HOME).await
}

fn is_wanted(event: &Event, query: &AuditQuery) -> bool {
    let member = match event.actor {
        Actor::Member { member_id, .. } => Some(member_id),
        _ => None,
    };
    query.from.is_none_or(|from| event.at >= from)
        && query.to.is_none_or(|to| event.at < to)
        && query.action.is_none_or(|action| event.action == action)
        && query.subject.is_none_or(|subject| event.subject == subject)
        && query.member_id.is_none_or(|id| member == Some(id))
}

/// Every combination of what a log can be narrowed by.
fn narrowings() -> Vec<AuditQuery> {
    let mut all = Vec::new();
    for (from, to) in [
        (None, None),
        (Some(0), Some(i64::MAX)),
        (Some(AT + 100), None),
        (None, Some(AT + 300)),
        (Some(AT + 250), Some(AT + 262)),
        (Some(AT + 9_999), None),
        (Some(AT + 300), Some(AT + 200)),
    ] {
        for action in [None, Some(Action::Create), Some(Action::Delete)] {
            for subject in [
                None,
                Some(Subject::Object(Kind::Label)),
                Some(Subject::User),
                Some(Subject::Object(Kind::Place)),
                Some(Subject::Import),
            ] {
                for member in [None, Some(1), Some(2), Some(9)] {
                    all.push(AuditQuery {
                        from,
                        to,
                        action,
                        subject,
                        member_id: member.map(|number| MemberId(id(number))),
                        ..AuditQuery::default()
                    });
                }
            }
        }
    }
    all
}

async fn holds_for_all(store: &Control, account: AccountId, events: &[Event]) {
    let mut tx = store.read().await.unwrap();
    for narrowing in narrowings() {
        let wanted = events.iter().filter(|event| is_wanted(event, &narrowing));
        let mut wanted: Vec<&Event> = wanted.collect();
        for oldest_first in [true, false] {
            for (offset, limit) in [(0, 1_000), (0, 1), (3, 100), (130, 7), (5_000, 10)] {
                let query = AuditQuery {
                    oldest_first,
                    offset,
                    limit,
                    ..narrowing.clone()
                };
                let page = tx.audit_events(account, &query).await.unwrap();
                let expected = wanted.iter().skip(offset as usize).take(limit as usize);
                assert!(page.items.iter().eq(expected.copied()), "{query:?}");
                assert_eq!(page.total, wanted.len() as i64, "{query:?}");
            }
            wanted.reverse();
        }
    }
}

async fn a_long_log_is_narrowed_and_paged_as_by_hand(url: &str) {
    let store = &open(url).await;
    let events = long_history(store).await;
    assert_eq!(events.len(), EVENTS as usize);
    let blocks = "SELECT count(DISTINCT block) FROM audit_counts";
    assert_eq!(number(url, blocks).await, 2);
    holds_for_all(store, HOME, &events).await;
    let abroad = self::events(store, ABROAD).await;
    holds_for_all(store, ABROAD, &abroad).await;
    assert!(check(store).await.is_sound());
}

async fn counts_that_do_not_fit_the_log_are_found(url: &str) {
    let store = &open(url).await;
    long_history(store).await;
    execute(
        url,
        "CREATE TABLE kept_counts AS SELECT * FROM audit_counts",
    )
    .await;
    let row = |block: &str| {
        format!(
            "INSERT INTO audit_counts SELECT account_id, {block}, 'delete', 'place', 'nobody', 1, \
             min(first_at), max(last_at) FROM kept_counts GROUP BY account_id"
        )
    };
    for sql in [
        "DELETE FROM audit_counts",
        "DELETE FROM audit_counts WHERE block = 1",
        "UPDATE audit_counts SET events = events + 1 WHERE block = 1",
        "UPDATE audit_counts SET first_at = first_at - 1 WHERE block = 0",
        "UPDATE audit_counts SET last_at = last_at + 1 WHERE block = 1",
        "UPDATE audit_counts SET kind = 'zone' WHERE kind = 'place'",
        &row("1"),
        // Of blocks that are not there, or not full yet.
        &row("2"),
        &row("-1"),
        &row("-9223372036854775807"),
    ] {
        execute(url, &format!("{}; {sql}", made_anew())).await;
        let report = check(store).await;
        let home = HOME.to_string();
        let chain = report.chains.iter().find(|chain| chain.account == home);
        assert_eq!(chain.unwrap().fault, Some(ChainFault::Miscounted), "{sql}");
        // It stays readable, whatever it shows.
        let mut tx = store.read().await.unwrap();
        for query in narrowings() {
            tx.audit_events(HOME, &query).await.unwrap();
        }
    }
    execute(url, &made_anew()).await;
    let rows = "SELECT * FROM audit_counts EXCEPT SELECT * FROM kept_counts";
    for sql in [
        format!("SELECT count(*) FROM ({rows}) AS odd"),
        "SELECT (SELECT count(*) FROM kept_counts) - (SELECT count(*) FROM audit_counts)".into(),
    ] {
        assert_eq!(number(url, &sql).await, 0, "{sql}");
    }
    assert!(check(store).await.is_sound());
}

/// The statements of docs/audit.md that make the counts anew.
fn made_anew() -> String {
    let page = include_str!("../../../../docs/audit.md");
    let (_, from) = page.split_once("```sql\n").unwrap();
    let (sql, _) = from.split_once("\n```").unwrap();
    sql.trim_end_matches(';').to_owned()
}

async fn what_fills_blocks_at_once_is_counted(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME), account(ABROAD)]).await;
    // Several blocks in one transaction, which stands in two logs.
    let mut tx = store.write().await.unwrap();
    tx.act_as(someone(HOME));
    for number in 0..700 {
        let mut place = place(number);
        place.frame.account_id = ABROAD;
        tx.insert(&place).await.unwrap();
    }
    tx.commit().await.unwrap();
    // Transactions that share a commit, and some that are given up.
    let writers = (0..60).map(|writer| async move {
        let mut tx = store.write().await.unwrap();
        let mut origin = someone(HOME);
        origin.at += i64::from(writer);
        tx.act_as(origin);
        for number in 0..20 {
            tx.insert(&label(writer * 20 + number)).await.unwrap();
        }
        match writer % 3 {
            0 => drop(tx),
            _ => tx.commit().await.unwrap(),
        }
    });
    join_all(writers).await;
    for (account, length) in [(HOME, 1 + 700 + 40 * 20), (ABROAD, 1 + 700)] {
        let sql = format!("SELECT sum(events) FROM audit_counts WHERE account_id = '{account}'");
        let sql = format!("SELECT CAST(({sql}) AS BIGINT)");
        assert_eq!(number(url, &sql).await, length / 256 * 256);
        let mut events = Vec::new();
        let mut tx = store.read().await.unwrap();
        while events.len() < length as usize {
            let query = AuditQuery {
                oldest_first: true,
                offset: events.len() as i64,
                limit: 1_000,
                ..AuditQuery::default()
            };
            events.extend(tx.audit_events(account, &query).await.unwrap().items);
        }
        drop(tx);
        holds_for_all(store, account, &events).await;
    }
    assert!(check(store).await.is_sound());
}

async fn a_log_that_was_cut_off_is_added_to(url: &str) {
    let store = &open(url).await;
    long_history(store).await;
    execute(
        url,
        "DELETE FROM audit_events WHERE sequence > 300; UPDATE audit_heads SET sequence = 300, hash = \
         (SELECT hash FROM audit_events WHERE sequence = 300) WHERE sequence > 300",
    )
    .await;
    for number in 0..3 {
        let mut tx = store.write().await.unwrap();
        for place_number in 0..100 {
            let place = place(10_000 + 100 * number + place_number);
            tx.insert(&place).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    let events = events(store, HOME).await;
    assert_eq!(events.len(), 600);
    holds_for_all(store, HOME, &events).await;
    let report = check(store).await;
    let faults: Vec<_> = report
        .chains
        .iter()
        .filter_map(|chain| chain.fault)
        .collect();
    assert_eq!(faults, [ChainFault::WrongSeal]);
}

async fn a_log_that_is_older_than_the_counts_is_counted(url: &str) {
    let store = open(url).await;
    let events = long_history(&store).await;
    drop(store);
    execute(
        url,
        "DROP TABLE audit_counts; DELETE FROM schema_version WHERE version >= 22; \
         CREATE TABLE older_changes (version BIGINT PRIMARY KEY, account_id TEXT NOT NULL, \
         kind TEXT NOT NULL, object_id TEXT NOT NULL); \
         INSERT INTO older_changes SELECT * FROM changes; DROP TABLE changes; \
         ALTER TABLE older_changes RENAME TO changes; \
         CREATE INDEX audit_events_by_at ON audit_events (account_id, at, sequence); \
         CREATE INDEX audit_events_by_action ON audit_events (account_id, action, sequence); \
         CREATE INDEX audit_events_by_kind ON audit_events (account_id, kind, sequence); \
         CREATE INDEX audit_events_by_member_id ON audit_events (account_id, member_id, sequence);",
    )
    .await;
    let changes = number(url, "SELECT max(version) FROM changes").await;
    let store = &open(url).await;
    assert!(check(store).await.is_sound());
    holds_for_all(store, HOME, &events).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.config_version().await.unwrap(), changes);
    let lines = tx.changes_since(0, 10_000).await.unwrap();
    assert_eq!(lines.last().map(|line| line.version), Some(changes));
    drop(tx);
    insert(store, &[place(90_000)]).await;
    assert!(check(store).await.is_sound());
}
