//! Segments.

use moca_core::{
    id::{AppId, SegmentId},
    limits::{SEGMENT_QUERY_CHARS_MAX, TEXT_CHARS_MAX},
    segment::{self, Query, QueryProblem, SegmentConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values::{self, Reading, complain},
};

/// A segment as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub segment_id: SegmentId,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: SegmentConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentInput {
    /// The app.
    pub app_id: AppId,
    /// What it sets.
    pub config: SegmentConfig,
}

impl Resource for Segment {
    const PATH: &'static str = "/v2/segments";
    type Input = SegmentInput;
}

impl From<&segment::Segment> for Segment {
    fn from(segment: &segment::Segment) -> Self {
        Self {
            created_at: segment.frame.created_at,
            updated_at: segment.frame.updated_at,
            segment_id: segment.id(),
            app_id: segment.app_id,
            config: segment.config.clone(),
        }
    }
}

/// The body of `POST /v2/segments/estimate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimateInput {
    /// The app.
    pub app_id: AppId,
    /// The query.
    pub query: String,
}

/// How many instances of an app a query holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// How many, exactly.
    pub count: i64,
}

impl Described for EstimateInput {
    const NAME: &'static str = "EstimateInput";

    fn schema() -> Schema {
        schema::object([
            schema::required("appId", schema::id(), "The app."),
            schema::required("query", query_schema(), "Whom to count."),
        ])
    }

    fn example() -> Value {
        json!({
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "query": "{\"$all\":[{\"lang\":\"es\"},{\"os\":\"Android\"}]}",
        })
    }
}

impl Described for Estimate {
    const NAME: &'static str = "Estimate";

    fn schema() -> Schema {
        let note = "Instances for which the query holds now, exactly.";
        schema::object([schema::required("count", schema::count(), note)])
    }

    fn example() -> Value {
        json!({"count": 1_234})
    }
}

/// Reads the body of `POST /v2/segments/estimate`.
pub fn read_estimate(value: &Value) -> Body<EstimateInput> {
    read::managed(value, &[], |fields| {
        let app_id = fields.required_reference("appId");
        let query = read_query(fields, app_id);
        Some(EstimateInput {
            app_id: app_id?,
            query: query?,
        })
    })
}

impl Described for Segment {
    const NAME: &'static str = "Segment";

    fn schema() -> Schema {
        let more = [schema::parent("appId", "The app.")];
        schema::resource("segmentId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "segmentId": "AZuN58uAcACAAAAAAAAAsQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "config": {
                "name": "Regulars who read Spanish",
                "description": "For the offers of the old town.",
                "query": "{\"$all\":[{\"lang\":{\"$startsWith\":\"es\"}},{\"tag.museum\":{\"$gte\":3}}]}",
                "externalId": "crm-7",
            },
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name, unique in the app."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        schema::required("query", query_schema(), "Whom it holds."),
        schema::optional(
            "externalId",
            schema::code(),
            "Your own id, unique among the segments of the account.",
        ),
    ])
}

/// A query: JSON in a text, as it is answered, or the object itself.
pub(crate) fn query_schema() -> Schema {
    let text = schema::short_text(SEGMENT_QUERY_CHARS_MAX)
        .formatted("segment-query-text")
        .noted("A query written as JSON.")
        .with_example("{\"$all\":[{\"lang\":\"es\"},{\"os\":\"Android\"}]}");
    let object = schema::object([])
        .open()
        .formatted("segment-query")
        .noted("A query: see the page on segments. It is answered as a text.")
        .with_example(json!({"$all": [{"lang": "es"}, {"os": "Android"}]}));
    schema::one_of([text, object])
}

/// Reads the body of a POST, or of a PUT on a segment of `app`, which cannot change.
pub fn read(value: &Value, app: Option<AppId>) -> Body<SegmentInput> {
    read_named(value, app, None)
}

/// Reads the body of a PUT to the `externalId` in its path.
pub fn read_external(value: &Value, app: Option<AppId>, external_id: &str) -> Body<SegmentInput> {
    read_named(value, app, Some(external_id))
}

fn read_named(value: &Value, app: Option<AppId>, external_id: Option<&str>) -> Body<SegmentInput> {
    read::managed(value, &["segmentId"], |fields| {
        let app_id = fields.parent("appId", app);
        let config = fields.object("config", |fields| read_config(fields, app_id, external_id));
        Some(SegmentInput {
            app_id: app_id?,
            config: config?,
        })
    })
}

fn read_config(
    fields: &mut Fields<'_, '_>,
    app_id: Option<AppId>,
    external_id: Option<&str>,
) -> Option<SegmentConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let query = read_query(fields, app_id);
    let external_id = fields.external_id(external_id);
    Some(SegmentConfig {
        name: name?,
        description,
        query: query?,
        external_id,
    })
}

/// The query in field `query`, as a text, with the segments that it names noted.
pub(crate) fn read_query(fields: &mut Fields<'_, '_>, app_id: Option<AppId>) -> Option<String> {
    let key = "query";
    let text = fields.required(key, query_text)?;
    let start = fields.pointer(key);
    match Query::read(&text) {
        Ok(query) => {
            for mention in query.mentions() {
                let pointer = format!("{start}{}", mention.pointer);
                fields.mention_at(mention.id, pointer, app_id);
            }
            Some(text)
        }
        Err(faults) => {
            for fault in faults {
                let pointer = format!("{start}{}", fault.pointer);
                fields.fault_at(pointer, code_of(fault.problem), fault.detail);
            }
            None
        }
    }
}

fn query_text(value: &Value) -> Reading<String> {
    let expected = format!(
        "expected a query: JSON in a text of at most {SEGMENT_QUERY_CHARS_MAX} characters, or an object \
         such as {{\"lang\":\"es\"}}"
    );
    let text = match value {
        Value::String(_) => values::text(SEGMENT_QUERY_CHARS_MAX)(value)?,
        Value::Object(_) => value.to_string(),
        _ => return complain(FaultCode::WrongType, expected),
    };
    if text.chars().count() > SEGMENT_QUERY_CHARS_MAX {
        return complain(FaultCode::TooLong, expected);
    }
    Ok(text)
}

const fn code_of(problem: QueryProblem) -> FaultCode {
    match problem {
        QueryProblem::WrongType => FaultCode::WrongType,
        QueryProblem::TooShort => FaultCode::TooShort,
        QueryProblem::TooLong => FaultCode::TooLong,
        QueryProblem::OutOfRange => FaultCode::OutOfRange,
        QueryProblem::InvalidFormat => FaultCode::InvalidFormat,
        QueryProblem::UnknownField => FaultCode::UnknownField,
        QueryProblem::NotUnique => FaultCode::NotUnique,
    }
}
