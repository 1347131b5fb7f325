//! Erasing an instance from the event log: what is taken out of a row, and what is left in its place.

use crate::{
    event::{Change, Counted, Record, Subject},
    experience::Target,
    tally::{Happening, Happenings},
};

/// Whether a record tells of the instance.
fn tells_of(record: &Record, subject: Subject) -> bool {
    match record {
        Record::Instance { subject: of, .. } | Record::Erase { subject: of, .. } => {
            of.instance_id == subject.instance_id
        }
        Record::Tick { .. } | Record::Counted(_) | Record::Happened(_) => false,
    }
}

/// The times of the instance's events among these records, ms since 1970.
pub fn event_times(records: &[Record], subject: Subject) -> Vec<i64> {
    let of_subject = records.iter().filter(|record| tells_of(record, subject));
    of_subject
        .filter_map(|record| match record {
            Record::Instance {
                change: Change::Event(event),
                ..
            } => Some(event.at_ms),
            _ => None,
        })
        .collect()
}

/// The records of a row without the instance; `None` when they do not tell of it. In its place stays
/// what is counted: when its number was `active`, what it `entered`, and what `happened` to experiences
/// through it.
pub fn erase(
    records: &[Record],
    subject: Subject,
    active: Vec<i64>,
    entered: Vec<(Target, i64)>,
    happened: Vec<Happening>,
) -> Option<Vec<Record>> {
    let mut left: Vec<Record> = records
        .iter()
        .filter(|record| !tells_of(record, subject))
        .cloned()
        .collect();
    if left.len() == records.len() {
        return None;
    }
    // Even with nothing to count: the number was given, and is not given again.
    left.push(Record::Counted(Counted {
        app_id: subject.app_id,
        number: subject.number,
        active,
        entered,
    }));
    if !happened.is_empty() {
        left.push(Record::Happened(Happenings {
            app_id: subject.app_id,
            happenings: happened,
        }));
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, EventBody, Fix, Profile},
        geo::LatLon,
        id::{AccountId, AppId, InstanceId, PlaceId},
        samples::id,
    };

    fn subject(number: u8) -> Subject {
        Subject {
            account_id: id::<AccountId>(1),
            app_id: id::<AppId>(2),
            instance_id: id::<InstanceId>(number),
            number: u32::from(number),
        }
    }

    fn record(number: u8, change: Change) -> Record {
        Record::Instance {
            subject: subject(number),
            received_at: 5,
            change,
        }
    }

    fn event(number: u8, at_ms: i64) -> Record {
        let fix = Fix {
            at: LatLon::new(1.0, 2.0).unwrap(),
            accuracy_m: None,
            speed_m_s: None,
            floor: None,
        };
        record(
            number,
            Change::Event(Event {
                id: [9; 16],
                at_ms,
                body: EventBody::Location(fix),
            }),
        )
    }

    #[test]
    fn only_what_is_counted_stays_and_others_are_untouched() {
        let registered = |number| {
            record(
                number,
                Change::Registered {
                    device_key_hash: None,
                    token_hash: [number; 32],
                    profile: Box::<Profile>::default(),
                },
            )
        };
        let logged_in = Change::LoggedIn {
            user_id: "ana".into(),
            properties: Vec::new(),
        };
        let row = [
            registered(3),
            event(4, 7),
            event(3, 8),
            Record::Tick { at_ms: 9 },
            record(3, logged_in),
            event(3, 10),
            Record::Erase {
                subject: subject(3),
                received_at: 11,
            },
        ];
        let entered = vec![(Target::Place(id::<PlaceId>(7)), 8)];
        assert_eq!(event_times(&row, subject(3)), [8, 10]);
        let happened = vec![Happening {
            campaign_id: id(5),
            experience_id: id(6),
            word: "Fired".into(),
            at_ms: 8,
        }];
        let counted = vec![8, 10];
        let left = erase(&row, subject(3), counted, entered.clone(), happened.clone()).unwrap();
        let counted = Record::Counted(Counted {
            app_id: id::<AppId>(2),
            number: 3,
            active: vec![8, 10],
            entered,
        });
        let happened = Record::Happened(Happenings {
            app_id: id::<AppId>(2),
            happenings: happened,
        });
        assert_eq!(left, [row[1].clone(), row[3].clone(), counted, happened]);
        // Done again it finds nothing to do.
        assert_eq!(
            erase(&left, subject(3), Vec::new(), Vec::new(), Vec::new()),
            None
        );
    }
}
