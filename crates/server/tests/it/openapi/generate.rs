//! Values made from their schema: the least, the fullest, and any.

use serde_json::{Map, Value, json};

use crate::support::{dice::Dice, keys, schema::Schemas};

/// How much of what may be there is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Only what must be, as small as it may be.
    Least,
    /// Everything, as large as it may be.
    Fullest,
    /// Whatever the dice say.
    Any,
}

/// Characters of texts: of one, two, three and four bytes.
const LETTERS: [char; 8] = ['a', 'Z', '7', '-', 'é', '漢', '😀', '"'];
/// A whole body stays below the limit of its bytes.
const MAP_CHARS_MAX: u64 = 500_000;
/// Objects in one list.
const OBJECTS_MAX: u64 = 3;

/// Makes values that a schema admits.
pub(super) struct Generator<'a> {
    pub(super) schemas: Schemas<'a>,
    pub(super) dice: Dice,
    pub(super) size: Size,
}

impl<'a> Generator<'a> {
    pub(super) fn value(&mut self, schema: &'a Value) -> Value {
        let schema = self.schemas.resolve(schema);
        if let Some(words) = schema["enum"].as_array() {
            return self.pick(words).clone();
        }
        if let Some(schemas) = schema["oneOf"].as_array() {
            let chosen = match self.size {
                Size::Fullest => &schemas[0],
                _ => self.pick(schemas),
            };
            return self.value(chosen);
        }
        match schema["format"].as_str() {
            Some("geojson-polygon") => return polygon(),
            Some("segment-query") => {
                return json!({"$any": [{"lang": "es"}, {"tag.vip": {"$gte": 3}}]});
            }
            Some("event-query") => return json!({"value": {"$gte": 20}}),
            Some("trigger-parts") => return self.parts(schema),
            Some("geojson-multipolygon") => return json!([polygon()]),
            _ => {}
        }
        let kinds = Schemas::kinds(schema);
        if kinds.contains(&"null") && self.size == Size::Any && self.dice.below(5) == 0 {
            return Value::Null;
        }
        match kinds.first() {
            None => json!("anything"),
            Some(&"null") => Value::Null,
            Some(&"boolean") => json!(self.dice.below(2) == 0),
            Some(&"string") => self.text(schema).into(),
            Some(&"integer") => self.integer(schema).into(),
            Some(&"number") => self.number(schema).into(),
            Some(&"array") => self.list(schema),
            Some(&"object") if schema["properties"].is_object() => self.object(schema),
            Some(&"object") => self.map(schema),
            Some(other) => panic!("no such type: {other}"),
        }
    }

    /// Parts of a composite trigger: of those that hold for a moment, one at most, and no entry and exit
    /// of what may become the same thing.
    fn parts(&mut self, schema: &'a Value) -> Value {
        let Value::Array(mut parts) = self.list(schema) else {
            unreachable!("it makes a list");
        };
        let is_event =
            |part: &Value| part["@type"] == "EventTrigger" || part["@type"] == "CustomTrigger";
        let first = parts.iter().position(is_event);
        let mut index = 0;
        let kinds: Vec<String> = parts.iter().map(|part| part["@type"].to_string()).collect();
        parts.retain(|part| {
            index += 1;
            let enters = part["@type"].to_string().replace("Exit", "Enter");
            let is_entered = kinds[index - 1] != enters && kinds.contains(&enters);
            !is_entered && (!is_event(part) || Some(index - 1) == first)
        });
        parts.into()
    }

