//! Keys and certificates of push services, understood and checked.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::{limits::PEM_CHARS_MAX, target::Environment};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde::{Serialize, Serializer};
use serde_json::Value;
use x509_parser::certificate::X509Certificate;

use crate::{
    fault::FaultCode,
    values::{Reading, complain, string},
};

/// What stands before the 65 bytes of a public key of P-256 in its SubjectPublicKeyInfo (RFC 5480).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The algorithm of an RSA key in its SubjectPublicKeyInfo (RFC 3279 §2.3.1).
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// Where the number of a private key stands in what ring generates (RFC 5958 with RFC 5915).
const P256_NUMBER: std::ops::Range<usize> = 36..68;
/// The user id in a subject (RFC 4519 §2.39), in which Apple puts the topic.
const USER_ID: &str = "0.9.2342.19200300.100.1.1";
/// Apple's marks of certificates for its two services.
const FOR_SANDBOX: &str = "1.2.840.113635.100.6.3.1";
const FOR_PRODUCTION: &str = "1.2.840.113635.100.6.3.2";

/// The algorithm of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256.
    P256,
    /// RSA with 2 048 bits or more.
    Rsa,
}

/// A private key. It does not show itself when it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    pem: String,
    der: Vec<u8>,
    /// The public half as a SubjectPublicKeyInfo.
    spki: Vec<u8>,
    algorithm: Algorithm,
}

impl PrivateKey {
    /// The key in this text, if it is one: PKCS#8 of either algorithm, or PKCS#1.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let (spki, algorithm) = match &der {
            PrivateKeyDer::Pkcs8(key) => {
                let key = key.secret_pkcs8_der();
                p256_spki(key)
                    .map(|spki| (spki, Algorithm::P256))
                    .or_else(|| {
                        Some((rsa_spki(&RsaKeyPair::from_pkcs8(key).ok()?), Algorithm::Rsa))
                    })?
            }
            PrivateKeyDer::Pkcs1(key) => {
                let key = RsaKeyPair::from_der(key.secret_pkcs1_der()).ok()?;
                (rsa_spki(&key), Algorithm::Rsa)
            }
            _ => return None,
        };
        Some(Self {
            pem: pem.to_owned(),
            der: der.secret_der().to_vec(),
            spki,
            algorithm,
        })
    }

    /// The key as it is kept.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Which key it is: the digest of its public half.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.spki)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// As a client sends it.
impl Serialize for PrivateKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.pem)
    }
}

fn p256_spki(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok()?;
    Some([&P256_SPKI, key.public_key().as_ref()].concat())
}

fn rsa_spki(key: &RsaKeyPair) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(key.public_key().as_ref());
    der(0x30, &[&RSA_ALGORITHM[..], &der(0x03, &bits)].concat())
}

/// A value of ASN.1 in DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[content.len().leading_zeros() as usize / 8..];
    let mut value = vec![tag];
    if content.len() < 0x80 {
        value.push(content.len() as u8);
    } else {
        value.push(0x80 | length.len() as u8);
        value.extend_from_slice(length);
    }
    value.extend_from_slice(content);
    value
}

fn fingerprint(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// A certificate of Apple's push service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pem: String,
    der: Vec<u8>,
    spki: Vec<u8>,
    /// The app's bundle id.
    pub topic: String,
    /// First moment it is taken, ms since 1970.
    pub valid_from: i64,
    /// First moment it is no longer taken, ms since 1970.
    pub expires_at: i64,
    /// The services it is marked for; one without marks is for any.
    marks: Vec<Environment>,
}

impl Certificate {
    /// The certificate in this text, or what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, &'static str> {
        const NONE: &str = "a certificate in PEM (-----BEGIN CERTIFICATE-----)";
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| NONE)?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|_| NONE)?;
        let topic = topic(&certificate).ok_or(
            "a certificate of Apple's push service: its subject names the app's bundle id (UID)",
        )?;
        let mark = |oid: &str| {
            let mut extensions = certificate.extensions().iter();
            extensions.any(|extension| extension.oid.to_id_string() == oid)
        };
        let marks = [
            (FOR_SANDBOX, Environment::Sandbox),
            (FOR_PRODUCTION, Environment::Production),
        ];
        let marks = marks.into_iter().filter(|(oid, _)| mark(oid));
        let validity = certificate.validity();
        Ok(Self {
            pem: pem.to_owned(),
            spki: certificate.public_key().raw.to_vec(),
            topic,
            valid_from: validity.not_before.timestamp() * 1_000,
            // The last second is part of it.
            expires_at: (validity.not_after.timestamp() + 1) * 1_000,
            marks: marks.map(|(_, environment)| environment).collect(),
            der: der.to_vec(),
        })
    }

    /// The certificate as it is kept.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Which certificate it is.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// Whether it was made for this service.
    pub fn is_for(&self, environment: Environment) -> bool {
        self.marks.is_empty() || self.marks.contains(&environment)
    }

    /// Whether this is its private key.
    pub fn goes_with(&self, key: &PrivateKey) -> bool {
        self.spki == key.spki
    }
}

