//! What the head of a request may be, before anything is looked up for it.

use http::request::Parts;
use moca_core::limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX, URL_BYTES_MAX};
use moca_wire::problem::Code;

use crate::failure::Failure;

/// Refuses a head that is too large.
pub(crate) fn check(parts: &Parts) -> Result<(), Failure> {
    let url_bytes = parts.uri.path_and_query().map_or(0, |it| it.as_str().len());
    if url_bytes > URL_BYTES_MAX {
        return Err(Failure::new(
            Code::UrlTooLong,
            format!("Path and query together have at most {URL_BYTES_MAX} bytes."),
        ));
    }
    let fields = parts.headers.iter();
    let field_bytes = fields.map(|(name, value)| name.as_str().len() + value.len());
    if field_bytes.sum::<usize>() > HEAD_BYTES_MAX || parts.headers.len() > HEAD_FIELDS_MAX {
        return Err(Failure::new(
            Code::InvalidHeader,
            format!(
                "The head of a request has at most {HEAD_BYTES_MAX} bytes and \
                 {HEAD_FIELDS_MAX} fields."
            ),
        ));
    }
    Ok(())
}
