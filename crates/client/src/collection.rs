//! The one mechanism behind every managed resource.

use std::{fmt::Display, marker::PhantomData};

use moca_wire::problem::Code;
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{answer::Answer, call::Call, error::ClientError, manage::Client, query::Query};

/// Rounds of [`Collection::edit`] before it gives up against others who keep changing the object.
const EDIT_ROUNDS_MAX: u32 = 10;

/// All objects of one kind, for example `client.all::<Place>()`. `T` is an object as it is answered,
/// `I` what is sent to make or replace one; both are [`Value`] in [`Client::collection`].
pub struct Collection<T, I = Value> {
    client: Client,
    path: &'static str,
    kinds: PhantomData<fn(I) -> T>,
}

/// An object with its version.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The object.
    pub object: T,
    /// Its version, for `replace_if` and `delete_if`.
    pub etag: String,
}

impl<T: DeserializeOwned, I: Serialize> Collection<T, I> {
    pub(crate) fn new(client: Client, path: &'static str) -> Self {
        Self {
            client,
            path,
            kinds: PhantomData,
        }
    }

    fn call(&self, method: Method) -> Call {
        Call::new(method, self.path)
    }

    /// A question for some of the objects.
    pub fn query(&self) -> Query<T> {
        Query::new(self.client.clone(), self.path)
    }

    /// One object.
    pub async fn get(&self, id: impl Display) -> Result<Versioned<T>, ClientError> {
        let call = self.call(Method::GET).segment(id);
        versioned(&self.client.send(&call).await?)
    }

    /// Creates an object, under a fresh `Idempotency-Key`: repeats make no second one.
    pub async fn create(&self, input: &I) -> Result<Versioned<T>, ClientError> {
        let call = self.call(Method::POST).json(input)?;
        versioned(&self.client.send(&call).await?)
    }

    /// Creates an object under a key of yours: when a program that died in between comes back and
    /// sends the same again within 24 hours, it gets the object that it made before.
    pub async fn create_once(&self, input: &I, key: &str) -> Result<Versioned<T>, ClientError> {
        let call = self.call(Method::POST).json(input)?.idempotency_key(key);
        versioned(&self.client.send(&call).await?)
    }

    /// Replaces what a client may set of an object, whatever it was.
    pub async fn replace(&self, id: impl Display, input: &I) -> Result<Versioned<T>, ClientError> {
        let call = self.call(Method::PUT).segment(id).json(input)?;
        versioned(&self.client.send(&call).await?)
    }

    /// The same, only if the object is still the one with this `etag`; else [`ClientError::Conflict`]
    /// with code `stale_version`. If an attempt before broke off, that may be the trace of its own
    /// success.
    pub async fn replace_if(
        &self,
        id: impl Display,
        input: &I,
        etag: &str,
    ) -> Result<Versioned<T>, ClientError> {
        let call = self.call(Method::PUT).segment(id).json(input)?;
        versioned(&self.client.send(&call.if_match(Some(etag))).await?)
    }

    /// Reads an object, changes it and writes it back, again and again until nobody else changed it
    /// in between. `change` may thus run more than once.
    pub async fn edit(
        &self,
        id: impl Display,
        mut change: impl FnMut(&mut T),
    ) -> Result<Versioned<T>, ClientError>
    where
        T: Serialize,
    {
        let id = id.to_string();
        let mut round = 1;
        loop {
            let mut read = self.get(&id).await?;
            change(&mut read.object);
            // What the server owns may be sent back as it was read.
            let call = self.call(Method::PUT).segment(&id).json(&read.object)?;
            match self.client.send(&call.if_match(Some(&read.etag))).await {
                Err(ClientError::Conflict { problem })
                    if problem.code == Code::StaleVersion.as_str() && round < EDIT_ROUNDS_MAX =>
                {
                    round += 1;
                }
                outcome => return versioned(&outcome?),
            }
        }
    }

    /// Creates or replaces the object with your own id: a place, zone or beacon.
    pub async fn put_external(
        &self,
        external_id: &str,
        input: &I,
    ) -> Result<Versioned<T>, ClientError> {
        let call = self
            .call(Method::PUT)
            .segment("external")
            .segment(external_id)
            .json(input)?;
        versioned(&self.client.send(&call).await?)
    }

    /// Deletes an object; with `cascade` also its parts and what cannot be without it. It is done
    /// as well if a repeat finds the object gone after an attempt whose answer was lost.
    pub async fn delete(&self, id: impl Display, cascade: bool) -> Result<(), ClientError> {
        self.delete_matching(id, cascade, None).await
    }

    /// The same, only if the object is still the one with this `etag`.
    pub async fn delete_if(
        &self,
        id: impl Display,
        cascade: bool,
        etag: &str,
    ) -> Result<(), ClientError> {
        self.delete_matching(id, cascade, Some(etag)).await
    }

    async fn delete_matching(
        &self,
        id: impl Display,
        cascade: bool,
        etag: Option<&str>,
    ) -> Result<(), ClientError> {
        let mut call = self.call(Method::DELETE).segment(id).if_match(etag);
        if cascade {
            call = call.query("cascade", true);
        }
        self.client.send(&call).await.map(|_| ())
    }

    /// An action without a body, for example `start` of a campaign.
    pub async fn act(&self, id: impl Display, action: &str) -> Result<T, ClientError> {
        let call = self.call(Method::PUT).segment(id).segment(action);
        self.client.send(&call).await?.json()
    }
}

fn versioned<T: DeserializeOwned>(answer: &Answer) -> Result<Versioned<T>, ClientError> {
    Ok(Versioned {
        object: answer.json()?,
        // Every answer with one object has it; without, nothing would match.
        etag: answer.etag.clone().unwrap_or_default(),
    })
}
