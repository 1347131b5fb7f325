//! Our geometry against that of shapely and pyproj, which is another's, in another language.
//!
//! `scripts/geometry-oracle/run` made the file and says how to make another; its format is described in
//! `make.py` beside it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{env, fs};

use moca_core::geo::{Area, Geofence, LatLon, index::FenceIndex};

const FILE: &str = include_str!("geometry-oracle.txt");

/// Metres by which a distance to a polygon may differ: the oracle takes the nearest of samples.
const DISTANCE_M: f64 = 0.01;

/// What the oracle says of a point and a geofence.
struct Answer {
    at: LatLon,
    is_inside: bool,
    /// Whether the border is less than a millimetre away.
    is_near: bool,
    distance_m: Option<f64>,
}

impl Answer {
    fn read(text: &str) -> Self {
        let mut parts = text.split(' ');
        let [longitude, latitude] = [(); 2].map(|()| parts.next().unwrap().parse().unwrap());
        let (letter, distance) = parts.next().unwrap().split_at(1);
        Self {
            at: LatLon::new(latitude, longitude).unwrap(),
            is_inside: letter.eq_ignore_ascii_case("i"),
            is_near: letter.chars().all(char::is_uppercase),
            distance_m: distance.parse().ok(),
        }
    }
}

#[test]
fn the_oracle_and_we_differ_at_most_within_a_millimetre_of_a_border() {
    let file = env::var("MOCA_GEOMETRY_ORACLE")
        .map_or(FILE.to_owned(), |path| fs::read_to_string(path).unwrap());
    let mut lines = file.lines().filter(|line| !line.starts_with('#'));
    let mut cases: Vec<(Geofence, Vec<Answer>)> = Vec::new();
    while let Some(geofence) = lines.next() {
        let geofence: Geofence = serde_json::from_str(geofence).unwrap();
        if let Geofence::Area(area) = &geofence {
            let polygons = area.polygons().to_vec();
            assert_eq!(Area::multi_polygon(polygons).err(), None, "{area:?}");
        }
        let answers = lines.next().unwrap().split(',');
        cases.push((geofence, answers.map(Answer::read).collect()));
    }
    let mut index = FenceIndex::default();
    for (key, (geofence, _)) in cases.iter().enumerate() {
        index.insert(key, geofence);
    }
    let (mut points, mut near, mut differ) = (0, 0, 0);
    for (key, (geofence, answers)) in cases.iter().enumerate() {
        let fence = index.get(key).unwrap();
        for answer in answers {
            let at = answer.at;
            let is_inside = geofence.contains(at);
            let mut is_found = false;
            index.containing(at, |found| is_found |= found == key);
            assert_eq!(is_found, is_inside, "the index: {geofence:?} {at:?}");
            let agrees = is_inside == answer.is_inside;
            assert!(
                agrees || answer.is_near,
                "{geofence:?} {at:?}: we say {is_inside}"
            );
            points += 1;
            near += usize::from(answer.is_near);
            differ += usize::from(!agrees);
            if let Some(distance_m) = answer.distance_m {
                let reaches = |metres: f64| fence.is_within(metres, at);
                assert!(
                    reaches(distance_m + DISTANCE_M)
                        && !(distance_m > DISTANCE_M && reaches(distance_m - DISTANCE_M)),
                    "{geofence:?} {at:?}: not {distance_m} m away"
                );
            }
        }
    }
    assert!(points > 10_000, "the file is short");
    println!(
        "{points} points, {near} of them within a millimetre of a border, {differ} of these answered otherwise"
    );
}
