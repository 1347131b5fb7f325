//! What a body may hold, for the API's description, its pages and its tests.
//!
//! A [`Schema`] stands beside the reader of its body and is made of the same limits. The tests hold
//! the two to each other: what a schema allows the server takes, what it rules out the server
//! refuses. One schema describes a resource in all its uses; [`Usage`] says which one is meant.

mod json;
mod texts;

use std::fmt;

use serde_json::Value;

pub use texts::{
    absolute_url, any_text, apns_certificate, apns_token, apple_id, certificate_key, code,
    code_or_empty, color, contact, content, country, email, fcm_token, filled_text, hex, https_url,
    id, language_tag, line, locale, matching, name, origin, p256_key, rsa_key, short_text,
    subscription_secret, tag_expression, text, time_zone, told_time_zone, uuid, vapid_private,
    vapid_public, web_url, words,
};

/// Whole numbers beyond this are not exact in a double.
pub(crate) const EXACT_MAX: i64 = 1 << 53;

/// A body of the API that its description lists.
pub trait Described {
    /// Its name there, for example `Place`.
    const NAME: &'static str;

    /// The same, where one type of body is made of others.
    fn name() -> String {
        Self::NAME.to_owned()
    }

    /// What it may hold.
    fn schema() -> Schema;

    /// One that makes sense, as the server answers it or, if it never does, as a client sends it.
    fn example() -> Value;
}

/// What a body is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// To make something: what the server owns is ignored, `null` is as good as absent.
    Create,
    /// The same to replace something, whose parent is known already.
    Replace,
    /// As an answer.
    Answer,
}

/// What a JSON value may be.
#[derive(Debug, Clone)]
pub struct Schema {
    shape: Shape,
    title: Option<&'static str>,
    note: Option<String>,
    format: Option<&'static str>,
    example: Option<Value>,
}

/// The kinds of value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Any value at all.
    Any,
    /// `null`.
    Null,
    /// A text with its least and greatest number of characters (in NFC).
    Text {
        /// Characters at least.
        min: usize,
        /// Characters at most.
        max: Option<usize>,
        /// A regular expression, as ECMA-262 and Python both read it.
        pattern: Option<String>,
        /// The name of the form, for example `uuid`.
        format: Option<&'static str>,
    },
    /// A whole number within bounds, both included.
    Integer(Option<i64>, Option<i64>),
    /// A number within bounds, both included.
    Number(f64, f64),
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Words(Vec<&'static str>),
    /// Items in order.
    List {
        /// What each is.
        items: Box<Schema>,
        /// Items at least.
        min: usize,
        /// Items at most.
        max: Option<usize>,
        /// Whether none may stand there twice.
        unique: bool,
    },
    /// Named fields.
    Object {
        /// The fields, in the order they are shown.
        fields: Vec<Field>,
        /// Whether fields with other names are let through.
        open: bool,
    },
    /// Entries with names of the client's choice.
    Map {
        /// What a name is.
        names: Box<Schema>,
        /// What a value is.
        values: Box<Schema>,
        /// Entries at most.
        max: Option<usize>,
        /// Names that must be there.
        required: Vec<&'static str>,
    },
    /// Exactly one of these.
    OneOf(Vec<Schema>),
    /// Another body of the description, by its name there.
    Ref(String),
}

/// A field of an object.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub schema: Schema,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it means.
    pub note: String,
}

/// Whether a field must be there, and who sets it.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// Always.
    Required,
    /// A client must give it to make something and cannot change it.
    Parent,
    /// It may be left out.
    Optional,
    /// The same; then it is this value, and answers always have it.
    Default(Value),
    /// The server sets it: answers always have it, requests need not.
    Owned,
    /// The server sets it, not in every answer.
    OwnedOptional,
    /// A secret: it may be left out, and no answer has it.
    WriteOnly,
}

/// A field that must be there.
pub fn required(name: &'static str, schema: Schema, note: &str) -> Field {
    Field::new(name, schema, Presence::Required, note)
}

