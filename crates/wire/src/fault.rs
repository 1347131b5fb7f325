//! The faults of a body: their codes, and the list they are collected in.

use moca_core::limits::FAULTS_MAX;

use crate::problem::Fault;

macro_rules! fault_codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        /// The stable codes inside `errors` of an error answer; one public table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaultCode { $($(#[doc = $doc])* $name,)* }

        impl FaultCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands in the body.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*),)* }
            }
        }
    };
}

fault_codes! {
    /// The field must be given.
    Required = "required";
    /// The value has another JSON type than expected.
    WrongType = "wrong_type";
    /// The text is empty or blank, or the list has too few items.
    TooShort = "too_short";
    /// The text, list or map is longer than the limit.
    TooLong = "too_long";
    /// The number is outside its limits.
    OutOfRange = "out_of_range";
    /// The text does not have the form expected.
    InvalidFormat = "invalid_format";
    /// The rings of the polygon do not make a shape: one is open or crosses itself, or they overlap.
    InvalidShape = "invalid_shape";
    /// The value is none of those allowed.
    UnknownValue = "unknown_value";
    /// There is no such field.
    UnknownField = "unknown_field";
    /// The value stands there more than once.
    NotUnique = "not_unique";
    /// The object referred to does not exist in this account.
    NotFound = "not_found";
    /// The object refers to itself, directly or through others.
    Cycle = "cycle";
    /// The field is not taken in this way.
    NotAllowed = "not_allowed";
    /// The value cannot change once the object exists.
    Immutable = "immutable";
    /// The value does not go with another one that was sent.
    Mismatch = "mismatch";
    /// The certificate is not valid at this time.
    Expired = "expired";
    /// Another object has this unique value.
    Taken = "taken";
    /// The row of a file cannot be read.
    Malformed = "malformed";
    /// The account has as many objects of this kind as it may.
    QuotaExceeded = "quota_exceeded";
    /// The object named still refers to the one to be deleted.
    InUse = "in_use";
    /// The campaign has nothing to fire.
    NoExperience = "no_experience";
    /// The campaign is of type `Push` and has no notification to send.
    NothingToSend = "nothing_to_send";
    /// The campaign's type does not go with its experiences or notifications.
    WrongCampaignType = "wrong_campaign_type";
    /// The query of the campaign's segment cannot be evaluated.
    SegmentUnfit = "segment_unfit";
    /// The campaign's end has passed.
    Ended = "ended";
    /// The status does not allow the action.
    WrongStatus = "wrong_status";
}

impl Fault {
    /// One fault.
    pub fn new(pointer: impl Into<String>, code: FaultCode, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.as_str().to_owned(),
            detail: detail.into(),
            object: None,
        }
    }

    /// Another object has the value of this field; `field` is its API name, for example
    /// `config.externalId`. What is unique together is named by the first of its fields.
    pub fn taken(field: &str) -> Self {
        let (first, _) = field.split_once(',').unwrap_or((field, ""));
        let pointer = format!("/{}", first.replace('.', "/"));
        Self::new(pointer, FaultCode::Taken, "another object has this value")
    }
}

/// The faults found so far, at most [`FAULTS_MAX`].
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// No faults yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault, unless the list is full.
    pub fn push(&mut self, pointer: impl Into<String>, code: FaultCode, detail: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault::new(pointer, code, detail));
        }
    }

    /// Notes a fault found elsewhere, at this pointer.
    pub fn push_as(&mut self, pointer: String, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault { pointer, ..fault });
        }
    }

    /// True if nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}
