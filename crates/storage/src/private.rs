//! Files and directories of the stores, for the server's user alone: they tell who was where. What is
//! there already keeps its mode.

use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// Makes an empty file with mode 0600 if there is none. SQLite gives the files beside it the same.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.append(true).create(true).mode(0o600);
    options.open(path).map(drop)
}

/// Makes a directory, and those above it, with mode 0700 if there is none.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