/// The id of the parent.
pub fn parent(name: &'static str, note: &str) -> Field {
    Field::new(name, id(), Presence::Parent, note)
}

/// A field that may be left out.
pub fn optional(name: &'static str, schema: Schema, note: &str) -> Field {
    Field::new(name, schema, Presence::Optional, note)
}

/// A field that has a value when it is left out.
pub fn defaulted(
    name: &'static str,
    schema: Schema,
    default: impl Into<Value>,
    note: &str,
) -> Field {
    Field::new(name, schema, Presence::Default(default.into()), note)
}

/// A field that the server sets.
pub fn owned(name: &'static str, schema: Schema, note: &str) -> Field {
    Field::new(name, schema, Presence::Owned, note)
}

/// A field that the server sets, but not always.
pub fn owned_optional(name: &'static str, schema: Schema, note: &str) -> Field {
    Field::new(name, schema, Presence::OwnedOptional, note)
}

/// A secret, which is taken and never answered.
pub fn write_only(name: &'static str, schema: Schema, note: &str) -> Field {
    Field::new(name, schema, Presence::WriteOnly, note)
}

impl Field {
    fn new(name: &'static str, schema: Schema, presence: Presence, note: &str) -> Self {
        Self {
            name,
            schema,
            presence,
            note: note.to_owned(),
        }
    }
}

/// An object with these fields and no others.
pub fn object(fields: impl IntoIterator<Item = Field>) -> Schema {
    let fields = fields.into_iter().collect();
    Schema::of(Shape::Object {
        fields,
        open: false,
    })
}

/// A managed object: the frame, the fields besides, and `config`.
pub fn resource(
    own_id: &'static str,
    more: impl IntoIterator<Item = Field>,
    config: Schema,
) -> Schema {
    let mut fields = vec![
        owned("createdAt", moment(), "When it was made."),
        owned("updatedAt", moment(), "When it was last changed."),
        owned(own_id, id(), "Its id."),
    ];
    fields.extend(more);
    if !fields.iter().any(|field| field.name == "accountId") {
        // Not every answer has it; every reader lets it through.
        fields.push(owned_optional("accountId", id(), "The account."));
    }
    fields.push(required("config", config, "What a client sets."));
    object(fields)
}

/// The account that something belongs to.
pub fn account_id() -> Field {
    owned("accountId", id(), "The account.")
}

/// Any value at all.
pub fn any() -> Schema {
    Schema::of(Shape::Any)
}

/// Nothing.
pub fn null() -> Schema {
    Schema::of(Shape::Null)
}

/// `true` or `false`.
pub fn boolean() -> Schema {
    Schema::of(Shape::Boolean)
}

/// A whole number within bounds, both included.
pub fn integer(min: i64, max: i64) -> Schema {
    Schema::of(Shape::Integer(Some(min), Some(max)))
}

/// A whole number that counts something.
pub fn count() -> Schema {
    Schema::of(Shape::Integer(Some(0), None))
}

/// A number within bounds, both included.
pub fn number(min: f64, max: f64) -> Schema {
    Schema::of(Shape::Number(min, max))
}

/// A moment: milliseconds since 1970.
pub fn moment() -> Schema {
    Schema::of(Shape::Integer(Some(i64::MIN), Some(i64::MAX)))
        .noted("Milliseconds since 1970-01-01T00:00:00Z.")
        .with_example(1_767_614_400_000_i64)
}

/// A list of at most `max` different values.
pub fn set(items: Schema, max: usize) -> Schema {
    Schema::of(Shape::List {
        items: Box::new(items),
        min: 0,
        max: Some(max),
        unique: true,
    })
}

/// A list of 1 to `max` different values.
pub fn filled_set(items: Schema, max: usize) -> Schema {
    Schema::of(Shape::List {
        items: Box::new(items),
        min: 1,
        max: Some(max),
        unique: true,
    })
}

/// A list of `min` to `max` items.
pub fn list(items: Schema, min: usize, max: usize) -> Schema {
    Schema::of(Shape::List {
        items: Box::new(items),
        min,
        max: Some(max),
        unique: false,
    })
}

