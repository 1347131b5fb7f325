//! Changing one thing of a body and saying what must be found.

use moca_wire::problem::Fault;
use serde_json::Value;

/// An id as text.
pub(crate) const ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";
/// Another one.
pub(crate) const OTHER_ID: &str = "TAPFXFowToO4dFsktFzz9Q";

/// What is done to a valid body.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// The field is taken away.
    Remove,
    /// The field gets this value.
    Set(Value),
}

/// Puts a value at a pointer; the parent must be there.
pub(crate) fn change(body: &mut Value, pointer: &str, change: Change) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match change {
        Change::Remove => {
            parent.remove(key);
        }
        Change::Set(value) => {
            parent.insert(key.to_owned(), value);
        }
    }
}

/// Pointers and codes of faults.
pub(crate) fn found(faults: &[Fault]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.pointer.as_str(), fault.code.as_str()))
        .collect()
}

/// Each line changes one thing of `full` and names the one fault that must be found.
pub(crate) fn assert_faults<T>(
    full: &Value,
    read: impl Fn(&Value) -> Result<T, Vec<Fault>>,
    table: &[(&str, Change, &str, &str)],
) {
    for (pointer, what, expected_pointer, expected_code) in table {
        let mut body = full.clone();
        change(&mut body, pointer, what.clone());
        match read(&body) {
            Ok(_) => panic!("{pointer} {what:?} was not refused"),
            Err(faults) => assert_eq!(
                found(&faults),
                [(*expected_pointer, *expected_code)],
                "{pointer} {what:?}: {faults:?}"
            ),
        }
    }
}

/// Each of these may be taken away, or be null, which is the same.
pub(crate) fn assert_optional<T: PartialEq + std::fmt::Debug>(
    full: &Value,
    read: impl Fn(&Value) -> Result<T, Vec<Fault>>,
    pointers: &[&str],
) {
    for pointer in pointers {
        let mut absent = full.clone();
        change(&mut absent, pointer, Change::Remove);
        let mut null = full.clone();
        change(&mut null, pointer, Change::Set(Value::Null));
        assert_eq!(read(&absent).unwrap(), read(&null).unwrap(), "{pointer}");
    }
}

/// A text of `count` characters.
pub(crate) fn long(count: usize) -> Value {
    Value::String("x".repeat(count))
}
