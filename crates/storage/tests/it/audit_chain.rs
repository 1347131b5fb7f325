//! The chain of the audit log: nobody can change it unnoticed.

use hmac::{Hmac, KeyInit, Mac};
use moca_core::{audit::Action, place::Place};
use moca_storage::control::{AuditKeys, ChainFault, Control};
use sha2::{Digest, Sha256};

use crate::{
    audit::{AT, check, events, history, open, read_user, someone},
    backend::{execute, on_every_backend},
    samples::{ABROAD, HOME, account, id, insert, place},
};

on_every_backend![by url:
    a_change_of_anything_in_the_log_is_found,
    a_log_that_is_older_than_the_audit_begins_with_the_account,
];

const COLUMNS: [&str; 16] = [
    "account_id",
    "sequence",
    "at",
    "action",
    "kind",
    "object_id",
    "actor",
    "member_id",
    "token_id",
    "request_id",
    "route",
    "address",
    "parameters",
    "before_json",
    "after_json",
    "hash",
];

/// As docs/audit.md has it, past the store.
#[tokio::test]
async fn another_program_can_verify_the_log_by_the_documentation() {
    let backend = crate::backend::sqlite();
    let store = open(&backend.url).await;
    let events = history(&store).await;
    let file = rusqlite::Connection::open(backend.url.strip_prefix("sqlite:").unwrap()).unwrap();
    let sql = format!(
        "SELECT {} FROM audit_events ORDER BY account_id, sequence",
        COLUMNS.join(", ")
    );
    let mut statement = file.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut previous = [0; 32];
    let mut hashes = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let mut form = b"moca audit event 1\n".to_vec();
        form.extend(previous);
        for column in 0..15 {
            use rusqlite::types::Value;
            let text = match row.get(column).unwrap() {
                Value::Null => None,
                Value::Integer(integer) => Some(integer.to_string()),
                Value::Text(text) => Some(text),
                other => panic!("{other:?}"),
            };
            let part = text.map_or("-,".to_owned(), |text| format!("{}:{text},", text.len()));
            form.extend(part.bytes());
        }
        previous = Sha256::digest(&form).into();
        hashes.push(previous);
    }
    assert!(hashes.iter().eq(events.iter().map(|event| &event.hash)));
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    let key = mac(&[7; 32], &[b"moca audit head 1\n"]);
    let seal: Vec<u8> = file
        .query_row("SELECT seal FROM audit_heads", [], |row| row.get(0))
        .unwrap();
    let head = format!(
        "22:{HOME},{}:{},",
        events.len().to_string().len(),
        events.len()
    );
    assert_eq!(seal, mac(&key, &[head.as_bytes(), &previous]).to_vec());
}

/// Another value for a column of an event.
fn other(column: &str) -> &'static str {
    match column {
        "sequence" => "sequence + 100",
        "at" => "at + 1",
        "account_id" => "'AAAAAAAAAAAAAAAAAAAAAA'",
        "hash" => {
            "(SELECT kept.hash FROM kept WHERE kept.account_id = audit_events.account_id \
             AND kept.hash <> audit_events.hash ORDER BY kept.sequence LIMIT 1)"
        }
        "member_id" | "token_id" => "'AAAAAAAAAAAAAAAAAAAAAA'",
        "action" => "CASE WHEN action = 'read' THEN 'create' ELSE 'read' END",
        "kind" => "CASE WHEN kind = 'user' THEN 'place' ELSE 'user' END",
        "actor" => "CASE WHEN actor = 'system' THEN 'device' ELSE 'system' END",
        "object_id" => "coalesce(object_id, '') || 'x'",
        "request_id" => "coalesce(request_id, '') || 'x'",
        "route" => "coalesce(route, '') || 'x'",
        "address" => "coalesce(address, '') || 'x'",
        "parameters" => "coalesce(parameters, '') || 'x'",
        "before_json" => "coalesce(before_json, '') || 'x'",
        "after_json" => "coalesce(after_json, '') || 'x'",
        other => panic!("{other}"),
    }
}

/// The fault of the home account.
async fn fault(store: &Control) -> Option<ChainFault> {
    let report = check(store).await;
    let home = HOME.to_string();
    let chain = report.chains.iter().find(|chain| chain.account == home);
    let fault = chain.and_then(|chain| chain.fault);
    assert_eq!(report.is_sound(), fault.is_none(), "{report:?}");
    fault
}

