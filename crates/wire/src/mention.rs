//! Bodies that name other objects.

use moca_core::{
    id::{AccountId, AppId, Id},
    resource::{Frame, Kind, ManagedId},
};
use serde::Serialize;
use serde_json::Value;

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
    /// Fields that the server owns, as they were sent.
    owned: Vec<(&'static str, Value)>,
}

impl<T> Body<T> {
    pub(crate) const fn new(
        value: Option<T>,
        faults: Faults,
        mentions: Vec<Mention>,
        owned: Vec<(&'static str, Value)>,
    ) -> Self {
        Self {
            value,
            faults,
            mentions,
            owned,
        }
    }

    /// Says that the body is for this object: what never changes of it may be sent back only as it
    /// is. `updatedAt` and its like are passed over, since a copy may be older than the object.
    pub fn of(self, kind: Kind, frame: &Frame) -> Self {
        const HOW: &str = "never changes: leave it out or send it as it was answered";
        self.unchanged(&format!("{}Id", kind.word()), &frame.id, HOW)
            .unchanged("createdAt", &frame.created_at, HOW)
            .in_account(frame.account_id)
    }

    /// Says whose account the body is for: it may name that or none.
    pub fn in_account(self, account_id: AccountId) -> Self {
        let how = "is that of the token: leave it out or send it as it was answered";
        self.unchanged("accountId", &account_id, how)
    }

    /// Notes a fault if the server's own field `key` was sent with another value than this; `how`
    /// follows its name in the sentence.
    pub fn unchanged(self, key: &str, current: &impl Serialize, how: &str) -> Self {
        self.one_of(key, &[current], how)
    }

    /// The same for a field that changes by itself as time passes: any of the values that it had since the
    /// object was last changed.
    pub fn one_of(mut self, key: &str, values: &[impl Serialize], how: &str) -> Self {
        let Some(at) = self.owned.iter().position(|(name, _)| *name == key) else {
            return self;
        };
        let (_, sent) = self.owned.swap_remove(at);
        let mut values = values.iter().map(serde_json::to_value);
        if !values.any(|value| value.is_ok_and(|value| is_same(&value, &sent))) {
            let detail = format!("{key} {how}");
            self.faults
                .push(format!("/{key}"), FaultCode::Immutable, detail);
        }
        self
    }

    /// The value as far as it could be read, whatever its faults: for who has to ask elsewhere whether what
    /// it names is there.
    pub fn so_far(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The same with more faults.
    pub fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        for fault in faults {
            self.faults.push_as(fault.pointer.clone(), fault);
        }
        self
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

/// Whether two values say the same: a number may be written `1` and `1.0`.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            let mut pairs = left.iter().zip(right);
            left.len() == right.len() && pairs.all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let is_there = |(key, value)| right.get(key).is_some_and(|it| is_same(value, it));
            left.len() == right.len() && left.iter().all(is_there)
        }
        _ => left == right,
    }
}
