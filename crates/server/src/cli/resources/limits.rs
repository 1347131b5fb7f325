//! `moca accounts limits`: how often an account may call, and how much it may have.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use moca_client::{Call, Client, Method};
use moca_core::limits::RATE_MAX;
use serde_json::{Map, Value};

use super::{change, dry_run, id_argument};
use crate::cli::{
    exit::{self, Misuse},
    given,
    kinds::Kind,
    output::{self, Printer},
};

/// Flags and the rates that they stand for.
const RATES: [(&str, &str, &str); 3] = [
    (
        "token-rate",
        "tokenRequestsPerMinute",
        "Requests a minute of a member's token; 0 for no limit",
    ),
    (
        "app-rate",
        "appRequestsPerMinute",
        "Requests a minute with an app's secret; 0 for no limit",
    ),
    (
        "device-rate",
        "deviceRequestsPerMinute",
        "Requests a minute of an instance; 0 for no limit",
    ),
];

pub(super) fn command(kind: &'static Kind) -> Command {
    let rates = RATES.map(|(flag, _, help)| {
        Arg::new(flag)
            .long(flag)
            .value_name("NUMBER")
            .value_parser(value_parser!(i64).range(0..=RATE_MAX))
            .help(help)
    });
    Command::new("limits")
        .about("Show what an account may do and have, or change it (operators)")
        .after_help(format!(
            "What is not set is as the server has it; `moca accounts get ID` shows what counts, and how much is \
             used.\n\nExamples:\n  \
             moca accounts limits ACCOUNT_ID\n  \
             moca accounts limits ACCOUNT_ID --quota place=50000 --quota beacon=0 --token-rate 1200\n  \
             moca accounts limits ACCOUNT_ID --unset place --unset token-rate\n\n{}",
            exit::CODES
        ))
        .arg(id_argument(kind))
        .args(rates)
        .arg(
            Arg::new("quota")
                .long("quota")
                .value_name("KIND=NUMBER")
                .action(ArgAction::Append)
                .help("Objects of a kind at most; repeat it for more"),
        )
        .arg(
            Arg::new("unset")
                .long("unset")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("A kind or a flag for which the server's own limit counts again; repeat it for more"),
        )
        .arg(dry_run())
        .args(output::arguments())
}

pub(super) async fn run(client: &Client, arguments: &ArgMatches) -> anyhow::Result<()> {
    let id = given(arguments, "id").unwrap_or_default();
    let call = |method| {
        Call::new(method, "/v2/accounts")
            .segment(&id)
            .segment("limits")
    };
    let read = client.send(&call(Method::GET)).await?;
    let mut limits: Value = read.json()?;
    let mut printer = Printer::new(arguments, &["accountId", "config"]);
    if !set(&mut limits["config"], arguments)? {
        printer.object(&limits)?;
        return Ok(());
    }
    // What somebody else changes at the same moment is not overwritten.
    let put = call(Method::PUT)
        .json(&limits)?
        .if_match(read.etag.as_deref());
    if arguments.get_flag("dry-run") {
        return change::show(client, &put);
    }
    printer.object(&client.send(&put).await?.json()?)?;
    Ok(())
}

/// Puts what the flags say into the limits; false if they say nothing.
fn set(config: &mut Value, arguments: &ArgMatches) -> Result<bool, Misuse> {
    let before = config.clone();
    let mut said = false;
    for name in arguments.get_many::<String>("unset").into_iter().flatten() {
        said = true;
        let rate = RATES.iter().find(|(flag, ..)| flag == name);
        let place = match rate {
            Some((_, field, _)) => (&mut *config, *field),
            None => (&mut config["quotas"], name.as_str()),
        };
        if let (Value::Object(object), field) = place {
            object.remove(field);
        }
    }
    for (flag, field, _) in RATES {
        if let Some(rate) = arguments.get_one::<i64>(flag) {
            said = true;
            config[field] = (*rate).into();
        }
    }
    for quota in arguments.get_many::<String>("quota").into_iter().flatten() {
        said = true;
        let read = quota.split_once('=').and_then(|(kind, number)| {
            let number: i64 = number.parse().ok()?;
            Some((kind, number))
        });
        let (kind, number) = read.ok_or_else(|| {
            Misuse(format!(
                "--quota {quota}: expected KIND=NUMBER, for example place=50000"
            ))
        })?;
        if !config["quotas"].is_object() {
            config["quotas"] = Value::Object(Map::new());
        }
        config["quotas"][kind] = number.into();
    }
    if config["quotas"].is_null() && before.get("quotas").is_none() {
        // Looking for one to unset made it.
        if let Some(config) = config.as_object_mut() {
            config.remove("quotas");
        }
    }
    Ok(said)
}
