//! Pages, streams and filters.

use futures::{StreamExt, TryStreamExt};
use moca_client::Order;
use moca_core::id::LabelId;
use moca_wire::{labels::Label, places::Place};
use serde_json::json;

use crate::support::{Scripted, Step, refuse};

fn page(offset: i64, total: i64, names: &[&str]) -> Step {
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let items: Vec<_> = names
        .iter()
        .map(|name| {
            json!({"createdAt": 1, "updatedAt": 1, "labelId": id, "accountId": id,
                "config": {"name": name}})
        })
        .collect();
    let page = json!({"offset": offset, "limit": 2, "total": total, "items": items});
    Step::Answer(200, &[], page.to_string())
}

#[tokio::test]
async fn a_stream_goes_through_all_pages_and_gets_none_too_early() {
    let script = [page(0, 3, &["a", "b"]), page(2, 4, &["c", "d"])];
    let server = Scripted::start(script).await;
    let labels = server.client().all::<Label>();
    let mut stream = Box::pin(labels.query().page_size(2).stream());
    let mut names = Vec::new();
    for _ in 0..2 {
        names.push(stream.next().await.unwrap().unwrap().config.name);
    }
    assert_eq!(server.got().len(), 1, "the second page was not asked for");
    // One more was made meanwhile.
    while let Some(label) = stream.try_next().await.unwrap() {
        names.push(label.config.name);
    }
    assert_eq!(names, ["a", "b", "c", "d"]);
    let got = server.got();
    assert_eq!(got[0].line, "GET /v2/labels?limit=2");
    assert_eq!(got[1].line, "GET /v2/labels?offset=2&limit=2");
}

#[tokio::test]
async fn a_list_that_shrinks_meanwhile_ends() {
    let script = [page(0, 5, &["a", "b"]), page(2, 2, &[])];
    let server = Scripted::start(script).await;
    let query = server.client().all::<Label>().query().page_size(2);
    assert_eq!(query.to_vec().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_error_is_the_last_item() {
    let server = Scripted::start([page(0, 5, &["a"]), refuse(400, "invalid_parameter")]).await;
    let query = server.client().all::<Label>().query();
    let items: Vec<_> = query.stream().collect().await;
    assert_eq!(items.len(), 2);
    assert!(items[0].is_ok() && items[1].is_err());
}

#[tokio::test]
async fn filters_and_order_go_into_the_url() {
    let label: LabelId = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let server = Scripted::start([]).await;
    let client = server.client();
    let query = client
        .all::<Place>()
        .query()
        .label(label)
        .external_id("ES/28")
        .named_like("plaza & co")
        .order_by(Order::Name)
        .order_by_descending(Order::UpdatedAt)
        .offset(7)
        .page_size(5_000);
    assert_eq!(
        client.url(&query.to_call()).query().unwrap(),
        "labelId=AAAAAAAAAAAAAAAAAAAAAA&externalId=ES%2F28&q=plaza+%26+co\
         &sort=name%2C-updatedAt&offset=7&limit=1000"
    );
}
