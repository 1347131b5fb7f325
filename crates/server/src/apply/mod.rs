//! `moca apply` and `moca pull`: an account as files that can be kept in git.
//!
//! [`sources`] reads the files, [`account`] the account, [`wanted`] works out which object of the
//! account each document means and what it should be, [`mod@plan`] compares, [`mod@execute`] makes it so,
//! [`mod@pull`] writes files from an account. [`kinds`] is the table behind all of it, [`registry`] knows
//! objects by the names that files use.

mod account;
mod execute;
mod kinds;
mod plan;
mod pull;
mod query;
mod registry;
mod sources;
mod wanted;

pub(crate) use execute::execute;
pub(crate) use plan::{Action, Plan, Step};
pub(crate) use pull::pull;
pub(crate) use sources::{Faults, read};

use moca_client::Client;

use self::{account::Account, kinds::Described, registry::Registry, sources::Source};

/// Compares files with an account. With `prune`, what is not in the files is to be deleted, of the
/// kinds in the files and those named in `prune_kinds`.
pub(crate) async fn plan(
    client: &Client,
    sources: &[Source],
    prune: bool,
    prune_kinds: &[String],
) -> anyhow::Result<Plan> {
    let documents = wanted::sort(sources)?;
    let mut ranks: Vec<usize> = documents.iter().map(|document| document.rank).collect();
    if prune {
        ranks.extend(prune_kinds.iter().filter_map(|name| Described::rank(name)));
    }
    ranks.sort_unstable();
    ranks.dedup();
    let account = Account::read(client, &kinds::with_references(&ranks)).await?;
    let mut registry = Registry::of(&account);
    let wanted = wanted::resolve(&documents, &account, &mut registry)?;
    let prune = if prune { ranks } else { Vec::new() };
    Ok(plan::compare(wanted, &account, &prune, &registry))
}

/// The kinds that can be pruned.
pub(crate) fn kind_names() -> impl Iterator<Item = &'static str> {
    kinds::DESCRIBED.iter().map(|kind| kind.name)
}
