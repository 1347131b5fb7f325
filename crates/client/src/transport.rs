//! One call over HTTPS: credentials, attempts and waits.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Body, Method, RequestBuilder, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use url::Url;

use crate::{
    answer::Answer,
    call::{Call, Repeat},
    error::ClientError,
    pace::{self, Pace},
    retry::{RetryPolicy, may_be_done},
};

/// The connections to one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    pub(crate) policy: RetryPolicy,
    pub(crate) pace: Arc<dyn Pace>,
}

/// What proves who calls.
#[derive(Clone)]
pub(crate) enum Proof {
    None,
    Bearer(String),
    Basic { user: String, password: String },
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        base: Url,
        policy: RetryPolicy,
        pace: Arc<dyn Pace>,
    ) -> Self {
        Self {
            http,
            base,
            policy,
            pace,
        }
    }

    pub(crate) fn url(&self, call: &Call) -> Url {
        call.url(&self.base)
    }

    /// Does a call, in as many attempts as the policy allows and the call bears.
    pub(crate) async fn send(&self, call: &Call, proof: &Proof) -> Result<Answer, ClientError> {
        call.check()?;
        let deadline = self.pace.elapsed() + self.policy.deadline + call.patience;
        let key = match &call.repeat {
            Repeat::UnderKey(Some(key)) => Some(key.clone()),
            Repeat::UnderKey(None) => Some(pace::fresh_key(self.pace.as_ref())?),
            Repeat::Freely | Repeat::Never => None,
        };
        let mut attempt = 1;
        let mut may_be_deleted = false;
        loop {
            let left = deadline.saturating_sub(self.pace.elapsed());
            let timeout = left.min(self.policy.attempt_timeout + call.patience);
            let error = match self.attempt(call, proof, key.as_deref(), timeout).await {
                Ok(answer) => return Ok(answer),
                // What is gone after an attempt that may have deleted it, is deleted.
                Err(ClientError::NotFound { problem }) if may_be_deleted => {
                    return Ok(Answer {
                        status: 200,
                        etag: None,
                        request_id: Some(problem.request_id),
                        signature: None,
                        body: Default::default(),
                    });
                }
                Err(error) => error,
            };
            if may_be_done(&error) && call.repeat == Repeat::Never {
                return Err(error);
            }
            may_be_deleted |= call.method == Method::DELETE && may_be_done(&error);
            let chance = pace::fraction(self.pace.as_ref())?;
            let Some(wait) = self.policy.wait(&error, attempt, chance) else {
                return Err(error);
            };
            if self.pace.elapsed() + wait >= deadline {
                return Err(error);
            }
            self.pace.wait(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        proof: &Proof,
        key: Option<&str>,
        timeout: Duration,
    ) -> Result<Answer, ClientError> {
        let mut request = self.request(call, proof).timeout(timeout);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request = match &call.body {
            Some(body) => request
                .header(CONTENT_TYPE, call.content_type)
                .body(body.clone()),
            // An action must say that it has no body.
            None if call.method == Method::PUT => request.header("content-length", "0"),
            None => request,
        };
        let response = request.send().await.map_err(ClientError::network)?;
        Answer::read(response).await
    }

    /// The head of a call.
    fn request(&self, call: &Call, proof: &Proof) -> RequestBuilder {
        let mut request = self.http.request(call.method.clone(), self.url(call));
        if let Some(etag) = &call.if_match {
            request = request.header("if-match", etag);
        }
        if let Some(etag) = &call.if_none_match {
            request = request.header("if-none-match", etag);
        }
        if let Some(media) = call.accept {
            request = request.header(ACCEPT, media);
        }
        match proof {
            Proof::None => request,
            Proof::Bearer(token) => request.bearer_auth(token),
            Proof::Basic { user, password } => request.basic_auth(user, Some(password)),
        }
    }

    /// Does a call whose body is read while it is sent, however long it takes. All attempts are under
    /// one key, so the server does it once, and each asks for the body anew: what cannot be read again
    /// is not sent again.
    pub(crate) async fn upload(
        &self,
        call: &Call,
        proof: &Proof,
        mut bodies: impl FnMut() -> Option<Body> + Send,
    ) -> Result<Answer, ClientError> {
        call.check()?;
        let key = pace::fresh_key(self.pace.as_ref())?;
        let mut attempt = 1;
        let mut body = bodies().unwrap_or_default();
        loop {
            let request = self
                .request(call, proof)
                .header(CONTENT_TYPE, call.content_type)
                .header("idempotency-key", &key);
            let answer = match request.body(body).send().await {
                Ok(response) => Answer::read(response).await,
                Err(error) => Err(ClientError::network(error)),
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let chance = pace::fraction(self.pace.as_ref())?;
            let Some(wait) = self.policy.wait(&error, attempt, chance) else {
                return Err(error);
            };
            let Some(again) = bodies() else {
                return Err(error);
            };
            self.pace.wait(wait).await;
            body = again;
            attempt += 1;
        }
    }

    /// Does a call whose answer is taken while it comes: once, and however long it takes.
    pub(crate) async fn open(&self, call: &Call, proof: &Proof) -> Result<Response, ClientError> {
        call.check()?;
        let response = self.request(call, proof).send().await;
        let response = response.map_err(ClientError::network)?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Answer::refused(response).await)
    }
}
