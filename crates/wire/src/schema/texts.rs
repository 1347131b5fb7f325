//! The texts there are, each beside its reader in [`crate::values`] and [`crate::links`].

use moca_core::{
    id::ID_CHARS,
    limits::{
        ACTION_CONTENT_BYTES_MAX, CODE_CHARS_MAX, LINK_CHARS_MAX, NAME_CHARS_MAX, PEM_CHARS_MAX,
        PUSH_TOKEN_CHARS_MAX,
    },
};

use super::{Schema, Shape};
use crate::{links::EMAIL_CHARS_MAX, values::LANGUAGE_TAG_CHARS_MAX};

/// Not blank, no control characters.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\u0000-\\u001f\\u007f-\\u009f\\s][^\\u0000-\\u001f\\u007f-\\u009f]*$";
/// No control characters besides tabs and line ends.
const TEXT: &str = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$";
/// The same, and not blank.
const FILLED: &str = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*[^\\u0000-\\u001f\\u007f-\\u009f\\s][^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$";

fn sized(min: usize, max: usize, pattern: &str) -> Schema {
    Schema::of(Shape::Text {
        min,
        max: Some(max),
        pattern: Some(pattern.to_owned()),
        format: None,
    })
}

fn formatted(max: usize, format: &'static str, pattern: Option<&str>) -> Schema {
    Schema::of(Shape::Text {
        min: 1,
        max: Some(max),
        pattern: pattern.map(str::to_owned),
        format: Some(format),
    })
}

/// A text of one line: see [`crate::values::line`].
pub fn line(max: usize) -> Schema {
    sized(1, max, LINE)
}

/// A text of several lines, which may be empty: see [`crate::values::text`].
pub fn text(max: usize) -> Schema {
    sized(0, max, TEXT)
}

/// The same, and not blank.
pub fn filled_text(max: usize) -> Schema {
    sized(1, max, FILLED)
}

/// A text of this form.
pub fn matching(pattern: &str) -> Schema {
    Schema::of(Shape::Text {
        min: 0,
        max: None,
        pattern: Some(pattern.to_owned()),
        format: None,
    })
}

/// A text that is not empty.
pub fn short_text(max: usize) -> Schema {
    Schema::of(Shape::Text {
        min: 1,
        max: Some(max),
        pattern: None,
        format: None,
    })
}

/// Any text, in an answer.
pub fn any_text() -> Schema {
    Schema::of(Shape::Text {
        min: 0,
        max: None,
        pattern: None,
        format: None,
    })
}

/// The text of an action in one language. Its limit is one of bytes.
pub fn content() -> Schema {
    sized(1, ACTION_CONTENT_BYTES_MAX, FILLED)
        .noted(format!(
            "At most {ACTION_CONTENT_BYTES_MAX} bytes of UTF-8."
        ))
        .with_example("Welcome!")
}

/// A language tag, or `default`.
pub fn locale() -> Schema {
    sized(
        2,
        LANGUAGE_TAG_CHARS_MAX,
        "^(default|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)$",
    )
    .with_example("default")
}

/// The name of an object.
pub fn name() -> Schema {
    line(NAME_CHARS_MAX)
}

/// A short code.
pub fn code() -> Schema {
    line(CODE_CHARS_MAX)
}

/// A short code, or nothing.
pub fn code_or_empty() -> Schema {
    sized(0, CODE_CHARS_MAX, &or_empty(LINE))
}

fn or_empty(pattern: &str) -> String {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    format!("^({inner})?$")
}

/// An id. The last character carries two bits only.
pub fn id() -> Schema {
    sized(ID_CHARS, ID_CHARS, "^[A-Za-z0-9_-]{21}[AQgw]$").with_example("IXa7Bl9oRo6c7zQ5aQIzlg")
}

/// One of these words.
pub fn words(words: &[&'static str]) -> Schema {
    Schema::of(Shape::Words(words.to_vec()))
}

/// A colour.
pub fn color() -> Schema {
    sized(7, 7, "^#[0-9A-Fa-f]{6}$").with_example("#1e90ff")
}

/// The name of an IANA time zone.
pub fn time_zone() -> Schema {
    Schema::of(Shape::Text {
        min: 1,
        max: None,
        pattern: None,
        format: Some("iana-time-zone"),
    })
    .noted("The name of an IANA time zone.")
    .with_example("Europe/Madrid")
}

/// A time zone as a device tells it, an offset, or nothing.
pub fn told_time_zone() -> Schema {
    Schema::of(Shape::Text {
        min: 0,
        max: None,
        pattern: None,
        format: Some("iana-time-zone"),
    })
    .noted("The name of an IANA time zone, or an offset of whole hours.")
    .with_example("Europe/Madrid")
}

/// A language as a device tells it, with hyphens or underscores, or nothing.
pub fn language_tag() -> Schema {
    sized(
        0,
        LANGUAGE_TAG_CHARS_MAX,
        "^([A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*)?$",
    )
    .with_example("es-MX")
}

/// A country as a device tells it, or nothing.
pub fn country() -> Schema {
    sized(0, 2, "^([A-Za-z]{2})?$").with_example("ES")
}

/// A UUID.
pub fn uuid() -> Schema {
    let pattern = "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$";
    formatted(36, "uuid", Some(pattern)).with_example("f7826da6-4fa2-4e98-8024-bc5b71e0893e")
}

/// So many bytes in hexadecimal.
pub fn hex(bytes: usize) -> Schema {
    let digits = 2 * bytes;
    sized(digits, digits, &format!("^[0-9A-Fa-f]{{{digits}}}$"))
        .with_example("00112233445566778899".repeat(bytes.div_ceil(10))[..digits].to_owned())
}

/// An http or https URL.
pub fn web_url() -> Schema {
    formatted(
        LINK_CHARS_MAX,
        "web-url",
        Some(r"^[Hh][Tt][Tt][Pp][Ss]?://[^/\\]"),
    )
    .noted("An http or https URL.")
    .with_example("https://example.com/city-guide")
}

/// Any URL or deep link.
pub fn absolute_url() -> Schema {
    formatted(
        LINK_CHARS_MAX,
        "absolute-url",
        Some("^[A-Za-z][A-Za-z0-9+.-]*:"),
    )
    .noted("An absolute URL or deep link, not `javascript:` or `data:`.")
    .with_example("https://example.com/offers/7")
}

/// An origin whose pages may call the API.
pub fn origin() -> Schema {
    formatted(LINK_CHARS_MAX, "origin", Some("^[Hh][Tt][Tt][Pp]"))
        .noted("`https://host[:port]`, or `http` for localhost.")
        .with_example("https://console.example.com")
}

/// An e-mail address.
pub fn email() -> Schema {
    formatted(EMAIL_CHARS_MAX, "address", Some("^[^\\s]+@[^\\s@]+$"))
        .noted("An e-mail address.")
        .with_example("ada@example.com")
}

/// How a tag's number changes.
pub fn tag_expression() -> Schema {
    Schema::of(Shape::Text {
        min: 1,
        max: None,
        pattern: Some("^[=+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)$".to_owned()),
        format: Some("tag-expression"),
    })
    .with_example("+1")
}

/// An id that Apple gave.
pub fn apple_id() -> Schema {
    sized(10, 10, "^[A-Z0-9]{10}$").with_example("ABC123DEFG")
}

/// A `mailto:` or `https:` URL.
pub fn contact() -> Schema {
    formatted(LINK_CHARS_MAX, "contact-url", Some("^(mailto|https):"))
        .with_example("mailto:push@example.com")
}

const PRIVATE_KEY: &str = "-----BEGIN (RSA )?PRIVATE KEY-----";

/// The text of Apple's `.p8` file.
pub fn p256_key() -> Schema {
    formatted(PEM_CHARS_MAX, "pem-p256-key", Some(PRIVATE_KEY))
        .noted("A private key of P-256 in PEM, as in a .p8 file.")
}

/// A private key of RSA.
pub fn rsa_key() -> Schema {
    formatted(PEM_CHARS_MAX, "pem-rsa-key", Some(PRIVATE_KEY))
        .noted("A private key of RSA in PEM, with at least 2048 bits.")
}

/// The private key of a certificate.
pub fn certificate_key() -> Schema {
    formatted(PEM_CHARS_MAX, "pem-certificate-key", Some(PRIVATE_KEY))
        .noted("The private key of the certificate in PEM: PKCS#8 or PKCS#1.")
}

/// A certificate of Apple's push service.
pub fn apns_certificate() -> Schema {
    let pattern = "-----BEGIN CERTIFICATE-----";
    formatted(PEM_CHARS_MAX, "pem-certificate", Some(pattern))
        .noted("A certificate of Apple's push service in PEM.")
}

/// A device token of Apple.
pub fn apns_token() -> Schema {
    sized(16, 200, "^([0-9A-Fa-f]{2}){8,100}$")
        .with_example("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
}

/// A registration token of Firebase.
pub fn fcm_token() -> Schema {
    sized(1, PUSH_TOKEN_CHARS_MAX, "^[A-Za-z0-9:._-]+$")
        .with_example("dGhpcyBpcyBubyB0b2tlbg:APA91bE-example")
}

/// An https URL without user.
pub fn https_url() -> Schema {
    formatted(
        LINK_CHARS_MAX,
        "https-url",
        Some(r"^[Hh][Tt][Tt][Pp][Ss]://[^/\\]"),
    )
    .noted("An https URL.")
    .with_example("https://push.example.com/send/8d4f")
}

/// The secret of a subscription of a browser.
pub fn subscription_secret() -> Schema {
    sized(22, 22, "^[A-Za-z0-9_-]{21}[AQgw]$")
        .noted("16 bytes in base64url.")
        .with_example("aGVsbG8gdGhlcmUgd29ybA")
}

/// The public key of Web Push.
pub fn vapid_public() -> Schema {
    formatted(87, "vapid-public-key", Some("^B[A-Za-z0-9_-]{86}$"))
        .noted("A point of P-256, 65 bytes in base64url.")
}

/// The private key of Web Push.
pub fn vapid_private() -> Schema {
    formatted(43, "vapid-private-key", Some("^[A-Za-z0-9_-]{43}$"))
        .noted("A number of 32 bytes in base64url.")
}
