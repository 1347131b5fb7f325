//! Faults of ours: what a client is told of them, and what not.

use moca_core::clock::{Clock, Random};
use moca_engine::{
    Engine,
    webhooks::{Sender, WebhookSettings},
};
use moca_storage::control::Control;
use tower::ServiceExt;

use super::*;
use crate::{
    route::{Verb, route},
    seal::Sealer,
    state::Settings,
};

struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000
    }
}

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

static BROKEN: &[Route] = &[
    route(
        Verb::Get,
        "/panics",
        Endpoint::Operations(|_| Box::pin(async { panic!("the secret is 42") })),
    ),
    route(
        Verb::Get,
        "/fails",
        Endpoint::Operations(|_| {
            Box::pin(async { Err(Failure::internal("reading", "the secret is 42")) })
        }),
    ),
];

#[tokio::test]
async fn a_fault_of_ours_tells_its_request_id_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("control.db").display());
    let control = Control::open(&url).await.unwrap();
    let (clock, random) = (Arc::new(Fixed), Arc::new(Fixed));
    let engine = Engine::start(
        directory.path(),
        control.clone(),
        clock.clone(),
        random.clone(),
    )
    .await
    .unwrap();
    let sealer = || Sealer::new(&[0; 32]);
    let sender = Sender::new(
        &WebhookSettings::default(),
        sealer(),
        clock.clone(),
        random.clone(),
    );
    let sender = Arc::new(sender.unwrap());
    let settings = Settings::default();
    let state = ApiState::new(control, engine, clock, random, sealer(), sender, settings);
    let router = service(state, BROKEN, String::new());
    for path in ["/panics", "/fails"] {
        let request = HttpRequest::get(path).body(Incoming::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        let request_id = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains(&request_id), "{text}");
        assert!(text.contains("\"internal\""), "{text}");
        assert!(!text.contains("42") && !text.contains("reading"), "{text}");
    }
}
