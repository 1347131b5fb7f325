//! Who calls: a token that is given, or one that is got by OAuth 2.0 client credentials and renewed.

use std::{sync::Arc, time::Duration};

use moca_wire::oauth::AccessToken;
use reqwest::Method;
use tokio::sync::Mutex;

use crate::{
    answer::Answer,
    call::{Call, Repeat},
    error::ClientError,
    transport::{Proof, Transport},
};

/// A token is renewed this long before its end, or a tenth of its life if that is shorter: a call
/// takes time to arrive.
const RENEWED_BEFORE_END: Duration = Duration::from_secs(60);

/// What a client proves itself with.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Always the same.
    Fixed(Proof),
    /// A token of limited life.
    Login(Arc<Login>),
}

/// An OAuth 2.0 client (RFC 6749 §4.4) and the token it has at the moment.
pub(crate) struct Login {
    client_id: String,
    client_secret: String,
    scope: Option<String>,
    kept: Mutex<Option<Kept>>,
}

#[derive(Clone)]
struct Kept {
    token: String,
    /// On the clock of the client's pace.
    renew_at: Duration,
}

impl Login {
    pub(crate) fn new(client_id: String, client_secret: String, scope: Option<String>) -> Self {
        Self {
            client_id,
            client_secret,
            scope,
            kept: Mutex::new(None),
        }
    }

    /// A token that is still good for a while. Those who ask at the same time wait for one answer.
    async fn token(&self, transport: &Transport) -> Result<String, ClientError> {
        let mut kept = self.kept.lock().await;
        let now = transport.pace.elapsed();
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.renew_at) {
            return Ok(kept.token.clone());
        }
        let scope = self.scope.as_deref();
        let got = exchange(transport, &self.client_id, &self.client_secret, scope).await?;
        let life = Duration::from_secs(u64::try_from(got.expires_in).unwrap_or(0));
        let renew_at = now + life.saturating_sub(RENEWED_BEFORE_END.min(life / 10));
        *kept = Some(Kept {
            token: got.access_token.clone(),
            renew_at,
        });
        Ok(got.access_token)
    }

    /// Forgets a token that the server did not take, unless another has been got meanwhile.
    async fn forget(&self, token: &str) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token == token) {
            *kept = None;
        }
    }
}

impl Credentials {
    /// What proves who this is, for a call that cannot be done twice.
    pub(crate) async fn proof(&self, transport: &Transport) -> Result<Proof, ClientError> {
        match self {
            Self::Fixed(proof) => Ok(proof.clone()),
            Self::Login(login) => login.token(transport).await.map(Proof::Bearer),
        }
    }

    /// Does a call as whoever this is. A token that was taken back before its end is renewed once.
    pub(crate) async fn send(
        &self,
        transport: &Transport,
        call: &Call,
    ) -> Result<Answer, ClientError> {
        let login = match self {
            Self::Fixed(proof) => return transport.send(call, proof).await,
            Self::Login(login) => login,
        };
        let token = login.token(transport).await?;
        match transport.send(call, &Proof::Bearer(token.clone())).await {
            Err(ClientError::Authentication { .. }) => login.forget(&token).await,
            outcome => return outcome,
        }
        let token = login.token(transport).await?;
        transport.send(call, &Proof::Bearer(token)).await
    }
}

/// Exchanges a token for one of limited life.
pub(crate) async fn exchange(
    transport: &Transport,
    client_id: &str,
    client_secret: &str,
    scope: Option<&str>,
) -> Result<AccessToken, ClientError> {
    let proof = Proof::Basic {
        user: client_id.to_owned(),
        password: client_secret.to_owned(),
    };
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(scope.map(|scope| ("scope", scope)));
    // A token whose answer was lost is known to nobody and ends by itself.
    let call = Call::new(Method::POST, "/oauth/token")
        .form(&form)
        .repeat(Repeat::Freely);
    transport.send(&call, &proof).await?.json()
}
