-- Who gives no id of their own would have an entry in these indexes that nobody looks for.
DROP INDEX places_unique_external_id;
CREATE UNIQUE INDEX places_unique_external_id ON places (account_id, external_id) WHERE external_id IS NOT NULL;
DROP INDEX zones_unique_external_id;
CREATE UNIQUE INDEX zones_unique_external_id ON zones (account_id, external_id) WHERE external_id IS NOT NULL;
DROP INDEX zones_unique_short_id;
CREATE UNIQUE INDEX zones_unique_short_id ON zones (account_id, place_id, floor_number, short_id) WHERE short_id IS NOT NULL;
DROP INDEX beacons_unique_external_id;
CREATE UNIQUE INDEX beacons_unique_external_id ON beacons (account_id, external_id) WHERE external_id IS NOT NULL;
DROP INDEX segments_unique_external_id;
CREATE UNIQUE INDEX segments_unique_external_id ON segments (account_id, external_id) WHERE external_id IS NOT NULL;
