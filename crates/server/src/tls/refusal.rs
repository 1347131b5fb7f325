//! Answers to what is not a request that HTTP could hand on, as the bytes of a connection.

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE},
};
use moca_core::{
    clock::{Clock, Random, new_id},
    limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX, REQUEST_ARRIVAL_MS_MAX, URL_BYTES_MAX},
};
use moca_wire::problem::{Code, Problem};

use super::http2;

/// Why a connection is answered without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal<'h> {
    /// Clear text on the TLS port, sent to this host.
    Cleartext(&'h str),
    /// No request line, or fields that break the rules.
    Malformed,
    /// No `Host` field, or several.
    NoHost,
    /// A transfer coding that is not taken.
    TransferCoding,
    /// Too many fields, or too long ones.
    HeadTooLarge,
    /// A request line that is longer than any URL.
    UrlTooLong,
    /// The head did not arrive in time.
    HeadTooSlow,
}

impl Refusal<'_> {
    fn code(self) -> Code {
        match self {
            Self::Cleartext(_) => Code::TlsRequired,
            Self::Malformed | Self::NoHost | Self::TransferCoding => Code::MalformedRequest,
            Self::HeadTooLarge => Code::InvalidHeader,
            Self::UrlTooLong => Code::UrlTooLong,
            Self::HeadTooSlow => Code::RequestTimeout,
        }
    }

    fn detail(self) -> String {
        match self {
            Self::Cleartext(_) => "Use https:// for this address.".to_owned(),
            Self::Malformed => {
                "Send a request line and fields as HTTP/1.1 or HTTP/2 has them.".to_owned()
            }
            Self::NoHost => {
                "A request of HTTP/1.1 has one Host field: send the name of this server in it."
                    .to_owned()
            }
            Self::TransferCoding => "The only transfer coding taken is chunked: name a \
                                     compression in Content-Encoding."
                .to_owned(),
            Self::HeadTooLarge => format!(
                "The head of a request has at most {HEAD_BYTES_MAX} bytes and \
                 {HEAD_FIELDS_MAX} fields."
            ),
            Self::UrlTooLong => {
                format!("Path and query together have at most {URL_BYTES_MAX} bytes.")
            }
            Self::HeadTooSlow => format!(
                "The head of a request has to arrive within {REQUEST_ARRIVAL_MS_MAX} ms: repeat it."
            ),
        }
    }

    /// The answer as a whole HTTP/1.1 message, which says that the connection closes.
    pub(super) fn message(self, clock: &dyn Clock, random: &dyn Random) -> Vec<u8> {
        let (head, body) = self.response(clock, random).into_parts();
        let reason = head.status.canonical_reason().unwrap_or_default();
        let mut message = format!("HTTP/1.1 {} {reason}\r\n", head.status.as_u16()).into_bytes();
        let length = HeaderValue::from(body.len());
        let close = HeaderValue::from_static("close");
        let framing = [(&CONTENT_LENGTH, &length), (&CONNECTION, &close)];
        for (name, value) in head.headers.iter().chain(framing) {
            message.extend_from_slice(name.as_str().as_bytes());
            message.extend_from_slice(b": ");
            message.extend_from_slice(value.as_bytes());
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(&body);
        message
    }

    /// The answer as frames of HTTP/2 on this stream, which say that the connection closes.
    pub(super) fn frames(self, stream: u32, clock: &dyn Clock, random: &dyn Random) -> Vec<u8> {
        let (head, body) = self.response(clock, random).into_parts();
        http2::answer(stream, head.status, &head.headers, &body)
    }

    /// The answer, with the headers that every answer has.
    pub(super) fn response(self, clock: &dyn Clock, random: &dyn Random) -> Response<Vec<u8>> {
        let now_ms = clock.now_ms();
        let request_id = new_id(now_ms, random).to_string();
        let code = self.code();
        let mut problem = Problem::new(code, self.detail(), &request_id);
        if let Self::Cleartext(host) = self {
            // Relative to the URL asked for, the page would be in clear text again.
            problem.type_uri.insert_str(0, &format!("https://{host}"));
        }
        let mut response = Response::new(serde_json::to_vec(&problem).unwrap_or_default());
        *response.status_mut() =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        moca_api::set_standard_headers(headers, &request_id, now_ms);
        response
    }
}
