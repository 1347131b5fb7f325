//! The push credentials of an app.

use moca_core::{
    id::TargetId,
    limits::{CODE_CHARS_MAX, TARGETS_MAX},
    target::{Credential, Environment, Target},
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    credentials::{self, Algorithm, Certificate, PrivateKey, VapidPair},
    experiences::type_of,
    fault::FaultCode,
    links,
    read::Fields,
    schema::{self, Field, Schema},
    values::{self, Reading, complain, string},
};

/// A push credential as a client sends it. One with the id of a target that is there may leave out
/// its secrets, which stay as they are then.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetInput {
    /// The target it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<TargetId>,
    /// What it is.
    #[serde(flatten)]
    pub credential: CredentialInput,
}

/// The kinds of credential, each with what a client sends of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "@type", rename_all_fields = "camelCase")]
pub enum CredentialInput {
    /// A key for tokens of Apple's push service.
    #[serde(rename = "ApnsKeyTarget")]
    ApnsKey {
        /// Apple's id of the key.
        key_id: String,
        /// Apple's id of the team.
        team_id: String,
        /// The app's bundle id.
        topic: String,
        /// Which of Apple's services.
        environment: Environment,
        /// The key.
        #[serde(skip_serializing_if = "Option::is_none")]
        private_key: Option<PrivateKey>,
    },
    /// A certificate of Apple's push service.
    #[serde(rename = "ApnsCertificateTarget")]
    ApnsCertificate {
        /// Which of Apple's services.
        environment: Environment,
        /// The certificate with its key.
        #[serde(flatten)]
        certificate: Option<CertificateInput>,
    },
    /// A service account of Firebase Cloud Messaging.
    #[serde(rename = "FcmTarget")]
    Fcm {
        /// The file that Google gives out.
        #[serde(skip_serializing_if = "Option::is_none")]
        service_account: Option<ServiceAccount>,
    },
    /// A key pair of Web Push.
    #[serde(rename = "WebPushTarget")]
    WebPush {
        /// Whom a push service can turn to.
        subject: String,
        /// The pair; without, the one that is there stays, or a new one is made.
        #[serde(flatten, serialize_with = "write_pair")]
        pair: Option<VapidPair>,
    },
}

/// A certificate with its private key.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateInput {
    /// The certificate.
    pub certificate: Certificate,
    /// The key.
    pub private_key: PrivateKey,
}

/// What is read of the file of a service account.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "service_account")]
pub struct ServiceAccount {
    /// The project.
    pub project_id: String,
    /// The id of the key.
    pub private_key_id: String,
    /// The key.
    pub private_key: PrivateKey,
    /// The account.
    pub client_email: String,
}

fn write_pair<S: Serializer>(pair: &Option<VapidPair>, serializer: S) -> Result<S::Ok, S::Error> {
    let pair = pair.as_ref();
    let fields = pair.map(|pair| {
        [
            ("publicKey", pair.public()),
            ("privateKey", pair.private_text()),
        ]
    });
    serializer.collect_map(fields.into_iter().flatten())
}

const TYPES: [(&str, Type); 4] = [
    ("ApnsKeyTarget", Type::ApnsKey),
    ("ApnsCertificateTarget", Type::ApnsCertificate),
    ("FcmTarget", Type::Fcm),
    ("WebPushTarget", Type::WebPush),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    ApnsKey,
    ApnsCertificate,
    Fcm,
    WebPush,
}

impl Type {
    const fn of(credential: &Credential) -> Self {
        match credential {
            Credential::ApnsKey { .. } => Self::ApnsKey,
            Credential::ApnsCertificate { .. } => Self::ApnsCertificate,
            Credential::Fcm { .. } => Self::Fcm,
            Credential::WebPush { .. } => Self::WebPush,
        }
    }
}

/// What credentials are checked against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Against<'a> {
    /// The targets that are there.
    pub targets: &'a [Target],
    /// The time, ms since 1970, if it is known.
    pub now_ms: Option<i64>,
}

