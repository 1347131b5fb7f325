//! Segments.

use moca_core::{
    id::{AppId, InstanceId, SegmentId},
    limits::{
        CODE_CHARS_MAX, SEGMENT_MEMBER_USERS_MAX, SEGMENT_MEMBERS_MAX, SEGMENT_QUERY_CHARS_MAX,
        TEXT_CHARS_MAX,
    },
    segment::{self, Query, QueryFault, QueryProblem, SegmentConfig, SegmentType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    mention::Body,
    raw::Plain,
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

impl Plain for Segment {
    const ID: &'static str = "segmentId";
    const OWNER_ID: &'static str = "appId";
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
    let by = |kind: SegmentType, note: &str| {
        let word = SegmentType::WORDS[kind as usize];
        let said = schema::words(&[word]).noted("It does not change.");
        let mut fields = vec![
            schema::required("name", schema::name(), "Name, unique in the app."),
            schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
            schema::optional(
                "externalId",
                schema::code(),
                "Your own id, unique among the segments of the account.",
            ),
        ];
        match kind {
            SegmentType::Query => fields.extend([
                schema::optional("type", said, "The kind: this one unless said otherwise."),
                schema::required("query", query_schema(), "Whom it holds."),
            ]),
            SegmentType::Static => fields.push(schema::required("type", said, "The kind.")),
        }
        schema::object(fields).titled(word).noted(note)
    };
    schema::one_of([
        by(SegmentType::Query, "By a query."),
        by(
            SegmentType::Static,
            "By a list of instances, which is put into it by itself.",
        ),
    ])
}

/// The body of `PUT /v2/segments/{segmentId}/members`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersInput {
    /// Instances of the app.
    pub instance_ids: Vec<InstanceId>,
    /// Users of the app: the instances that they are logged in on.
    pub user_ids: Vec<String>,
}

/// What became of the members of a static segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// Instances that belong to it now.
    pub count: i64,
    /// Those of them that did not before.
    pub added: i64,
    /// Those that do no more.
    pub removed: i64,
}

impl Described for MembersInput {
    const NAME: &'static str = "MembersInput";

    fn schema() -> Schema {
        schema::object([
            schema::optional(
                "instanceIds",
                schema::set(schema::id(), SEGMENT_MEMBERS_MAX),
                "Instances of the app, each once.",
            ),
            schema::optional(
                "userIds",
                schema::set(schema::code(), SEGMENT_MEMBER_USERS_MAX),
                "Users of the app, each once: the instances that they are logged in on now.",
            ),
        ])
    }

    fn example() -> Value {
        json!({"instanceIds": ["AZuN58uAcACAAAAAAAAA8Q"], "userIds": ["customer-4711"]})
    }
}

impl Described for Members {
    const NAME: &'static str = "Members";

    fn schema() -> Schema {
        schema::object([
            schema::required("count", schema::count(), "Instances that belong to it now."),
            schema::required(
                "added",
                schema::count(),
                "Those of them that did not before.",
            ),
            schema::required("removed", schema::count(), "Those that do no more."),
        ])
    }

    fn example() -> Value {
        json!({"count": 3, "added": 1, "removed": 2})
    }
}

/// Whom such a body names, each with where it stands in its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedMembers {
    /// Instances.
    pub instances: Vec<(usize, InstanceId)>,
    /// Users.
    pub users: Vec<(usize, String)>,
}

/// Reads the body of `PUT /v2/segments/{segmentId}/members`.
pub fn read_members(value: &Value) -> Body<NamedMembers> {
    read::managed(value, &[], |fields| {
        let instances = fields.indexed_set("instanceIds", SEGMENT_MEMBERS_MAX, values::id);
        let user = values::line(CODE_CHARS_MAX);
        let users = fields.indexed_set("userIds", SEGMENT_MEMBER_USERS_MAX, user);
        Some(NamedMembers { instances, users })
    })
}

/// A query: JSON in a text, as it is answered, or the object itself.
pub(crate) fn query_schema() -> Schema {
    query_schema_of(
        "segment-query-text",
        "segment-query",
        "A query: see the page on segments. It is answered as a text.",
        &json!({"$all": [{"lang": "es"}, {"os": "Android"}]}),
    )
}

