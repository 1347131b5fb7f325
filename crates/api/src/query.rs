//! Query parameters: which there are, and reading them strictly.

use moca_core::{
    geo::{Bounds, Circle, LatLon, Region},
    id::Id,
    job::JobStatus,
    limits::{
        CODE_CHARS_MAX, NAME_CHARS_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, PAGE_OFFSET_MAX,
        RADIUS_M_MAX, RADIUS_M_MIN,
    },
    notification::State,
    time::Zone,
    webhook::WebhookState,
};
use moca_storage::control::{Filter, SortField};
use moca_wire::problem::Code;

use crate::{failure::Failure, percent};

/// A query parameter a route knows.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: ParameterKind,
    /// Whether the call makes no sense without it.
    pub required: bool,
    /// The filter of a list it stands for.
    pub filter: Option<Filter>,
}

/// What the values of a parameter are.
#[derive(Debug, Clone, Copy)]
pub enum ParameterKind {
    /// A whole number within bounds, both included.
    Integer(i64, i64),
    /// A number within bounds, both included.
    Number(f64, f64),
    /// Text of 1 to so many characters.
    Text(usize),
    /// An id.
    Id,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Fields of [`SortField`] with commas between and a `-` before the descending ones.
    Sort,
    /// The name of an IANA time zone.
    TimeZone,
    /// A point and metres around it: `latitude,longitude,radius`.
    Near,
    /// A box in degrees: `minLon,minLat,maxLon,maxLat`.
    Box,
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
        filter: None,
    }
}

/// A parameter that must be there.
pub const fn required(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter {
        name,
        kind,
        required: true,
        filter: None,
    }
}

/// A parameter that narrows a list.
pub const fn filter(name: &'static str, kind: ParameterKind, filter: Filter) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
        filter: Some(filter),
    }
}

/// Index of the first item.
pub const OFFSET: Parameter = optional("offset", ParameterKind::Integer(0, PAGE_OFFSET_MAX));
/// Items on the page.
pub const LIMIT: Parameter = optional("limit", ParameterKind::Integer(1, PAGE_LIMIT_MAX));
/// Order.
pub const SORT: Parameter = optional("sort", ParameterKind::Sort);
/// Part of a name.
pub const Q: Parameter = optional("q", ParameterKind::Text(NAME_CHARS_MAX));
/// Tokens of a member, or imports that one sent.
pub const MEMBER_ID: Parameter = filter("memberId", ParameterKind::Id, Filter::MemberId);
/// What is part of an app, experiences and notifications of its campaigns, webhooks for it alone, replays of its
/// campaigns.
pub const APP_ID: Parameter = filter("appId", ParameterKind::Id, Filter::AppId);
/// Campaigns of a group.
pub const GROUP_ID: Parameter = filter("groupId", ParameterKind::Id, Filter::GroupId);
/// Zones and beacons of a place, and experiences that wait at it.
pub const PLACE_ID: Parameter = filter("placeId", ParameterKind::Id, Filter::PlaceId);
/// Beacons of a zone, and experiences that wait at it.
pub const ZONE_ID: Parameter = filter("zoneId", ParameterKind::Id, Filter::ZoneId);
/// Experiences, notifications or replays of a campaign, and webhooks for it alone.
pub const CAMPAIGN_ID: Parameter = filter("campaignId", ParameterKind::Id, Filter::CampaignId);
/// Experiences that wait at a beacon.
pub const BEACON_ID: Parameter = filter("beaconId", ParameterKind::Id, Filter::BeaconId);
/// Beacons that send this.
pub const BEACON_TYPE: Parameter = filter(
    "type",
    ParameterKind::Word(&["IBeacon", "EddystoneUid"]),
    Filter::BeaconType,
);
/// Experiences that may fire, or may not.
pub const ENABLED: Parameter = filter("enabled", ParameterKind::Flag, Filter::Enabled);
/// Campaigns that have this status now.
pub const STATUS: Parameter = optional(
    "status",
    ParameterKind::Word(&[
        "Draft",
        "Scheduled",
        "Running",
        "Finished",
        "Stopped",
        "Archived",
    ]),
);
/// Campaigns or notifications for a segment.
pub const SEGMENT_ID: Parameter = filter("segmentId", ParameterKind::Id, Filter::SegmentId);
/// Notifications that stand there.
pub const NOTIFICATION_STATUS: Parameter =
    filter("status", ParameterKind::Word(&State::WORDS), Filter::Status);
