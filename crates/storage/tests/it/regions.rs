//! Places near a point or in a box against a scan of all.

use moca_core::{
    geo::{Area, Bounds, Circle, Geofence, LatLon, Region},
    place::Place,
};
use moca_storage::control::{Control, Filter, ListQuery, SortField};

use crate::{
    backend::{execute, on_every_backend},
    raw::agrees,
    samples::{HOME, everything, insert, place},
};

on_every_backend![
    lists_in_regions_agree_with_a_scan,
    a_place_is_found_where_it_was_put_last,
];
mod by_url {
    use super::places_older_than_the_bounds_are_found;
    crate::backend::on_every_backend![by url: places_older_than_the_bounds_are_found];
}

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

fn near(latitude: f64, longitude: f64, radius_m: f64) -> Region {
    Region::Near(Circle::new(at(latitude, longitude), radius_m).unwrap())
}

fn in_box([west, south, east, north]: [f64; 4]) -> Region {
    Region::Box(Bounds::new(at(south, west), at(north, east)).unwrap())
}

/// Circles and triangles of all sizes, many about a few towns, one at the antimeridian and one near a
/// pole.
fn scattered() -> Vec<Place> {
    let towns = [
        (40.0, -3.0),
        (-17.0, 179.99),
        (89.9, 20.0),
        (0.0, 0.0),
        (-33.0, -70.0),
    ];
    let sizes = [0.0001, 0.003, 0.05, 0.4, 0.8];
    (0..400_u32)
        .map(|number| {
            let mut place = place(number);
            let (latitude, longitude) = towns[number as usize % towns.len()];
            let spread = f64::from(number * 7_919 % 97) / 97.0 - 0.5;
            let aside = f64::from(number * 104_729 % 89) / 89.0 - 0.5;
            let y = (latitude + spread * 2.0_f64).clamp(-89.0, 89.99);
            let x = (longitude + aside * 3.0 + 540.0).rem_euclid(360.0) - 180.0;
            let size = sizes[number as usize / 5 % sizes.len()];
            place.config.geofence = match number % 7 {
                0 => None,
                1 | 2 => {
                    let top = (y + size).min(90.0);
                    let ring = vec![[x, y], [x + size, y], [x, top], [x, y]];
                    Some(Geofence::from(Area::polygon(vec![ring]).unwrap()))
                }
                _ => Some(Circle::new(at(y, x), size * 111_000.0).unwrap().into()),
            };
            place
        })
        .collect()
}

fn regions() -> Vec<Vec<Region>> {
    let mut all = vec![
        vec![near(40.0, -3.0, 1.0)],
        vec![near(40.1, -3.2, 5_000.0)],
        vec![near(40.0, -3.0, 100_000.0)],
        vec![near(-17.0, 180.0, 30_000.0)],
        vec![near(-17.0, -179.9, 100_000.0)],
        vec![near(90.0, 0.0, 100_000.0)],
        vec![near(-60.0, 100.0, 100_000.0)],
        vec![in_box([-180.0, -90.0, 180.0, 90.0])],
        vec![in_box([-4.0, 39.0, -2.5, 40.2])],
        vec![in_box([179.5, -18.0, -179.5, -16.0])],
        vec![in_box([-180.0, -90.0, -179.0, 0.0])],
        vec![in_box([10.0, 89.0, 30.0, 90.0])],
        vec![in_box([5.0, 5.0, 5.0, 5.0])],
    ];
    all.push(vec![
        near(40.0, -3.0, 60_000.0),
        in_box([-3.0, 40.0, 3.0, 50.0]),
    ]);
    all
}

