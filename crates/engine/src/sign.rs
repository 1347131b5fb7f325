//! What devices keep is signed, so that they can tell later whether it is as the server made it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::id::AppId;
use ring::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};

use crate::seal::Sealer;

/// What the key of an app's bundles is made from, besides its id and the server's key.
const BUNDLES: &[u8] = b"moca bundles 1";

/// The Ed25519 key (RFC 8032) that signs the bundles of an app.
pub struct BundleKey(Ed25519KeyPair);

impl Sealer {
    /// The key of an app's bundles: the same as long as the server has the same key. Nothing has to be
    /// kept of it.
    pub fn bundle_key(&self, app: AppId) -> Result<BundleKey, ring::error::KeyRejected> {
        let seed = hmac::sign(self.maker(), &[BUNDLES, &app.0.0].concat());
        Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map(BundleKey)
    }
}

impl BundleKey {
    /// The public key, 32 bytes in base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The signature of these bytes, 64 bytes in base64url.
    pub fn sign(&self, bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign(bytes))
    }
}

#[cfg(test)]
mod tests {
    use moca_core::id::Id;
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    fn key(server: u8, app: u8) -> BundleKey {
        let key = Sealer::new(&[server; 32]).bundle_key(AppId(Id([app; 16])));
        key.unwrap()
    }

    #[test]
    fn each_app_has_a_key_of_its_own_that_stays() {
        let signature = URL_SAFE_NO_PAD.decode(key(7, 1).sign(b"bundle")).unwrap();
        let verify = |public: String, bytes: &[u8]| {
            let public = URL_SAFE_NO_PAD.decode(public).unwrap();
            let key = UnparsedPublicKey::new(&ED25519, public);
            key.verify(bytes, &signature).is_ok()
        };
        assert!(verify(key(7, 1).public(), b"bundle"));
        assert!(!verify(key(7, 1).public(), b"bundlE"));
        assert!(!verify(key(7, 2).public(), b"bundle"));
        assert!(!verify(key(8, 1).public(), b"bundle"));
        // Apps are built with it: it must never become another.
        assert_eq!(
            key(7, 1).public(),
            "ohFjqwI8S-PHWafSWq5TtVLquM6NgtXNSbvGQTZOPgk"
        );
    }
}