/// The field `targets`, if it is there.
pub(crate) fn read(fields: &mut Fields<'_, '_>, against: Against<'_>) -> Option<Vec<TargetInput>> {
    let mut seen = Vec::new();
    fields.objects("targets", TARGETS_MAX, |fields| {
        let target_id: Option<TargetId> = fields.optional("targetId", values::id);
        if let Some(id) = target_id {
            if seen.contains(&id) {
                let detail = "stands in the list more than once";
                fields.fault("targetId", FaultCode::NotUnique, detail);
            }
            seen.push(id);
        }
        let find = |id| against.targets.iter().find(|target| target.target_id == id);
        let before = target_id.and_then(find);
        if target_id.is_some() && before.is_none() {
            let detail = "the app has no target with this id: leave it out to add one";
            fields.fault("targetId", FaultCode::NotFound, detail);
        }
        let credential = read_credential(fields, before, against.now_ms);
        Some(TargetInput {
            target_id,
            credential: credential?,
        })
    })
}

fn read_credential(
    fields: &mut Fields<'_, '_>,
    before: Option<&Target>,
    now_ms: Option<i64>,
) -> Option<CredentialInput> {
    fields.owned(&["updatedAt"]);
    let Some(kind) = fields.required("@type", type_of(&TYPES)) else {
        // Without the type nobody can say which of these belong there.
        fields.owned(&[
            "keyId",
            "teamId",
            "topic",
            "environment",
            "privateKey",
            "certificate",
            "serviceAccount",
            "subject",
            "publicKey",
            "keyFingerprint",
            "certificateFingerprint",
            "expiresAt",
            "projectId",
            "clientEmail",
            "privateKeyId",
        ]);
        return None;
    };
    let before = before.map(|target| &target.credential);
    let before = before.filter(|credential| Type::of(credential) == kind);
    match kind {
        Type::ApnsKey => read_apns_key(fields, before.is_some()),
        Type::ApnsCertificate => read_apns_certificate(fields, before.is_some(), now_ms),
        Type::Fcm => read_fcm(fields, before.is_some()),
        Type::WebPush => read_web_push(fields, before),
    }
}

fn read_apns_key(fields: &mut Fields<'_, '_>, is_there: bool) -> Option<CredentialInput> {
    fields.owned(&["keyFingerprint"]);
    let key_id = fields.required("keyId", apple_id);
    let team_id = fields.required("teamId", apple_id);
    let topic = fields.required("topic", values::code);
    let environment = fields.required("environment", environment);
    let expected =
        "the text of a .p8 file: a private key of P-256 in PEM (-----BEGIN PRIVATE KEY-----)";
    let read = credentials::private_key(&[Algorithm::P256], expected);
    let private_key = secret(fields, "privateKey", is_there, read);
    Some(CredentialInput::ApnsKey {
        key_id: key_id?,
        team_id: team_id?,
        topic: topic?,
        environment: environment?,
        private_key: private_key?,
    })
}

/// A secret that may be left out if one is there. `None` if it is wrong.
fn secret<T>(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    is_there: bool,
    read: impl Fn(&Value) -> Reading<T>,
) -> Option<Option<T>> {
    if is_there {
        return Some(fields.optional(key, read));
    }
    fields.required(key, read).map(Some)
}

fn read_apns_certificate(
    fields: &mut Fields<'_, '_>,
    is_there: bool,
    now_ms: Option<i64>,
) -> Option<CredentialInput> {
    fields.owned(&["topic", "certificateFingerprint", "expiresAt"]);
    let environment = fields.required("environment", environment);
    let is_sent = fields.take("certificate").is_some() || fields.take("privateKey").is_some();
    if is_there && !is_sent {
        return Some(CredentialInput::ApnsCertificate {
            environment: environment?,
            certificate: None,
        });
    }
    let certificate = fields.required("certificate", credentials::certificate);
    let expected = "a private key in PEM: PKCS#8 (-----BEGIN PRIVATE KEY-----) of P-256 or of RSA with at \
                    least 2048 bits, or PKCS#1 (-----BEGIN RSA PRIVATE KEY-----)";
    let algorithms = &[Algorithm::P256, Algorithm::Rsa];
    let private_key = fields.required("privateKey", credentials::private_key(algorithms, expected));
    if let Some(certificate) = &certificate {
        check_certificate(fields, certificate, environment, now_ms);
        if private_key
            .as_ref()
            .is_some_and(|key| !certificate.goes_with(key))
        {
            let detail = "expected the private key of the certificate: this is another one";
            fields.fault("privateKey", FaultCode::Mismatch, detail);
        }
    }
    Some(CredentialInput::ApnsCertificate {
        environment: environment?,
        certificate: Some(CertificateInput {
            certificate: certificate?,
            private_key: private_key?,
        }),
    })
}

