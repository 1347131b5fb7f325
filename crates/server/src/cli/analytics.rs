//! `moca analytics`: counts as tables.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser};
use moca_client::{Call, Method};
use moca_wire::analytics::INTERVALS;
use serde_json::{Map, Value};

use super::{
    connection, exit, given,
    kinds::{
        Field,
        Form::{Moment, Text},
        field, needed,
    },
    output::{self, Printer},
    resources::{flag, parameter},
    run_to_end,
};

/// What can be counted.
struct Metric {
    /// The command, and the end of the path.
    name: &'static str,
    about: &'static str,
    /// Parameters besides those of all metrics.
    filters: &'static [Field],
    /// The words of `groupBy`, if it can be counted by something.
    groups: &'static [&'static str],
    /// The counts of a bucket, unless it is one.
    counts: &'static [&'static str],
}

const METRICS: &[Metric] = &[
    Metric {
        name: "active-users",
        about: "Instances with an event",
        filters: &[],
        groups: &[],
        counts: &[],
    },
    Metric {
        name: "new-users",
        about: "Instances with their first event",
        filters: &[],
        groups: &[],
        counts: &[],
    },
    Metric {
        name: "returning-users",
        about: "Instances with an event that is not their first day's",
        filters: &[],
        groups: &[],
        counts: &[],
    },
    Metric {
        name: "visitors",
        about: "Instances that entered a place, zone or beacon",
        filters: &[
            field(
                "place",
                "placeId",
                Text,
                "Only those of the place of this id",
            ),
            field("zone", "zoneId", Text, "Only those of the zone of this id"),
            field(
                "beacon",
                "beaconId",
                Text,
                "Only those of the beacon of this id",
            ),
        ],
        groups: &["place", "zone", "beacon"],
        counts: &[],
    },
    Metric {
        name: "experiences",
        about: "What fired, what did not and why, and what became of messages",
        filters: &[
            field(
                "campaign",
                "campaignId",
                Text,
                "Only those of the campaign of this id",
            ),
            field(
                "experience",
                "experienceId",
                Text,
                "Only the experience of this id",
            ),
        ],
        groups: &["experience", "campaign"],
        counts: &[
            "triggers",
            "fired",
            "notFired",
            "shown",
            "clicked",
            "dismissed",
        ],
    },
    Metric {
        name: "notifications",
        about: "To how many notifications went, who did not get them and why, and who opened them",
        filters: &[
            field(
                "campaign",
                "campaignId",
                Text,
                "Only those of the campaign of this id",
            ),
            field(
                "notification",
                "notificationId",
                Text,
                "Only the notification of this id",
            ),
        ],
        groups: &["notification", "campaign"],
        counts: &["targeted", "sent", "accepted", "failed", "opened"],
    },
];

/// Parameters of every metric.
const COMMON: &[Field] = &[
    needed("app", "appId", Text, "The app"),
    needed("from", "from", Moment, "From here"),
    needed("to", "to", Moment, "To before this"),
    field(
        "time-zone",
        "timeZone",
        Text,
        "IANA time zone of days and hours [default: the account's]",
    ),
];