/// A query of these formats with this to say of it.
pub(crate) fn query_schema_of(
    text_format: &'static str,
    format: &'static str,
    note: &str,
    example: &Value,
) -> Schema {
    let text = schema::short_text(SEGMENT_QUERY_CHARS_MAX)
        .formatted(text_format)
        .noted("A query written as JSON.")
        .with_example(example.to_string());
    let object = schema::object([])
        .open()
        .formatted(format)
        .noted(note)
        .with_example(example.clone());
    schema::one_of([text, object])
}

/// Reads the body of a POST, or of a PUT on a segment of `current` app and type, which cannot change.
pub fn read(value: &Value, current: Option<(AppId, SegmentType)>) -> Body<SegmentInput> {
    read_named(value, current, None)
}

/// Reads the body of a PUT to the `externalId` in its path.
pub fn read_external(
    value: &Value,
    current: Option<(AppId, SegmentType)>,
    external_id: &str,
) -> Body<SegmentInput> {
    read_named(value, current, Some(external_id))
}

fn read_named(
    value: &Value,
    current: Option<(AppId, SegmentType)>,
    external_id: Option<&str>,
) -> Body<SegmentInput> {
    let (app, kind) = current.unzip();
    read::managed(value, &["segmentId"], |fields| {
        let app_id = fields.parent("appId", app);
        let config = fields.object("config", |fields| {
            read_config(fields, app_id, kind, external_id)
        });
        Some(SegmentInput {
            app_id: app_id?,
            config: config?,
        })
    })
}

fn read_config(
    fields: &mut Fields<'_, '_>,
    app_id: Option<AppId>,
    current: Option<SegmentType>,
    external_id: Option<&str>,
) -> Option<SegmentConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let kind = read_type(fields, current);
    let query = match kind {
        Some(SegmentType::Query) => read_query(fields, app_id).map(Some),
        Some(SegmentType::Static) => {
            if fields.take("query").is_some_and(|query| !query.is_null()) {
                let detail = "a static segment has none: put its members into it by PUT \
                              /v2/segments/{segmentId}/members";
                fields.fault("query", FaultCode::UnknownField, detail);
            }
            Some(None)
        }
        None => {
            // Whether there has to be one is not known.
            fields.take("query");
            None
        }
    };
    let external_id = fields.external_id(external_id);
    Some(SegmentConfig {
        name: name?,
        description,
        kind: kind?,
        query: query?,
        external_id,
    })
}

fn read_type(fields: &mut Fields<'_, '_>, current: Option<SegmentType>) -> Option<SegmentType> {
    let key = "type";
    let word = values::word(&SegmentType::WORDS, SegmentType::named);
    let is_there = fields.take(key).is_some_and(|value| !value.is_null());
    let kind = match fields.optional(key, word) {
        None if is_there => return None,
        sent => sent.unwrap_or_default(),
    };
    if current.is_some_and(|current| current != kind) {
        let detail = "cannot change once the segment exists: make another segment";
        fields.fault(key, FaultCode::Immutable, detail);
    }
    Some(kind)
}

/// The query in field `query`, as a text, with the segments that it names noted.
pub(crate) fn read_query(fields: &mut Fields<'_, '_>, app_id: Option<AppId>) -> Option<String> {
    let key = "query";
    fields.require(key, &expected_query());
    let mut mentions = Vec::new();
    let text = read_query_with(fields, key, |text| {
        mentions = Query::read(text)?.mentions().to_vec();
        Ok(())
    })?;
    let start = fields.pointer(key);
    for mention in mentions {
        let pointer = format!("{start}{}", mention.pointer);
        fields.mention_at(mention.id, pointer, app_id);
    }
    Some(text)
}

/// A query in a field, as a text, if it is there and `read` finds nothing wrong with it.
pub(crate) fn read_query_with(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    read: impl FnOnce(&str) -> Result<(), Vec<QueryFault>>,
) -> Option<String> {
    let text = fields.optional(key, query_text)?;
    let start = fields.pointer(key);
    let Err(faults) = read(&text) else {
        return Some(text);
    };
    for fault in faults {
        let pointer = format!("{start}{}", fault.pointer);
        fields.fault_at(pointer, code_of(fault.problem), fault.detail);
    }
    None
}

fn expected_query() -> String {
    format!(
        "expected a query: JSON in a text of at most {SEGMENT_QUERY_CHARS_MAX} characters, or an object \
         such as {{\"lang\":\"es\"}}"
    )
}

fn query_text(value: &Value) -> Reading<String> {
    let expected = expected_query();
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
