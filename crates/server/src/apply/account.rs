//! What an account holds of the kinds that matter.

use moca_client::Client;
use serde_json::{Map, Value};

use super::kinds::{DESCRIBED, Described, without};

/// An object as it is in the account.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(super) rank: usize,
    pub(super) id: String,
    /// The whole of it.
    pub(super) object: Value,
    /// What a client sets, with the parent.
    pub(super) body: Value,
}

/// The objects of an account, by the rank of their kind.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) objects: Vec<Live>,
}

impl Account {
    /// Lists all objects of these kinds.
    pub(super) async fn read(client: &Client, ranks: &[usize]) -> anyhow::Result<Self> {
        let mut objects = Vec::new();
        for &rank in ranks {
            let kind = &DESCRIBED[rank];
            let query = client.collection(kind.path).query().page_size(1_000);
            for object in query.to_vec().await? {
                objects.push(Live::new(rank, object)?);
            }
        }
        Ok(Self { objects })
    }
}

impl Live {
    pub(super) fn new(rank: usize, object: Value) -> anyhow::Result<Self> {
        let kind = &DESCRIBED[rank];
        let id = object.get(kind.id).and_then(Value::as_str);
        let id = id.ok_or_else(|| {
            anyhow::anyhow!("the server listed a {} without {}", kind.name, kind.id)
        })?;
        Ok(Self {
            rank,
            id: id.to_owned(),
            body: body_of(kind, &object),
            object,
        })
    }
}

/// The part of an object that a client sets.
pub(super) fn body_of(kind: &Described, object: &Value) -> Value {
    let parent = kind.parent.iter().map(|parent| parent.id);
    let parts = parent.chain(kind.parts.iter().copied());
    let fields = parts.filter_map(|part| Some((part.to_owned(), object.get(part)?.clone())));
    without(Value::Object(fields.collect::<Map<_, _>>()), kind.owned)
}
