//! How an account protects the people it knows of, where a campaign or a place does not say.

use serde::{Deserialize, Serialize};

use crate::{campaign::CampaignConfig, place::PlaceConfig};

/// The privacy defaults of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Privacy {
    /// Whether campaigns that do not say are for those who agreed to marketing only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_marketing_consent: bool,
    /// The categories of places that are sensitive without being marked, whatever their case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive_categories: Vec<String>,
}

impl Privacy {
    /// Whether nothing is other than usual.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a campaign is only for those who agreed to marketing.
    pub fn requires_marketing_consent(&self, campaign: &CampaignConfig) -> bool {
        let own = campaign.require_marketing_consent;
        own.unwrap_or(self.require_marketing_consent)
    }

    /// Whether a place is sensitive, by its own mark or by its category.
    pub fn is_sensitive(&self, place: &PlaceConfig) -> bool {
        place.sensitive || {
            let category = place.category.as_deref();
            category.is_some_and(|category| self.has_category(&folded(category)))
        }
    }

    /// Whether a category is among the sensitive ones; it comes as [`folded`] made it.
    pub(crate) fn has_category(&self, folded_category: &str) -> bool {
        let mut all = self.sensitive_categories.iter();
        all.any(|one| folded(one) == folded_category)
    }
}

/// A category as it is compared: whatever its case. Some letters have a capital of two, so `straße` and `STRASSE`
/// are alike only after they were written in capitals.
pub(crate) fn folded(category: &str) -> String {
    category.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{campaign, place};

    #[test]
    fn a_place_is_sensitive_by_its_mark_or_its_category() {
        let privacy = Privacy {
            sensitive_categories: vec!["Clinic".into(), "IGLESIA ÑANDÚ".into(), "STRASSE".into()],
            ..Privacy::default()
        };
        for (category, expected) in [
            (None, false),
            (Some("clinic"), true),
            (Some("CLINIC"), true),
            (Some("Iglesia ñandú"), true),
            (Some("straße"), true),
            (Some("clinics"), false),
            (Some(""), false),
        ] {
            let mut config = place(1, None).config;
            config.category = category.map(str::to_owned);
            assert_eq!(privacy.is_sensitive(&config), expected, "{category:?}");
            assert!(!Privacy::default().is_sensitive(&config));
            config.sensitive = true;
            assert!(privacy.is_sensitive(&config));
        }
    }

    #[test]
    fn a_campaign_says_for_itself_whom_it_is_for() {
        for default in [false, true] {
            let privacy = Privacy {
                require_marketing_consent: default,
                ..Privacy::default()
            };
            let mut config = campaign().config;
            for (own, expected) in [(None, default), (Some(false), false), (Some(true), true)] {
                config.require_marketing_consent = own;
                assert_eq!(privacy.requires_marketing_consent(&config), expected);
            }
        }
    }
}
