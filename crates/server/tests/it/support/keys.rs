//! Keys and certificates as push services give them out, made for the tests.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_wire::credentials::VapidPair;
use rcgen::{CertificateParams, CustomExtension, DnType, KeyPair, date_time_ymd};
use serde_json::{Value, json};

/// A key of RSA, as it stands in the file of a service account. Nothing but these tests uses it.
pub(crate) const RSA_KEY: &str = include_str!("rsa_test_key.pem");
/// What `openssl pkey -pubout -outform DER | sha256sum` says of it.
pub(crate) const RSA_FINGERPRINT: &str =
    "63eba3547fc6063f29162b8e544d38f7ebbbbbd60afbaad992510b12d02f9f07";

/// A certificate of Apple's push service for both environments, from 2025 to 2030, with its key.
pub(crate) static APNS: LazyLock<Apns> = LazyLock::new(|| apns(Some("com.example.guide"), &[1, 2]));

/// A certificate with its key, in PEM.
pub(crate) struct Apns {
    pub(crate) certificate: String,
    pub(crate) der: Vec<u8>,
    pub(crate) key: String,
}

/// A new key of P-256, as in a `.p8` file.
pub(crate) fn p256() -> KeyPair {
    KeyPair::generate().unwrap()
}

/// A certificate for this topic with these of Apple's marks: 1 for the sandbox, 2 for production.
pub(crate) fn apns(topic: Option<&str>, marks: &[u64]) -> Apns {
    let key = p256();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    let user_id = DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]);
    params.distinguished_name.remove(DnType::CommonName);
    if let Some(topic) = topic {
        params.distinguished_name.push(user_id, topic);
    }
    for mark in marks {
        let oid = [1, 2, 840, 113_635, 100, 6, 3, *mark];
        let extension = CustomExtension::from_oid_content(&oid, vec![5, 0]);
        params.custom_extensions.push(extension);
    }
    let certificate = params.self_signed(&key).unwrap();
    Apns {
        certificate: certificate.pem(),
        der: certificate.der().to_vec(),
        key: key.serialize_pem(),
    }
}

/// A key pair of Web Push: the public key, and the private one.
pub(crate) fn vapid() -> (String, String) {
    let pair = VapidPair::generate().unwrap();
    (pair.public(), URL_SAFE_NO_PAD.encode(pair.private()))
}

/// A service account file.
pub(crate) fn service_account() -> Value {
    json!({
        "type": "service_account",
        "project_id": "city-guide",
        "private_key_id": "0123456789abcdef",
        "private_key": RSA_KEY,
        "client_email": "push@city-guide.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

/// A text of a form that only such a key has.
pub(crate) fn of_form(format: &str) -> Option<String> {
    static P256: LazyLock<String> = LazyLock::new(|| p256().serialize_pem());
    static VAPID: LazyLock<(String, String)> = LazyLock::new(vapid);
    Some(match format {
        "pem-p256-key" => P256.clone(),
        "pem-rsa-key" => RSA_KEY.to_owned(),
        "pem-certificate" => APNS.certificate.clone(),
        "pem-certificate-key" => APNS.key.clone(),
        "vapid-public-key" => VAPID.0.clone(),
        "vapid-private-key" => VAPID.1.clone(),
        _ => return None,
    })
}
