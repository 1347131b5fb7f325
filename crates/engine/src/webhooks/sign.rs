//! Signatures as Standard Webhooks describes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use moca_core::{clock::Random, limits::WEBHOOK_SECRET_BYTES};
use ring::hmac;

/// Before every secret, so that it is known for what it is.
const PREFIX: &str = "whsec_";

/// A new secret.
pub(super) fn new_secret(random: &dyn Random) -> [u8; WEBHOOK_SECRET_BYTES] {
    let mut bytes = [0; WEBHOOK_SECRET_BYTES];
    random.fill(&mut bytes);
    bytes
}

/// A secret as people get it.
pub(super) fn written(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The header `webhook-signature`: one signature by each secret.
pub(super) fn signatures(secrets: &[Vec<u8>], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp_s}.").into_bytes();
    signed.extend_from_slice(body);
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)))
        })
        .collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the reference libraries.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let body = br#"{"test": 2432232314}"#;
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(
            signatures(std::slice::from_ref(&secret), id, at, body),
            expected
        );
        let both = signatures(&[vec![1; 32], secret], id, at, body);
        let (first, second) = both.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != second);
        assert_eq!(second, expected);
    }

    #[test]
    fn a_secret_is_known_by_its_beginning() {
        let text = written(&[0; WEBHOOK_SECRET_BYTES]);
        assert_eq!(text, format!("whsec_{}=", "A".repeat(43)));
    }
}
