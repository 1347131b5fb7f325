-- Where each place's geofence is, for lists narrowed to a region: its bounds in degrees (west is greater
-- than east across the antimeridian) and the number of its cell. Null for a place without one.
ALTER TABLE places ADD COLUMN cell BIGINT;
ALTER TABLE places ADD COLUMN south DOUBLE PRECISION;
ALTER TABLE places ADD COLUMN west DOUBLE PRECISION;
ALTER TABLE places ADD COLUMN north DOUBLE PRECISION;
ALTER TABLE places ADD COLUMN east DOUBLE PRECISION;
CREATE INDEX places_by_cell ON places (account_id, cell);
