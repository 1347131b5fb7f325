//! What callers ask the control store and what it answers besides objects.

use moca_core::{
    campaign::Status,
    geo::Region,
    id::{AccountId, Id},
    resource::Kind,
};

/// What to list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Index of the first object.
    pub offset: i64,
    /// Objects on the page at most.
    pub limit: i64,
    /// Order; by creation, then id, when empty (and always as the last resort).
    pub sort: Vec<(SortField, bool)>,
    /// Only objects whose column equals the text; unknown columns are a bug (panic in tests, error).
    pub filters: Vec<(Filter, String)>,
    /// Only objects whose name contains this text, whatever its case.
    pub q: Option<String>,
    /// Only objects whose geofence lies in all of these; places only.
    pub regions: Vec<Region>,
    /// Only those that have this status at this moment, ms since 1970; campaigns only.
    pub status: Option<(Status, i64)>,
}

/// What a list can be ordered by; the flag beside it in [`ListQuery`] is true for descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// `createdAt`
    CreatedAt,
    /// `updatedAt`
    UpdatedAt,
    /// `name`
    Name,
}

/// What a list can be filtered by, where the kind has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Member of a token, or who sent an import.
    MemberId,
    /// App of what is part of one, or is for one.
    AppId,
    /// Group of a campaign.
    GroupId,
    /// Place of a zone or beacon, or that an experience waits at.
    PlaceId,
    /// Zone of a beacon, or that an experience waits at.
    ZoneId,
    /// Beacon that an experience waits at.
    BeaconId,
    /// What a beacon sends: the `type` of its identity.
    BeaconType,
    /// Whether an experience may fire: `true` or `false`.
    Enabled,
    /// Campaign of what is part of one, is for one, or runs one.
    CampaignId,
    /// The customer's own id.
    ExternalId,
    /// A label on a place, zone or beacon.
    LabelId,
    /// Segment that a campaign or notification is for.
    SegmentId,
    /// Where a notification, webhook, import or replay stands.
    Status,
    /// What an import holds.
    ImportKind,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// Objects in the whole list.
    pub total: i64,
    /// The objects of the page.
    pub items: Vec<R>,
}

/// An object that refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
}

/// A line of the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRow {
    /// Strictly growing with commits.
    pub version: i64,
    /// The tenant.
    pub account_id: AccountId,
    /// What changed.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
}

/// An answer kept for an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 over method, path, query and body of the first request.
    pub request_hash: [u8; 32],
    /// The answer, sealed by the API.
    pub sealed_answer: Vec<u8>,
    /// When it was given, ms since 1970.
    pub created_at: i64,
}
