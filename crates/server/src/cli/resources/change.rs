//! `get`, `create`, `update`, `delete`, and the actions.

use std::io::{self, Write};

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use moca_client::{Call, Client, Method};
use serde_json::{Map, Value};

use super::{body, dry_run, flag, id_argument};
use crate::cli::{
    exit::{self, Misuse},
    given,
    kinds::Kind,
    output::{self, Printer},
};

/// What of an answer goes back in a PUT; the rest belongs to the server.
pub(super) const WRITABLE: [&str; 5] = ["config", "trigger", "audience", "action", "options"];

pub(super) fn get_command(kind: &'static Kind) -> Command {
    Command::new("get")
        .about(format!("Show one {}", kind.singular))
        .after_help(exit::CODES)
        .arg(id_argument(kind))
        .args(kind.of.iter().map(flag))
        .arg(
            Arg::new("etag")
                .long("etag")
                .action(ArgAction::SetTrue)
                .help("Print its version only, for --if-match"),
        )
        .args(output::arguments())
}

pub(super) fn create_command(kind: &'static Kind) -> Command {
    Command::new("create")
        .about(format!("Create {} from flags or a file", kind.plural))
        .after_help(format!(
            "Examples:\n  {}\n  moca {} create -f FILE.yaml\n\nA file holds one or more objects in \
             the form of the API, JSON or YAML; flags are put on top.\n\n{}",
            kind.example,
            kind.plural,
            exit::CODES
        ))
        .args(kind.fields.iter().map(flag))
        .arg(file())
        .arg(dry_run())
        .args(output::arguments())
}

pub(super) fn update_command(kind: &'static Kind) -> Command {
    let unset = Arg::new("unset")
        .long("unset")
        .value_name("FLAG")
        .action(ArgAction::Append)
        .value_parser(PossibleValuesParser::new(
            kind.fields.iter().map(|field| field.flag),
        ))
        .hide_possible_values(true)
        .conflicts_with("file")
        .help("Leave out what this flag sets, for example --unset category");
    Command::new("update")
        .about(format!(
            "Change one {0}, or replace it from a file",
            kind.singular
        ))
        .after_help(format!(
            "Examples:\n  moca {0} update ID --name 'New name'\n  moca {0} update ID -f FILE.yaml\n\n\
             With flags alone the rest stays as it is, and a change that somebody else makes at the \
             same moment is not overwritten (exit code 4). A file replaces all that can be set.\n\n\
             {1}",
            kind.plural,
            exit::CODES
        ))
        .arg(id_argument(kind))
        .args(kind.fields.iter().map(flag))
        .arg(file())
        .arg(unset)
        .arg(if_match())
        .arg(dry_run())
        .args(output::arguments())
}

pub(super) fn delete_command(kind: &'static Kind) -> Command {
    let command = Command::new("delete")
        .after_help(exit::CODES)
        .arg(id_argument(kind))
        .args(kind.of.iter().map(flag))
        .arg(dry_run());
    if !kind.is_managed() {
        return command.about(format!(
            "Erase one {}, and all that is held on it",
            kind.singular
        ));
    }
    command
        .about(format!("Delete one {}", kind.singular))
        .arg(
            Arg::new("cascade")
                .long("cascade")
                .action(ArgAction::SetTrue)
                .help("Delete its parts, and what cannot be without it, too"),
        )
        .arg(if_match())
}

fn file() -> Arg {
    Arg::new("file")
        .short('f')
        .long("file")
        .value_name("FILE")
        .help("JSON or YAML in the form of the API; - for standard input")
}

fn if_match() -> Arg {
    Arg::new("if-match")
        .long("if-match")
        .value_name("VERSION")
        .help("Only if it still has this version, as `get --etag` prints it")
}

pub(super) async fn get(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let id = given(arguments, "id").unwrap_or_default();
    let call = of(
        kind,
        Call::new(Method::GET, kind.path).segment(id),
        arguments,
    );
    let answer = client.send(&call).await?;
    if arguments.get_flag("etag") {
        let etag = answer
            .etag
            .context("what changes by itself has no version")?;
        writeln!(io::stdout(), "{etag}")?;
        return Ok(());
    }
    Printer::new(arguments, kind.columns).object(&answer.json()?)?;
    Ok(())
}