/// Webhooks that are sent to, or are not.
pub const WEBHOOK_STATUS: Parameter = filter(
    "status",
    ParameterKind::Word(&WebhookState::WORDS),
    Filter::Status,
);
/// Imports or replays that stand there.
pub const JOB_STATUS: Parameter = filter(
    "status",
    ParameterKind::Word(&JobStatus::WORDS),
    Filter::Status,
);
/// Imports of such objects.
pub const IMPORT_KIND: Parameter = filter(
    "kind",
    ParameterKind::Word(&["places", "zones", "beacons"]),
    Filter::ImportKind,
);
/// Things with a label.
pub const LABEL_ID: Parameter = filter("labelId", ParameterKind::Id, Filter::LabelId);
/// The customer's own id.
pub const EXTERNAL_ID: Parameter = filter(
    "externalId",
    ParameterKind::Text(CODE_CHARS_MAX),
    Filter::ExternalId,
);
/// Places that come near a point.
pub const NEAR: Parameter = optional("near", ParameterKind::Near);
/// Places in a box.
pub const BBOX: Parameter = optional("bbox", ParameterKind::Box);
/// Whether what refers to the object is deleted with it.
pub const CASCADE: Parameter = optional("cascade", ParameterKind::Flag);

/// The parameters of every list of named objects.
pub const LIST: &[Parameter] = &[OFFSET, LIMIT, SORT, Q];
/// The parameters of a list without names or order of its own.
pub const PAGE: &[Parameter] = &[OFFSET, LIMIT];

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Number(f64),
    Text(String),
    Id(Id),
    Flag(bool),
    Sort(Vec<(SortField, bool)>),
    Region(Region),
}

/// The parameters of one request, checked against its route.
#[derive(Debug, Default)]
pub struct Query {
    values: Vec<(Parameter, Value)>,
}

impl Query {
    /// Reads the part of the URL after `?`.
    pub(crate) fn read(raw: &str, known: &'static [Parameter]) -> Result<Self, Failure> {
        let mut values: Vec<(Parameter, Value)> = Vec::new();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = percent::decode_form(name)?;
            let value = percent::decode_form(value)?;
            let Some(parameter) = known.iter().find(|p| p.name == name) else {
                return Err(unknown(&name, known));
            };
            if values.iter().any(|(seen, _)| seen.name == parameter.name) {
                return Err(wrong(format!("{name} is given more than once")));
            }
            values.push((*parameter, parameter.kind.read(&name, value)?));
        }
        for parameter in known.iter().filter(|parameter| parameter.required) {
            if !values.iter().any(|(seen, _)| seen.name == parameter.name) {
                return Err(wrong(format!("{} is required", parameter.name)));
            }
        }
        Ok(Self { values })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|(parameter, _)| parameter.name == name)
            .map(|(_, value)| value)
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.value(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A text, word or time zone.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An id.
    pub fn id<T: From<Id>>(&self, name: &str) -> Option<T> {
        match self.value(name)? {
            Value::Id(id) => Some((*id).into()),
            _ => None,
        }
    }

    /// A flag; false when it is not there.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Flag(true)))
    }

    /// The order asked for.
    pub(crate) fn sort(&self) -> Vec<(SortField, bool)> {
        match self.value("sort") {
            Some(Value::Sort(fields)) => fields.clone(),
            _ => Vec::new(),
        }
    }

    /// The regions a list is narrowed to.
    pub(crate) fn regions(&self) -> Vec<Region> {
        let region = |(_, value): &(Parameter, Value)| match value {
            Value::Region(region) => Some(*region),
            _ => None,
        };
        self.values.iter().filter_map(region).collect()
    }

    /// The filters of a list, with their values as text.
    pub(crate) fn filters(&self) -> Vec<(Filter, String)> {
        self.values
            .iter()
            .filter_map(|(parameter, value)| {
                let text = match value {
                    Value::Text(text) => text.clone(),
                    Value::Id(id) => id.to_string(),
                    Value::Flag(flag) => flag.to_string(),
                    Value::Integer(_) | Value::Number(_) | Value::Sort(_) | Value::Region(_) => {
                        return None;
                    }
                };
                Some((parameter.filter?, text))
            })
            .collect()
    }

    /// Index of the first item of the page.
    pub fn offset(&self) -> i64 {
        self.integer("offset").unwrap_or(0)
    }

    /// Items on the page at most.
    pub fn limit(&self) -> i64 {
        self.integer("limit").unwrap_or(PAGE_LIMIT_DEFAULT)
    }
}