    fn pick<T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.dice.below(all.len())]
    }

    fn object(&mut self, schema: &'a Value) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut made = Map::new();
        for (name, field) in schema["properties"].as_object().unwrap() {
            let needed = required.iter().any(|one| one == name);
            let wanted = match self.size {
                Size::Least => false,
                Size::Fullest => true,
                Size::Any => self.dice.below(2) == 0,
            };
            if needed || wanted {
                made.insert(name.clone(), self.value(field));
            }
        }
        made.into()
    }

    fn map(&mut self, schema: &'a Value) -> Value {
        let mut made = Map::new();
        for name in schema["required"].as_array().into_iter().flatten() {
            let value = self.value(&schema["additionalProperties"]);
            made.insert(name.as_str().unwrap().to_owned(), value);
        }
        let max = schema["maxProperties"].as_u64().unwrap();
        let chars = self.widest(&schema["additionalProperties"]).max(1);
        let entries = match self.size {
            Size::Least => 0,
            Size::Fullest => max.min(MAP_CHARS_MAX / chars).max(1),
            Size::Any => self.dice.below(3) as u64,
        };
        let entries = entries.min(max);
        let names = self.schemas.resolve(&schema["propertyNames"]);
        // Names may be few: some come up twice.
        for _ in 0..10 * entries {
            if made.len() as u64 == entries {
                break;
            }
            let name = self.value(names).as_str().unwrap_or_default().to_owned();
            made.insert(name, self.value(&schema["additionalProperties"]));
        }
        made.into()
    }

    /// Characters of the longest text that the first kind of value may be.
    fn widest(&self, schema: &'a Value) -> u64 {
        let schema = self.schemas.resolve(schema);
        let first = schema["oneOf"].as_array().map(|all| &all[0]);
        first.map_or_else(
            || schema["maxLength"].as_u64().unwrap_or(10),
            |first| self.widest(first),
        )
    }

    fn list(&mut self, schema: &'a Value) -> Value {
        let items = self.schemas.resolve(&schema["items"]);
        let min = schema["minItems"].as_u64().unwrap_or(0);
        let mut max = schema["maxItems"].as_u64().unwrap_or(OBJECTS_MAX);
        if items["properties"].is_object() || items["oneOf"].is_array() {
            max = max.min(OBJECTS_MAX);
        }
        let count = match self.size {
            Size::Least => min,
            Size::Fullest => max,
            Size::Any => min + self.dice.below(3.min(max - min + 1) as usize) as u64,
        };
        let unique = schema["uniqueItems"] == true;
        let mut made: Vec<Value> = Vec::new();
        let mut failures = 0;
        while (made.len() as u64) < count && failures < 10_000 {
            let item = match (unique, items["minimum"].as_i64(), items["maximum"].as_i64()) {
                (true, Some(low), Some(high)) => {
                    json!(low + self.dice.below((high - low + 1) as usize) as i64)
                }
                _ => self.value(items),
            };
            if unique && made.contains(&item) {
                failures += 1;
            } else {
                made.push(item);
            }
        }
        made.into()
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let low = schema["minimum"].as_i64().unwrap_or(0);
        let high = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        match (self.size, self.dice.below(4)) {
            (Size::Least, _) | (Size::Any, 0) => low,
            (Size::Fullest, _) | (Size::Any, 1) => high,
            _ => {
                let span = high.wrapping_sub(low).unsigned_abs().max(1);
                low.wrapping_add((self.dice.roll() % span) as i64)
            }
        }
    }

    fn number(&mut self, schema: &Value) -> f64 {
        let low = schema["minimum"].as_f64().unwrap_or(-1e30);
        let high = schema["maximum"].as_f64().unwrap_or(1e30);
        match (self.size, self.dice.below(4)) {
            (Size::Least, _) | (Size::Any, 0) => low,
            (Size::Fullest, _) | (Size::Any, 1) => high,
            _ => {
                let part = (self.dice.roll() % 1_000_000) as f64 / 1_000_000.0;
                low + part * (high - low)
            }
        }
    }

    fn text(&mut self, schema: &Value) -> String {
        if let Some(format) = schema["format"].as_str() {
            return self.formatted(format);
        }
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        let max = schema["maxLength"].as_u64();
        if pattern.starts_with("^[A-Za-z0-9_-]{21}") {
            return format!("{:021x}A", self.dice.roll());
        }
        if pattern.starts_with("^[0-9A-Fa-f]{") {
            return format!("{:032x}", self.dice.roll())[32 - max.unwrap() as usize..].to_owned();
        }
        if pattern.starts_with("^(default|") {
            let letter = |n| (b'a' + n as u8) as char;
            let (first, second) = (self.dice.below(26), self.dice.below(26));
            return format!("{}{}", letter(first), letter(second));
        }
        if let Some(example) = schema["examples"][0].as_str() {
            return example.to_owned();
        }
        let min = schema["minLength"].as_u64().unwrap_or(0);
        let max = max.unwrap_or(10);
        let chars = match (self.size, self.dice.below(6)) {
            (Size::Least, _) | (Size::Any, 0) => min,
            (Size::Fullest, _) | (Size::Any, 1) => max,
            _ => min + self.dice.roll() % (max - min + 1).min(20),
        };
        // The limit of a long text may be one of bytes.
        let letters = if max > 10_000 { 4 } else { LETTERS.len() };
        let made: String = (0..chars)
            .map(|_| LETTERS[self.dice.below(letters)])
            .collect();
        assert!(
            self.schemas.admits(schema, &json!(made)),
            "give the schema an example: {schema}"
        );
        made
    }

    fn formatted(&mut self, format: &str) -> String {
        if let Some(key) = keys::of_form(format) {
            return key;
        }
        let texts: &'static [&'static str] = match format {
            "uuid" => return self.dice.uuid().to_string(),
            "iana-time-zone" => &["UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires"],
            "web-url" => &["https://example.com/a?b=c#d", "http://localhost:8080/"],
            "absolute-url" => &["myapp://offers/7", "https://example.com/", "tel:112"],
            "https-url" => &[
                "https://push.example.com/send/8d4f",
                "https://localhost:8443/a?b=c",
            ],
            "origin" => &[
                "https://a.example",
                "https://b.example:8443",
                "http://localhost:3000",
            ],
            "contact-url" => &["mailto:push@example.com", "https://example.com/contact"],
            "address" => &["ada@example.com", "o'neil+x@sub.example.com"],
            "template-text" => &["Hi", "{{ user.name | default('you') }}: {{ place.name }}"],
            "template-line" => &["default", "chime-{{ tag.level }}.wav"],
            "template-url" => &[
                "myapp://offers/7",
                "https://e.example/{{ property.tier }}?v={{ tag.v }}",
            ],
            "template-web-url" => &[
                "https://e.example/a.mp4",
                "http://e.example/{{ device.lang }}.png",
            ],
            "event-verb" => &["purchase", "view_item"],
            "tag-expression" => &["+1", "-2.5", "3", "=3", "=.5", "10."],
            "event-query-text" => &[r#"{"value": {"$gte": 20}}"#, r#"{"property.gift": true}"#],
            "segment-query-text" => &[r#"{"lang": "es"}"#, r#"{"$not": {"os": {"$in": ["iOS"]}}}"#],
            other => panic!("teach generate.rs the format {other}"),
        };
        texts[self.dice.below(texts.len())].to_owned()
    }
}

/// A square with a hole. Most lists of rings are no shape.
fn polygon() -> Value {
    json!([
        [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]],
        [[0.2, 0.2], [0.2, 0.8], [0.8, 0.8], [0.8, 0.2], [0.2, 0.2]],
    ])
}
