//! How events hang together: hashes, and the seal on the newest one.

use hmac::{Hmac, KeyInit, Mac};
use moca_core::id::AccountId;
use sha2::{Digest, Sha256};

use super::super::sql::Value;

/// The columns of an event that its hash covers, in the order in which it does.
pub(in super::super) const COLUMNS: [&str; 15] = [
    "account_id",
    "sequence",
    "at",
    "action",
    "kind",
    "object_id",
    "actor",
    "member_id",
    "token_id",
    "request_id",
    "route",
    "address",
    "parameters",
    "before_json",
    "after_json",
];

/// What stands before the first event.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// What the first bytes of everything hashed are: a hash of this log is nothing else.
const EVENT: &[u8] = b"moca audit event 1\n";
const HEAD: &[u8] = b"moca audit head 1\n";
const PERSON: &[u8] = b"moca audit person 1\n";

/// Bytes of the hash of a person's id: as many as an id has.
const PERSON_BYTES: usize = 16;

/// The hash of an event, from that of the one before and the values of [`COLUMNS`].
///
/// Each value is its text with its length before it, so that no two rows have one form.
pub(super) fn hash_of(previous: &[u8], values: &[Value]) -> [u8; 32] {
    let mut form = Vec::with_capacity(1_024);
    form.extend_from_slice(EVENT);
    form.extend_from_slice(previous);
    for value in values {
        put(&mut form, value);
    }
    Sha256::digest(&form).into()
}

fn put(form: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => form.extend_from_slice(b"-,"),
        Value::Text(text) => put_text(form, text),
        Value::Integer(integer) => put_text(form, &integer.to_string()),
        // Never written; whoever put them there is to be found out.
        Value::Real(_) | Value::Bytes(_) => form.extend_from_slice(b"?,"),
    }
}

fn put_text(form: &mut Vec<u8>, text: &str) {
    form.extend_from_slice(text.len().to_string().as_bytes());
    form.push(b':');
    form.extend_from_slice(text.as_bytes());
    form.push(b',');
}

/// The newest event of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: i64,
    pub(super) hash: Vec<u8>,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            sequence: 0,
            hash: BEGINNING.to_vec(),
        }
    }
}

/// The keys of the log, derived from the secret key of the installation. They never come near the
/// database: who can write there cannot seal what they wrote.
#[derive(Clone)]
pub struct AuditKeys {
    heads: Hmac<Sha256>,
    people: Hmac<Sha256>,
}

impl AuditKeys {
    /// The keys of an installation with this secret key.
    pub fn of(secret_key: &[u8; 32]) -> Self {
        let derived = |purpose: &[u8]| {
            let mut mac = hmac(secret_key);
            mac.update(purpose);
            hmac(&mac.finalize().into_bytes().into())
        };
        Self {
            heads: derived(HEAD),
            people: derived(PERSON),
        }
    }

    /// The seal on the newest event of an account.
    pub(super) fn seal(&self, account: &str, head: &Head) -> [u8; 32] {
        self.sealing(account, head).finalize().into_bytes().into()
    }

    /// Whether the seal is the one on this event.
    pub(super) fn is_sealed(&self, account: &str, head: &Head, seal: &[u8]) -> bool {
        self.sealing(account, head).verify_slice(seal).is_ok()
    }

    fn sealing(&self, account: &str, head: &Head) -> Hmac<Sha256> {
        let mut form = Vec::new();
        put_text(&mut form, account);
        put_text(&mut form, &head.sequence.to_string());
        let mut mac = self.heads.clone();
        mac.update(&form);
        mac.update(&head.hash);
        mac
    }

    /// What stands in the log for the id of a person: it says nothing of them, and cannot be made
    /// without the key.
    pub(super) fn person(&self, account: AccountId, id: &str) -> String {
        let mut mac = self.people.clone();
        mac.update(&account.0.0);
        mac.update(id.as_bytes());
        let mut bytes = [0; PERSON_BYTES];
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..PERSON_BYTES]);
        moca_core::id::Id(bytes).to_string()
    }
}

fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key shorter than a block is filled up with zeros (RFC 2104).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    Hmac::<Sha256>::new(&block.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_event_never_changes() {
        // As docs/audit.md has it:
        let values = ["A".into(), Value::Integer(-1), Value::Null, "\u{e9}".into()];
        // { printf 'moca audit event 1\n'; head -c 32 /dev/zero; printf '1:A,2:-1,-,2:\303\251,'; } | sha256sum
        let expected = "24ac2e5b75db7ddbdcde5eed2b951de09a6d64ac8e4cec5c261a24d4080735ed";
        let hash = hash_of(&BEGINNING, &values);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }

    #[test]
    fn no_two_rows_have_one_form() {
        let rows: [&[Value]; 6] = [
            &["ab".into(), "c".into()],
            &["a".into(), "bc".into()],
            &["abc".into(), Value::Null],
            &["abc".into(), "".into()],
            &["1:a,".into(), "".into()],
            &["a".into(), "0:,".into()],
        ];
        let hashes: std::collections::BTreeSet<_> =
            rows.iter().map(|row| hash_of(&BEGINNING, row)).collect();
        assert_eq!(hashes.len(), rows.len());
    }

    #[test]
    fn a_seal_fits_one_key_account_and_event_only() {
        let (mine, theirs) = (AuditKeys::of(&[1; 32]), AuditKeys::of(&[2; 32]));
        let head = Head {
            sequence: 7,
            hash: vec![3; 32],
        };
        let seal = mine.seal("A", &head);
        assert!(mine.is_sealed("A", &head, &seal));
        assert!(!theirs.is_sealed("A", &head, &seal));
        assert!(!mine.is_sealed("B", &head, &seal));
        let earlier = Head {
            sequence: 6,
            ..head.clone()
        };
        assert!(!mine.is_sealed("A", &earlier, &seal));
        assert!(!mine.is_sealed("A", &head, &seal[..31]));
        let account = AccountId(moca_core::id::Id([1; 16]));
        assert_ne!(mine.person(account, "ana"), theirs.person(account, "ana"));
    }
}
