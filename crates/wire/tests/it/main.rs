//! The readers of bodies, resource by resource: a full body is read and written back the same; each
//! thing that can be wrong with it is found at the exact pointer; all faults are found at once.

#![expect(clippy::unwrap_used, reason = "tests")]

mod apps_and_labels;
mod batches;
mod beacons;
mod campaigns;
mod devices;
mod experiences;
mod geofences;
mod mentions;
mod people;
mod places_and_zones;
mod segments;
mod support;
