//! How a body is written: its media type and its coding.

use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use moca_core::bulk::ImportFormat;
use moca_wire::problem::Code;

use crate::{failure::Failure, route::BodyKind};

/// The media types of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Ndjson,
    Form,
    File(ImportFormat),
}

/// The codings of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// The media type of the body, one that the route takes; `None` when the request does not say.
pub(crate) fn media(headers: &HeaderMap, kind: BodyKind) -> Result<Option<Media>, Failure> {
    let Some(text) = single(headers, &CONTENT_TYPE)? else {
        return Ok(None);
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let media = match (essence.as_str(), kind) {
        ("application/json", BodyKind::Json | BodyKind::JsonOrNdjson) => Media::Json,
        ("application/x-ndjson", BodyKind::JsonOrNdjson) => Media::Ndjson,
        ("application/x-www-form-urlencoded", BodyKind::Form) => Media::Form,
        (essence, BodyKind::File) => match file_format(essence) {
            Some(format) => Media::File(format),
            None => return Err(unsupported(kind)),
        },
        _ => return Err(unsupported(kind)),
    };
    // Bodies are UTF-8, and the first line of a table names its columns; no other parameter means
    // anything here.
    let understood = parts.filter(|part| !part.is_empty()).all(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let is = |known: &str, wanted: &str| {
                name.eq_ignore_ascii_case(known)
                    && value.trim_matches('"').eq_ignore_ascii_case(wanted)
            };
            let is_table = media == Media::File(ImportFormat::Csv);
            is("charset", "utf-8") || (is_table && is("header", "present"))
        })
    });
    if understood {
        Ok(Some(media))
    } else {
        Err(unsupported(kind))
    }
}

/// The format of a file of this media type.
fn file_format(essence: &str) -> Option<ImportFormat> {
    let mut formats = ImportFormat::ALL.into_iter();
    formats.find(|format| format.media_type() == essence)
}

/// Refuses a body whose media type is not said or not taken.
pub(crate) fn unsupported(kind: BodyKind) -> Failure {
    let taken = match kind {
        BodyKind::Json | BodyKind::None => "application/json",
        BodyKind::JsonOrNdjson => "application/json or application/x-ndjson",
        BodyKind::Form => "application/x-www-form-urlencoded",
        BodyKind::File => {
            "text/csv, application/x-ndjson, application/geo+json or \
             application/vnd.google-earth.kml+xml"
        }
    };
    Failure::new(
        Code::UnsupportedMediaType,
        format!("Send the body as {taken}, in UTF-8, and say so in Content-Type."),
    )
}

/// The coding of the body.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Coding, Failure> {
    let Some(text) = single(headers, &CONTENT_ENCODING)? else {
        return Ok(Coding::Identity);
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "zstd" => Ok(Coding::Zstd),
        _ => Err(Failure::new(
            Code::UnsupportedMediaType,
            "Send the body as it is, or compressed once with gzip or zstd.",
        )),
    }
}

/// The value of a header that may stand once at most.
pub(crate) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Failure> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Failure::new(
            Code::InvalidHeader,
            format!("The header {name} is given more than once."),
        ));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Failure::new(
            Code::InvalidHeader,
            format!("The header {name} has characters other than visible ASCII."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media_of(value: &str, kind: BodyKind) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, value.parse().unwrap());
        media(&headers, kind).unwrap_or(None)
    }

    #[test]
    fn only_utf_8_of_the_types_of_the_route_is_taken() {
        use BodyKind::{File, Form, Json, JsonOrNdjson};
        for (value, kind, expected) in [
            ("application/json", Json, Some(Media::Json)),
            (
                "Application/JSON; Charset=\"UTF-8\"",
                Json,
                Some(Media::Json),
            ),
            ("application/json;", Json, Some(Media::Json)),
            ("application/json; charset=latin1", Json, None),
            ("application/json; version=1", Json, None),
            ("text/json", Json, None),
            ("application/x-ndjson", Json, None),
            ("application/x-ndjson", JsonOrNdjson, Some(Media::Ndjson)),
            ("application/x-www-form-urlencoded", Form, Some(Media::Form)),
            ("application/json", Form, None),
            (
                "text/csv; charset=utf-8; header=present",
                File,
                Some(Media::File(ImportFormat::Csv)),
            ),
            ("text/csv; header=absent", File, None),
            ("application/geo+json; header=present", File, None),
            (
                "application/vnd.google-earth.kml+xml",
                File,
                Some(Media::File(ImportFormat::Kml)),
            ),
            ("application/vnd.google-earth.kmz", File, None),
            ("application/json", File, None),
        ] {
            assert_eq!(media_of(value, kind), expected, "{value}");
        }
    }
}
