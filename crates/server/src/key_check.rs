//! Whether the key is the one that the secrets in the store were sealed with.
//!
//! A server with another key would serve, and fail at everything sealed: apps could not be listed,
//! devices could not register. So the first start seals a value that is known, and every start opens it.

use std::path::Path;

use anyhow::{Context, bail};
use moca_api::{seal::Sealer, secret};
use moca_core::{app::App, clock::Random};
use moca_storage::control::{Control, Tx};

const CONTEXT: &[u8] = b"key check";
const VALUE: &[u8] = b"the key of this store";

/// Refuses a key that does not open what is in the store; `path` is where it was read.
pub(crate) async fn check(
    control: &Control,
    sealer: &Sealer,
    random: &dyn Random,
    path: &Path,
) -> anyhow::Result<()> {
    let mut tx = control.write().await?;
    if !opens(&mut tx, sealer).await? {
        bail!(
            "{} is not the key that the secrets in the control store were sealed with: restore the right \
             one from the data directory of the server that first used this store, or say with \
             --secret-key-file where it is. Servers that share a database share its key",
            path.display()
        );
    }
    if tx.key_check().await?.is_none() {
        let sealed = sealer.seal(random, CONTEXT, VALUE);
        tx.keep_key_check(&sealed.context("nothing can be sealed")?)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn opens(tx: &mut Tx, sealer: &Sealer) -> anyhow::Result<bool> {
    if let Some(sealed) = tx.key_check().await? {
        return Ok(sealer.open(CONTEXT, &sealed).is_ok());
    }
    // A store from before this check: the secret of an app tells as well.
    let apps: Vec<App> = tx.all(None, 1).await?;
    Ok(apps
        .iter()
        .all(|app| secret::open_app_secret(sealer, app.id(), &app.sealed_secret).is_ok()))
}
