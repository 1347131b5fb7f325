//! The push credentials of an app, ready to be used.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use moca_core::{
    app::App,
    clock::Random,
    id::InstanceId,
    notification::{Failure, Notification},
    push::PushAddress,
    target::{Credential, Environment, TargetSecrets},
};
use reqwest::Client;

use super::{
    PushSettings,
    apns::{Apns, Repeat},
    fcm::Fcm,
    http::Outcome,
    message::Message,
    token::Unsigned,
    web::{Subscription, WebPush},
};
use crate::{
    outgoing::NoClient,
    seal::{self, Sealer},
};

/// A credential that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

impl From<Unsigned> for Broken {
    fn from(_: Unsigned) -> Self {
        Self
    }
}

impl From<NoClient> for Broken {
    fn from(_: NoClient) -> Self {
        Self
    }
}

/// The senders of an app: of each kind of address the first credential it has. `Err` is one that
/// cannot be used.
#[derive(Default)]
pub(crate) struct Senders {
    production: Option<Result<Apns, Broken>>,
    sandbox: Option<Result<Apns, Broken>>,
    fcm: Option<Result<Fcm, Broken>>,
    web: Option<Result<WebPush, Broken>>,
}

/// What is shared by the senders of all apps.
pub(crate) struct Outside<'a> {
    pub(crate) settings: &'a PushSettings,
    /// For services that the operator chose.
    pub(crate) http: &'a Client,
    /// For services that devices name.
    pub(crate) strangers: &'a Client,
}

impl Senders {
    /// Those of an app.
    pub(crate) fn of(app: &App, sealer: &Sealer, outside: &Outside<'_>, now_ms: i64) -> Self {
        let mut senders = Self::default();
        for kept in &app.targets {
            let target = &kept.target;
            let field = format!("/targets/{}", target.target_id);
            let context = seal::context(app.frame.account_id, app.frame.id, &field);
            let secrets = sealer.open(&context, &kept.sealed).ok();
            let secrets = secrets.and_then(|plain| serde_json::from_slice(&plain).ok());
            let secrets: Result<TargetSecrets, Broken> = secrets.ok_or(Broken);
            let credential = &target.credential;
            match credential {
                Credential::ApnsCertificate { expires_at, .. } if now_ms >= *expires_at => {}
                Credential::ApnsKey { environment, .. }
                | Credential::ApnsCertificate { environment, .. } => {
                    let slot = match environment {
                        Environment::Production => &mut senders.production,
                        Environment::Sandbox => &mut senders.sandbox,
                    };
                    slot.get_or_insert_with(|| {
                        Apns::new(outside.settings, outside.http, credential, &secrets?)
                    });
                }
                Credential::Fcm { .. } => {
                    senders.fcm.get_or_insert_with(|| {
                        Fcm::new(outside.settings, outside.http, credential, &secrets?)
                    });
                }
                Credential::WebPush { .. } => {
                    senders.web.get_or_insert_with(|| {
                        WebPush::new(outside.settings, outside.strangers, credential, &secrets?)
                    });
                }
            }
        }
        senders
    }

    /// Sends a notification to an instance.
    pub(crate) async fn send(
        &self,
        notification: &Notification,
        to: Recipient<'_>,
        random: &dyn Random,
        now_ms: i64,
    ) -> Outcome {
        let message = Message::new(notification, to.lang);
        let too_large = Outcome::NotSent(Failure::TooLarge);
        match to.address {
            PushAddress::Apns { token, environment } => {
                let apns = match usable(self.apns(*environment)) {
                    Ok(apns) => apns,
                    Err(failure) => return Outcome::NotSent(failure),
                };
                let Ok(body) = message.apns() else {
                    return too_large;
                };
                let repeat = Repeat {
                    notification_id: notification.id(),
                    instance_id: to.instance_id,
                };
                apns.send(token, repeat, body, now_ms).await
            }
            PushAddress::Fcm { token } => {
                let fcm = match usable(&self.fcm) {
                    Ok(fcm) => fcm,
                    Err(failure) => return Outcome::NotSent(failure),
                };
                let Ok(body) = message.fcm(token) else {
                    return too_large;
                };
                fcm.send(body, now_ms).await
            }
            PushAddress::WebPush {
                endpoint,
                p256dh,
                auth,
            } => {
                let web = match usable(&self.web) {
                    Ok(web) => web,
                    Err(failure) => return Outcome::NotSent(failure),
                };
                let Ok(plain) = message.web() else {
                    return too_large;
                };
                let mut salt = [0; 16];
                random.fill(&mut salt);
                let subscription = Subscription {
                    endpoint,
                    p256dh,
                    auth,
                };
                web.send(subscription, message.notification_id, salt, &plain, now_ms)
                    .await
            }
        }
    }

    /// Whether a message to such an address could go out, as far as that is known without sending:
    /// there is a credential, its key signs, Google takes it, and the message is not too large.
    pub(crate) async fn check(
        &self,
        notification: &Notification,
        address: &PushAddress,
        lang: Option<&str>,
        now_ms: i64,
    ) -> Option<Failure> {
        let message = Message::new(notification, lang);
        let size = match address {
            PushAddress::Apns { environment, .. } => {
                if let Err(failure) = usable(self.apns(*environment)) {
                    return Some(failure);
                }
                message.apns()
            }
            PushAddress::Fcm { token } => {
                match usable(&self.fcm) {
                    Err(failure) => return Some(failure),
                    Ok(fcm) => match fcm.token(now_ms).await {
                        Err(
                            Outcome::Failed(failure)
                            | Outcome::NotSent(failure)
                            | Outcome::Again(failure, _),
                        ) => {
                            return Some(failure);
                        }
                        Err(Outcome::Accepted) | Ok(_) => {}
                    },
                }
                message.fcm(token)
            }
            PushAddress::WebPush { .. } => {
                if let Err(failure) = usable(&self.web) {
                    return Some(failure);
                }
                message.web()
            }
        };
        size.is_err().then_some(Failure::TooLarge)
    }

    const fn apns(&self, environment: Environment) -> &Option<Result<Apns, Broken>> {
        match environment {
            Environment::Production => &self.production,
            Environment::Sandbox => &self.sandbox,
        }
    }
}

/// To whom a message goes.
#[derive(Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) instance_id: InstanceId,
    pub(crate) address: &'a PushAddress,
    pub(crate) lang: Option<&'a str>,
}

fn usable<T>(sender: &Option<Result<T, Broken>>) -> Result<&T, Failure> {
    match sender {
        None => Err(Failure::NoCredential),
        Some(Err(Broken)) => Err(Failure::CredentialRefused),
        Some(Ok(sender)) => Ok(sender),
    }
}

/// A certificate with its key in PEM.
pub(crate) fn pem(secrets: &TargetSecrets) -> Vec<u8> {
    let block = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    // PKCS#1 begins with two numbers, PKCS#8 with one and then a sequence that names the algorithm.
    let is_pkcs1 = ring::signature::RsaKeyPair::from_der(&secrets.private_key).is_ok();
    let label = if is_pkcs1 {
        "RSA PRIVATE KEY"
    } else {
        "PRIVATE KEY"
    };
    let key = block(label, &secrets.private_key);
    let certificate = block("CERTIFICATE", &secrets.certificate);
    [key, certificate].concat().into_bytes()
}
