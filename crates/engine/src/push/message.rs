//! What each push service gets of a notification.

use moca_core::{
    id::{CampaignId, NotificationId},
    limits::{PUSH_BYTES_MAX, WEB_PUSH_BYTES_MAX},
    locale,
    notification::{Notification, PushAction},
};
use serde_json::{Map, Value, json};

/// A notification in one language.
pub(crate) struct Message<'a> {
    pub(crate) notification_id: NotificationId,
    campaign_id: CampaignId,
    title: Option<&'a str>,
    body: &'a str,
    action: &'a PushAction,
}

/// The message is larger than the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl<'a> Message<'a> {
    /// The notification in the language of a device.
    pub(crate) fn new(notification: &'a Notification, lang: Option<&str>) -> Self {
        let action = &notification.action;
        let text = |texts| locale::best(texts, lang).map(|(_, text)| text);
        Self {
            notification_id: notification.id(),
            campaign_id: notification.campaign_id,
            title: text(&action.title),
            body: text(&action.body).unwrap_or_default(),
            action,
        }
    }

    /// What tells the app that the message is ours, and what it is about.
    fn about(&self) -> Value {
        let mut about = json!({
            "notificationId": self.notification_id,
            "campaignId": self.campaign_id,
        });
        if let Some(link) = &self.action.link {
            about["link"] = json!(link);
        }
        if let Some(image) = &self.action.image {
            about["image"] = json!(image);
        }
        about
    }

    fn texts(&self) -> Map<String, Value> {
        let mut texts = Map::new();
        if let Some(title) = self.title {
            texts.insert("title".to_owned(), json!(title));
        }
        texts.insert("body".to_owned(), json!(self.body));
        texts
    }

    /// The body of a request to Apple.
    pub(crate) fn apns(&self) -> Result<Vec<u8>, TooLarge> {
        let mut aps = json!({"alert": self.texts()});
        if let Some(sound) = &self.action.sound {
            aps["sound"] = json!(sound);
        }
        if let Some(badge) = self.action.badge {
            aps["badge"] = json!(badge);
        }
        if self.action.image.is_some() {
            // An extension of the app fetches the picture.
            aps["mutable-content"] = json!(1);
        }
        let mut body = json!({"aps": aps, "moca": self.about()});
        for (name, value) in &self.action.data {
            body[name] = json!(value);
        }
        sized(body.to_string().into_bytes(), PUSH_BYTES_MAX)
    }

    /// The body of a request to Firebase for the device with this token.
    pub(crate) fn fcm(&self, token: &str) -> Result<Vec<u8>, TooLarge> {
        let mut shown = self.texts();
        if let Some(image) = &self.action.image {
            shown.insert("image".to_owned(), json!(image));
        }
        let mut data: Map<String, Value> = Map::new();
        for (name, value) in &self.action.data {
            data.insert(name.clone(), json!(value));
        }
        data.insert("moca".to_owned(), json!(self.about().to_string()));
        // A repeat takes the place of what it repeats.
        let mut android = json!({"tag": self.notification_id});
        if let Some(sound) = &self.action.sound {
            android["sound"] = json!(sound);
        }
        if let Some(badge) = self.action.badge {
            android["notification_count"] = json!(badge);
        }
        let content = json!({"notification": shown, "data": data});
        sized(content.to_string().into_bytes(), PUSH_BYTES_MAX)?;
        let message = json!({"message": {
            "token": token,
            "notification": content["notification"],
            "data": content["data"],
            "android": {"priority": "HIGH", "collapse_key": self.notification_id, "notification": android},
        }});
        Ok(message.to_string().into_bytes())
    }

    /// What the service worker of a page gets.
    pub(crate) fn web(&self) -> Result<Vec<u8>, TooLarge> {
        let mut body = Value::Object(self.texts());
        if let Some(badge) = self.action.badge {
            body["badge"] = json!(badge);
        }
        body["data"] = json!(self.action.data);
        body["moca"] = self.about();
        sized(body.to_string().into_bytes(), WEB_PUSH_BYTES_MAX)
    }
}

fn sized(body: Vec<u8>, max: usize) -> Result<Vec<u8>, TooLarge> {
    if body.len() <= max {
        Ok(body)
    } else {
        Err(TooLarge)
    }
}
