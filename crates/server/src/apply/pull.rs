//! Writes files from an account, such that applying them changes nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use moca_client::Client;
use serde_json::{Value, json};

use super::{
    account::{Account, Live},
    kinds::{DESCRIBED, Identity, Reference},
    plan,
    query::{self, QUERY},
    registry::{Key, Known, Registry},
    sources,
};
use crate::yaml;

/// Writes a file for each kind into a folder, and says how many objects they describe. Files of an
/// earlier pull are replaced; any others with documents are in the way.
pub(crate) async fn pull(client: &Client, folder: &Path) -> anyhow::Result<usize> {
    let ranks: Vec<usize> = (0..DESCRIBED.len()).collect();
    let ours: Vec<PathBuf> = ranks.iter().map(|rank| file(folder, *rank)).collect();
    if folder.exists() {
        let others = sources::files(folder)?;
        if let Some(other) = others.iter().find(|path| !ours.contains(path)) {
            bail!(
                "{} is there already and might describe the same objects: pull into an empty folder",
                other.display()
            );
        }
    }
    let account = Account::read(client, &ranks).await?;
    let registry = Registry::of(&account);
    require_unique(&account, &registry)?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (rank, path) in ranks.iter().zip(&ours) {
        let objects = account.objects.iter().filter(|live| live.rank == *rank);
        let mut documents: Vec<(Key, String)> = Vec::new();
        for live in objects {
            documents.push((sort_key(live, &registry), document(live, &registry)?));
        }
        // The order of ids would be that of creation, and differ from account to account.
        documents.sort();
        let text: String = documents.into_iter().map(|(_, text)| text).collect();
        if text.is_empty() {
            remove(path)?;
        } else {
            fs::write(path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(account.objects.len())
}

/// `Label` goes to `labels.yaml`.
fn file(folder: &Path, rank: usize) -> PathBuf {
    let path = DESCRIBED[rank].path;
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    folder.join(format!("{name}.yaml"))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

fn sort_key(live: &Live, registry: &Registry) -> Key {
    match Known::of(live.rank, &live.body).identity() {
        Key::Name(Some(parent), name) => Key::Name(Some(registry.title(&parent)), name),
        key => key,
    }
}

/// Two objects of one identity could not be told apart when the files are applied.
fn require_unique(account: &Account, registry: &Registry) -> anyhow::Result<()> {
    let mut seen = BTreeMap::new();
    let mut twice = Vec::new();
    for live in &account.objects {
        let key = (live.rank, Known::of(live.rank, &live.body).identity());
        if let Some(first) = seen.insert(key, &live.id) {
            let title = registry.title(&live.id);
            twice.push(format!("\n  {title}: {first} and {}", live.id));
        }
    }
    if !twice.is_empty() {
        bail!(
            "files cannot tell these apart: rename one of each{}",
            twice.concat()
        );
    }
    Ok(())
}

fn document(live: &Live, registry: &Registry) -> anyhow::Result<String> {
    let kind = &DESCRIBED[live.rank];
    let mut body = live.body.clone();
    let mut fields = vec![("kind", json!(kind.name))];
    let external = kind.identity != Identity::Name;
    let identifying: &[&str] = if external && registry_has_external(live, registry) {
        &["externalId"]
    } else {
        &["name"]
    };
    for &name in identifying {
        let config = body.get_mut("config").and_then(Value::as_object_mut);
        if let Some(value) = config.and_then(|config| config.remove(name)) {
            fields.push((name, value));
        }
    }
    if let Some(parent) = kind.parent
        && let Some(id) = body.get(parent.id).and_then(Value::as_str)
    {
        fields.push((parent.field, registry.reference(id)));
    }
    if kind.runs
        && let Some(status) = plan::status(&live.object)
    {
        fields.push(("status", json!(status)));
    }
    for reference in kind.references {
        name_references(reference, &mut body, registry);
    }
    if let Some(text) = body.pointer_mut(QUERY) {
        *text = query::map(text, &mut |id| registry.text_of(id).map(str::to_owned));
    }
    for &part in kind.parts {
        if let Some(value) = body.get(part) {
            fields.push((part, value.clone()));
        }
    }
    Ok(yaml::write(&fields)?)
}

fn registry_has_external(live: &Live, registry: &Registry) -> bool {
    registry
        .known(&live.id)
        .is_some_and(|known| known.external_id.is_some())
}

fn name_references(reference: &Reference, body: &mut Value, registry: &Registry) {
    let fields = body
        .pointer_mut(reference.at)
        .and_then(Value::as_object_mut);
    let Some(fields) = fields else {
        return;
    };
    let Some(id) = fields.remove(reference.id) else {
        return;
    };
    let named = |id: &Value| id.as_str().map_or(id.clone(), |id| registry.reference(id));
    let named = match &id {
        Value::Array(ids) => ids.iter().map(named).collect(),
        id => named(id),
    };
    fields.insert(reference.field.to_owned(), named);
}
