//! Reads JSON strictly: no key twice in an object, bounded depth and memory, every string in NFC.

use std::{borrow::Cow, fmt};

use moca_core::limits::{JSON_DEPTH_MAX, JSON_MEMORY_BYTES_MAX};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Bytes of an object that is not empty: its fields are allotted eleven at a time.
const OBJECT_BYTES: usize = 640;
/// Bytes of a further field in it, half of those allotted being in use.
const FIELD_BYTES: usize = 128;
/// Bytes of an array's first two values, and of each further one while the array is growing.
const ITEM_BYTES: usize = 64;
/// What a byte of JSON takes in memory at most: `{},` takes an object and an item.
pub const MEMORY_PER_BYTE_MAX: usize = 256;

/// The document in a text; the error says what is wrong and where.
pub fn read(text: &str) -> Result<Value, serde_json::Error> {
    // Most are too short to need a look.
    if text.len() > JSON_MEMORY_BYTES_MAX / MEMORY_PER_BYTE_MAX
        && memory(text) > JSON_MEMORY_BYTES_MAX
    {
        return Err(serde_json::Error::custom(format_args!(
            "it would take more than {JSON_MEMORY_BYTES_MAX} bytes of memory"
        )));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict {
        levels_left: JSON_DEPTH_MAX,
    };
    let value = strict.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Bytes of memory that a document takes at most once it is read: its texts, and what holds them.
pub fn memory(text: &str) -> usize {
    let mut bytes = text.len();
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => bytes += OBJECT_BYTES,
            b':' => bytes += FIELD_BYTES,
            b'[' | b',' => bytes += ITEM_BYTES,
            _ => {}
        }
    }
    bytes
}

/// The text in NFC, untouched when it is so already.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[derive(Clone, Copy)]
struct Strict {
    levels_left: usize,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left }),
            None => Err(E::custom(format_args!(
                "arrays and objects are nested deeper than {JSON_DEPTH_MAX} levels"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            if values.is_empty() {
                // Positions have two; the library would make room for four.
                values.reserve_exact(2);
            }
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<Cow<'de, str>>()? {
            let key = text(&key)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key {key:?} stands twice in one object"
                )));
            }
            map.insert(key, fields.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }
}

/// A string or key in NFC. U+0000 is never meant and no text column of PostgreSQL holds it.
fn text<E: Error>(value: &str) -> Result<String, E> {
    if value.contains('\0') {
        return Err(E::custom("a string holds the character U+0000"));
    }
    Ok(nfc(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_keys_come_out_in_nfc() {
        let value = read("{\"cafe\u{301}\":[\"e\u{301}\",\"e\\u0301\"]}").unwrap();
        assert_eq!(value["caf\u{e9}"][0], "\u{e9}");
        assert_eq!(value["caf\u{e9}"][1], "\u{e9}");
    }

    #[test]
    fn a_key_stands_once_even_in_two_spellings() {
        assert!(read(r#"{"a":1,"a":1}"#).is_err());
        assert!(read(r#"{"a":{"b":1,"\u0062":2}}"#).is_err());
        assert!(read("{\"e\u{301}\":1,\"\u{e9}\":1}").is_err());
        assert!(read(r#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn what_would_take_too_much_memory_is_not_read() {
        // How much a thing takes, and in how few bytes it can be written.
        for (piece, least) in [
            (r#"{"":0}"#, 640 + 128),
            ("[0]", 64 + 64),
            ("{}", 640),
            ("0", 64),
        ] {
            let many = |count: usize| format!("[{}]", vec![piece; count].join(","));
            let most = JSON_MEMORY_BYTES_MAX / (least + piece.len());
            let error = read(&many(most + 2)).unwrap_err().to_string();
            assert!(error.contains("67108864 bytes"), "{piece}: {error}");
            assert!(read(&many(most / 2)).is_ok(), "{piece}");
            assert!(memory(&many(1_000)) <= many(1_000).len() * MEMORY_PER_BYTE_MAX);
        }
        assert!(read(&format!("\"{}\"", "[{".repeat(1_000_000))).is_ok());
    }

    #[test]
    fn a_polygon_of_ten_thousand_vertices_takes_a_thirtieth() {
        let ring = vec!["[-3.703790,40.416775]"; 10_000].join(",");
        assert!(memory(&format!("[[{ring}]]")) < JSON_MEMORY_BYTES_MAX / 30);
    }

    #[test]
    fn depth_is_bounded_exactly() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(read(&nested(JSON_DEPTH_MAX)).is_ok());
        assert!(read(&nested(JSON_DEPTH_MAX + 1)).is_err());
        let objects = "{\"a\":".repeat(JSON_DEPTH_MAX + 1) + "1" + &"}".repeat(JSON_DEPTH_MAX + 1);
        assert!(read(&objects).is_err());
        assert!(read(&nested(1_000_000)).is_err());
    }
}
