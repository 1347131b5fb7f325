//! Everything a call can end in besides success.

use std::error::Error;

use moca_core::{
    id::IdError,
    limits::{FAULTS_MAX, NEAR_CANDIDATES_MAX},
    resource::Kind,
};
use moca_engine::{EngineError, estate::Refusal};
use moca_storage::{StorageError, control::Reference};
use moca_wire::{
    fault::FaultCode,
    problem::{Code, Fault, Named, Problem},
};

/// Why a call was not done; becomes a problem body.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client is told all of it.
    #[error("{detail}")]
    Refused {
        /// The stable code.
        code: Code,
        /// A sentence that says what to do.
        detail: String,
        /// All faults of a body, or users of a resource.
        errors: Vec<Fault>,
        /// How many users the resource has.
        users_total: Option<i64>,
        /// The verbs of the path, for a verb it does not have.
        allow: Option<String>,
        /// The `error` of RFC 6749, at `/oauth/token`.
        oauth_error: Option<&'static str>,
    },
    /// Our fault: the client is told the request id only, the log has the cause.
    #[error("{doing}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A handler panicked; where and why was logged when it did.
    #[error("a handler panicked")]
    Panicked,
}

impl Failure {
    /// A refusal with this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::Refused {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            users_total: None,
            allow: None,
            oauth_error: None,
        }
    }

    /// Our fault, with its cause.
    pub fn internal(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal {
            doing,
            source: source.into(),
        }
    }

    /// There is no such object in this account.
    pub fn not_found(kind: Kind) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no {} with this id in this account.", kind.noun()),
        )
    }

    /// The body was read and has these faults.
    pub fn invalid(errors: Vec<Fault>) -> Self {
        Self::new(
            Code::ValidationFailed,
            "Repair the fields listed in errors and send the body again.",
        )
        .with_errors(errors)
    }

    /// The state of the object does not allow the call.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Code::StateConflict, detail)
    }

    /// A unique value is taken; `field` is its API name, for example `config.externalId`.
    pub fn taken(field: &str) -> Self {
        Self::new(
            Code::AlreadyExists,
            format!("Choose another {field}: this one is taken by another object."),
        )
        .with_errors(vec![Fault::taken(field)])
    }

    /// The object cannot be deleted because others refer to it: these, and so many in all.
    pub fn in_use(kind: Kind, users: &[Reference], total: i64) -> Self {
        let named = |user: &Reference| {
            let detail = format!("{} {} ({})", user.kind.noun(), user.id, user.name);
            let mut fault = Fault::new("", FaultCode::InUse, detail);
            fault.object = Some(Named {
                kind: user.kind,
                id: user.id,
                name: user.name.clone(),
            });
            fault
        };
        let errors = users.iter().map(named).collect();
        let mut failure = Self::new(
            Code::InUse,
            format!(
                "Delete or change what refers to this {} first, or repeat with ?cascade=true.",
                kind.noun()
            ),
        )
        .with_errors(errors);
        if let Self::Refused { users_total, .. } = &mut failure {
            *users_total = Some(total);
        }
        failure
    }

    /// The same, as there are so many instances of the app too.
    #[must_use]
    pub fn with_instances(self, count: i64) -> Self {
        let how = "erase them first, or with the app by ?cascade=true";
        self.with_others(count, ["instance of devices", "instances of devices"], how)
    }

    /// The same, as there are so many of something else that has no name; `how` says what to do.
    #[must_use]
    pub fn with_others(mut self, count: i64, [one, many]: [&str; 2], how: &str) -> Self {
        if let Self::Refused {
            errors,
            users_total,
            ..
        } = &mut self
            && count > 0
        {
            let noun = if count == 1 { one } else { many };
            let detail = format!("{count} {noun}: {how}");
            errors.insert(0, Fault::new("", FaultCode::InUse, detail));
            errors.truncate(FAULTS_MAX);
            *users_total = Some(users_total.unwrap_or(0) + count);
        }
        self
    }

    /// The same with faults or users of a resource.
    #[must_use]
    pub fn with_errors(mut self, faults: Vec<Fault>) -> Self {
        if let Self::Refused { errors, .. } = &mut self {
            *errors = faults;
        }
        self
    }

    /// The same with the `error` of RFC 6749.
    #[must_use]
    pub(crate) fn with_oauth_error(mut self, error: &'static str) -> Self {
        if let Self::Refused { oauth_error, .. } = &mut self {
            *oauth_error = Some(error);
        }
        self
    }

    /// The verb is not one of those the path has.
    pub(crate) fn method_not_allowed(verbs: String) -> Self {
        Self::Refused {
            code: Code::MethodNotAllowed,
            detail: format!("Use one of {verbs}."),
            errors: Vec::new(),
            users_total: None,
            allow: Some(verbs),
            oauth_error: None,
        }
    }

    /// The body a client sees.
    pub fn problem(&self, request_id: &str) -> Problem {
        let code = self.code();
        let (detail, errors, users_total) = match self {
            Self::Refused {
                detail,
                errors,
                users_total,
                ..
            } => (detail.clone(), errors.clone(), *users_total),
            Self::Internal { .. } | Self::Panicked => (
                "The fault is ours: the log has more under the requestId.".to_owned(),
                Vec::new(),
                None,
            ),
        };
        Problem {
            errors,
            users_total,
            ..Problem::new(code, detail, request_id)
        }
    }

    /// The code a client sees.
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Internal { .. } | Self::Panicked => Code::Internal,
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict { field } => Self::taken(field),
            StorageError::Stale => Self::new(
                Code::StaleVersion,
                "The object changed meanwhile: read it again and repeat.",
            ),
            StorageError::QuotaExceeded { kind, limit, used } => Self::new(
                Code::QuotaExceeded,
                format!(
                    "This account has {used} of at most {limit} objects of kind {}: delete some, \
                     or ask the operator of this server for more.",
                    kind.noun()
                ),
            ),
            StorageError::RegionTooFull => Self::new(
                Code::InvalidParameter,
                format!(
                    "near: more than {NEAR_CANDIDATES_MAX} places lie about there. Use a smaller \
                     radius, or narrow the list by other parameters."
                ),
            ),
            StorageError::Closed => Self::new(Code::Unavailable, "The server is stopping."),
            other => Self::internal("the control store failed", other),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(faults) => Self::invalid(faults),
            Refusal::Seal(error) => Self::internal("a secret cannot be sealed", error),
            Refusal::Storage(error) => error.into(),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Overloaded => Self::new(
                Code::Overloaded,
                "The event pipeline is behind: repeat after Retry-After seconds.",
            ),
            EngineError::Stopping => Self::new(Code::Unavailable, "The server is stopping."),
            EngineError::Erased => Self::new(
                Code::NotAuthenticated,
                "This instance was erased: register again.",
            ),
            EngineError::Storage(error) => error.into(),
        }
    }
}

impl From<IdError> for Failure {
    fn from(_: IdError) -> Self {
        Self::new(Code::NotFound, "There is nothing with this id.")
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self::invalid(faults)
    }
}
