//! `moca profile`

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Arg, ArgMatches, Command};

use super::{connection::read_token, exit, exit::Misuse, given};
use crate::profiles::{Profile, Profiles};

pub(super) fn command() -> Command {
    let name = || {
        Arg::new("name")
            .value_name("NAME")
            .required(true)
            .help("Its name")
    };
    let add = Command::new("add")
        .about("Keep a server and a token under a name")
        .long_about(
            "Keep a server and a token under a name, and use it from now on if it is the first. \
             A profile of this name is replaced. The token is read from a file or from standard \
             input, never from the command line, which others can see.",
        )
        .arg(name())
        .arg(
            Arg::new("url")
                .long("url")
                .value_name("URL")
                .required(true)
                .help("The server, for example https://moca.example:8443"),
        )
        .arg(
            Arg::new("token")
                .long("token")
                .value_name("FILE")
                .required(true)
                .help("File with the token, - for standard input"),
        )
        .arg(
            Arg::new("ca-cert")
                .long("ca-cert")
                .value_name("FILE")
                .help("Trust these certificates only (PEM)"),
        )
        .after_help(
            "Example: moca profile add test --url https://localhost:8443 \
             --token moca-data/first-token --ca-cert moca-data/tls/cert.pem",
        );
    Command::new("profile")
        .about("Servers and tokens under names of your own")
        .after_help(
            "Profiles are in $XDG_CONFIG_HOME/moca/profiles.toml (~/.config/moca/profiles.toml), \
             readable by you only. A command uses the profile of --profile, else of MOCA_PROFILE, \
             else the one chosen by `moca profile use`.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(add)
        .subcommand(Command::new("list").about("List the profiles; a star marks the one in use"))
        .subcommand(
            Command::new("use")
                .about("Use a profile from now on")
                .arg(name()),
        )
        .subcommand(Command::new("remove").about("Forget a profile").arg(name()))
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    let outcome = match arguments.subcommand() {
        Some(("add", arguments)) => add(arguments),
        Some(("list", _)) => list(),
        Some(("use", arguments)) => choose(arguments),
        Some(("remove", arguments)) => remove(arguments),
        _ => return ExitCode::from(exit::MISUSED),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::end(&error),
    }
}

fn add(arguments: &ArgMatches) -> anyhow::Result<()> {
    let server = given(arguments, "url").unwrap_or_default();
    // Says what is wrong with the address now rather than at the first use.
    moca_client::Client::builder(&server).build()?;
    let ca = given(arguments, "ca-cert").map(PathBuf::from);
    let ca = ca
        .map(|path| {
            path.canonicalize()
                .with_context(|| format!("the certificate {} cannot be read", path.display()))
        })
        .transpose()?;
    let token = read_token(&given(arguments, "token").unwrap_or_default())?;
    let mut profiles = Profiles::load()?;
    let name = given(arguments, "name").unwrap_or_default();
    profiles.put(&name, Profile { server, token, ca });
    profiles.save()
}

fn list() -> anyhow::Result<()> {
    let profiles = Profiles::load()?;
    let mut out = io::stdout().lock();
    for (name, profile, in_use) in profiles.iter() {
        let mark = if in_use { '*' } else { ' ' };
        writeln!(out, "{mark} {name}  {}", profile.server)?;
    }
    Ok(())
}

fn choose(arguments: &ArgMatches) -> anyhow::Result<()> {
    change(arguments, Profiles::choose)
}

fn remove(arguments: &ArgMatches) -> anyhow::Result<()> {
    change(arguments, Profiles::remove)
}

fn change(arguments: &ArgMatches, change: fn(&mut Profiles, &str) -> bool) -> anyhow::Result<()> {
    let name = given(arguments, "name").unwrap_or_default();
    let mut profiles = Profiles::load()?;
    if !change(&mut profiles, &name) {
        return Err(Misuse(format!(
            "there is no profile {name}: `moca profile list` lists them"
        ))
        .into());
    }
    profiles.save()
}
