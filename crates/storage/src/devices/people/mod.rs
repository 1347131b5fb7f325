//! Who there is: the instances of an app in the order they registered, its users, the tags they carry,
//! and which rows of the log tell of an instance. What is known of one instance is its state
//! ([`super::InstanceState`]); here is what has to be found and counted without looking at all of them.

mod read;
mod step;

use moca_core::id::{AppId, InstanceId};

use super::keys::Key;

pub use read::{Listed, PeopleReader};
pub use step::PeopleStep;

const TABLE: &str = "people";

/// Ends a text within a key. No text that is kept here holds it: they are of one line.
const END: u8 = 0;

/// Number of instances of an app.
pub(super) fn instance_total(app: AppId) -> Vec<u8> {
    Key::new().byte(b'I').app(app).build()
}

/// An app's instances. Their ids begin with the time they were made at, so their order is that of
/// registration.
fn instances(app: AppId) -> Key {
    Key::new().byte(b'i').app(app)
}

fn user_total(app: AppId) -> Vec<u8> {
    Key::new().byte(b'U').app(app).build()
}

/// An app's users in the order of their first login.
fn users(app: AppId) -> Key {
    Key::new().byte(b'u').app(app)
}

fn user_in_order(app: AppId, created_at: i64, user: &str) -> Vec<u8> {
    users(app).signed(created_at).bytes(user.as_bytes()).build()
}

fn user(app: AppId, user: &str) -> Vec<u8> {
    let key = Key::new().byte(b'd').app(app);
    key.bytes(user.as_bytes()).build()
}

/// The instances that a user is or was logged in on.
fn members(app: AppId) -> Key {
    Key::new().byte(b'm').app(app)
}

fn members_of(app: AppId, user: &str) -> Key {
    members(app).bytes(user.as_bytes()).byte(END)
}

fn member_total(app: AppId, user: &str) -> Vec<u8> {
    let key = Key::new().byte(b'M').app(app);
    key.bytes(user.as_bytes()).build()
}

/// The instances that are being erased.
pub(super) fn pending() -> Key {
    Key::new().byte(b'e')
}

/// The users that are or were logged in on an instance.
pub(super) fn users_of(instance: InstanceId) -> Key {
    Key::new().byte(b'w').instance(instance)
}

/// The user that is logged in on an instance.
fn current(instance: InstanceId) -> Vec<u8> {
    Key::new().byte(b'c').instance(instance).build()
}

/// Number of instances of an app that carry a tag.
fn tag_totals(app: AppId) -> Key {
    Key::new().byte(b'T').app(app)
}

fn tag_total(app: AppId, tag: &str) -> Vec<u8> {
    tag_totals(app).bytes(tag.as_bytes()).build()
}

/// The tags that an instance carries.
pub(super) fn tags_of(instance: InstanceId) -> Key {
    Key::new().byte(b'g').instance(instance)
}

/// The rows of the log that tell of an instance.
pub(super) fn rows_of(instance: InstanceId) -> Key {
    Key::new().byte(b'r').instance(instance)
}
