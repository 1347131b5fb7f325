//! What a team has (places, zones, beacons) and the one way to change it; for segments, whether they
//! fit each other.
//!
//! A POST, a PUT, an item of a batch and a line of an import all end here, so there is one set of
//! rules: a body is read by `moca-wire`, what it mentions has to exist ([`mentions`]), and the store
//! holds what is unique. [`many`] does the same for a thousand bodies with few statements.

mod beacons;
pub(crate) mod incoming;
mod many;
mod mentions;
mod places;
pub(crate) mod portable;
mod segments;
mod zones;

use moca_core::{
    clock::{Random, new_id},
    id::{AccountId, Id},
    resource::Frame,
};
use moca_storage::{
    StorageError,
    control::{Stored, Tx},
};
use moca_wire::{fault::FaultCode, mention::Body, problem::Fault, secret::Secret};
use serde_json::Value;

pub use many::{Done, store_many};
pub use mentions::accept;
pub use portable::Bulk;
pub use segments::{check_segment, question, segment_fits, segments_of};

use crate::seal::{self, SealError, Sealer};

/// Who makes a change, and when.
#[derive(Clone, Copy)]
pub struct Author<'a> {
    /// The account it is made in.
    pub account_id: AccountId,
    /// The server's time, ms since 1970.
    pub now_ms: i64,
    /// Where ids come from.
    pub random: &'a dyn Random,
    /// What seals secrets; `None` where none are taken.
    pub sealer: Option<&'a Sealer>,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body has these faults.
    #[error("the body has faults")]
    Invalid(Vec<Fault>),
    /// A unique value is taken, the object changed meanwhile, or the store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A secret cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// An object with an `externalId` that can be made and replaced by a body.
pub trait Managed: Stored + Clone {
    /// What a body sets.
    type Input: Send + Sync;

    /// Reads a body; that of a PUT when there is a `current` object, with the `externalId` that
    /// stands in its path.
    fn read_body(
        body: &Value,
        current: Option<&Self>,
        external_id: Option<&str>,
    ) -> Body<Self::Input>;
    /// The id.
    fn id(&self) -> Id {
        self.frame().id
    }
    /// The customer's own id.
    fn external_id(&self) -> Option<&str>;
    /// The object with this frame that the body describes, in the place of the `current` one.
    fn make(
        author: Author<'_>,
        frame: Frame,
        input: Self::Input,
        current: Option<&Self>,
    ) -> Result<Self, Refusal>;
    /// Whether a body would change nothing.
    fn is_as(&self, author: Author<'_>, input: &Self::Input) -> bool;
}

impl Author<'_> {
    /// A new id for something made now.
    pub fn new_id(&self) -> Id {
        new_id(self.now_ms, self.random)
    }

    /// The frame of an object that is made.
    pub fn new_frame(&self) -> Frame {
        self.frame_of(self.new_id())
    }

    /// Seals a secret for a field of the object with this frame; `pointer` is where it stands.
    fn seal(&self, frame: &Frame, pointer: &str, secret: &Secret) -> Result<Vec<u8>, Refusal> {
        let Some(sealer) = self.sealer else {
            let detail = "secrets are not taken here: send it with a PUT of the object";
            let fault = Fault::new(pointer, FaultCode::NotAllowed, detail);
            return Err(Refusal::Invalid(vec![fault]));
        };
        let context = seal::context(frame.account_id, frame.id, pointer);
        Ok(sealer.seal(self.random, &context, secret.expose().as_bytes())?)
    }

    /// Whether this is what a secret was sealed to by [`Author::seal`].
    fn is_sealed(&self, frame: &Frame, pointer: &str, sealed: &[u8], secret: &Secret) -> bool {
        let context = seal::context(frame.account_id, frame.id, pointer);
        let opened = self.sealer.map(|sealer| sealer.open(&context, sealed));
        matches!(opened, Some(Ok(plain)) if plain == secret.expose().as_bytes())
    }

    fn frame_of(&self, id: Id) -> Frame {
        Frame {
            account_id: self.account_id,
            id,
            created_at: self.now_ms,
            updated_at: self.now_ms,
            revision: 1,
        }
    }

    /// The frame of an object that is changed.
    pub fn next_frame(&self, frame: &Frame) -> Frame {
        Frame {
            updated_at: self.now_ms.max(frame.updated_at),
            revision: frame.revision + 1,
            ..frame.clone()
        }
    }
}

/// Makes an object.
pub async fn insert<R: Managed>(
    tx: &mut Tx,
    author: Author<'_>,
    body: Body<R::Input>,
) -> Result<R, Refusal> {
    let input = accept(tx, author.account_id, body).await?;
    let object = R::make(author, author.new_frame(), input, None)?;
    tx.insert(&object).await?;
    Ok(object)
}

/// Replaces what a client may set of an object.
pub async fn replace<R: Managed>(
    tx: &mut Tx,
    author: Author<'_>,
    current: &R,
    body: Body<R::Input>,
) -> Result<R, Refusal> {
    let body = body.of(R::KIND, current.frame());
    let input = accept(tx, author.account_id, body).await?;
    let frame = author.next_frame(current.frame());
    let object = R::make(author, frame, input, Some(current))?;
    tx.replace(&object).await?;
    Ok(object)
}
