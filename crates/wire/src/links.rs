//! Readers of links, origins and e-mail addresses.

use moca_core::limits::LINK_CHARS_MAX;
use serde_json::Value;
use url::Url;

use crate::{
    fault::FaultCode,
    values::{Reading, check_text, complain, string},
};

/// Characters of an e-mail address (RFC 5321 §4.5.3.1.3 less the angle brackets).
pub(crate) const EMAIL_CHARS_MAX: usize = 254;

/// A web address: an absolute URL with `http` or `https`.
pub fn web_url(value: &Value) -> Reading<String> {
    let expected = format!("an http or https URL of at most {LINK_CHARS_MAX} characters");
    let text = link(value, &expected)?;
    match Url::parse(&text) {
        Ok(url) if is_web(&url) && names_host(&text) => Ok(text),
        _ => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Whether a web address has its host where it belongs. Browsers, and the parser as they do, take
/// `https:///x` for `https://x`, which nobody means.
fn names_host(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

/// The same with `https` only, and without a user.
pub fn https_url(value: &Value) -> Reading<String> {
    let text = web_url(value)?;
    let is_https = Url::parse(&text).is_ok_and(|url| {
        url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
    });
    if is_https {
        return Ok(text);
    }
    complain(
        FaultCode::InvalidFormat,
        format!("expected an https URL without user of at most {LINK_CHARS_MAX} characters"),
    )
}

/// Schemes of URLs that are a program or a document themselves: who opens one in a web view runs it.
const NO_ADDRESS: [&str; 3] = ["javascript", "data", "vbscript"];

/// Any absolute URL, deep links such as `myapp://offers/7` included.
pub fn any_url(value: &Value) -> Reading<String> {
    let expected = format!(
        "an absolute URL or deep link of at most {LINK_CHARS_MAX} characters, not javascript: or data:"
    );
    let text = link(value, &expected)?;
    match Url::parse(&text) {
        Ok(url) if is_web(&url) && !names_host(&text) => complain(
            FaultCode::InvalidFormat,
            format!("expected {expected}, with a host after {}://", url.scheme()),
        ),
        Ok(url) if !NO_ADDRESS.contains(&url.scheme()) => Ok(text),
        _ => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

fn link(value: &Value, expected: &str) -> Reading<String> {
    let text = string(value, expected)?;
    // The URL standard lets a parser drop line ends and trim; we keep the text, so refuse them.
    check_text(
        text,
        LINK_CHARS_MAX,
        |c| c.is_control() || c.is_whitespace(),
        expected,
    )
}

/// An origin that may call the API from a browser: `https://host[:port]`, or `http` on the same machine.
pub fn origin(value: &Value) -> Reading<String> {
    let expected = "an origin such as https://console.example.com (http only for localhost), \
                    without path, query or user";
    let text = link(value, expected)?;
    let refused = || complain(FaultCode::InvalidFormat, format!("expected {expected}"));
    let Ok(url) = Url::parse(&text) else {
        return refused();
    };
    // A pattern is not an origin: browsers send the host itself, and nothing would ever match.
    let pattern = url.host_str().is_some_and(|host| host.contains('*'));
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && local);
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if pattern || !scheme_fits || !bare || !names_host(&text) {
        return refused();
    }
    Ok(url.origin().ascii_serialization())
}

/// An e-mail address.
pub fn email(value: &Value) -> Reading<String> {
    let expected = format!("an e-mail address of at most {EMAIL_CHARS_MAX} characters");
    let text = string(value, &expected)?;
    let text = check_text(
        text,
        EMAIL_CHARS_MAX,
        |c| c.is_control() || c.is_whitespace(),
        &expected,
    )?;
    // Only a message sent there proves an address; this finds names and typing errors.
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(text),
        _ => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_names_its_host_where_it_belongs() {
        let read = |text: &str| {
            let value = Value::from(text);
            [web_url, https_url, any_url, origin].map(|reader| reader(&value).is_ok())
        };
        for text in [
            "https:///x",
            "https:/x",
            "https:x",
            "https:\\\\x",
            "https://\\x",
            "https://",
            "https:////x",
        ] {
            assert_eq!(read(text), [false; 4], "{text}");
        }
        assert_eq!(read("https://x"), [true; 4]);
        assert_eq!(read("https://x/a"), [true, true, true, false]);
        // Where no host is asked for, none is missed.
        assert_eq!(read("guide:///offers/7"), [false, false, true, false]);
        assert_eq!(read("tel:112"), [false, false, true, false]);
    }
}
