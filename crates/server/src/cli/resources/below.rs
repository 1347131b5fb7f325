//! What can be asked below a kind besides its own objects: `moca segments instances ID`, `moca tags seen`,
//! `moca imports refused ID`, `moca replays decisions ID`, `moca campaigns replay ID`, `moca segments estimate`.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use moca_client::{Call, Client, Method};
use serde_json::{Map, Value, json};

use super::{
    body::{self, MOMENT, moment},
    change, dry_run, flag, id_argument, list,
};
use crate::cli::{
    exit::{self, Misuse},
    given,
    kinds::{
        Field,
        Form::{Json, Moment, Text, Texts},
        Kind, field, needed,
    },
    output::{self, Printer},
};

/// A list below a collection, or below one of its objects.
struct Below {
    /// Of which kind.
    plural: &'static str,
    /// The command, and the end of the path.
    name: &'static str,
    about: &'static str,
    /// Whether it is that of one object.
    of_one: bool,
    filters: &'static [Field],
    columns: &'static [&'static str],
}

const LISTS: &[Below] = &[
    Below {
        plural: "segments",
        name: "instances",
        about: "List the instances that are in one now",
        of_one: true,
        filters: &[],
        columns: &["instanceId", "userId", "deviceModel", "os", "lastSeenAt"],
    },
    Below {
        plural: "tags",
        name: "seen",
        about: "List the tags that instances carry, those that nobody declared among them",
        of_one: false,
        filters: &[
            needed("app", "appId", Text, "Those of the app of this id"),
            field(
                "search",
                "q",
                Text,
                "Only those with this text in their name",
            ),
        ],
        columns: &["name", "instanceCount", "declared"],
    },
    Below {
        plural: "imports",
        name: "refused",
        about: "List what was refused of one, by line and column",
        of_one: true,
        filters: &[],
        columns: &["row", "line", "column", "field", "code", "detail"],
    },
    Below {
        plural: "webhooks",
        name: "deliveries",
        about: "List the deliveries of one, the newest first",
        of_one: true,
        filters: &[field(
            "state",
            "state",
            Text,
            "Only those that are Waiting, Delivered or GivenUp",
        )],
        columns: &[
            "deliveryId",
            "type",
            "receivedAt",
            "state",
            "attempts",
            "nextAttemptAt",
            "lastAttempt.error",
        ],
    },
    Below {
        plural: "replays",
        name: "decisions",
        about: "List what would have been decided",
        of_one: true,
        filters: &[
            field(
                "experience",
                "experienceId",
                Text,
                "Only those on the experience of this id",
            ),
            field(
                "outcome",
                "outcome",
                Text,
                "Only those with this outcome, such as Fired",
            ),
        ],
        columns: &["at", "instanceId", "experienceId", "outcome"],
    },
];

/// The command that runs a campaign over history, and its flags: fields of the body.
const REPLAY: &str = "replay";
const REPLAYED: &[Field] = &[
    needed("from", "from", Moment, "First moment"),
    needed("to", "to", Moment, "First moment after"),
];

/// The command that counts, and its flags: fields of the body.
const ESTIMATE: &str = "estimate";
const ESTIMATED: &[Field] = &[
    needed("app", "appId", Text, "Id of the app"),
    needed(
        "query",
        "query",
        Json,
        "Whom to count, for example '{\"lang\":\"es\"}'",
    ),
];

/// The command that counts decisions by their outcome, and its flags.
const SUMMARY: &str = "summary";
const SUMMARISED: &[Field] = &[
    field("app", "appId", Text, "Only those of the app of this id"),
    field(
        "instance",
        "instanceId",
        Text,
        "Only those of this instance",
    ),
    field(
        "campaign",
        "campaignId",
        Text,
        "Only those of this campaign",
    ),
    field(
        "experience",
        "experienceId",
        Text,
        "Only those of this experience",
    ),
    field("from", "from", Moment, "Event times from here"),
    field("to", "to", Moment, "Event times before this"),
];

/// The command that replaces the members of a static segment, and its flags.
const MEMBERS: &str = "members";
const CHOSEN: &[Field] = &[
    field(
        "instance",
        "instanceIds",
        Texts,
        "Id of an instance; repeat it for more",
    ),
    field(
        "user",
        "userIds",
        Texts,
        "The app's own id of a user: the instances they are logged in on now; repeat it for more",
    ),
];

