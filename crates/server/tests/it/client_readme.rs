//! The examples of the client's README are the code of these tests.

use std::{fs, time::Duration};

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use moca_client::{
    Call, Client, ClientError, ImportRequest, Method, NetworkFault, Order, RetryPolicy,
};
use moca_core::{
    account::TokenConfig,
    bulk::{BulkKind, FileFormat, ImportFormat},
    geo::LatLon,
    label::LabelConfig,
    place::PlaceConfig,
};
use moca_wire::{
    apps::App,
    campaigns::Campaign,
    experiences::Experience,
    labels::{Label, LabelInput},
    members::Member,
    places::{Place, PlaceInput},
    problem::{Code, Problem},
    tokens::{Token, TokenInput},
};
use serde_json::{Value, json};

use crate::{client::Walker, support::server::TestServer};

const README: &str = include_str!("../../../client/README.md");
const CODE: &str = include_str!("client_readme.rs");

/// The lines without their indentation, which differs between the README and a function.
fn flat(code: &str) -> String {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    lines.join("\n")
}

#[test]
fn every_example_of_the_readme_is_code_of_a_test() {
    let code = flat(CODE);
    let blocks: Vec<&str> = README
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect();
    assert!(blocks.len() > 8, "the examples were not found");
    for block in blocks {
        assert!(
            code.contains(&flat(block)),
            "not in client_readme.rs:\n{block}"
        );
    }
}

#[tokio::test]
async fn files_go_in_and_out() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let client = server.client.clone();
    let request = ImportRequest {
        upsert: true,
        ..ImportRequest::new(BulkKind::Places, ImportFormat::Csv)
    };
    let file = stream::iter([Ok(Bytes::from("name,externalId\nPlaza Mayor,m-1\n,m-2\n"))]);
    let import = client.import(&request, file).await?;
    let import = client.import_ended(import.import_id, |_| ()).await?;
    assert_eq!((import.created, import.refused), (1, 1));
    let refused = client.refusals(import.import_id, 0, 100).await?;
    assert_eq!(refused.items[0].line, 3);
    let mut file = client
        .export(BulkKind::Places, FileFormat::Ndjson, &[])
        .await?;
    while let Some(piece) = file.chunk().await? {
        println!("{} bytes", piece.len());
    }
    Ok(())
}

#[tokio::test]
async fn a_client_is_set_up_and_lists() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let url = server.running.base_url();
    let token = server.running.first_token.as_ref().unwrap().secret.clone();
    let data_dir = server.data_dir();

    let client = Client::builder(&url)
        .token(token)
        .trust_pem(fs::read(data_dir.join("tls/cert.pem"))?)
        .build()?;
    let labels = client.all::<Label>();
    let vip = LabelInput {
        config: LabelConfig {
            name: "VIP".to_owned(),
            color: None,
        },
    };
    let made = labels.create(&vip).await?;
    println!("{} has version {}", made.object.label_id, made.etag);

    let place = PlaceInput::from(PlaceConfig {
        label_ids: vec![made.object.label_id],
        ..plaza()
    });
    client.all::<Place>().create(&place).await?;
    let mut places = Box::pin(
        client
            .all::<Place>()
            .query()
            .label(made.object.label_id)
            .order_by(Order::Name)
            .stream(),
    );
    let mut names = Vec::new();
    while let Some(place) = places.try_next().await? {
        names.push(place.config.name);
    }
    assert_eq!(names, ["Plaza Mayor"]);
    Ok(())
}

fn plaza() -> PlaceConfig {
    serde_json::from_value(json!({"name": "Plaza Mayor", "externalId": "ES-28-7"})).unwrap()
}

