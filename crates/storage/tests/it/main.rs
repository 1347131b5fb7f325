//! One suite over all backends of the control store. PostgreSQL is named by
//! `MOCA_TEST_POSTGRES_URL`; `scripts/with-postgres.sh` starts one and sets it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod audit;
mod audit_chain;
mod audit_narrowed;
mod backend;
mod callers;
mod conflicts;
mod feed;
mod filters;
mod forgotten;
mod groups;
mod imports;
mod kept_answers;
mod key_check;
mod lists;
mod many;
mod objects;
mod pages;
mod quotas;
mod raw;
mod references;
mod regions;
mod replays;
mod samples;
mod schema;
mod tenants;
mod tls;
mod tokens;
mod transactions;
mod zone_beacons;