/// As a client sends it.
impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.pem)
    }
}

fn topic(certificate: &X509Certificate<'_>) -> Option<String> {
    let mut attributes = certificate.subject().iter_attributes();
    let user_id = attributes.find(|one| one.attr_type().to_id_string() == USER_ID)?;
    let text = user_id.as_str().ok()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A key pair of Web Push. It does not show its secret when it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct VapidPair {
    public: [u8; 65],
    private: [u8; 32],
}

impl VapidPair {
    /// The pair of these two, if they belong together.
    pub fn new(public: [u8; 65], private: [u8; 32]) -> Option<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public, &random)
            .ok()?;
        Some(Self { public, private })
    }

    /// A new pair. It is unpredictable, as the library makes it; `None` if the system has no randomness.
    pub fn generate() -> Option<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok()?;
        let public = key.public_key().as_ref().try_into().ok()?;
        let private = pkcs8.as_ref().get(P256_NUMBER)?.try_into().ok()?;
        Self::new(public, private)
    }

    /// What browsers subscribe with.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public)
    }

    /// The private key as it is kept.
    pub const fn private(&self) -> &[u8] {
        &self.private
    }

    /// The private key as a client sends it.
    pub(crate) fn private_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.private)
    }
}

impl fmt::Debug for VapidPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidPair({})", self.public())
    }
}

/// A private key in PEM of one of these algorithms.
pub(crate) fn private_key(
    algorithms: &'static [Algorithm],
    expected: &'static str,
) -> impl Fn(&Value) -> Reading<PrivateKey> {
    move |value| {
        let text = pem(value, expected)?;
        let key = PrivateKey::from_pem(text);
        match key.filter(|key| algorithms.contains(&key.algorithm)) {
            Some(key) => Ok(key),
            None => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
        }
    }
}

/// A certificate of Apple's push service in PEM.
pub(crate) fn certificate(value: &Value) -> Reading<Certificate> {
    let text = pem(value, "a certificate in PEM")?;
    match Certificate::from_pem(text) {
        Ok(certificate) => Ok(certificate),
        Err(expected) => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

fn pem<'v>(value: &'v Value, expected: &str) -> Reading<&'v str> {
    let text = string(value, expected)?;
    if text.len() > PEM_CHARS_MAX && text.chars().count() > PEM_CHARS_MAX {
        let detail = format!("expected {expected}, of at most {PEM_CHARS_MAX} characters");
        return complain(FaultCode::TooLong, detail);
    }
    Ok(text)
}

/// So many bytes in base64url.
pub(crate) fn base64url<const N: usize>(value: &Value) -> Reading<[u8; N]> {
    let expected = format!("{N} bytes in base64url without padding");
    let text = string(value, &expected)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    match bytes.and_then(|bytes| bytes.try_into().ok()) {
        Some(bytes) => Ok(bytes),
        None => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_pair_belongs_together_and_no_other_does() {
        let (one, two) = (
            VapidPair::generate().unwrap(),
            VapidPair::generate().unwrap(),
        );
        assert_eq!(VapidPair::new(one.public, one.private), Some(one.clone()));
        assert_eq!(VapidPair::new(one.public, two.private), None);
        assert!(!format!("{one:?}").contains(&one.private_text()));
    }

    #[test]
    fn lengths_are_written_as_der_has_them() {
        for (length, head) in [
            (0, vec![3, 0]),
            (0x7f, vec![3, 0x7f]),
            (0x80, vec![3, 0x81, 0x80]),
            (0x1234, vec![3, 0x82, 0x12, 0x34]),
        ] {
            let value = der(3, &vec![7; length]);
            assert_eq!(value[..value.len() - length], head);
        }
    }
}
