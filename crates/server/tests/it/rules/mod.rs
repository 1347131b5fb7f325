//! All routes × all rules: every line of the route table is walked, so a new one cannot be left out.

mod answers;
mod bodies;
mod browsers;
mod mentions;
mod parameters;
mod versions;
