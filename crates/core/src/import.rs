//! Imports: files of places, zones or beacons that are taken in beside requests.

use serde::{Deserialize, Serialize};

use crate::{
    bulk::{BulkKind, ImportFormat},
    id::{ImportId, MemberId},
    job::{Job, JobStatus, Parts},
    resource::Frame,
};

/// A file that is taken in, and how far that has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The frame.
    pub frame: Frame,
    /// Who sent the file.
    pub member_id: MemberId,
    /// What was asked for.
    pub config: ImportConfig,
    /// Where it stands.
    pub status: JobStatus,
    /// How far it has come.
    pub progress: ImportProgress,
}

/// What is asked for with a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportConfig {
    /// A name for it, such as that of the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// What the file holds.
    pub kind: BulkKind,
    /// How it is written.
    pub format: ImportFormat,
    /// Whether everything is only tried.
    pub dry_run: bool,
    /// Whether a row replaces the object with its `externalId`.
    pub upsert: bool,
    /// Which column of the file is which field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub map: Option<String>,
    /// Metres around a point that has no radius of its own.
    pub radius: f64,
}

/// How far an import has come. Rows are those after the first line of a CSV file, features, placemarks, or
/// lines that are not blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportProgress {
    /// Bytes of the file.
    pub bytes_total: i64,
    /// Bytes of it that were read.
    pub bytes_done: i64,
    /// Rows read.
    pub rows: i64,
    /// Rows that made an object.
    pub created: i64,
    /// Rows that replaced one.
    pub updated: i64,
    /// Rows that say what is there already.
    pub unchanged: i64,
    /// Rows that were refused.
    pub refused: i64,
    /// Refusals that are kept; a row may have several.
    #[serde(default)]
    pub refusals_kept: i64,
    /// When the first rows were taken in, ms since 1970.
    pub started_at: Option<i64>,
    /// When it ended, ms since 1970.
    pub finished_at: Option<i64>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRefusal {
    /// Which row, from 1.
    pub row: i64,
    /// The line it begins on, from 1.
    pub line: i64,
    /// The column of a CSV file, from 1.
    pub column: Option<i64>,
    /// The name of that column, or a JSON pointer.
    pub field: Option<String>,
    /// The code of the fault.
    pub code: String,
    /// What was expected.
    pub detail: String,
}

impl Import {
    /// The id.
    pub fn id(&self) -> ImportId {
        ImportId(self.frame.id)
    }
}

impl Job for Import {
    fn parts(&mut self) -> Parts<'_> {
        Parts {
            frame: &mut self.frame,
            status: &mut self.status,
            finished_at: &mut self.progress.finished_at,
        }
    }
}
