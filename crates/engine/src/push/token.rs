//! Signed tokens (RFC 7519) with which an app proves to push services who it is.
//!
//! Two algorithms over the one library of cryptography that is here already: a header, the claims, a
//! signature over both.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::target::TargetSecrets;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

/// The key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of a push credential cannot sign")]
pub(crate) struct Unsigned;

/// A key that signs tokens.
pub(crate) enum Signer {
    /// ES256: Apple and browsers.
    P256(EcdsaKeyPair),
    /// RS256: Google.
    Rsa(RsaKeyPair),
}

impl Signer {
    /// A key of P-256 in PKCS#8.
    pub(crate) fn p256(secrets: &TargetSecrets) -> Result<Self, Unsigned> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_pkcs8(algorithm, &secrets.private_key, &SystemRandom::new())
            .map(Self::P256)
            .map_err(|_| Unsigned)
    }

    /// A key of Web Push: the bare number, with the public key that it goes with.
    pub(crate) fn vapid(secrets: &TargetSecrets, public_key: &[u8]) -> Result<Self, Unsigned> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let (private, random) = (&secrets.private_key, SystemRandom::new());
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public_key, &random)
            .map(Self::P256)
            .map_err(|_| Unsigned)
    }

    /// A key of RSA in PKCS#8 or PKCS#1.
    pub(crate) fn rsa(secrets: &TargetSecrets) -> Result<Self, Unsigned> {
        let key = &secrets.private_key;
        RsaKeyPair::from_pkcs8(key)
            .or_else(|_| RsaKeyPair::from_der(key))
            .map(Self::Rsa)
            .map_err(|_| Unsigned)
    }

    /// A token with these claims; `key_id` says which key it is, where the service asks.
    pub(crate) fn sign(&self, key_id: Option<&str>, claims: &Value) -> Result<String, Unsigned> {
        let algorithm = match self {
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        };
        let mut header = json!({"alg": algorithm, "typ": "JWT"});
        if let Some(key_id) = key_id {
            header["kid"] = json!(key_id);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::P256(key) => key
                .sign(&random, message.as_bytes())
                .map_err(|_| Unsigned)?
                .as_ref()
                .to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    message.as_bytes(),
                    &mut signature,
                )
                .map_err(|_| Unsigned)?;
                signature
            }
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    };

    use super::*;

    const RSA: &str = include_str!("../../../server/tests/it/support/rsa_test_key.pem");

    fn secrets(private_key: &[u8]) -> TargetSecrets {
        TargetSecrets {
            private_key: private_key.to_vec(),
            certificate: Vec::new(),
        }
    }

    /// The token says this, and whoever has the public key can tell that it was signed with the other.
    fn check(
        signer: &Signer,
        algorithm: &'static str,
        public: &[u8],
        verify: &'static dyn VerificationAlgorithm,
    ) {
        let claims = json!({"iss": "team", "iat": 1});
        let token = signer.sign(Some("key"), &claims).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (head, body) = message.split_once('.').unwrap();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let expected = json!({"alg": algorithm, "typ": "JWT", "kid": "key"});
        assert_eq!((read(head), read(body)), (expected, claims));
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(verify, public);
        public.verify(message.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn tokens_are_signed_with_keys_of_both_kinds() {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let signer = Signer::p256(&secrets(pkcs8.as_ref())).unwrap();
        let public = pair.public_key().as_ref();
        check(&signer, "ES256", public, &ECDSA_P256_SHA256_FIXED);

        let text: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap();
        let signer = Signer::rsa(&secrets(&der)).unwrap();
        let Signer::Rsa(pair) = &signer else {
            panic!("a key of RSA");
        };
        let public = pair.public().as_ref().to_vec();
        check(&signer, "RS256", &public, &RSA_PKCS1_2048_8192_SHA256);
        assert!(Signer::p256(&secrets(&der)).is_err());
        assert!(Signer::rsa(&secrets(pkcs8.as_ref())).is_err());
    }
}
