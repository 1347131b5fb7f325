//! Where a device can be pushed to, as it tells it.

use std::fmt;

use moca_core::{limits::PUSH_TOKEN_CHARS_MAX, push::PushAddress, target::Environment};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    credentials::base64url,
    experiences::type_of,
    fault::FaultCode,
    links,
    read::Fields,
    schema::{self, Schema},
    values::{Reading, complain, string},
};

/// The address of a device at a push service. It does not show it when it is printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider")]
pub enum Push {
    /// Apple's push service, for apps from the store.
    #[serde(rename = "APNs")]
    Apns {
        /// The device token.
        token: String,
    },
    /// Apple's push service, for apps under development.
    #[serde(rename = "APNsSandbox")]
    ApnsSandbox {
        /// The device token.
        token: String,
    },
    /// Firebase Cloud Messaging.
    #[serde(rename = "FCM")]
    Fcm {
        /// The registration token.
        token: String,
    },
    /// The push service of a browser: what `PushSubscription.toJSON()` gives.
    WebPush {
        /// Where to send to.
        endpoint: String,
        /// What to encrypt with.
        keys: SubscriptionKeys,
    },
}

/// The keys of a subscription of a browser.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionKeys {
    /// The public key.
    pub p256dh: String,
    /// The secret.
    pub auth: String,
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&PushAddress::from(self.clone()), f)
    }
}

impl From<Push> for PushAddress {
    fn from(push: Push) -> Self {
        match push {
            Push::Apns { token } => Self::Apns {
                token,
                environment: Environment::Production,
            },
            Push::ApnsSandbox { token } => Self::Apns {
                token,
                environment: Environment::Sandbox,
            },
            Push::Fcm { token } => Self::Fcm { token },
            Push::WebPush { endpoint, keys } => Self::WebPush {
                endpoint,
                p256dh: keys.p256dh,
                auth: keys.auth,
            },
        }
    }
}

impl From<PushAddress> for Push {
    fn from(address: PushAddress) -> Self {
        match address {
            PushAddress::Apns {
                token,
                environment: Environment::Production,
            } => Self::Apns { token },
            PushAddress::Apns {
                token,
                environment: Environment::Sandbox,
            } => Self::ApnsSandbox { token },
            PushAddress::Fcm { token } => Self::Fcm { token },
            PushAddress::WebPush {
                endpoint,
                p256dh,
                auth,
            } => Self::WebPush {
                endpoint,
                keys: SubscriptionKeys { p256dh, auth },
            },
        }
    }
}

#[derive(Clone, Copy)]
enum Provider {
    Apns,
    ApnsSandbox,
    Fcm,
    WebPush,
}

const PROVIDERS: [(&str, Provider); 4] = [
    ("APNs", Provider::Apns),
    ("APNsSandbox", Provider::ApnsSandbox),
    ("FCM", Provider::Fcm),
    ("WebPush", Provider::WebPush),
];

/// Bytes of a device token of Apple: 32 today, and no more than 100 they say.
const APNS_BYTES: std::ops::RangeInclusive<usize> = 8..=100;

/// Reads an address.
pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Push> {
    let Some(provider) = fields.required("provider", type_of(&PROVIDERS)) else {
        // Without the provider nobody can say which of these belong there.
        fields.owned(&["token", "endpoint", "expirationTime", "keys"]);
        return None;
    };
    Some(match provider {
        Provider::Apns => Push::Apns {
            token: fields.required("token", apns_token)?,
        },
        Provider::ApnsSandbox => Push::ApnsSandbox {
            token: fields.required("token", apns_token)?,
        },
        Provider::Fcm => Push::Fcm {
            token: fields.required("token", fcm_token)?,
        },
        Provider::WebPush => {
            fields.owned(&["expirationTime"]);
            let endpoint = fields.required("endpoint", links::https_url);
            let keys = fields.object("keys", |fields| {
                let p256dh = fields.required("p256dh", public_key);
                let auth = fields.required("auth", |value| {
                    base64url::<16>(value)?;
                    Ok(value.as_str().unwrap_or_default().to_owned())
                });
                Some(SubscriptionKeys {
                    p256dh: p256dh?,
                    auth: auth?,
                })
            });
            Push::WebPush {
                endpoint: endpoint?,
                keys: keys?,
            }
        }
    })
}

/// Answered in lower case.
fn apns_token(value: &Value) -> Reading<String> {
    let (least, most) = (APNS_BYTES.start(), APNS_BYTES.end());
    let expected = format!("a device token of Apple: {least} to {most} bytes in hexadecimal");
    let text = string(value, &expected)?;
    let fits = text.len().is_multiple_of(2) && APNS_BYTES.contains(&(text.len() / 2));
    if fits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    complain(FaultCode::InvalidFormat, format!("expected {expected}"))
}

fn fcm_token(value: &Value) -> Reading<String> {
    let expected = format!(
        "a registration token of Firebase: 1 to {PUSH_TOKEN_CHARS_MAX} of A-Z a-z 0-9 : . _ -"
    );
    let text = string(value, &expected)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    if text.len() > PUSH_TOKEN_CHARS_MAX {
        return complain(FaultCode::TooLong, format!("expected {expected}"));
    }
    if !text.is_empty() && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    complain(FaultCode::InvalidFormat, format!("expected {expected}"))
}

/// A point of P-256 in the form that browsers give it.
fn public_key(value: &Value) -> Reading<String> {
    let bytes = base64url::<65>(value)?;
    if bytes[0] != 4 {
        let expected = "expected a point of P-256, not compressed: 65 bytes that begin with 4";
        return complain(FaultCode::InvalidFormat, expected);
    }
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// An address as it is sent, and answered to the device.
pub(crate) fn schema() -> Schema {
    let kinds = PROVIDERS.map(|(word, provider)| {
        let fields = match provider {
            Provider::Apns | Provider::ApnsSandbox => vec![schema::required(
                "token",
                schema::apns_token(),
                "The device token, in hexadecimal.",
            )],
            Provider::Fcm => vec![schema::required(
                "token",
                schema::fcm_token(),
                "The registration token.",
            )],
            Provider::WebPush => vec![
                schema::required("endpoint", schema::https_url(), "Where to send to."),
                schema::owned_optional("expirationTime", schema::any(), "Not looked at."),
                schema::required(
                    "keys",
                    schema::object([
                        schema::required("p256dh", schema::vapid_public(), "The public key."),
                        schema::required("auth", schema::subscription_secret(), "The secret."),
                    ]),
                    "What to encrypt with.",
                ),
            ],
        };
        (word, fields)
    });
    schema::tagged("provider", kinds, &[]).noted(
        "Its address at a push service. For a browser it is what `PushSubscription.toJSON()` gives, with the provider.",
    )
}

/// An example of an address.
pub(crate) fn example() -> Value {
    json!({"provider": "FCM", "token": "dGhpcyBpcyBubyB0b2tlbg:APA91bE-example"})
}
