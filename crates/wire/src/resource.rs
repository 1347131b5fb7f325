//! What the managed resources have in common.

use serde::{Serialize, de::DeserializeOwned};

/// A managed resource as the API answers it.
pub trait Resource: Serialize + DeserializeOwned {
    /// The path of its collection.
    const PATH: &'static str;
    /// What a client sends to create one, or to replace what a client may set of one.
    type Input: Serialize;
}