pub(super) async fn create(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let mut bodies = match given(arguments, "file") {
        Some(name) => body::read_file(&name)?,
        None => vec![Value::Object(Map::new())],
    };
    let mut any = given(arguments, "file").is_some();
    for body in &mut bodies {
        any |= body::set_fields(kind, arguments, body)?;
    }
    if !any {
        let help = format!("moca {} create --help", kind.plural);
        return Err(Misuse(format!("say what to create: {help}")).into());
    }
    let mut printer = Printer::new(arguments, kind.columns);
    let single = bodies.len() == 1;
    for body in bodies {
        let call = Call::new(Method::POST, kind.path).json(&body)?;
        if let Some(made) = done(client, call, arguments).await? {
            if single {
                printer.object(&made)?;
            } else {
                printer.rows(&[made])?;
            }
        }
    }
    Ok(())
}

pub(super) async fn update(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let file = given(arguments, "file");
    let unset: Vec<&str> = arguments
        .get_many::<String>("unset")
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let set = body::set_fields(kind, arguments, &mut Value::Null)?;
    if !set && unset.is_empty() && file.is_none() {
        let help = format!("moca {} update --help", kind.plural);
        return Err(Misuse(format!("say what to change: {help}")).into());
    }
    let id = given(arguments, "id").unwrap_or_default();
    let mut condition = given(arguments, "if-match");
    let mut body = match file {
        Some(name) => {
            let [body]: [Value; 1] = body::read_file(&name)?
                .try_into()
                .map_err(|_| Misuse(format!("{name}: expected one object")))?;
            body
        }
        None => {
            let read = client.collection(kind.path).get(&id).await?;
            condition.get_or_insert(read.etag);
            writable(read.object)
        }
    };
    body::set_fields(kind, arguments, &mut body)?;
    body::unset_fields(kind, &unset, &mut body);
    let call = Call::new(Method::PUT, kind.path)
        .segment(id)
        .json(&body)?
        .if_match(condition.as_deref());
    if let Some(changed) = done(client, call, arguments).await? {
        Printer::new(arguments, kind.columns).object(&changed)?;
    }
    Ok(())
}

fn writable(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| WRITABLE.contains(&name.as_str()));
    }
    object
}

pub(super) async fn delete(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let id = given(arguments, "id").unwrap_or_default();
    let mut call = of(
        kind,
        Call::new(Method::DELETE, kind.path).segment(&id),
        arguments,
    );
    if kind.is_managed() {
        call = call.if_match(given(arguments, "if-match").as_deref());
        if arguments.get_flag("cascade") {
            call = call.query("cascade", true);
        }
    }
    if arguments.get_flag("dry-run") {
        show(client, &call)?;
    } else {
        client.send(&call).await?;
        eprintln!("the {} {id} is deleted", kind.singular);
    }
    Ok(())
}

pub(super) async fn act(
    kind: &'static Kind,
    client: &Client,
    action: &str,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let id = given(arguments, "id").unwrap_or_default();
    let call = Call::new(Method::PUT, kind.path)
        .segment(id)
        .segment(action);
    if let Some(object) = done(client, call, arguments).await? {
        Printer::new(arguments, kind.columns).object(&object)?;
    }
    Ok(())
}

/// A call with the parameters that tell which object is meant.
fn of(kind: &'static Kind, call: Call, arguments: &ArgMatches) -> Call {
    kind.of.iter().fold(call, |call, parameter| {
        match given(arguments, parameter.flag) {
            Some(text) => call.query(parameter.at, text),
            None => call,
        }
    })
}

/// Sends a call, or only shows it.
async fn done(
    client: &Client,
    call: Call,
    arguments: &ArgMatches,
) -> anyhow::Result<Option<Value>> {
    if arguments.get_flag("dry-run") {
        show(client, &call)?;
        return Ok(None);
    }
    Ok(Some(client.send(&call).await?.json()?))
}

/// Prints a request as it would go out, without the token.
pub(super) fn show(client: &Client, call: &Call) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{} {}", call.method(), client.url(call))?;
    writeln!(out, "Authorization: Bearer (hidden)")?;
    if let Some(etag) = call.condition() {
        writeln!(out, "If-Match: {etag}")?;
    }
    if call.method() == Method::POST {
        writeln!(out, "Idempotency-Key: (made when it is sent)")?;
    }
    if let Some(body) = call.body() {
        let body: Value = serde_json::from_slice(body)?;
        writeln!(out, "Content-Type: application/json\n\n{body:#}")?;
    }
    Ok(())
}
