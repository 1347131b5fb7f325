//! The stages a device event passes, in the order of travel.
//!
//! 1. [`ingest`]: requests wait in a queue; one thread drops repeats, writes what is left as one row of
//!    the event log, takes the row into the [`directory`] and answers.
//! 2. [`decide`]: reads the log under the newest [`configuration`], brings each [`instance`] up to date,
//!    finds the borders it crossed and lets campaigns [`fire`], which [`tallies`] count; [`timers`] make
//!    silent devices leave; webhooks get their copy from [`hooks`].
//! 3. [`count`]: reads the log and the crossings and keeps exact sets.
//! 4. [`people`]: reads the log and keeps who there is: instances, users, tags; it comes last, so what
//!    is to be erased is passed by all when it [`erase`]s it. A [`sweeper`] tidies the files up later.
//!
//! Each stage is one thread of the operating system: syncing and computing on the threads of the
//! runtime would stall requests. A stage hears of new rows by watching how far the one before it has
//! come, and ends when that one has ended and nothing is left to do: stopping the first stops all,
//! with everything worked off. A stage that fails stops the pipeline; it never skips a row.

pub(crate) mod cache;
pub(crate) mod configuration;
pub(crate) mod count;
pub(crate) mod decide;
pub(crate) mod directory;
pub(crate) mod erase;
pub(crate) mod fire;
pub(crate) mod hooks;
pub(crate) mod ingest;
pub(crate) mod instance;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod sweeper;
pub(crate) mod tallies;
pub(crate) mod thread;
pub(crate) mod ticker;
pub(crate) mod timers;
