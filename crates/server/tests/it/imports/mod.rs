//! Files that are imported beside requests.

mod jobs;
mod killed;
mod round_trip;
mod rows;

use serde_json::Value;

use crate::support::{request::Answer, team::Team};

impl Team {
    /// Sends a file with these parameters.
    pub(crate) async fn send_file(
        &self,
        token: &str,
        parameters: &str,
        media: &str,
        file: impl Into<axum::body::Body>,
    ) -> Answer {
        self.installation
            .ask("POST", &format!("/v2/imports?{parameters}"))
            .bearer(token)
            .header("content-type", media)
            .body(file)
            .send()
            .await
    }

    /// Imports a table, and answers the import when it is done.
    pub(crate) async fn import_csv(&self, parameters: &str, file: &str) -> Value {
        let sent = self.send_file(&self.tenant.token, parameters, "text/csv", file.to_owned());
        let sent = sent.await.done();
        self.installation.import_all().await;
        self.import(&sent).await
    }

    /// An import as it is now.
    pub(crate) async fn import(&self, import: &Value) -> Value {
        let path = format!("/v2/imports/{}", import["importId"].as_str().unwrap());
        self.get(&path).await.done()
    }

    /// What was refused of an import: line, column, field and code of each fault.
    pub(crate) async fn refused(&self, import: &Value) -> Vec<(i64, Option<i64>, String, String)> {
        let id = import["importId"].as_str().unwrap();
        let path = format!("/v2/imports/{id}/refused?limit=1000");
        let page = self.get(&path).await.done();
        let items = page["items"].as_array().unwrap().iter().map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            (
                item["line"].as_i64().unwrap(),
                item["column"].as_i64(),
                text("field"),
                text("code"),
            )
        });
        items.collect()
    }

    /// How many objects of a kind there are.
    pub(crate) async fn total(&self, kind: &str) -> i64 {
        let page = self.get(&format!("/v2/{kind}?limit=1")).await.done();
        page["total"].as_i64().unwrap()
    }
}

/// The counts of an import: created, updated, unchanged, refused.
pub(crate) fn counts(import: &Value) -> [i64; 4] {
    ["created", "updated", "unchanged", "refused"].map(|name| import[name].as_i64().unwrap())
}
