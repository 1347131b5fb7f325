//! Objects as they lie in their tables, against the same objects read.

use std::fmt::Debug;

use moca_core::{
    account::MemberConfig,
    beacon::BeaconConfig,
    campaign::group::CampaignGroupConfig,
    geo::Area,
    id::Id,
    label::LabelConfig,
    place::{Place, PlaceConfig},
    segment::{SegmentConfig, SegmentType},
    zone::ZoneConfig,
};
use moca_storage::control::{Control, ListQuery, Page, Raw, RawObject, SortField, Tx};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    backend::{execute, on_every_backend},
    samples::{
        HOME, beacon, campaign_group, everything, insert, label, member, place, segment, zone,
    },
};

on_every_backend![lists_agree_with_what_is_read];
mod by_url {
    use super::a_spoiled_config_is_named;
    crate::backend::on_every_backend![by url: a_spoiled_config_is_named];
}

/// That a page is the one that these objects, which are of the same query, are read from.
pub(crate) async fn agrees<R: Raw>(
    tx: &mut Tx,
    query: &ListQuery,
    read: &Page<R>,
    parent: impl Fn(&R) -> Option<Id>,
) {
    let page = tx.list_raw::<R>(HOME, query).await.unwrap();
    assert_eq!(page.total, read.total);
    let expected = read.items.iter().map(|object| RawObject {
        created_at: object.frame().created_at,
        updated_at: object.frame().updated_at,
        id: object.frame().id.to_string(),
        parent_id: parent(object).map(|id| id.to_string()),
        config: serde_json::to_string(object.config()).unwrap(),
    });
    assert!(page.items.into_iter().eq(expected), "{query:?}");
}

async fn agree<R: Raw + Debug>(
    store: &Control,
    objects: &[R],
    parent: impl Fn(&R) -> Option<Id> + Copy,
) {
    insert(store, objects).await;
    let mut tx = store.read().await.unwrap();
    for (offset, limit, sort) in [
        (0, 1_000, vec![]),
        (1, 1, vec![(SortField::Name, true)]),
        (0, 1_000, vec![(SortField::CreatedAt, true)]),
    ] {
        for q in [None, Some("2".to_owned())] {
            let query = ListQuery {
                offset,
                limit,
                sort: sort.clone(),
                q,
                ..everything()
            };
            let read = tx.list::<R>(HOME, &query).await.unwrap();
            agrees(&mut tx, &query, &read, parent).await;
        }
    }
    let all = tx.list_raw::<R>(HOME, &everything()).await.unwrap();
    assert_eq!(all.items.len(), objects.len());
}

async fn lists_agree_with_what_is_read(store: &Control) {
    agree(store, &[member(1), member(2)], |_| None).await;
    agree(store, &[label(1), label(2)], |_| None).await;
    agree(store, &places(), |_| None).await;
    let mut bare = zone(2);
    bare.config = reread(r#"{"name":"2","floorNumber":0}"#);
    agree(store, &[zone(1), bare], |zone| Some(zone.place_id.0)).await;
    let mut alone = beacon(2);
    alone.zone_id = None;
    agree(store, &[beacon(1), alone], |it| it.zone_id.map(|id| id.0)).await;
    let groups = [campaign_group(1), campaign_group(2)];
    agree(store, &groups, |group| Some(group.app_id.0)).await;
    let mut chosen = segment(2);
    (chosen.config.kind, chosen.config.query) = (SegmentType::Static, None);
    agree(store, &[segment(1), chosen], |it| Some(it.app_id.0)).await;
}

/// Of every field, of areas with a hole, and of a name only.
fn places() -> Vec<Place> {
    let ring = |west: f64, size: f64| {
        let (south, east) = (0.1 + 0.2, west + size);
        let top = south + size;
        vec![[west, south], [east, south], [east, top], [west, south]]
    };
    let mut all = vec![place(1), place(2), place(3), place(4)];
    let polygon = Area::polygon(vec![ring(-3.7, 0.1)]).unwrap();
    all[1].config.geofence = Some(polygon.into());
    let many = vec![vec![ring(-1e-7, 0.3)], vec![ring(7.0, 1.0)]];
    all[2].config.geofence = Some(Area::multi_polygon(many).unwrap().into());
    all[3].config = reread(r#"{"name":"\"2\" \\ \n\u0007 — Ñ 東京 🏬"}"#);
    all
}

/// What is in this text, of a type that writes the same text.
fn reread<C: Serialize + DeserializeOwned>(text: &str) -> C {
    let config: C = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&config).unwrap(), text);
    config
}

