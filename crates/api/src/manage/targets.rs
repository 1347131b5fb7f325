//! Push credentials: what is shown of those that were sent, and what is sealed.

use moca_core::{
    id::TargetId,
    resource::Frame,
    target::{Credential, KeptTarget, Target, TargetSecrets},
};
use moca_wire::{
    credentials::VapidPair,
    targets::{CredentialInput, TargetInput},
};

use crate::{call::Call, failure::Failure, seal};

/// The targets of the app with this frame, when these were sent and `current` ones are there.
pub(super) fn make(
    call: &Call,
    frame: &Frame,
    inputs: Vec<TargetInput>,
    current: &[KeptTarget],
) -> Result<Vec<KeptTarget>, Failure> {
    let make = |input: TargetInput| {
        let before = current
            .iter()
            .find(|kept| Some(kept.target.target_id) == input.target_id);
        make_one(call, frame, input, before)
    };
    inputs.into_iter().map(make).collect()
}

fn make_one(
    call: &Call,
    frame: &Frame,
    input: TargetInput,
    before: Option<&KeptTarget>,
) -> Result<KeptTarget, Failure> {
    let target_id = before.map_or_else(|| TargetId(call.new_id()), |kept| kept.target.target_id);
    let shown_before = before.map(|kept| &kept.target.credential);
    let (credential, secrets) = credential(input.credential, shown_before)?;
    let target = |updated_at| Target {
        target_id,
        updated_at,
        credential: credential.clone(),
    };
    match (secrets, before) {
        (Some(secrets), _) => Ok(KeptTarget {
            target: target(call.now_ms()),
            sealed: sealed(call, frame, target_id, &secrets)?,
        }),
        (None, Some(before)) => {
            let is_same = before.target.credential == credential;
            let updated_at = if is_same {
                before.target.updated_at
            } else {
                call.now_ms()
            };
            Ok(KeptTarget {
                target: target(updated_at),
                sealed: before.sealed.clone(),
            })
        }
        (None, None) => Err(unread()),
    }
}

/// What is shown, and what is secret if it was sent.
fn credential(
    input: CredentialInput,
    before: Option<&Credential>,
) -> Result<(Credential, Option<TargetSecrets>), Failure> {
    let secrets = |private_key: &[u8], certificate: &[u8]| TargetSecrets {
        private_key: private_key.to_vec(),
        certificate: certificate.to_vec(),
    };
    Ok(match input {
        CredentialInput::ApnsKey {
            key_id,
            team_id,
            topic,
            environment,
            private_key,
        } => {
            let key_fingerprint = match (&private_key, before) {
                (Some(key), _) => key.fingerprint(),
                (
                    None,
                    Some(Credential::ApnsKey {
                        key_fingerprint, ..
                    }),
                ) => key_fingerprint.clone(),
                (None, _) => return Err(unread()),
            };
            let shown = Credential::ApnsKey {
                key_id,
                team_id,
                topic,
                environment,
                key_fingerprint,
            };
            (shown, private_key.map(|key| secrets(key.der(), &[])))
        }
        CredentialInput::ApnsCertificate {
            environment,
            certificate: Some(sent),
        } => {
            let certificate = &sent.certificate;
            let shown = Credential::ApnsCertificate {
                topic: certificate.topic.clone(),
                environment,
                certificate_fingerprint: certificate.fingerprint(),
                expires_at: certificate.expires_at,
            };
            (
                shown,
                Some(secrets(sent.private_key.der(), certificate.der())),
            )
        }
        CredentialInput::ApnsCertificate {
            environment: wanted,
            certificate: None,
        } => {
            let mut shown = before.cloned().ok_or_else(unread)?;
            if let Credential::ApnsCertificate { environment, .. } = &mut shown {
                *environment = wanted;
            }
            (shown, None)
        }
        CredentialInput::Fcm {
            service_account: Some(sent),
        } => {
            let key = secrets(sent.private_key.der(), &[]);
            let shown = Credential::Fcm {
                key_fingerprint: sent.private_key.fingerprint(),
                project_id: sent.project_id,
                client_email: sent.client_email,
                private_key_id: sent.private_key_id,
            };
            (shown, Some(key))
        }
        CredentialInput::Fcm {
            service_account: None,
        } => (before.cloned().ok_or_else(unread)?, None),
        CredentialInput::WebPush { subject, pair } => {
            let kept = match before {
                Some(Credential::WebPush { public_key, .. }) if pair.is_none() => Some(public_key),
                _ => None,
            };
            if let Some(public_key) = kept {
                let public_key = public_key.clone();
                (
                    Credential::WebPush {
                        subject,
                        public_key,
                    },
                    None,
                )
            } else {
                let pair = pair.or_else(VapidPair::generate).ok_or_else(|| {
                    Failure::internal("a key pair cannot be made", "the system has no randomness")
                })?;
                let public_key = pair.public();
                let shown = Credential::WebPush {
                    subject,
                    public_key,
                };
                (shown, Some(secrets(pair.private(), &[])))
            }
        }
    })
}

fn sealed(
    call: &Call,
    frame: &Frame,
    target_id: TargetId,
    secrets: &TargetSecrets,
) -> Result<Vec<u8>, Failure> {
    let plain = serde_json::to_vec(secrets)
        .map_err(|error| Failure::internal("a push credential cannot be written", error))?;
    let field = format!("/targets/{target_id}");
    let context = seal::context(frame.account_id, frame.id, &field);
    let state = call.state();
    state
        .sealer
        .seal(state.random.as_ref(), &context, &plain)
        .map_err(|error| Failure::internal("a push credential cannot be sealed", error))
}

/// The reader lets no secret be left out that is not there already.
fn unread() -> Failure {
    Failure::internal("a push credential has no secret", "its reader")
}
