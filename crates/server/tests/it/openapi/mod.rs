//! The description of the API says what the server does.

mod bodies;
mod document;
mod generate;
mod spoil;
