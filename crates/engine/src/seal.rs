//! Secrets that must be read again (those of apps and of other services, kept answers) are stored
//! encrypted.

use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use moca_core::{
    clock::Random,
    id::{AccountId, Id},
};
use ring::hmac;

const NONCE_BYTES: usize = 12;

/// Encrypts with AES-256-GCM under the key of this installation.
pub struct Sealer {
    cipher: Aes256Gcm,
    /// Makes other keys out of it.
    maker: hmac::Key,
}

/// The context of a field of one object in one account. Ids have a fixed length, so no two fields
/// have the same.
pub fn context(account: AccountId, object: Id, field: &str) -> Vec<u8> {
    [&account.0.0, &object.0, field.as_bytes()].concat()
}

/// What cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too long for the cipher.
    #[error("the secret is too long to be sealed")]
    TooLong,
    /// Another key, another context, or changed since.
    #[error("a sealed secret does not open: it was sealed with another key or was changed")]
    DoesNotOpen,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)),
            maker: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// What other keys are made with.
    pub(crate) fn maker(&self) -> &hmac::Key {
        &self.maker
    }

    /// Encrypts. What was sealed in one context (say, an app's id) does not open in another.
    pub fn seal(
        &self,
        random: &dyn Random,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError::TooLong)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::DoesNotOpen)?;
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        self.cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| SealError::DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = i as u8;
            }
        }
    }

    #[test]
    fn what_is_sealed_opens_in_its_context_only() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(&Counting, b"app 1", b"secret").unwrap();
        assert_eq!(sealer.open(b"app 1", &sealed).unwrap(), b"secret");
        assert_eq!(sealer.open(b"app 2", &sealed), Err(SealError::DoesNotOpen));
        let other = Sealer::new(&[8; 32]);
        assert_eq!(other.open(b"app 1", &sealed), Err(SealError::DoesNotOpen));
    }

    #[test]
    fn a_changed_or_cut_secret_does_not_open() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(&Counting, b"", b"secret").unwrap();
        for end in 0..sealed.len() {
            assert!(sealer.open(b"", &sealed[..end]).is_err());
        }
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(sealer.open(b"", &changed).is_err());
        }
    }
}