pub(super) fn command() -> Command {
    Command::new("analytics")
        .about("Count who came and what happened, exactly, by hour, day, week or month")
        .after_help(format!(
            "A table or CSV has a row for each interval; with --group-by, for each place, campaign and so on \
             over the whole range. With --interval none there is one row, the whole range. What did not fire or \
             failed is one column; --columns startAt,failed.Gone and so on shows single reasons. JSON is the \
             answer of the API.\n\nExample:\n  \
             moca analytics visitors --app APP_ID --from 2026-12-01T00:00:00Z --to 2026-12-08T00:00:00Z --output \
             table\n\n{}",
            exit::CODES
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(connection::arguments())
        .subcommands(METRICS.iter().map(metric_command))
}

fn metric_command(metric: &'static Metric) -> Command {
    let mut command = Command::new(metric.name)
        .about(metric.about)
        .after_help(exit::CODES)
        .args(COMMON.iter().map(flag))
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("LENGTH")
                .value_parser(PossibleValuesParser::new(INTERVALS))
                .help("How long what a row counts is [default: day]"),
        )
        .args(metric.filters.iter().map(flag));
    if !metric.groups.is_empty() {
        command = command.arg(
            Arg::new("group-by")
                .long("group-by")
                .value_name("WHAT")
                .value_parser(PossibleValuesParser::new(metric.groups))
                .help("A row for each of these, over the whole range"),
        );
    }
    command.args(output::arguments())
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    let asked = arguments.subcommand().and_then(|(name, arguments)| {
        let metric = METRICS.iter().find(|metric| metric.name == name)?;
        Some((metric, arguments))
    });
    let Some((metric, arguments)) = asked else {
        return ExitCode::from(exit::MISUSED);
    };
    run_to_end(async move {
        let client = connection::client(arguments)?;
        let mut call = Call::new(Method::GET, "/v2/analytics").segment(metric.name);
        for field in COMMON.iter().chain(metric.filters) {
            if let Some(text) = given(arguments, field.flag) {
                call = call.query(field.at, parameter(field, &text)?);
            }
        }
        if let Some(interval) = given(arguments, "interval") {
            call = call.query("interval", interval);
        }
        let group = match metric.groups {
            [] => None,
            _ => given(arguments, "group-by"),
        };
        if let Some(group) = &group {
            call = call.query("groupBy", group);
        }
        let answer: Value = client.send(&call).await?.json()?;
        let key = group.map(|group| format!("{group}Id"));
        print(metric, key.as_deref(), &answer, arguments)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn print(
    metric: &Metric,
    key: Option<&str>,
    answer: &Value,
    arguments: &ArgMatches,
) -> std::io::Result<()> {
    let mut columns = vec![key.unwrap_or("startAt")];
    columns.extend(match metric.counts {
        [] => &["count"],
        counts => counts,
    });
    let mut printer = Printer::new(arguments, &columns);
    if printer.is_json() {
        return printer.rows(std::slice::from_ref(answer));
    }
    let list = if key.is_some() { "groups" } else { "buckets" };
    // Who names columns can name each reason: failed.Gone.
    let are_summed = !arguments.contains_id("columns");
    let items = answer[list].as_array().into_iter().flatten();
    let rows = items.map(|item| row(item, are_summed));
    printer.rows(&rows.collect::<Vec<_>>())
}

/// A bucket or group as a row: its counts beside what they are of. Counts by reason are one number, or stay as
/// they are.
fn row(item: &Value, are_summed: bool) -> Value {
    let mut row = Map::new();
    for (name, value) in item.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("value", Value::Object(counts)) if are_summed => {
                let summed = |(name, count): (&String, &Value)| (name.clone(), sum(count));
                row.extend(counts.iter().map(summed));
            }
            ("value", Value::Object(counts)) => row.extend(counts.clone()),
            ("value", count) => drop(row.insert("count".to_owned(), count.clone())),
            ("start", at) => drop(row.insert("startAt".to_owned(), at.clone())),
            (name, value) => drop(row.insert(name.to_owned(), value.clone())),
        }
    }
    Value::Object(row)
}

/// How many there are of all reasons.
fn sum(count: &Value) -> Value {
    match count {
        Value::Object(reasons) => {
            let counts = reasons.values().filter_map(Value::as_u64);
            Value::from(counts.sum::<u64>())
        }
        count => count.clone(),
    }
}

#[cfg(test)]
mod tests {
    use moca_api::routes::routes;
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_by_reason_are_one_column_unless_columns_are_named() {
        let failed = json!({"Gone": 2, "TooLarge": 5});
        let item = json!({"start": 1, "value": {"targeted": 9, "failed": failed}});
        let expected = json!({"startAt": 1, "targeted": 9, "failed": 7});
        assert_eq!(row(&item, true), expected);
        assert_eq!(row(&item, false)["failed"], failed);
        let none = json!({"start": 1, "value": {"failed": {}}});
        assert_eq!(row(&none, true)["failed"], 0);
    }

    #[test]
    fn every_metric_of_the_api_is_a_command_with_all_its_parameters() {
        let mut known = Vec::new();
        for route in routes() {
            let Some(name) = route.path.strip_prefix("/v2/analytics/") else {
                continue;
            };
            let metric = METRICS.iter().find(|metric| metric.name == name);
            let metric = metric.unwrap_or_else(|| panic!("moca analytics lacks {name}"));
            let mut parameters: Vec<&str> = COMMON
                .iter()
                .chain(metric.filters)
                .map(|field| field.at)
                .collect();
            parameters.push("interval");
            if !metric.groups.is_empty() {
                parameters.push("groupBy");
            }
            for parameter in route.query {
                assert!(
                    parameters.contains(&parameter.name),
                    "{name} lacks {}",
                    parameter.name
                );
            }
            assert_eq!(parameters.len(), route.query.len(), "{name}");
            known.push(name);
        }
        assert_eq!(known.len(), METRICS.len());
    }
}