/// The commands below a kind.
pub(super) fn commands(kind: &'static Kind) -> impl Iterator<Item = Command> {
    let lists = LISTS.iter().filter(|list| list.plural == kind.plural);
    let lists = lists.map(|list| {
        let mut command = Command::new(list.name)
            .about(list.about)
            .after_help(exit::CODES);
        if list.of_one {
            command = command.arg(id_argument(kind));
        }
        command
            .args(list.filters.iter().map(flag))
            .args(list::paging())
            .args(output::arguments())
    });
    let estimate = (kind.plural == "segments").then(|| {
        Command::new(ESTIMATE)
            .about("Count for whom a query holds now, exactly, without a segment")
            .after_help(exit::CODES)
            .args(ESTIMATED.iter().map(flag))
            .args(output::arguments())
    });
    let members = (kind.plural == "segments").then(|| {
        Command::new(MEMBERS)
            .about("Replace the members of a static segment; `instances` lists them")
            .after_help(format!(
                "Examples:\n  \
                 moca segments members SEGMENT_ID --user u-7 --user u-8\n  \
                 moca segments members SEGMENT_ID -f FILE.json\n\n{}",
                exit::CODES
            ))
            .arg(id_argument(kind))
            .args(CHOSEN.iter().map(flag))
            .arg(
                Arg::new("file")
                    .short('f')
                    .long("file")
                    .value_name("FILE")
                    .conflicts_with_all(CHOSEN.iter().map(|field| field.flag))
                    .help("instanceIds and userIds, as JSON or YAML; - for standard input"),
            )
            .arg(
                Arg::new("nobody")
                    .long("nobody")
                    .action(ArgAction::SetTrue)
                    .help("Leave nobody in it"),
            )
            .group(
                ArgGroup::new("whom")
                    .args(["instance", "user", "file", "nobody"])
                    .multiple(true)
                    .required(true),
            )
            .arg(dry_run())
            .args(output::arguments())
    });
    let summary = (kind.plural == "decisions").then(|| {
        Command::new(SUMMARY)
            .about("Count them by outcome; the counts add up to the triggers that came true")
            .after_help(exit::CODES)
            .args(SUMMARISED.iter().map(flag))
            .args(output::arguments())
    });
    let replay = (kind.plural == "campaigns").then(|| {
        Command::new(REPLAY)
            .about("Run one over what devices told, a draft or not; nothing is sent")
            .after_help(exit::CODES)
            .arg(id_argument(kind))
            .args(REPLAYED.iter().map(flag))
            .args(output::arguments())
    });
    let others = estimate.into_iter().chain(members).chain(summary);
    lists.chain(others).chain(replay)
}

/// Runs a command below a kind; nothing if it is none.
pub(super) async fn run(
    kind: &'static Kind,
    client: &Client,
    verb: &str,
    arguments: &ArgMatches,
) -> Option<anyhow::Result<()>> {
    if kind.plural == "segments" && verb == ESTIMATE {
        return Some(estimate(client, arguments).await);
    }
    if kind.plural == "decisions" && verb == SUMMARY {
        return Some(summary(client, arguments).await);
    }
    if kind.plural == "segments" && verb == MEMBERS {
        return Some(members(client, arguments).await);
    }
    if kind.plural == "campaigns" && verb == REPLAY {
        return Some(replay(client, arguments).await);
    }
    let mut lists = LISTS.iter();
    let list = lists.find(|list| list.plural == kind.plural && list.name == verb)?;
    Some(run_list(kind, list, client, arguments).await)
}

async fn run_list(
    kind: &'static Kind,
    list: &'static Below,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let mut query = client.collection(kind.path).query();
    if list.of_one {
        query = query.below(given(arguments, "id").unwrap_or_default());
    }
    let query = list::filtered(query.below(list.name), list.filters, arguments)?;
    let printer = Printer::new(arguments, list.columns);
    list::print(query, printer, list.name, arguments).await
}

async fn estimate(client: &Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let mut body = Map::new();
    for field in ESTIMATED {
        let text = given(arguments, field.flag).unwrap_or_default();
        body.insert(field.at.to_owned(), Value::from(text));
    }
    let call = Call::new(Method::POST, "/v2/segments")
        .segment(ESTIMATE)
        .json(&body)?;
    let answer = client.send(&call).await?.json()?;
    Printer::new(arguments, &["count"]).object(&answer)?;
    Ok(())
}

async fn members(client: &Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let mut body = Value::Object(Map::new());
    for field in CHOSEN {
        if let Some(texts) = arguments.get_many::<String>(field.flag) {
            body[field.at] = texts.map(String::as_str).collect();
        }
    }
    if let Some(name) = given(arguments, "file") {
        let [one]: [Value; 1] = body::read_file(&name)?
            .try_into()
            .map_err(|_| Misuse(format!("{name}: expected one object")))?;
        body = one;
    }
    let id = given(arguments, "id").unwrap_or_default();
    let call = Call::new(Method::PUT, "/v2/segments")
        .segment(id)
        .segment(MEMBERS)
        .json(&body)?;
    if arguments.get_flag("dry-run") {
        return change::show(client, &call);
    }
    let answer = client.send(&call).await?.json()?;
    Printer::new(arguments, &["count", "added", "removed"]).object(&answer)?;
    Ok(())
}

async fn summary(client: &Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let mut call = Call::new(Method::GET, "/v2/decisions").segment(SUMMARY);
    for field in SUMMARISED {
        if let Some(text) = given(arguments, field.flag) {
            call = call.query(field.at, body::parameter(field, &text)?);
        }
    }
    let answer: Value = client.send(&call).await?.json()?;
    let mut printer = Printer::new(arguments, &["outcome", "count"]);
    if printer.is_json() {
        return Ok(printer.rows(&[answer])?);
    }
    let outcomes = answer["outcomes"].as_object().into_iter().flatten();
    let row = |(outcome, count): (&String, &Value)| json!({"outcome": outcome, "count": count});
    Ok(printer.rows(&outcomes.map(row).collect::<Vec<_>>())?)
}

async fn replay(client: &Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let mut body = Map::new();
    for field in REPLAYED {
        let text = given(arguments, field.flag).unwrap_or_default();
        let moment =
            moment(&text).ok_or_else(|| Misuse(format!("--{}: expected {MOMENT}", field.flag)))?;
        body.insert(field.at.to_owned(), Value::from(moment));
    }
    let call = Call::new(Method::POST, "/v2/campaigns")
        .segment(given(arguments, "id").unwrap_or_default())
        .segment(REPLAY)
        .json(&body)?;
    let answer = client.send(&call).await?.json()?;
    Printer::new(arguments, &["replayId", "draft", "status"]).object(&answer)?;
    Ok(())
}
