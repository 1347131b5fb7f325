//! What the API reads of the folds, each read after waiting for what was acknowledged before it.

pub(crate) mod count;
pub(crate) mod decisions;
pub(crate) mod experiences;
pub(crate) mod explain;
pub(crate) mod people;
