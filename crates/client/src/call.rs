//! One call, before it is sent.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use url::Url;

use crate::error::ClientError;

/// One call of an API. The typed methods make these; make one yourself for what they do not know,
/// or to see it before it goes out.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) method: Method,
    path: &'static str,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: Option<Bytes>,
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) repeat: Repeat,
    pub(crate) accept: Option<&'static str>,
    /// Time that the server is asked to wait before it answers.
    pub(crate) patience: Duration,
}

/// Whether a call whose answer did not come may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is as good as once.
    Freely,
    /// With an `Idempotency-Key`, this one or else a fresh one.
    UnderKey(Option<String>),
    /// Not when the server may have done it.
    Never,
}

impl Call {
    /// A call of `method` on a path such as `/v2/places`. A POST is sent with an
    /// `Idempotency-Key` of its own, so that it can be repeated safely.
    pub fn new(method: Method, path: &'static str) -> Self {
        let repeat = if method == Method::POST {
            Repeat::UnderKey(None)
        } else {
            Repeat::Freely
        };
        Self {
            method,
            path,
            segments: Vec::new(),
            query: Vec::new(),
            content_type: "application/json",
            body: None,
            if_match: None,
            if_none_match: None,
            repeat,
            accept: None,
            patience: Duration::ZERO,
        }
    }

    /// The same with one more segment of the path, which is escaped.
    #[must_use]
    pub fn segment(mut self, segment: impl ToString) -> Self {
        self.segments.push(segment.to_string());
        self
    }

    /// The same with a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// The same with a JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(ClientError::Body)?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// The same, only if the object still has this `ETag`.
    #[must_use]
    pub fn if_match(mut self, etag: Option<&str>) -> Self {
        self.if_match = etag.map(str::to_owned);
        self
    }

    /// The same, only if there is something other than what has this `ETag`: else the answer is of
    /// status 304 and has no body.
    #[must_use]
    pub fn if_none_match(mut self, etag: &str) -> Self {
        self.if_none_match = Some(etag.to_owned());
        self
    }

    /// The same POST under a key of yours instead of a fresh one: sent again within 24 hours, even
    /// by another process, it gets the first answer.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.repeat = Repeat::UnderKey(Some(key.into()));
        self
    }

    /// The same with a form as its body.
    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.content_type = "application/x-www-form-urlencoded";
        self.body = Some(form.into());
        self
    }

    /// The same with an answer of this media type.
    pub(crate) const fn accept(mut self, media: &'static str) -> Self {
        self.accept = Some(media);
        self
    }

    /// The same with so much more time for the answer: the server is asked to wait that long.
    pub(crate) const fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// The method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The body as it is sent.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The `ETag` it is bound to.
    pub fn condition(&self) -> Option<&str> {
        self.if_match.as_deref()
    }

    /// Refuses what no URL can say: an empty segment would make another call of it, and so would the
    /// dots that mean a folder.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        match self
            .segments
            .iter()
            .find(|text| matches!(text.as_str(), "" | "." | ".."))
        {
            None => Ok(()),
            Some(text) => Err(ClientError::Configuration(format!(
                "\"{text}\" cannot stand in the path of a call: give an id"
            ))),
        }
    }

    /// Where on a server it goes.
    pub(crate) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .extend(self.path.split('/').filter(|part| !part.is_empty()))
                .extend(&self.segments);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_parameters_are_escaped_and_a_prefix_stays() {
        let base = Url::parse("https://gate.example/moca/").unwrap();
        let call = Call::new(Method::PUT, "/v2/places")
            .segment("external")
            .segment("ES/28 7?#..")
            .query("q", "a&b=é");
        assert_eq!(
            call.url(&base).as_str(),
            "https://gate.example/moca/v2/places/external/ES%2F28%207%3F%23..?q=a%26b%3D%C3%A9"
        );
        call.check().unwrap();
    }

    #[test]
    fn a_segment_that_would_make_another_call_is_refused() {
        for bad in ["", ".", ".."] {
            let call = Call::new(Method::DELETE, "/v2/places").segment(bad);
            assert!(call.check().is_err(), "{bad}");
        }
    }
}
