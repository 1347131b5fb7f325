//! Files: what goes in as an import, and exports.

use std::{io, time::Duration};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http_body_util::StreamBody;
use moca_core::{
    bulk::{BulkKind, FileFormat, ImportFormat},
    id::{AppId, ImportId, InstanceId},
};
use moca_wire::{
    imports::{Import, Refusal},
    page::Page,
};
use reqwest::{Body, Method, Response};

use crate::{answer::Answer, call::Call, error::ClientError, manage::Client};

/// First wait before an import is asked for again; each is longer than the one before.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest such wait.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRequest {
    /// What it holds.
    pub kind: BulkKind,
    /// How it is written.
    pub format: ImportFormat,
    /// A name for the import, such as that of the file.
    pub name: Option<String>,
    /// Whether everything is only tried.
    pub dry_run: bool,
    /// Whether a row replaces the object with its `externalId`.
    pub upsert: bool,
    /// Which column of the file is which field, for example `name=Station,latitude=lat`.
    pub map: Option<String>,
    /// Metres around a point that has no radius of its own.
    pub radius: Option<f64>,
}

impl ImportRequest {
    /// A file of this kind in this format.
    pub const fn new(kind: BulkKind, format: ImportFormat) -> Self {
        Self {
            kind,
            format,
            name: None,
            dry_run: false,
            upsert: false,
            map: None,
            radius: None,
        }
    }

    fn call(&self) -> Call {
        let mut call = Call::new(Method::POST, "/v2/imports").query("kind", self.kind.as_str());
        call.content_type = self.format.media_type();
        for (name, flag) in [("dryRun", self.dry_run), ("upsert", self.upsert)] {
            if flag {
                call = call.query(name, true);
            }
        }
        for (name, text) in [("name", &self.name), ("map", &self.map)] {
            if let Some(text) = text {
                call = call.query(name, text);
            }
        }
        match self.radius {
            Some(radius) => call.query("radius", radius),
            None => call,
        }
    }
}

/// A file that is being received.
#[derive(Debug)]
pub struct Download(Response);

impl Download {
    /// The next piece; none at the end. An error means that the file is not whole.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.0.chunk().await.map_err(ClientError::network)
    }
}

impl Client {
    /// Sends a file, which is read while it is sent, and answers the import that the server made of
    /// it. It is sent once: when that fails, begin anew.
    pub async fn import(
        &self,
        request: &ImportRequest,
        file: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Import, ClientError> {
        let mut once = Some(file);
        self.import_again(request, move || once.take()).await
    }

    /// The same with a file that can be read again: when an attempt fails, it is sent anew, as other
    /// calls are. The server makes one import of it, also when an answer was lost. `open` answers
    /// nothing when the file cannot be had any more; then the attempt before is what is told.
    pub async fn import_again<F>(
        &self,
        request: &ImportRequest,
        mut open: impl FnMut() -> Option<F> + Send,
    ) -> Result<Import, ClientError>
    where
        F: Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    {
        let bodies = move || {
            let file = open()?.map_ok(http_body::Frame::data);
            Some(Body::wrap(StreamBody::new(file)))
        };
        self.upload(&request.call(), bodies).await?.json()
    }

    /// Asks for an import until it has ended, and tells of it on the way.
    pub async fn import_ended(
        &self,
        id: ImportId,
        mut tell: impl FnMut(&Import),
    ) -> Result<Import, ClientError> {
        let mut wait = FIRST_WAIT;
        loop {
            let import: Import = self.get(id).await?;
            tell(&import);
            if import.status.is_final() {
                return Ok(import);
            }
            self.pause(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// Stops an import; what it has taken in stays.
    pub async fn cancel_import(&self, id: ImportId) -> Result<Import, ClientError> {
        self.all::<Import>().act(id, "cancel").await
    }

    /// A page of what was refused of an import, in the order of the file.
    pub async fn refusals(
        &self,
        id: ImportId,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Refusal>, ClientError> {
        let call = of_import(id, "refused")
            .query("offset", offset)
            .query("limit", limit);
        self.send(&call).await?.json()
    }

    /// All that was refused of an import, as CSV.
    pub async fn refusals_csv(&self, id: ImportId) -> Result<Bytes, ClientError> {
        let Answer { body, .. } = self.send(&of_import(id, "refused.csv")).await?;
        Ok(body)
    }

    /// All objects of a kind as one file; filters are those of the list, for example
    /// `("labelId", id)`.
    pub async fn export(
        &self,
        kind: BulkKind,
        format: FileFormat,
        filters: &[(&str, String)],
    ) -> Result<Download, ClientError> {
        let name = format!("{}.{}", kind.as_str(), format.as_str());
        let mut call = Call::new(Method::GET, "/v2/exports").segment(name);
        for (name, value) in filters {
            call = call.query(*name, value);
        }
        self.open(&call).await.map(Download)
    }

    /// All that is held on an instance, as one JSON document.
    pub async fn export_instance(&self, id: InstanceId) -> Result<Download, ClientError> {
        let call = Call::new(Method::GET, "/v2/instances")
            .segment(id)
            .segment("export");
        self.open(&call).await.map(Download)
    }

    /// All that is held on a user of an app, as one JSON document.
    pub async fn export_user(&self, app: AppId, user_id: &str) -> Result<Download, ClientError> {
        let call = Call::new(Method::GET, "/v2/users")
            .segment(user_id)
            .segment("export")
            .query("appId", app);
        self.open(&call).await.map(Download)
    }
}

fn of_import(id: ImportId, what: &str) -> Call {
    Call::new(Method::GET, "/v2/imports")
        .segment(id)
        .segment(what)
}
