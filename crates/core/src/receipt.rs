//! Receipts: what became of a message on its device.

use serde::{Deserialize, Serialize};

use crate::id::{CampaignId, ExperienceId, MessageId, NotificationId};

/// What a device did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptKind {
    /// The person could see it.
    Shown,
    /// The person followed it.
    Clicked,
    /// The person put it away.
    Dismissed,
}

impl ReceiptKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shown, Self::Clicked, Self::Dismissed];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "Shown",
            Self::Clicked => "Clicked",
            Self::Dismissed => "Dismissed",
        }
    }

    /// The kind with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a device told of a message. It says by itself what it is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message.
    pub message_id: MessageId,
    /// The campaign of the message.
    pub campaign_id: CampaignId,
    /// The experience of the message.
    pub experience_id: ExperienceId,
    /// What was done with it.
    pub kind: ReceiptKind,
    /// When, by the device's clock, ms since 1970.
    pub at_ms: i64,
}

/// The message that a notification is to the devices that it was sent to: its id stands for both.
pub const fn of_notification(id: NotificationId) -> MessageId {
    MessageId(id.0)
}

/// The receipts of one message: the first of each kind, by event time in ms since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    /// When it was shown.
    pub shown_at: Option<i64>,
    /// When it was followed.
    pub clicked_at: Option<i64>,
    /// When it was put away.
    pub dismissed_at: Option<i64>,
}

impl Receipts {
    /// When something was done with the message first.
    pub const fn at(&self, kind: ReceiptKind) -> Option<i64> {
        match kind {
            ReceiptKind::Shown => self.shown_at,
            ReceiptKind::Clicked => self.clicked_at,
            ReceiptKind::Dismissed => self.dismissed_at,
        }
    }

    /// Takes in a receipt; false if there was one of the kind, which stays.
    pub fn note(&mut self, kind: ReceiptKind, at_ms: i64) -> bool {
        let known = match kind {
            ReceiptKind::Shown => &mut self.shown_at,
            ReceiptKind::Clicked => &mut self.clicked_at,
            ReceiptKind::Dismissed => &mut self.dismissed_at,
        };
        let is_new = known.is_none();
        if is_new {
            *known = Some(at_ms);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_counts() {
        let mut receipts = Receipts::default();
        assert!(receipts.note(ReceiptKind::Clicked, 7));
        assert!(!receipts.note(ReceiptKind::Clicked, 5));
        assert!(receipts.note(ReceiptKind::Shown, 9));
        let times = ReceiptKind::ALL.map(|kind| receipts.at(kind));
        assert_eq!(times, [Some(9), Some(7), None]);
        for kind in ReceiptKind::ALL {
            assert_eq!(ReceiptKind::named(kind.as_str()), Some(kind));
        }
    }
}