fn check_certificate(
    fields: &mut Fields<'_, '_>,
    certificate: &Certificate,
    environment: Option<Environment>,
    now_ms: Option<i64>,
) {
    if let Some(environment) = environment.filter(|one| !certificate.is_for(*one)) {
        let detail = format!(
            "the certificate is not for the environment {}: choose the other one",
            environment.as_str()
        );
        fields.fault("environment", FaultCode::Mismatch, detail);
    }
    let (from, to) = (certificate.valid_from, certificate.expires_at);
    if now_ms.is_some_and(|now_ms| now_ms < from || now_ms >= to) {
        let detail =
            format!("the certificate is valid from {from} to {to}: send one that is valid now");
        fields.fault("certificate", FaultCode::Expired, detail);
    }
}

fn read_fcm(fields: &mut Fields<'_, '_>, is_there: bool) -> Option<CredentialInput> {
    fields.owned(&["projectId", "clientEmail", "privateKeyId", "keyFingerprint"]);
    if !is_there {
        fields.require(
            "serviceAccount",
            "expected the service account file of Google, an object",
        );
    }
    let is_sent = fields.take("serviceAccount").is_some();
    let service_account = fields.optional_object("serviceAccount", |fields| {
        // Google adds fields of its own.
        fields.pass_over_others();
        fields.required("type", values::word(&[SERVICE_ACCOUNT], service_account));
        let project_id = fields.required("project_id", values::code);
        let private_key_id = fields.required("private_key_id", values::code);
        let client_email = fields.required("client_email", links::email);
        // Nobody else is asked for tokens: who could set another address could have us call it.
        fields.optional("token_uri", values::word(&[TOKEN_URI], token_uri));
        let expected =
            "a private key of RSA with at least 2048 bits in PEM (-----BEGIN PRIVATE KEY-----)";
        let read = credentials::private_key(&[Algorithm::Rsa], expected);
        let private_key = fields.required("private_key", read);
        Some(ServiceAccount {
            project_id: project_id?,
            private_key_id: private_key_id?,
            private_key: private_key?,
            client_email: client_email?,
        })
    });
    // One that is wrong is none that was left out.
    (is_there || service_account.is_some() || !is_sent)
        .then_some(CredentialInput::Fcm { service_account })
}

fn read_web_push(
    fields: &mut Fields<'_, '_>,
    before: Option<&Credential>,
) -> Option<CredentialInput> {
    let subject = fields.required("subject", contact);
    let public = fields.optional("publicKey", credentials::base64url::<65>);
    let private = fields.optional("privateKey", credentials::base64url::<32>);
    let sent = |fields: &mut Fields<'_, '_>, key| fields.take(key).is_some();
    let (public_sent, private_sent) = (sent(fields, "publicKey"), sent(fields, "privateKey"));
    let is_same = match (before, fields.take("publicKey")) {
        (Some(Credential::WebPush { public_key, .. }), Some(sent)) => sent == public_key,
        _ => false,
    };
    let pair = match (public, private) {
        (Some(public), Some(private)) => {
            let pair = VapidPair::new(public, private);
            if pair.is_none() {
                let detail = "expected the private key of the public one: this is another one";
                fields.fault("privateKey", FaultCode::Mismatch, detail);
            }
            pair
        }
        (Some(_), None) if !private_sent && !is_same => {
            let detail =
                "expected the private key of the public one; leave out both to have a pair made";
            fields.fault("privateKey", FaultCode::Required, detail);
            None
        }
        (None, Some(_)) if !public_sent => {
            let detail = "expected the public key of the private one";
            fields.fault("publicKey", FaultCode::Required, detail);
            None
        }
        _ => None,
    };
    Some(CredentialInput::WebPush {
        subject: subject?,
        pair,
    })
}

/// The kind of the file.
const SERVICE_ACCOUNT: &str = "service_account";

/// Where tokens for a service account are had, as its file says it.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