/// The words of `sort`.
pub(crate) const SORT_FIELDS: [&str; 3] = ["createdAt", "updatedAt", "name"];

impl ParameterKind {
    fn read(self, name: &str, value: String) -> Result<Value, Failure> {
        match self {
            Self::Integer(min, max) => value
                .parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
                .map(Value::Integer)
                .ok_or_else(|| wrong(format!("{name} is a whole number from {min} to {max}"))),
            Self::Number(min, max) => value
                .parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
                .map(Value::Number)
                .ok_or_else(|| wrong(format!("{name} is a number from {min} to {max}"))),
            Self::Text(max_chars) => match value.chars().count() {
                count if (1..=max_chars).contains(&count) => Ok(Value::Text(value)),
                _ => Err(wrong(format!(
                    "{name} is text of 1 to {max_chars} characters"
                ))),
            },
            Self::Id => match value.parse() {
                Ok(id) => Ok(Value::Id(id)),
                Err(error) => Err(wrong(format!("{name}: {error}"))),
            },
            Self::Flag => match value.as_str() {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err(wrong(format!("{name} is true or false"))),
            },
            Self::Word(words) if words.contains(&value.as_str()) => Ok(Value::Text(value)),
            Self::Word(words) => Err(wrong(format!("{name} is one of {}", words.join(", ")))),
            Self::Sort => read_sort(name, &value),
            Self::Near => read_near(&value).map(Value::Region).ok_or_else(|| {
                wrong(format!(
                    "{name} is latitude,longitude,radius: degrees from -90 to 90, degrees from -180 to \
                     180, and metres from {RADIUS_M_MIN} to {RADIUS_M_MAX}; for example 40.4,-3.7,500"
                ))
            }),
            Self::Box => read_box(&value).map(Value::Region).ok_or_else(|| {
                wrong(format!(
                    "{name} is minLon,minLat,maxLon,maxLat in degrees: longitudes from -180 to 180 (the \
                     first greater than the second crosses the antimeridian) and latitudes from -90 to \
                     90, the smaller first; for example -3.8,40.3,-3.6,40.5"
                ))
            }),
            Self::TimeZone if Zone::named(&value).is_some() => Ok(Value::Text(value)),
            Self::TimeZone => Err(wrong(format!(
                "{name} is the name of an IANA time zone, for example Europe/Madrid"
            ))),
        }
    }
}

/// So many numbers with commas between.
fn read_numbers<const N: usize>(value: &str) -> Option<[f64; N]> {
    let numbers: Result<Vec<f64>, _> = value.split(',').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

fn read_near(value: &str) -> Option<Region> {
    let [latitude, longitude, radius] = read_numbers(value)?;
    let center = LatLon::new(latitude, longitude).ok()?;
    Circle::new(center, radius).ok().map(Region::Near)
}

fn read_box(value: &str) -> Option<Region> {
    let [west, south, east, north] = read_numbers(value)?;
    let south_west = LatLon::new(south, west).ok()?;
    let north_east = LatLon::new(north, east).ok()?;
    Bounds::new(south_west, north_east).ok().map(Region::Box)
}

fn read_sort(name: &str, value: &str) -> Result<Value, Failure> {
    let mut fields: Vec<(SortField, bool)> = Vec::new();
    for word in value.split(',') {
        let (word, descending) = match word.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (word, false),
        };
        let field = match word {
            "createdAt" => SortField::CreatedAt,
            "updatedAt" => SortField::UpdatedAt,
            "name" => SortField::Name,
            _ => {
                return Err(wrong(format!(
                    "{name} is a list, with commas between, of createdAt, updatedAt and name, \
                     each with a - before it for descending order"
                )));
            }
        };
        if fields.iter().any(|(seen, _)| *seen == field) {
            return Err(wrong(format!("{name} names {word} more than once")));
        }
        fields.push((field, descending));
    }
    Ok(Value::Sort(fields))
}

fn wrong(detail: String) -> Failure {
    Failure::new(Code::InvalidParameter, detail)
}

fn unknown(name: &str, known: &[Parameter]) -> Failure {
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
    wrong(match names.as_slice() {
        [] => format!("{name} is unknown: this call has no query parameters"),
        _ => format!("{name} is unknown: this call has {}", names.join(", ")),
    })
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
