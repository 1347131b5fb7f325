//! Messages to browsers are encrypted for the browser alone (RFC 8291, with the coding of RFC 8188):
//! its push service sees only that there is one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf::{self, HKDF_SHA256, Salt},
    rand::SystemRandom,
};

/// Bytes of the one record that a message is.
const RECORD_BYTES: u32 = 4_096;
/// What ends the last record.
const LAST: u8 = 2;

/// The keys of the subscription are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message cannot be encrypted for the keys of a subscription")]
pub(crate) struct Unencrypted;

/// Encrypts a message for a subscription, whose keys are in base64url.
pub(crate) fn encrypt(
    p256dh: &str,
    auth: &str,
    salt: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, Unencrypted> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Unencrypted);
    let (receiver, auth) = (decode(p256dh)?, decode(auth)?);
    let random = SystemRandom::new();
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(|_| Unencrypted)?;
    let public = private.compute_public_key().map_err(|_| Unencrypted)?;
    let peer = UnparsedPublicKey::new(&ECDH_P256, &receiver);
    let shared = agree_ephemeral(private, &peer, <[u8]>::to_vec).map_err(|_| Unencrypted)?;
    seal(&shared, &receiver, public.as_ref(), &auth, salt, plain)
}

/// The same with the shared secret of both keys.
fn seal(
    shared: &[u8],
    receiver: &[u8],
    sender: &[u8],
    auth: &[u8],
    salt: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, Unencrypted> {
    let info = [b"WebPush: info\0", receiver, sender].concat();
    let secret = derive::<32>(auth, shared, &info)?;
    let key = derive::<16>(&salt, &secret, b"Content-Encoding: aes128gcm\0")?;
    let nonce = derive::<12>(&salt, &secret, b"Content-Encoding: nonce\0")?;

    let mut record = plain.to_vec();
    record.push(LAST);
    let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| Unencrypted)?;
    LessSafeKey::new(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut record,
        )
        .map_err(|_| Unencrypted)?;

    let id_bytes = u8::try_from(sender.len()).map_err(|_| Unencrypted)?;
    let mut message = salt.to_vec();
    message.extend(RECORD_BYTES.to_be_bytes());
    message.push(id_bytes);
    message.extend_from_slice(sender);
    message.append(&mut record);
    Ok(message)
}

/// HKDF with SHA-256.
fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; N], Unencrypted> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut derived = [0; N];
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length(N))
        .and_then(|okm| okm.fill(&mut derived))
        .map_err(|_| Unencrypted)?;
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let shared = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let receiver = bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let sender = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let plain = b"When I grow up, I want to be a watermelon";
        let sealed = seal(&shared, &receiver, &sender, &auth, salt, plain).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
                        mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
                        pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(sealed), expected.replace(' ', ""));
    }

    #[test]
    fn keys_that_are_no_point_are_refused() {
        let none = URL_SAFE_NO_PAD.encode([&[4][..], &[7; 64]].concat());
        let auth = URL_SAFE_NO_PAD.encode([1; 16]);
        assert_eq!(encrypt(&none, &auth, [0; 16], b"Hi"), Err(Unencrypted));
    }
}
