//! Where push services reach a device.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::target::Environment;

/// The address of an instance at a push service, as the device got it from there. Whoever knows it can
/// tell the device from others, so it is shown to nobody but the device, and never printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PushAddress {
    /// Apple's push service.
    Apns {
        /// The device token, in lower case hexadecimal.
        token: String,
        /// Which of Apple's services gave it.
        environment: Environment,
    },
    /// Firebase Cloud Messaging.
    Fcm {
        /// The registration token.
        token: String,
    },
    /// The push service of a browser (RFC 8030).
    WebPush {
        /// The resource of the subscription.
        endpoint: String,
        /// The public key of the subscription, 65 bytes in base64url.
        p256dh: String,
        /// The secret of the subscription, 16 bytes in base64url.
        auth: String,
    },
}

impl PushAddress {
    /// The word for the service.
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Apns {
                environment: Environment::Production,
                ..
            } => "APNs",
            Self::Apns {
                environment: Environment::Sandbox,
                ..
            } => "APNsSandbox",
            Self::Fcm { .. } => "FCM",
            Self::WebPush { .. } => "WebPush",
        }
    }
}

impl fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushAddress({})", self.provider())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_does_not_show_itself() {
        let address = PushAddress::Fcm {
            token: "abc".to_owned(),
        };
        assert_eq!(format!("{address:?}"), "PushAddress(FCM)");
    }
}