/// These texts lie in stores that are in use, and lists answer them as they are: a field that joins one of
/// the types must be left out where it has its default, and no field may be written otherwise.
#[test]
fn what_was_stored_is_what_would_be_answered() {
    reread::<MemberConfig>(r#"{"name":"N","role":"viewer"}"#);
    reread::<MemberConfig>(r#"{"name":"N","email":"n@example.com","role":"owner"}"#);
    reread::<LabelConfig>(r#"{"name":"N"}"#);
    reread::<LabelConfig>(r##"{"name":"N","color":"#a0b1c2"}"##);
    reread::<PlaceConfig>(r#"{"name":"N"}"#);
    reread::<PlaceConfig>(concat!(
        r#"{"name":"N","geofence":{"type":"Circle","latitude":40.4,"longitude":-3.0,"radius":150.0},"#,
        r#""address":"A","timeZone":"Europe/Madrid","category":"C","externalId":"E","provider":"P","#,
        r#""labelIds":["AZuN58uAcACAAAAAAAAAUQ"],"locationProvider":{"enabled":true,"#,
        r#""locationType":"WIFI","siteId":"S","accessKey":"K","hasSecretKey":false},"#,
        r#""floorPlanProvider":{"providerName":"P","accessKey":"K","mapID":"7","title":"T","url":"U","#,
        r#""height":0.30000000000000004,"width":1024.0,"numFloors":5,"areaM2":470000.0},"#,
        r#""presence":{"exitMarginM":0.5,"confirmMs":0,"accuracyMaxM":9.0,"beaconExitMs":60000,"#,
        r#""pathCrossingMs":30000},"sensitive":true,"#,
        r#""properties":{"a":true,"b":3,"c":0.1,"d":-12.5,"e":["f"],"g":"h"}}"#,
    ));
    reread::<PlaceConfig>(
        r#"{"name":"N","geofence":{"type":"Polygon","coordinates":[[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,0.0]]]}}"#,
    );
    reread::<ZoneConfig>(r#"{"name":"N","floorNumber":0}"#);
    reread::<ZoneConfig>(concat!(
        r#"{"name":"N","shortId":"S","floorNumber":-2,"category":"C","provider":"P","externalId":"E","#,
        r#""geofence":{"type":"MultiPolygon","coordinates":"#,
        r#"[[[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,0.0]]],[[[2.0,0.0],[3.0,0.0],[3.0,1.0],[2.0,0.0]]]]},"#,
        r#""labelIds":["AZuN58uAcACAAAAAAAAAUQ"]}"#,
    ));
    reread::<BeaconConfig>(
        r#"{"type":"EddystoneUid","namespace":"abababababababababab","instance":"000000000001"}"#,
    );
    reread::<BeaconConfig>(concat!(
        r#"{"name":"N","type":"IBeacon","proximityUuid":"f7826da6-4fa2-4e98-8024-bc5b71e0893e","#,
        r#""major":1,"minor":42,"provider":"P","code":"C","#,
        r#""location":{"latitude":40.4,"longitude":-3.7},"floorNumber":0,"txPowerDbm":-59,"#,
        r#""externalId":"E","labelIds":["AZuN58uAcACAAAAAAAAAUQ"],"properties":{"a":1}}"#,
    ));
    reread::<CampaignGroupConfig>(r#"{"name":"N"}"#);
    reread::<CampaignGroupConfig>(r#"{"name":"N","description":"D"}"#);
    reread::<SegmentConfig>(r#"{"name":"N","query":"{}"}"#);
    reread::<SegmentConfig>(r#"{"name":"N","description":"D","type":"Static","externalId":"E"}"#);
}

async fn a_spoiled_config_is_named(url: &str) {
    let store = Control::open(url).await.unwrap();
    is_named(&store, url, member(1)).await;
    is_named(&store, url, label(1)).await;
    is_named(&store, url, place(1)).await;
    is_named(&store, url, zone(1)).await;
    is_named(&store, url, beacon(1)).await;
    is_named(&store, url, campaign_group(1)).await;
    is_named(&store, url, segment(1)).await;
}

/// That a list of objects one of which is cut off, or is none, tells which it is, as reading it does.
async fn is_named<R: Raw + Debug>(store: &Control, url: &str, object: R) {
    let id = object.frame().id;
    insert(store, &[object]).await;
    let table = format!("{}s", R::KIND.noun().replace(' ', "_"));
    for config in ["", "null", "[]", "{}", "{\"name\":\"N\"", "\"name\":\"N\"}"] {
        let sql = format!("UPDATE {table} SET config = '{config}'");
        execute(url, &sql).await;
        let mut tx = store.read().await.unwrap();
        let told = tx.list_raw::<R>(HOME, &everything()).await.unwrap_err();
        let read = tx.get::<R>(HOME, id).await.unwrap_err();
        assert_eq!(told.to_string(), read.to_string());
        assert_eq!(
            told.to_string(),
            format!("{table}.config of {id} cannot be read")
        );
    }
}