async fn lists_in_regions_agree_with_a_scan(store: &Control) {
    let places = scattered();
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    let mut some = 0;
    for regions in regions() {
        let in_all = |place: &&Place| {
            let geofence = place.config.geofence.as_ref();
            geofence.is_some_and(|it| regions.iter().all(|region| region.takes_in(it)))
        };
        for q in [None, Some("place 1")] {
            let mut model: Vec<&Place> = places
                .iter()
                .filter(in_all)
                .filter(|place| q.is_none_or(|q| place.config.name.to_lowercase().contains(q)))
                .collect();
            model.sort_by_key(|place| std::cmp::Reverse(place.frame.created_at));
            some += model.len();
            let query = ListQuery {
                q: q.map(str::to_owned),
                regions: regions.clone(),
                ..everything()
            };
            let (mut walked, mut after) = (Vec::new(), None);
            loop {
                let next = tx.scan::<Place>(HOME, &query, after, 7).await.unwrap();
                let Some(last) = next.last() else { break };
                after = Some((last.frame.created_at, last.frame.id));
                walked.extend(next);
            }
            assert!(walked.iter().rev().eq(model.iter().copied()), "{query:?}");
            for (offset, limit) in [(0, 1_000), (0, 7), (7, 7), (500, 3)] {
                let query = ListQuery {
                    offset,
                    limit,
                    sort: vec![(SortField::CreatedAt, true)],
                    q: q.map(str::to_owned),
                    regions: regions.clone(),
                    ..everything()
                };
                let page = tx.list::<Place>(HOME, &query).await.unwrap();
                let expected = model.iter().skip(offset as usize).take(limit as usize);
                assert!(page.items.iter().eq(expected.copied()), "{query:?}");
                assert_eq!(page.total, model.len() as i64, "{query:?}");
                agrees(&mut tx, &query, &page, |_| None).await;
            }
        }
    }
    assert!(some > 500, "{some}");
    let query = ListQuery {
        filters: vec![(Filter::ExternalId, "place-3".into())],
        regions: vec![in_box([-180.0, -90.0, 180.0, 90.0])],
        ..everything()
    };
    assert_eq!(tx.list::<Place>(HOME, &query).await.unwrap().total, 1);
    let query = ListQuery {
        regions: query.regions,
        ..everything()
    };
    assert!(
        tx.list::<moca_core::zone::Zone>(HOME, &query)
            .await
            .is_err()
    );
}

async fn found(store: &Control, region: Region) -> i64 {
    let query = ListQuery {
        regions: vec![region],
        ..everything()
    };
    let mut tx = store.read().await.unwrap();
    tx.list::<Place>(HOME, &query).await.unwrap().total
}

async fn a_place_is_found_where_it_was_put_last(store: &Control) {
    let (here, there) = (near(40.0, -3.0, 10.0), near(-40.0, 3.0, 10.0));
    let circle =
        |latitude, longitude| Some(Circle::new(at(latitude, longitude), 5.0).unwrap().into());
    let mut place = place(1);
    for (revision, geofence, expected) in [
        (1, circle(40.0, -3.0), (1, 0)),
        (2, circle(-40.0, 3.0), (0, 1)),
        (3, None, (0, 0)),
        (4, circle(40.0, -3.0), (1, 0)),
    ] {
        place.config.geofence = geofence;
        place.frame.revision = revision;
        let mut tx = store.write().await.unwrap();
        if revision == 1 {
            tx.insert(&place).await.unwrap();
        } else {
            tx.replace(&place).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(
            (found(store, here).await, found(store, there).await),
            expected
        );
    }
}

/// The schema before the bounds, with these places in it: whatever migrations there are by now.
async fn as_before_the_bounds(url: &str, places: &[Place]) {
    let (text, bytes) = match url.starts_with("sqlite:") {
        true => ("TEXT", "BLOB"),
        false => ("TEXT COLLATE \"C\"", "BYTEA"),
    };
    let mut sql = String::from(
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, name {text} NOT NULL);",
    );
    sql.push_str(include_str!("../../migrations/0001_control.sql"));
    sql.push_str(include_str!("../../migrations/0002_limits.sql"));
    let mut sql = sql.replace("{text}", text).replace("{bytes}", bytes);
    sql.push_str("INSERT INTO schema_version VALUES (1, '0001_control'), (2, '0002_limits');");
    for place in places {
        let (account, id) = (HOME.0, place.frame.id);
        let config = serde_json::to_string(&place.config).unwrap();
        sql.push_str(&format!(
            "INSERT INTO places VALUES ('{account}', '{id}', 1, 1, 1, 'P', 'p', '{}', NULL);",
            config.replace('\'', "''")
        ));
    }
    execute(url, &sql).await;
}

async fn places_older_than_the_bounds_are_found(url: &str) {
    let places = scattered();
    as_before_the_bounds(url, &places).await;
    let store = Control::open(url).await.unwrap();
    let everywhere = in_box([-180.0, -90.0, 180.0, 90.0]);
    let fenced = places
        .iter()
        .filter(|place| place.config.geofence.is_some());
    let expected = fenced.count() as i64;
    assert_eq!(
        (found(&store, everywhere).await, expected > 300),
        (expected, true)
    );
}