async fn a_change_of_anything_in_the_log_is_found(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME)]).await;
    let mut tx = store.write().await.unwrap();
    tx.act_as(someone(HOME));
    tx.insert(&place(1)).await.unwrap();
    let mut changed = place(1);
    changed.frame.revision = 2;
    tx.replace(&changed).await.unwrap();
    read_user(&mut tx, "ana");
    tx.commit().await.unwrap();
    assert_eq!(fault(store).await, None);
    let keep = "CREATE TABLE kept AS SELECT * FROM audit_events; \
                CREATE TABLE kept_heads AS SELECT * FROM audit_heads";
    execute(url, keep).await;
    let restore = "DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM kept; \
                   DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM kept_heads; ";
    let spoil = async |sql: String| {
        execute(url, &format!("{restore}{sql}")).await;
        let report = check(store).await;
        assert!(!report.is_sound(), "{sql}: {report:?}");
        let home = HOME.to_string();
        let chain = report
            .chains
            .into_iter()
            .find(|chain| chain.account == home);
        chain.unwrap().fault
    };

    for number in 1..=4_i64 {
        for column in COLUMNS {
            let value = other(column);
            let sql =
                format!("UPDATE audit_events SET {column} = {value} WHERE sequence = {number}");
            let expected = match column {
                "account_id" if number == 4 => ChainFault::Cut(4, 4),
                "account_id" | "sequence" => ChainFault::Missing(number),
                _ => ChainFault::Changed(number),
            };
            assert_eq!(spoil(sql.clone()).await, Some(expected), "{sql}");
        }
        let sql = format!("DELETE FROM audit_events WHERE sequence = {number}");
        let expected = match number {
            4 => ChainFault::Cut(4, 4),
            _ => ChainFault::Missing(number),
        };
        assert_eq!(spoil(sql.clone()).await, Some(expected), "{sql}");
    }
    for (sql, expected) in [
        (
            "DELETE FROM audit_events WHERE sequence > 2",
            ChainFault::Cut(3, 4),
        ),
        ("DELETE FROM audit_events", ChainFault::Cut(1, 4)),
        ("DELETE FROM audit_heads", ChainFault::NoHead),
        (
            "DELETE FROM audit_heads; DELETE FROM audit_events",
            ChainFault::NoHead,
        ),
        ("UPDATE audit_heads SET seal = NULL", ChainFault::WrongSeal),
        ("UPDATE audit_heads SET seal = hash", ChainFault::WrongSeal),
        // Cut off with a head to fit: only the seal tells.
        (
            "DELETE FROM audit_events WHERE sequence = 4; UPDATE audit_heads SET sequence = 3, \
             hash = (SELECT hash FROM kept WHERE sequence = 3)",
            ChainFault::WrongSeal,
        ),
        // Two that change places.
        (
            "UPDATE audit_events SET sequence = 50 WHERE sequence = 2; \
             UPDATE audit_events SET sequence = 2 WHERE sequence = 3; \
             UPDATE audit_events SET sequence = 3 WHERE sequence = 50",
            ChainFault::Changed(2),
        ),
        // One more than was sealed.
        (
            "INSERT INTO audit_events SELECT account_id, 5, at, action, kind, object_id, actor, \
             member_id, token_id, request_id, route, address, parameters, before_json, after_json, \
             hash FROM kept WHERE sequence = 4",
            ChainFault::Changed(5),
        ),
    ] {
        assert_eq!(spoil(sql.into()).await, Some(expected), "{sql}");
    }
    // What is added later covers nothing up.
    for sql in [
        "DELETE FROM audit_heads; DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE sequence = 4; UPDATE audit_heads SET sequence = 3, \
         hash = (SELECT hash FROM kept WHERE sequence = 3)",
    ] {
        execute(url, &format!("{restore}{sql}")).await;
        for number in 10..12 {
            let mut tx = store.write().await.unwrap();
            tx.insert(&place(number)).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(fault(store).await, Some(ChainFault::WrongSeal), "{sql}");
            let mut tx = store.write().await.unwrap();
            assert!(tx.delete::<Place>(HOME, id(number)).await.unwrap());
            tx.commit().await.unwrap();
        }
    }
    execute(url, restore).await;
    assert_eq!(fault(store).await, None);
    // Another secret key has other seals.
    let other = Control::open(url).await.unwrap();
    let other = other.with_keys(AuditKeys::of(&[8; 32]));
    assert_eq!(fault(&other).await, Some(ChainFault::WrongSeal));
}

async fn a_log_that_is_older_than_the_audit_begins_with_the_account(url: &str) {
    let store = &open(url).await;
    insert(store, &[account(HOME), account(ABROAD)]).await;
    execute(url, "DELETE FROM audit_events; DELETE FROM audit_heads").await;
    assert!(!check(store).await.is_sound());
    store.begin_audit(AT).await.unwrap();
    assert!(check(store).await.is_sound());
    let begun = events(store, HOME).await;
    assert_eq!(
        (begun.len(), begun[0].action, begun[0].at),
        (1, Action::Create, AT)
    );
    assert_eq!(events(store, ABROAD).await.len(), 1);
    let mut tx = store.read().await.unwrap();
    let accounts = tx
        .list_accounts(&crate::samples::everything())
        .await
        .unwrap();
    assert_eq!(accounts.total, 2);
    drop(tx);

    // A log that is missing while others are there was taken away.
    let home = format!("account_id = '{HOME}'");
    let sql =
        format!("DELETE FROM audit_events WHERE {home}; DELETE FROM audit_heads WHERE {home}");
    execute(url, &sql).await;
    store.begin_audit(AT).await.unwrap();
    assert_eq!(fault(store).await, Some(ChainFault::NoHead));
}
