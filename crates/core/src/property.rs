//! Free properties on objects, events and profiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Named values, in the order of their names.
pub type Properties = BTreeMap<String, Property>;

/// A value a client may attach: the documented null, text, number and list of texts, and truth values.
/// A date is a number (ms since 1970). A null removes the property, so it is never kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// true or false
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// Text in NFC.
    Text(String),
    /// Texts in NFC.
    List(Vec<String>),
}

// JSON values as they are for people; a tagged form where only the program reads.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Plain {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<String>),
}

#[derive(Serialize, Deserialize)]
enum Tagged {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<String>),
}

macro_rules! convert {
    ($other:ident) => {
        impl From<$other> for Property {
            fn from(value: $other) -> Self {
                match value {
                    $other::Bool(v) => Self::Bool(v),
                    $other::Number(v) => Self::Number(v),
                    $other::Text(v) => Self::Text(v),
                    $other::List(v) => Self::List(v),
                }
            }
        }
        impl From<Property> for $other {
            fn from(value: Property) -> Self {
                match value {
                    Property::Bool(v) => Self::Bool(v),
                    Property::Number(v) => Self::Number(v),
                    Property::Text(v) => Self::Text(v),
                    Property::List(v) => Self::List(v),
                }
            }
        }
    };
}
convert!(Plain);
convert!(Tagged);

impl Serialize for Property {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            // 3 is written as 3, not as 3.0: what came in goes out.
            if let Self::Number(v) = self
                && v.fract() == 0.0
                && v.abs() < 9_007_199_254_740_992.0
            {
                return serializer.serialize_i64(*v as i64);
            }
            Plain::from(self.clone()).serialize(serializer)
        } else {
            Tagged::from(self.clone()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Plain::deserialize(deserializer).map(Self::from)
        } else {
            Tagged::deserialize(deserializer).map(Self::from)
        }
    }
}
