//! `moca instances export`, `moca users export`: all that is held on somebody.

use clap::{ArgMatches, Command};
use moca_client::Client;
use moca_core::id::Id;

use super::{flag, id_argument};
use crate::cli::{
    download,
    exit::{self, Misuse},
    given,
    kinds::Kind,
};

pub(super) fn export_command(kind: &'static Kind) -> Command {
    Command::new("export")
        .about(format!(
            "Give out all that is held on one {}, as a JSON document",
            kind.singular
        ))
        .after_help(exit::CODES)
        .arg(id_argument(kind))
        .args(kind.of.iter().map(flag))
        .arg(download::file())
}

pub(super) async fn export(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let id = given(arguments, "id").unwrap_or_default();
    let file = match kind.plural {
        "users" => {
            let app = given(arguments, "app").unwrap_or_default();
            client.export_user(read(&app)?.into(), &id).await?
        }
        _ => client.export_instance(read(&id)?.into()).await?,
    };
    download::save(file, download::path(arguments).as_deref()).await
}

fn read(text: &str) -> Result<Id, Misuse> {
    let id = text.parse();
    id.map_err(|error| Misuse(format!("{text}: {error}")))
}
