//! What has to change in an account so that it is as the files say.

use std::{collections::HashSet, fmt};

use serde_json::Value;

use super::{
    account::{Account, Live},
    kinds::{DESCRIBED, Described, without},
    query::{self, QUERY},
    registry::Registry,
    wanted::Wanted,
};

/// The steps from an account to the files, in the order in which they are done.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Objects that are as the files say.
    pub(crate) unchanged: usize,
}

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    /// The object, for people.
    pub(crate) title: String,
    pub(crate) action: Action,
}

/// What is done with an object.
#[derive(Debug)]
pub(crate) enum Action {
    /// It is made.
    Create(Wanted),
    /// It is replaced.
    Update(Wanted, Live, Vec<Change>),
    /// It is started, stopped or archived.
    Act {
        rank: usize,
        id: String,
        action: &'static str,
    },
    /// It is deleted.
    Delete(Live),
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    path: String,
    from: Option<String>,
    to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        write!(
            f,
            "{}: {} → {}",
            self.path,
            text(&self.from),
            text(&self.to)
        )
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Action) -> bool| {
            let steps = self.steps.iter();
            steps.filter(|step| is(&step.action)).count()
        };
        write!(
            f,
            "{} to create, {} to change, {} to delete, {} as they should be",
            count(|action| matches!(action, Action::Create(_))),
            count(|action| matches!(action, Action::Update(..) | Action::Act { .. })),
            count(|action| matches!(action, Action::Delete(_))),
            self.unchanged
        )
    }
}

/// Compares what is wanted with what is there. Of the kinds in `prune`, what is not wanted goes.
pub(super) fn compare(
    wanted: Vec<Wanted>,
    account: &Account,
    prune: &[usize],
    registry: &Registry,
) -> Plan {
    let kept: HashSet<String> = wanted.iter().map(|one| one.id.clone()).collect();
    let (mut steps, mut acts, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for wanted in wanted {
        let title = registry.title(&wanted.id);
        let act = act(&wanted);
        let action = match wanted.live.clone() {
            None => Some(Action::Create(wanted)),
            Some(live) => {
                let changes = changes(&live, &wanted.body, registry);
                (!changes.is_empty()).then_some(Action::Update(wanted, live, changes))
            }
        };
        unchanged += usize::from(action.is_none() && act.is_none());
        // Its experiences are to be there before a campaign starts.
        acts.extend(act.map(|action| Step {
            title: title.clone(),
            action,
        }));
        steps.extend(action.map(|action| Step { title, action }));
    }
    steps.extend(acts);
    // Children go before their parents.
    let deleted = account
        .objects
        .iter()
        .rev()
        .filter(|live| prune.contains(&live.rank) && !kept.contains(&live.id));
    steps.extend(deleted.map(|live| Step {
        title: registry.title(&live.id),
        action: Action::Delete(live.clone()),
    }));
    Plan { steps, unchanged }
}

/// The status of an object in the words of the files.
pub(super) fn status(object: &Value) -> Option<&'static str> {
    match object.get("status")?.as_str()? {
        // What has started ends by itself.
        "Scheduled" | "Running" | "Finished" => Some("Started"),
        "Stopped" => Some("Stopped"),
        "Archived" => Some("Archived"),
        _ => None,
    }
}

fn act(wanted: &Wanted) -> Option<Action> {
    let status_wanted = wanted.status.as_deref()?;
    let live = wanted.live.as_ref();
    let there = live.and_then(|live| status(&live.object));
    if there == Some(status_wanted) && !live.is_some_and(|live| is_extended(live, wanted)) {
        return None;
    }
    Some(Action::Act {
        rank: wanted.rank,
        id: wanted.id.clone(),
        action: match status_wanted {
            "Started" => "start",
            "Stopped" => "stop",
            _ => "archive",
        },
    })
}

/// A campaign that has finished and gets a later end has to be started again.
fn is_extended(live: &Live, wanted: &Wanted) -> bool {
    // One without an end lasts for ever.
    let end = |body: &Value| {
        let end = body.pointer("/config/endAt").and_then(Value::as_i64);
        end.unwrap_or(i64::MAX)
    };
    live.object["status"] == "Finished" && end(&wanted.body) > end(&live.body)
}

/// All values that differ, with names instead of ids.
fn changes(live: &Live, wanted: &Value, registry: &Registry) -> Vec<Change> {
    let mut found = Vec::new();
    let kind = &DESCRIBED[live.rank];
    let wanted = without(wanted.clone(), kind.secrets);
    differ("", Some(&live.body), Some(&wanted), &mut found);
    found
        .into_iter()
        .map(|(pointer, from, to)| named(kind, &pointer, from, to, registry))
        .collect()
}

type Difference<'a> = (String, Option<&'a Value>, Option<&'a Value>);

fn differ<'a>(
    pointer: &str,
    from: Option<&'a Value>,
    to: Option<&'a Value>,
    found: &mut Vec<Difference<'a>>,
) {
    if from == to {
        return;
    }
    let (Some(Value::Object(old)), Some(Value::Object(new))) = (from, to) else {
        found.push((pointer.to_owned(), from, to));
        return;
    };
    for (key, value) in old {
        differ(
            &format!("{pointer}/{key}"),
            Some(value),
            new.get(key),
            found,
        );
    }
    for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        differ(&format!("{pointer}/{key}"), None, Some(value), found);
    }
}

fn named(
    kind: &Described,
    pointer: &str,
    from: Option<&Value>,
    to: Option<&Value>,
    registry: &Registry,
) -> Change {
    let reference = kind
        .all_references()
        .find(|reference| pointer == format!("{}/{}", reference.at, reference.id));
    let path = match reference {
        Some(reference) => format!("{}/{}", reference.at, reference.field),
        None => pointer.to_owned(),
    };
    let text = |value: Option<&Value>| {
        let value = value?;
        let named = |id: &Value| id.as_str().map_or(id.clone(), |id| registry.reference(id));
        let shown = match (reference, value) {
            (None, query) if pointer == QUERY => {
                query::map(query, &mut |id| registry.text_of(id).map(str::to_owned))
            }
            (None, _) => value.clone(),
            (Some(_), Value::Array(ids)) => ids.iter().map(named).collect(),
            (Some(_), id) => named(id),
        };
        Some(shown.to_string())
    };
    Change {
        path: path[1..].replace('/', "."),
        from: text(from),
        to: text(to),
    }
}