fn token_uri(text: &str) -> Option<()> {
    (text == TOKEN_URI).then_some(())
}

fn service_account(word: &str) -> Option<()> {
    (word == SERVICE_ACCOUNT).then_some(())
}

/// An id that Apple gave.
fn apple_id(value: &Value) -> Reading<String> {
    let expected = "10 capital letters and digits, as Apple shows it";
    let text = string(value, expected)?;
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if text.len() == 10 && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    complain(FaultCode::InvalidFormat, format!("expected {expected}"))
}

fn environment(value: &Value) -> Reading<Environment> {
    let all = [Environment::Production, Environment::Sandbox];
    let find = |word: &str| all.into_iter().find(|one| one.as_str() == word);
    values::word(&all.map(Environment::as_str), find)(value)
}

/// Whom a push service can turn to (RFC 8292 §2.1).
fn contact(value: &Value) -> Reading<String> {
    let text = links::any_url(value)?;
    if text.starts_with("mailto:") || text.starts_with("https:") {
        return Ok(text);
    }
    let expected = "a mailto: or https: URL";
    complain(FaultCode::InvalidFormat, format!("expected {expected}"))
}

pub(crate) fn schema() -> Schema {
    let of_type = |word, kind| (word, own_fields(kind));
    let kinds = TYPES.map(|(word, kind)| of_type(word, kind));
    let common = [
        schema::optional(
            "targetId",
            schema::id(),
            "Its id, in every answer. One that is sent back keeps its secrets.",
        ),
        schema::owned("updatedAt", schema::moment(), "When it was last changed."),
    ];
    schema::list(schema::tagged("@type", kinds, &common), 0, TARGETS_MAX)
}

fn own_fields(kind: Type) -> Vec<Field> {
    let fingerprint = |name| {
        let digest = schema::matching("^[0-9a-f]{64}$");
        schema::owned(name, digest, "SHA-256, in hexadecimal.")
    };
    let environment = || {
        let words = schema::words(&["Production", "Sandbox"]);
        schema::required("environment", words, "Which of Apple's services.")
    };
    let topic = "The app's bundle id.";
    let key = "Required for a new target; never answered.";
    match kind {
        Type::ApnsKey => vec![
            schema::required("keyId", schema::apple_id(), "Apple's id of the key."),
            schema::required("teamId", schema::apple_id(), "Apple's id of the team."),
            schema::required("topic", schema::code(), topic),
            environment(),
            schema::write_only("privateKey", schema::p256_key(), key),
            fingerprint("keyFingerprint"),
        ],
        Type::ApnsCertificate => vec![
            environment(),
            schema::write_only("certificate", schema::apns_certificate(), key),
            schema::write_only("privateKey", schema::certificate_key(), key),
            schema::owned("topic", schema::short_text(CODE_CHARS_MAX), topic),
            fingerprint("certificateFingerprint"),
            schema::owned("expiresAt", schema::moment(), "When the certificate ends."),
        ],
        Type::Fcm => vec![
            schema::write_only("serviceAccount", service_account_schema(), key),
            schema::owned("projectId", schema::code(), "The project."),
            schema::owned("clientEmail", schema::email(), "The account."),
            schema::owned("privateKeyId", schema::code(), "Google's id of the key."),
            fingerprint("keyFingerprint"),
        ],
        Type::WebPush => vec![
            schema::required(
                "subject",
                schema::contact(),
                "Whom a push service can turn to.",
            ),
            schema::optional(
                "publicKey",
                schema::vapid_public(),
                "What browsers subscribe with, in every answer. A pair that is left out is made.",
            ),
            schema::write_only("privateKey", schema::vapid_private(), "Never answered."),
        ],
    }
}

fn service_account_schema() -> Schema {
    schema::object([
        schema::required("type", schema::words(&[SERVICE_ACCOUNT]), "The kind."),
        schema::required("project_id", schema::code(), "The project."),
        schema::required("private_key_id", schema::code(), "The id of the key."),
        schema::required("private_key", schema::rsa_key(), "The key."),
        schema::required("client_email", schema::email(), "The account."),
        schema::optional(
            "token_uri",
            schema::words(&[TOKEN_URI]),
            "Where its tokens are had: Google, and no one else.",
        ),
    ])
    .open()
    .titled("The service account file of Google")
}
