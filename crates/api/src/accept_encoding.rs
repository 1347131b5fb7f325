//! What a client says of the codings of the answer.
//!
//! An answer can always be sent as it is. The compression layer would answer a client that refuses
//! even that with 406, which is none of our status codes, and only after the work is done. So a
//! refusal of the uncoded answer is disregarded, as RFC 9110 §12.5.3 lets a server do.

use axum::{body::Body, extract::Request};
use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};

use crate::accept::quality;

/// Takes the items out of `Accept-Encoding` by which the client refuses an answer without coding.
pub(crate) async fn admit_uncoded(mut request: Request<Body>) -> Request<Body> {
    if let Some(rest) = without_refusals(request.headers()) {
        request.headers_mut().remove(ACCEPT_ENCODING);
        request.headers_mut().insert(ACCEPT_ENCODING, rest);
    }
    request
}

/// What is left of the header, or none if it can stay as it is.
fn without_refusals(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut items = Vec::new();
    let mut refusals = 0;
    for value in headers.get_all(ACCEPT_ENCODING) {
        // What cannot be read asks for nothing.
        for item in value.to_str().unwrap_or_default().split(',') {
            if refuses_uncoded(item) {
                refusals += 1;
            } else {
                items.push(item.trim());
            }
        }
    }
    if refusals == 0 {
        return None;
    }
    HeaderValue::from_str(&items.join(", ")).ok()
}

fn refuses_uncoded(item: &str) -> bool {
    let mut parts = item.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default();
    let covers_uncoded = coding == "*" || coding.eq_ignore_ascii_case("identity");
    covers_uncoded && quality(parts).is_ok_and(|quality| quality == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_of_the_uncoded_answer_go() {
        for (given, left) in [
            ("identity;q=0", Some("")),
            ("*;q=0.000", Some("")),
            ("gzip, IDENTITY; Q=0, *;q=0", Some("gzip")),
            ("br;q=0, *;q=0", Some("br;q=0")),
            ("*;q=0.001", None),
            ("gzip;q=0, identity", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(given));
            let rest = without_refusals(&headers);
            assert_eq!(rest, left.map(HeaderValue::from_static), "{given}");
        }
    }
}
