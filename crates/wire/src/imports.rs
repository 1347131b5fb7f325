//! Imports: files that are taken in beside requests.

use moca_core::{
    bulk::ImportFormat,
    id::{AccountId, ImportId, MemberId},
    import::{self, ImportConfig, ImportProgress, ImportRefusal},
    job::JobStatus,
    limits::{IMPORT_MAP_CHARS_MAX, NAME_CHARS_MAX, RADIUS_M_MAX, RADIUS_M_MIN},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    resource::Resource,
    schema::{self, Described, Schema},
};

/// An import as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// When the file had arrived, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub import_id: ImportId,
    /// The account.
    pub account_id: AccountId,
    /// Who sent the file.
    pub member_id: MemberId,
    /// What was asked for.
    pub config: ImportConfig,
    /// Where it stands.
    pub status: JobStatus,
    /// When the first rows were taken in, ms since 1970.
    pub started_at: Option<i64>,
    /// When it ended, ms since 1970.
    pub finished_at: Option<i64>,
    /// Bytes of the file.
    pub bytes_total: i64,
    /// Bytes of it that were read.
    pub bytes_done: i64,
    /// Rows read.
    pub rows: i64,
    /// Rows that made an object, or would.
    pub created: i64,
    /// Rows that replaced one.
    pub updated: i64,
    /// Rows that say what is there already.
    pub unchanged: i64,
    /// Rows that were refused.
    pub refused: i64,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which row, from 1.
    pub row: i64,
    /// The line it begins on, from 1.
    pub line: i64,
    /// The column of a CSV file, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<i64>,
    /// The name of that column, or a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// The code of the fault.
    pub code: String,
    /// What was expected.
    pub detail: String,
}

/// Nothing: an import is made by its file.
#[derive(Debug, Clone, Copy, Serialize)]
pub enum NoInput {}

impl Resource for Import {
    const PATH: &'static str = "/v2/imports";
    type Input = NoInput;
}

impl From<&import::Import> for Import {
    fn from(import: &import::Import) -> Self {
        let ImportProgress {
            bytes_total,
            bytes_done,
            rows,
            created,
            updated,
            unchanged,
            refused,
            refusals_kept: _,
            started_at,
            finished_at,
            failure,
        } = import.progress.clone();
        Self {
            created_at: import.frame.created_at,
            updated_at: import.frame.updated_at,
            import_id: import.id(),
            account_id: import.frame.account_id,
            member_id: import.member_id,
            config: import.config.clone(),
            status: import.status,
            started_at,
            finished_at,
            bytes_total,
            bytes_done,
            rows,
            created,
            updated,
            unchanged,
            refused,
            failure,
        }
    }
}

impl From<ImportRefusal> for Refusal {
    fn from(refusal: ImportRefusal) -> Self {
        let ImportRefusal {
            row,
            line,
            column,
            field,
            code,
            detail,
        } = refusal;
        Self {
            row,
            line,
            column,
            field,
            code,
            detail,
        }
    }
}

impl Described for Import {
    const NAME: &'static str = "Import";

    fn schema() -> Schema {
        let words: Vec<&str> = JobStatus::ALL.map(JobStatus::as_str).to_vec();
        let moment = || schema::maybe(schema::moment());
        schema::resource(
            "importId",
            [
                schema::account_id(),
                schema::owned("memberId", schema::id(), "Who sent the file."),
                schema::owned("status", schema::words(&words), "Where it stands."),
                schema::owned("startedAt", moment(), "When the first rows were taken in."),
                schema::owned("finishedAt", moment(), "When it ended."),
                schema::owned("bytesTotal", schema::count(), "Bytes of the file."),
                schema::owned("bytesDone", schema::count(), "Bytes of it that were read."),
                schema::owned("rows", schema::count(), "Rows read."),
                schema::owned(
                    "created",
                    schema::count(),
                    "Rows that made an object, or would.",
                ),
                schema::owned("updated", schema::count(), "Rows that replaced one."),
                schema::owned(
                    "unchanged",
                    schema::count(),
                    "Rows that say what is there already.",
                ),
                schema::owned("refused", schema::count(), "Rows that were refused."),
                schema::owned(
                    "failure",
                    schema::maybe(schema::any_text()),
                    "Why it failed.",
                ),
            ],
            config_schema(),
        )
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_402_000_i64,
            "importId": "AZuN58uAcACAAAAAAAAAkQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "memberId": "AZuN58uAcACAAAAAAAAABQ",
            "config": {
                "name": "stores.csv",
                "kind": "places",
                "format": "csv",
                "dryRun": false,
                "upsert": true,
                "map": "name=Station,latitude=lat,longitude=lon",
                "radius": 100.0,
            },
            "status": "Completed",
            "startedAt": 1_767_614_400_100_i64,
            "finishedAt": 1_767_614_402_000_i64,
            "bytesTotal": 48_212,
            "bytesDone": 48_212,
            "rows": 612,
            "created": 600,
            "updated": 9,
            "unchanged": 1,
            "refused": 2,
            "failure": null,
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::optional("name", schema::short_text(NAME_CHARS_MAX), "A name for it."),
        schema::required(
            "kind",
            schema::words(&["places", "zones", "beacons"]),
            "What the file holds.",
        ),
        schema::required(
            "format",
            schema::words(&ImportFormat::ALL.map(ImportFormat::as_str)),
            "How it is written.",
        ),
        schema::required(
            "dryRun",
            schema::boolean(),
            "Whether everything is only tried.",
        ),
        schema::required(
            "upsert",
            schema::boolean(),
            "Whether a row replaces the object with its `externalId`.",
        ),
        schema::optional(
            "map",
            schema::short_text(IMPORT_MAP_CHARS_MAX),
            "Which column of the file is which field.",
        ),
        schema::required(
            "radius",
            schema::number(RADIUS_M_MIN, RADIUS_M_MAX),
            "Metres around a point that has no radius of its own.",
        ),
    ])
}

impl Described for Refusal {
    const NAME: &'static str = "Refusal";

    fn schema() -> Schema {
        let codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        let number = || schema::integer(1, i64::MAX);
        schema::object([
            schema::required("row", number(), "Which row, from 1."),
            schema::required("line", number(), "The line it begins on, from 1."),
            schema::optional("column", number(), "The column of a CSV file, from 1."),
            schema::optional(
                "field",
                schema::any_text(),
                "The name of that column, or a JSON pointer.",
            ),
            schema::required("code", schema::words(&codes), "The code of the fault."),
            schema::required("detail", schema::any_text(), "What was expected."),
        ])
    }

    fn example() -> Value {
        json!({
            "row": 5,
            "line": 6,
            "column": 2,
            "field": "latitude",
            "code": "wrong_type",
            "detail": "expected a number from -90 to 90",
        })
    }
}
