//! Which server a command talks to, and as whom: flags, then the environment, then a profile.

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Arg, ArgMatches};
use moca_client::Client;

use super::{exit::Misuse, given};
use crate::profiles::{Profile, Profiles};

/// The server unless another is named.
const SERVER_DEFAULT: &str = "https://localhost:8443";
/// Where the first start of a server in this directory left its token.
const TOKEN_FILE_DEFAULT: &str = "moca-data/first-token";

/// The variables of the command line; a server ignores them.
pub(crate) const VARIABLES: [&str; 4] = ["MOCA_URL", "MOCA_TOKEN", "MOCA_CA_CERT", "MOCA_PROFILE"];

/// The arguments of every command that talks to a server.
pub(crate) fn arguments() -> [Arg; 4] {
    [
        Arg::new("profile")
            .long("profile")
            .value_name("NAME")
            .global(true)
            .help("The server and token kept under this name [env: MOCA_PROFILE]"),
        Arg::new("server")
            .long("server")
            .value_name("URL")
            .global(true)
            .help("The server [env: MOCA_URL] [default: https://localhost:8443]"),
        Arg::new("token-file")
            .long("token-file")
            .value_name("FILE")
            .global(true)
            .help(
                "File with the token, - for standard input [env: MOCA_TOKEN holds the token \
                 itself] [default: moca-data/first-token]",
            ),
        Arg::new("ca")
            .long("ca")
            .value_name("FILE")
            .global(true)
            .help(
                "Trust these certificates only (PEM) [env: MOCA_CA_CERT] [default: tls/cert.pem \
                 beside the token file, if it is there]",
            ),
    ]
}

/// What a command talks to.
struct Target {
    server: String,
    token: String,
    ca: Option<PathBuf>,
}

/// The client that the arguments, the environment or a profile describe.
pub(crate) fn client(arguments: &ArgMatches) -> anyhow::Result<Client> {
    let target = target(arguments)?;
    let mut builder = Client::builder(&target.server)
        .token(target.token)
        .user_agent(concat!("moca/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = target.ca {
        let pem = fs::read(&path)
            .with_context(|| format!("the certificate {} cannot be read", path.display()))?;
        builder = builder.trust_pem(pem);
    }
    Ok(builder.build()?)
}

fn target(arguments: &ArgMatches) -> anyhow::Result<Target> {
    let profile = profile(arguments)?;
    let token_file = given(arguments, "token-file");
    let from_file = |path: &str| -> anyhow::Result<(String, Option<PathBuf>)> {
        let beside = Path::new(path).with_file_name("tls/cert.pem");
        Ok((read_token(path)?, beside.exists().then_some(beside)))
    };
    let (token, beside) = match (token_file, variable("MOCA_TOKEN"), &profile) {
        (Some(path), ..) => from_file(&path)?,
        (None, Some(token), _) => (token, None),
        (None, None, Some(profile)) => (profile.token.clone(), None),
        (None, None, None) if Path::new(TOKEN_FILE_DEFAULT).exists() => {
            from_file(TOKEN_FILE_DEFAULT)?
        }
        (None, None, None) => {
            return Err(Misuse(format!(
                "there is no token: set MOCA_TOKEN, give --token-file, or keep one with \
                 `moca profile add` ({TOKEN_FILE_DEFAULT} is not here either)"
            ))
            .into());
        }
    };
    let of_profile = profile.as_ref();
    let server = given(arguments, "server")
        .or_else(|| variable("MOCA_URL"))
        .or_else(|| Some(of_profile?.server.clone()))
        .unwrap_or_else(|| SERVER_DEFAULT.to_owned());
    let ca = given(arguments, "ca")
        .or_else(|| variable("MOCA_CA_CERT"))
        .map(PathBuf::from)
        .or_else(|| of_profile?.ca.clone())
        .or(beside);
    Ok(Target { server, token, ca })
}

/// The profile that is named, or else the one in use unless the environment says everything.
fn profile(arguments: &ArgMatches) -> anyhow::Result<Option<Profile>> {
    let named = given(arguments, "profile").or_else(|| variable("MOCA_PROFILE"));
    let profiles = Profiles::load()?;
    match named {
        Some(name) => match profiles.get(&name) {
            Some(profile) => Ok(Some(profile.clone())),
            None => Err(Misuse(format!(
                "there is no profile {name}: `moca profile list` lists them"
            ))
            .into()),
        },
        None => Ok(profiles.in_use().cloned()),
    }
}

fn variable(name: &str) -> Option<String> {
    debug_assert!(VARIABLES.contains(&name));
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The token in a file, or on standard input.
pub(crate) fn read_token(path: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("no token came on standard input")?;
    } else {
        text = fs::read_to_string(path)
            .with_context(|| format!("the token file {path} cannot be read"))?;
    }
    let token = text.trim();
    if token.is_empty() {
        return Err(Misuse(format!("{path} holds no token")).into());
    }
    Ok(token.to_owned())
}