#[tokio::test]
async fn a_device_keeps_a_bundle() -> anyhow::Result<()> {
    let walker = Walker::start().await;
    let device = &walker.device;
    let app: App = walker.server.client.get(walker.app_id).await?;
    let here = LatLon::new(40.4155, -3.7074)?;
    let kept = device.bundle(Some(here), 20).await?;
    let bundle = kept.open(&app.bundle_key)?;
    println!("{} regions to watch", bundle.regions.len());
    let newer = device.newer_bundle(Some(here), 20, &kept.etag).await?;
    assert!(newer.is_none(), "nothing else is offered");

    assert_eq!((bundle.app_id, bundle.experiences.len()), (app.app_id, 1));
    let experiences = walker.server.client.all::<Experience>();
    let switch_off = |it: &mut Experience| it.config.enabled = false;
    let id = bundle.experiences[0].experience_id;
    experiences.edit(id, switch_off).await?;
    let newer = device.newer_bundle(Some(here), 20, &kept.etag).await?;
    let newer = newer.expect("the experience is gone");
    assert_ne!(newer.etag, kept.etag);
    assert_eq!(newer.open(&app.bundle_key)?.experiences, []);

    let mut changed = kept.clone();
    changed.json = newer.json;
    let forged = changed.open(&app.bundle_key);
    assert!(matches!(forged, Err(ClientError::Forged)));
    let other_key = "ohFjqwI8S-PHWafSWq5TtVLquM6NgtXNSbvGQTZOPgk";
    let forged = kept.open(other_key);
    assert!(matches!(forged, Err(ClientError::Forged)));
    let no_key = kept.open("a key");
    assert!(matches!(no_key, Err(ClientError::Configuration(_))));
    Ok(())
}

#[tokio::test]
async fn an_object_is_changed_only_if_nobody_else_did() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let client = &server.client;

    let places = client.all::<Place>();
    let plaza = PlaceInput::from(plaza());
    let put = places.put_external("ES-28-7", &plaza).await?;
    let id = put.object.place_id;
    let edited = places
        .edit(id, |place| place.config.category = Some("square".into()))
        .await?;
    assert_eq!(edited.object.config.category.as_deref(), Some("square"));

    let stale = places.replace_if(id, &plaza, &put.etag).await;
    match stale {
        Err(ClientError::Conflict { problem }) if problem.code == "stale_version" => {
            println!("somebody else was faster: read it again");
        }
        other => panic!("{other:?}"),
    }
    places.delete_if(id, false, &edited.etag).await?;
    Ok(())
}

#[tokio::test]
async fn repeats_are_tuned_and_survive_the_program() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let url = server.running.base_url();
    let pem = fs::read(server.running.trust.as_ref().unwrap())?;
    let token = server.running.first_token.as_ref().unwrap().secret.clone();
    let vip = LabelInput {
        config: LabelConfig {
            name: "VIP".to_owned(),
            color: None,
        },
    };

    let client = Client::builder(&url)
        .token(token)
        .trust_pem(pem)
        .retry(RetryPolicy {
            attempts_max: 3,
            attempt_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(20),
            ..RetryPolicy::default()
        })
        .build()?;
    let first = client.all::<Label>().create_once(&vip, "label-vip").await?;
    let again = client.all::<Label>().create_once(&vip, "label-vip").await?;
    assert_eq!(first, again);
    Ok(())
}

#[tokio::test]
async fn a_login_is_kept_fresh() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let url = server.running.base_url();
    let pem = fs::read(server.running.trust.as_ref().unwrap())?;
    let members = server.client.all::<Member>().query().to_vec().await?;
    let input = TokenInput {
        member_id: Some(members[0].member_id),
        config: TokenConfig {
            name: "A back end".to_owned(),
            expires_at: None,
            role: None,
            scopes: None,
        },
    };
    let token: Token = server.client.create(&input).await?;
    let (token_id, access_token) = (token.token_id, token.access_token.unwrap());

    let client = Client::builder(&url)
        .client_credentials(token_id, access_token, Some("viewer"))
        .trust_pem(pem)
        .build()?;
    let labels = client.all::<Label>().query().to_vec().await?;
    assert!(labels.is_empty());

    let refused = client.all::<Label>().delete("nobody", false).await;
    assert!(matches!(refused, Err(ClientError::Permission { .. })));
    Ok(())
}

#[tokio::test]
async fn any_call_can_be_made() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let client = &server.client;

    let call = Call::new(Method::POST, "/v2/places")
        .json(&json!({"config": {"name": "Plaza Mayor"}}))?
        .idempotency_key("import-1-line-7");
    println!("{} {}", call.method(), client.url(&call));
    let place: Value = client.send(&call).await?.json()?;
    assert_eq!(place["config"]["name"], "Plaza Mayor");

    let places = client.collection("/v2/places");
    let read = places.get(place["placeId"].as_str().unwrap()).await?;
    assert_eq!(read.object, place);
    Ok(())
}

