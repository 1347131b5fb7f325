//! What can be asked below a kind besides its own objects: `moca segments instances ID`, `moca tags seen`,
//! `moca imports refused ID`, `moca segments estimate`.

use clap::{ArgMatches, Command};
use moca_client::{Call, Client, Method};
use serde_json::{Map, Value};

use super::{flag, id_argument, list};
use crate::cli::{
    exit, given,
    kinds::{
        Field,
        Form::{Json, Text},
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
    lists.chain(estimate)
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
