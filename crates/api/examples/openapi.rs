//! Prints the description of the API as `docs/openapi.json` holds it.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(&moca_api::openapi::text())
}
