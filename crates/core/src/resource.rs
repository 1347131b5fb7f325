//! The frame that every managed object shares, and the kinds of object.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{
    AccountId, AppId, BeaconId, CampaignGroupId, CampaignId, ExperienceId, Id, IdError, LabelId,
    MemberId, NotificationId, PlaceId, SegmentId, TagId, TokenId, WebhookId, ZoneId,
};

/// What the server keeps about every object besides its `config`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The tenant.
    pub account_id: AccountId,
    /// The object's own id.
    pub id: Id,
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// 1 on creation, one more on each change; the `ETag`.
    pub revision: i64,
}

/// The kinds of managed object, in the order they may refer to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`crate::account::Account`]
    Account,
    /// [`crate::account::Member`]
    Member,
    /// [`crate::account::Token`]
    Token,
    /// [`crate::app::App`]
    App,
    /// [`crate::label::Label`]
    Label,
    /// [`crate::place::Place`]
    Place,
    /// [`crate::zone::Zone`]
    Zone,
    /// [`crate::beacon::Beacon`]
    Beacon,
    /// [`crate::campaign::group::CampaignGroup`]
    CampaignGroup,
    /// [`crate::tag::Tag`]
    Tag,
    /// [`crate::segment::Segment`]
    Segment,
    /// [`crate::campaign::Campaign`]
    Campaign,
    /// [`crate::experience::Experience`]
    Experience,
    /// [`crate::notification::Notification`]
    Notification,
    /// [`crate::webhook::Webhook`]
    Webhook,
}

impl Kind {
    /// The singular noun, lower case, as sentences use it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Member => "member",
            Self::Token => "token",
            Self::App => "app",
            Self::Label => "label",
            Self::Place => "place",
            Self::Zone => "zone",
            Self::Beacon => "beacon",
            Self::CampaignGroup => "campaign group",
            Self::Tag => "tag",
            Self::Segment => "segment",
            Self::Campaign => "campaign",
            Self::Experience => "experience",
            Self::Notification => "notification",
            Self::Webhook => "webhook",
        }
    }

    /// The noun as one word, which names the kind in JSON and in stores.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CampaignGroup => "campaignGroup",
            _ => self.noun(),
        }
    }

    /// The kind with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::Account,
        Self::Member,
        Self::Token,
        Self::App,
        Self::Label,
        Self::Place,
        Self::Zone,
        Self::Beacon,
        Self::CampaignGroup,
        Self::Tag,
        Self::Segment,
        Self::Campaign,
        Self::Experience,
        Self::Notification,
        Self::Webhook,
    ];
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::named(&word).ok_or_else(|| de::Error::custom(format!("{word} is no kind of object")))
    }
}

/// An id that names one kind of managed object.
pub trait ManagedId: FromStr<Err = IdError> + Into<Id> + Copy + PartialEq {
    /// The kind.
    const KIND: Kind;
}

macro_rules! managed_ids {
    ($($id:ident: $kind:ident;)*) => {$(
        impl ManagedId for $id {
            const KIND: Kind = Kind::$kind;
        }
    )*};
}

managed_ids! {
    AccountId: Account;
    MemberId: Member;
    TokenId: Token;
    AppId: App;
    LabelId: Label;
    PlaceId: Place;
    ZoneId: Zone;
    BeaconId: Beacon;
    CampaignGroupId: CampaignGroup;
    TagId: Tag;
    SegmentId: Segment;
    CampaignId: Campaign;
    ExperienceId: Experience;
    NotificationId: Notification;
    WebhookId: Webhook;
}