fn what_to_do(error: &ClientError) -> String {
    match error {
        ClientError::InvalidRequest { problem } => {
            let faults = problem.errors.iter();
            let faults: Vec<String> = faults
                .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
                .collect();
            format!(
                "repair the request: {} {}",
                problem.detail,
                faults.join("; ")
            )
        }
        ClientError::Authentication { .. } => "get another token".to_owned(),
        ClientError::Permission { .. } => "use a token with a higher role".to_owned(),
        ClientError::NotFound { .. } => "check the id and the account".to_owned(),
        ClientError::Conflict { problem } => match problem.code.as_str() {
            "stale_version" => "read it again, then change it".to_owned(),
            "in_use" => {
                let users = problem.users_total.unwrap_or_default();
                format!("{users} objects still refer to it")
            }
            _ => problem.detail.clone(),
        },
        ClientError::RateLimited { .. } | ClientError::Unavailable { .. } => {
            let wait = error.retry_after().unwrap_or(Duration::from_secs(1));
            format!("repeat in {} s", wait.as_secs())
        }
        ClientError::Server { request_id, .. } => {
            format!(
                "report the request {}",
                request_id.as_deref().unwrap_or("-")
            )
        }
        ClientError::Network { fault, .. } => match fault {
            NetworkFault::Dns => "check the name of the server".to_owned(),
            NetworkFault::Connect => "check that the server runs".to_owned(),
            NetworkFault::Tls => "trust its certificate".to_owned(),
            NetworkFault::Timeout | NetworkFault::Interrupted => "repeat later".to_owned(),
        },
        ClientError::Unreadable { body, .. } => format!("this is not MOCA: {body}"),
        ClientError::Forged => "ask for the bundle again".to_owned(),
        ClientError::Body(_) | ClientError::Configuration(_) => error.to_string(),
    }
}

#[tokio::test]
async fn every_kind_of_error_says_what_to_do() -> anyhow::Result<()> {
    let server = TestServer::start().await;
    let client = &server.client;

    let nameless = json!({"config": {"name": "", "timeZone": "Nowhere"}});
    let refused = client.collection("/v2/places").create(&nameless).await;
    let advice = what_to_do(&refused.unwrap_err());
    assert!(advice.contains("/config/name: ") && advice.contains("/config/timeZone: "));

    let stranger = client.with_token("00000000-0000-4000-8000-000000000000");
    let refused = stranger.all::<Place>().query().page().await.unwrap_err();
    assert_eq!(what_to_do(&refused), "get another token");

    let absent = "AAAAAAAAAAAAAAAAAAAAAA";
    let missing = client.all::<Campaign>().get(absent).await.unwrap_err();
    assert_eq!(what_to_do(&missing), "check the id and the account");

    let plaza = PlaceInput::from(plaza());
    client.create::<Place>(&plaza).await?;
    let taken = client.create::<Place>(&plaza).await.unwrap_err();
    assert_eq!(taken.code(), Some("already_exists"));
    assert_eq!(taken.faults()[0].pointer, "/config/externalId");

    let elsewhere = Client::builder("https://moca.invalid").build()?;
    let unknown = elsewhere.get::<Place>(absent).await.unwrap_err();
    assert_eq!(what_to_do(&unknown), "check the name of the server");

    let limited = ClientError::RateLimited {
        retry_after_s: Some(30),
        problem: None,
    };
    assert_eq!(what_to_do(&limited), "repeat in 30 s");
    let failed = ClientError::Server {
        status: 500,
        request_id: Some("r-7".to_owned()),
        detail: String::new(),
    };
    assert_eq!(what_to_do(&failed), "report the request r-7");
    let problem = Problem::new(Code::RoleTooLow, "Ask an owner.".to_owned(), "r-8");
    let low = ClientError::Permission {
        problem: Box::new(problem),
    };
    assert_eq!(what_to_do(&low), "use a token with a higher role");
    Ok(())
}
