use std::sync::Arc;

use moca_core::event::Record;
use rusqlite::Connection;

use super::{LogReader, LogWriter, NewRow, Row, row::Decoded};
use crate::StorageError;

fn ticks(from: i64, count: i64) -> NewRow {
    let mut row = NewRow::default();
    for at_ms in from..from + count {
        row.push(Record::Tick { at_ms }).unwrap();
    }
    row
}

#[test]
fn what_was_appended_is_read_back_in_order_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let mut log = LogWriter::open(&path).unwrap();
    assert_eq!(log.last_seq(), 0);
    assert_eq!(log.append(ticks(0, 3)).unwrap(), 1);
    assert_eq!(log.append(ticks(3, 2)).unwrap(), 2);
    drop(log);

    let mut log = LogWriter::open(&path).unwrap();
    assert_eq!(log.last_seq(), 2);
    assert_eq!(log.append(ticks(5, 1)).unwrap(), 3);

    let reader = LogReader::open(&path).unwrap();
    assert_eq!(reader.last_seq().unwrap(), 3);
    let all = reader.read(0, 3, usize::MAX, usize::MAX).unwrap();
    let row = |seq, row: NewRow| {
        let records = row.records;
        Arc::new(Row { seq, records })
    };
    assert_eq!(
        all,
        [
            row(1, ticks(0, 3)),
            row(2, ticks(3, 2)),
            row(3, ticks(5, 1))
        ]
    );
    assert_eq!(reader.read(0, 2, 100, usize::MAX).unwrap(), all[..2]);
    assert_eq!(reader.read(0, 3, 4, usize::MAX).unwrap(), all[..2]);
    assert_eq!(reader.read(2, 3, 100, usize::MAX).unwrap(), all[2..]);
    assert_eq!(reader.read(3, 3, 100, usize::MAX).unwrap(), []);
    // Large rows are read one by one, small ones together.
    let first = ticks(0, 3).bytes();
    assert_eq!(reader.read(0, 3, 100, 1).unwrap(), all[..1]);
    assert_eq!(reader.read(0, 3, 100, first + 2).unwrap(), all[..2]);
}

#[test]
fn what_is_still_in_memory_is_what_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    LogWriter::open(&path).unwrap().append(ticks(0, 2)).unwrap();
    // The first row is in the file only, and those up to the third after they were forgotten.
    let mut log = LogWriter::open(&path).unwrap();
    for at_ms in 1..8 {
        log.append(ticks(at_ms * 10, at_ms)).unwrap();
    }
    let (near, editor) = (log.reader().unwrap(), log.editor().unwrap());
    let far = LogReader::open(&path).unwrap();
    let compare = || {
        for (after, last) in (0..=8).flat_map(|after| (after..=8).map(move |last| (after, last))) {
            for (records_max, bytes_max) in [(1, 1_000), (4, 1_000), (100, 1), (100, 20)] {
                let read = |log: &LogReader| log.read(after, last, records_max, bytes_max).unwrap();
                assert_eq!(
                    read(&near),
                    read(&far),
                    "{after} {last} {records_max} {bytes_max}"
                );
            }
        }
    };
    compare();
    near.forget(3);
    compare();
    editor.replace(6, &[Record::Tick { at_ms: -1 }]).unwrap();
    compare();
    near.forget(8);
    compare();
}

#[test]
fn a_damaged_or_missing_row_is_an_error_and_never_skipped() {
    for damage in [
        "UPDATE log SET body = x'' WHERE seq = 2",
        "UPDATE log SET body = x'ff00' WHERE seq = 2",
        "UPDATE log SET body = x'01ffffffff00' WHERE seq = 2",
        "UPDATE log SET body = substr(body, 1, length(body) - 1) WHERE seq = 2",
        "DELETE FROM log WHERE seq = 2",
        "DELETE FROM log WHERE seq >= 2",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.db");
        let mut log = LogWriter::open(&path).unwrap();
        for at_ms in 0..3 {
            log.append(ticks(at_ms, 1)).unwrap();
        }
        Connection::open(&path)
            .unwrap()
            .execute(damage, [])
            .unwrap();
        let read = LogReader::open(&path)
            .unwrap()
            .read(0, 3, usize::MAX, usize::MAX);
        assert!(
            matches!(&read, Err(StorageError::Inconsistent { id, .. }) if id == "2"),
            "{damage}: {read:?}"
        );
    }
}

/// A difference means that logs of earlier releases could not be read any more.
#[test]
fn a_row_of_the_first_format_is_read() {
    let stored = [1, 7, 0, 0, 0, 0x70, 2, 1, 0xd0, 15, 1, 0xd2, 15];
    let expected = [1_000, 1_001].map(|at_ms| Record::Tick { at_ms });
    let decoded = Decoded {
        records: expected.to_vec(),
        plain_bytes: 7,
    };
    assert_eq!(super::row::decode(&stored), Some(decoded));
}
