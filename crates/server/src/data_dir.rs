//! The data directory: one server at a time, and the key that seals secrets.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use anyhow::{Context, bail};
use moca_core::clock::Random;

use crate::private_file;

const LOCK_FILE: &str = "lock";
const KEY_BYTES: usize = 32;

/// Proof that no other server uses the directory; ends when it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: File,
}

/// Makes the directory if it is missing, and takes it for this process.
pub(crate) fn lock(directory: &Path) -> anyhow::Result<DataDirLock> {
    private_file::make_directory(directory)
        .with_context(|| format!("the data directory {} cannot be made", directory.display()))?;
    let path = directory.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(DataDirLock { _file: file }),
        Err(TryLockError::WouldBlock) => bail!(
            "another server uses the data directory {}: stop it, or choose another --data-dir",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// The key that seals secrets. It is made if it is missing and `fresh` says that nothing was sealed yet.
pub(crate) fn secret_key(
    path: &Path,
    fresh: bool,
    random: &dyn Random,
) -> anyhow::Result<[u8; KEY_BYTES]> {
    match fs::read(path) {
        Ok(bytes) => <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| {
            anyhow::anyhow!(
                "{} is not a key of {KEY_BYTES} bytes: put the right file there",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => {
            let mut key = [0; KEY_BYTES];
            random.fill(&mut key);
            private_file::write(path, &key)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{} is missing, and without it the secrets in the store cannot be read: restore it, \
             or say with --secret-key-file where it is",
            path.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn a_directory_has_one_server_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = lock(directory.path()).unwrap();
        let refusal = lock(directory.path()).unwrap_err().to_string();
        assert!(refusal.contains("another server"), "{refusal}");
        drop(first);
        lock(directory.path()).unwrap();
    }

    #[test]
    fn a_key_is_made_once_and_never_in_place_of_a_lost_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.key");
        assert!(secret_key(&path, false, &SystemRandom).is_err());
        let key = secret_key(&path, true, &SystemRandom).unwrap();
        assert_eq!(secret_key(&path, false, &SystemRandom).unwrap(), key);
        fs::write(&path, "short").unwrap();
        assert!(secret_key(&path, true, &SystemRandom).is_err());
    }
}
