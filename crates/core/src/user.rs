//! Users: people that an app has identified, each by an id of the app's choice.

use serde::{Deserialize, Serialize};

use crate::{
    event::TagChange,
    limits::{PROPERTIES_MAX, TAGS_MAX},
    property::{Properties, Property},
};

/// What is kept of a user besides the instances they were logged in on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// First login, by the server's clock, ms since 1970.
    pub created_at: i64,
    /// Last login, or last change of what follows, ms since 1970.
    pub updated_at: i64,
    /// What was set at a login, or while the user was logged in.
    pub properties: Properties,
    /// Tags that were set while the user was logged in, with their numbers.
    pub tags: std::collections::BTreeMap<String, f64>,
}

impl User {
    /// A user who logs in for the first time.
    pub fn new(created_at: i64) -> Self {
        Self {
            created_at,
            updated_at: created_at,
            properties: Properties::new(),
            tags: Default::default(),
        }
    }

    /// Sets properties; a `None` removes. Instances are held to the limit one by one, but a user may
    /// have many: what would go beyond it is not taken over.
    pub fn set_properties(&mut self, changes: &[(String, Option<Property>)]) {
        for (name, value) in changes {
            let Some(value) = value else {
                self.properties.remove(name);
                continue;
            };
            if self.properties.len() < PROPERTIES_MAX || self.properties.contains_key(name) {
                self.properties.insert(name.clone(), value.clone());
            }
        }
    }

    /// Changes the number of a tag, within the same kind of limit.
    pub fn tag(&mut self, name: &str, change: TagChange) {
        let before = self.tags.get(name).copied();
        if before.is_some() || self.tags.len() < TAGS_MAX {
            self.tags.insert(name.to_owned(), change.apply(before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_keeps_what_was_set_and_no_more_than_the_limits() {
        let mut user = User::new(1);
        for n in 0..PROPERTIES_MAX + 1 {
            user.set_properties(&[(format!("p{n}"), Some(Property::Bool(true)))]);
        }
        assert_eq!(user.properties.len(), PROPERTIES_MAX);
        user.set_properties(&[
            ("p0".into(), Some(Property::Bool(false))),
            ("p1".into(), None),
            ("new".into(), Some(Property::Bool(true))),
        ]);
        assert_eq!(user.properties["p0"], Property::Bool(false));
        assert!(!user.properties.contains_key("p1") && user.properties.contains_key("new"));

        for n in 0..TAGS_MAX + 1 {
            user.tag(&format!("t{n}"), TagChange::Add(2.0));
        }
        assert_eq!(user.tags.len(), TAGS_MAX);
        user.tag("t0", TagChange::Add(-0.5));
        assert_eq!(user.tags["t0"], 1.5);
    }
}
