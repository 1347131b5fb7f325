//! Bodies that name other objects.

use moca_core::{
    id::{AppId, Id},
    resource::{Kind, ManagedId},
};

use crate::{
    fault::{FaultCode, Faults},
    problem::Fault,
};

/// An id in a body: what kind of object it must name, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The kind.
    pub kind: Kind,
    /// The id.
    pub id: Id,
    /// The app it must be of, if it is a part of one.
    pub app_id: Option<AppId>,
    /// JSON pointer to it.
    pub pointer: String,
}

impl Mention {
    /// The object `id` stands at `pointer`.
    pub fn new<T: ManagedId>(id: T, pointer: String) -> Self {
        Self {
            kind: T::KIND,
            id: id.into(),
            app_id: None,
            pointer,
        }
    }
}

/// A body as it was read. Its value is had from [`Body::settle`] only, so that faults of its form
/// and mentions of what does not exist are told together.
#[derive(Debug)]
#[must_use]
pub struct Body<T> {
    value: Option<T>,
    faults: Faults,
    mentions: Vec<Mention>,
}

impl<T> Body<T> {
    pub(crate) const fn new(value: Option<T>, faults: Faults, mentions: Vec<Mention>) -> Self {
        Self {
            value,
            faults,
            mentions,
        }
    }

    /// The objects it mentions, as far as their ids could be read.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }

    /// The value, or all faults: those of the form, then the mentions of what does not exist.
    pub fn settle(mut self, exists: impl Fn(&Mention) -> bool) -> Result<T, Vec<Fault>> {
        for mention in self.mentions.iter().filter(|mention| !exists(mention)) {
            let noun = mention.kind.noun();
            let whole = match mention.app_id {
                Some(_) => "app",
                None => "account",
            };
            let detail = format!("there is no {noun} with this id in this {whole}");
            self.faults
                .push(&mention.pointer, FaultCode::NotFound, detail);
        }
        match self.value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(self.faults.into_vec()),
        }
    }

    /// What can be said of the body by itself: for bodies that mention nothing, and where there is
    /// no store to ask.
    pub fn by_itself(self) -> Result<T, Vec<Fault>> {
        self.settle(|_| true)
    }
}