/// A list of at least `min` items, whose greatest number is counted otherwise.
pub fn at_least(items: Schema, min: usize) -> Schema {
    Schema::of(Shape::List {
        items: Box::new(items),
        min,
        max: None,
        unique: false,
    })
}

/// A list in an answer, as long as it has to be.
pub fn items(items: Schema) -> Schema {
    Schema::of(Shape::List {
        items: Box::new(items),
        min: 0,
        max: None,
        unique: false,
    })
}

/// An object with names of the client's choice.
pub fn map(names: Schema, values: Schema, max: usize) -> Schema {
    Schema::of(Shape::Map {
        names: Box::new(names),
        values: Box::new(values),
        max: Some(max),
        required: Vec::new(),
    })
}

/// Exactly one of these.
pub fn one_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    Schema::of(Shape::OneOf(schemas.into_iter().collect()))
}

/// This, or `null` in an answer.
pub fn maybe(schema: Schema) -> Schema {
    one_of([schema, null()])
}

/// One of several kinds of object, told apart by the text in `tag`. Each has fields of its own
/// besides those of all.
pub fn tagged(
    tag: &'static str,
    kinds: impl IntoIterator<Item = (&'static str, Vec<Field>)>,
    common: &[Field],
) -> Schema {
    one_of(kinds.into_iter().map(|(word, own)| {
        let mut fields = vec![required(tag, words(&[word]), "The kind.")];
        fields.extend(own);
        fields.extend_from_slice(common);
        object(fields).titled(word)
    }))
}

/// Another body of the description.
pub fn reference<T: Described>() -> Schema {
    Schema::of(Shape::Ref(T::name()))
}

/// Another body of the description, as a client sends it.
pub fn reference_input<T: Described>() -> Schema {
    Schema::of(Shape::Ref(input_name::<T>(Usage::Create)))
}

/// The name of a body in a use.
pub fn input_name<T: Described>(usage: Usage) -> String {
    let name = T::name();
    match usage {
        Usage::Answer => name,
        _ if name.ends_with("Input") => name,
        Usage::Create => format!("{name}Input"),
        Usage::Replace => format!("{name}Replacement"),
    }
}

impl Schema {
    const fn of(shape: Shape) -> Self {
        Self {
            shape,
            title: None,
            note: None,
            format: None,
            example: None,
        }
    }

    /// The kind of value.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The name of its kind, if it has one.
    pub const fn title(&self) -> Option<&'static str> {
        self.title
    }

    /// What has to be said besides.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The same with the name of its kind.
    #[must_use]
    pub const fn titled(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    /// The same with something to say.
    #[must_use]
    pub fn noted(mut self, note: impl fmt::Display) -> Self {
        self.note = Some(note.to_string());
        self
    }

    /// The same with the name of a form that the keywords do not say all about.
    #[must_use]
    pub const fn formatted(mut self, format: &'static str) -> Self {
        self.format = Some(format);
        self
    }

    /// The same with a value that it allows.
    #[must_use]
    pub fn with_example(mut self, example: impl Into<Value>) -> Self {
        self.example = Some(example.into());
        self
    }

    /// A map that must have these names.
    #[must_use]
    pub fn with_names(mut self, names: &[&'static str]) -> Self {
        if let Shape::Map { required, .. } = &mut self.shape {
            *required = names.to_vec();
        }
        self
    }

    /// An object that lets other fields through.
    #[must_use]
    pub fn open(mut self) -> Self {
        if let Shape::Object { open, .. } = &mut self.shape {
            *open = true;
        }
        self
    }

    /// An object with more fields.
    #[must_use]
    pub fn and(mut self, more: impl IntoIterator<Item = Field>) -> Self {
        if let Shape::Object { fields, .. } = &mut self.shape {
            fields.extend(more);
        }
        self
    }

    /// The fields of an object; none of anything else.
    pub fn fields(&self) -> &[Field] {
        match &self.shape {
            Shape::Object { fields, .. } => fields,
            _ => &[],
        }
    }
}
