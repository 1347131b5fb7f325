//! `moca places`, `moca campaigns` and so on: the objects of an account.

mod below;
mod body;
mod change;
mod limits;
mod lines;
mod list;
mod person;

pub(crate) use body::{MOMENT, moment, parameter};

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use moca_core::bulk::BulkKind;

use super::{
    connection, exit, import,
    kinds::{Field, Form, KINDS, Kind, Verbs},
    output, run_to_end,
};

/// The command of every kind.
pub(super) fn commands() -> impl Iterator<Item = Command> {
    KINDS.iter().map(command)
}

fn command(kind: &'static Kind) -> Command {
    let mut command = Command::new(kind.plural)
        .about(kind.about)
        .after_help(format!("Example:\n  {}\n\n{}", kind.example, exit::CODES))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(connection::arguments())
        .subcommand(list::command(kind));
    if kind.verbs == Verbs::ListOnly {
        return command.subcommands(below::commands(kind));
    }
    command = command.subcommand(change::get_command(kind));
    if kind.is_managed() {
        command = command
            .subcommand(change::create_command(kind))
            .subcommand(change::update_command(kind));
    }
    if matches!(kind.verbs, Verbs::All | Verbs::Erase) {
        command = command.subcommand(change::delete_command(kind));
    }
    command = command.subcommands(below::commands(kind));
    if let Some(bulk) = BulkKind::named(kind.plural) {
        command = command
            .subcommand(import::import_of(bulk))
            .subcommand(import::export_of(bulk));
    }
    if lines::are_of(kind) {
        command = command
            .subcommand(lines::import_command(kind))
            .subcommand(lines::export_command(kind));
    }
    match kind.plural {
        "instances" | "users" => command = command.subcommand(person::export_command(kind)),
        "accounts" => command = command.subcommand(limits::command(kind)),
        _ => {}
    }
    for &(action, about) in kind.actions {
        command = command.subcommand(
            Command::new(action)
                .about(about)
                .arg(id_argument(kind))
                .arg(dry_run())
                .args(output::arguments()),
        );
    }
    command
}

/// Does what the arguments of a kind's command say.
pub(super) fn run(kind: &'static Kind, arguments: &ArgMatches) -> ExitCode {
    let Some((verb, arguments)) = arguments.subcommand() else {
        return ExitCode::from(exit::MISUSED);
    };
    let bulk = BulkKind::named(kind.plural);
    if let (Some(bulk), "import") = (bulk, verb) {
        return import::run_import(bulk, arguments);
    }
    run_to_end(async move {
        let client = connection::client(arguments)?;
        if let Some(done) = below::run(kind, &client, verb, arguments).await {
            done?;
            return Ok(ExitCode::SUCCESS);
        }
        if verb == "import" {
            return lines::import(kind, &client, arguments).await;
        }
        match verb {
            "list" => list::run(kind, &client, arguments).await,
            "get" => change::get(kind, &client, arguments).await,
            "create" => change::create(kind, &client, arguments).await,
            "update" => change::update(kind, &client, arguments).await,
            "delete" => change::delete(kind, &client, arguments).await,
            "export" => match bulk {
                Some(bulk) => import::export(bulk, &client, arguments).await,
                None if lines::are_of(kind) => lines::export(kind, &client, arguments).await,
                None => person::export(kind, &client, arguments).await,
            },
            "limits" => limits::run(&client, arguments).await,
            action => change::act(kind, &client, action, arguments).await,
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

fn id_argument(kind: &Kind) -> Arg {
    Arg::new("id")
        .value_name("ID")
        .required(true)
        .help(format!("Id of the {}", kind.singular))
}

fn dry_run() -> Arg {
    Arg::new("dry-run")
        .long("dry-run")
        .action(ArgAction::SetTrue)
        .help("Show the request, and send nothing that changes anything")
}

/// The flag of a field or filter.
pub(super) fn flag(field: &'static Field) -> Arg {
    let value_name = match field.form {
        Form::Text | Form::Texts => "TEXT",
        Form::Integer | Form::Number => "NUMBER",
        Form::Flag => "true|false",
        Form::Moment => "TIME",
        Form::Pairs => "NAME=VALUE",
        Form::Json => "JSON",
    };
    let arg = Arg::new(field.flag)
        .long(field.flag)
        .value_name(value_name)
        .required(field.required)
        // A longitude or a floor may be negative.
        .allow_hyphen_values(true)
        .help(field.help);
    match field.form {
        Form::Texts | Form::Pairs => arg.action(ArgAction::Append),
        _ => arg,
    }
}
