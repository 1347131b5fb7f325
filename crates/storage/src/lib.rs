//! Durable state of MOCA.
//!
//! [`control`] holds what teams manage (SQLite or PostgreSQL), [`log`] the event log, [`devices`]
//! what is folded from it.

pub mod control;
pub mod devices;
mod error;
pub mod log;

pub use error::StorageError;

// Until the tables exist; delete this block with the first real `impl Stored`.
mod until_the_tables_exist {
    use crate::control::Stored;
    use moca_core::resource::Kind;
    macro_rules! stored {
        ($($path:path => $kind:ident;)*) => {$(impl Stored for $path { const KIND: Kind = Kind::$kind; })*};
    }
    stored! {
        moca_core::account::Account => Account;
        moca_core::account::Member => Member;
        moca_core::account::Token => Token;
        moca_core::app::App => App;
        moca_core::label::Label => Label;
        moca_core::place::Place => Place;
        moca_core::zone::Zone => Zone;
        moca_core::beacon::Beacon => Beacon;
        moca_core::campaign::Campaign => Campaign;
        moca_core::experience::Experience => Experience;
    }
}
