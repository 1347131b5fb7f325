//! The certificate in force, from two PEM files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// The certificate and key that new connections get.
#[derive(Debug)]
pub(crate) struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    in_force: ArcSwap<CertifiedKey>,
}

/// When the files were written, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written([Option<SystemTime>; 2]);

impl Certificate {
    /// Reads certificate chain and private key.
    pub(crate) fn load(cert: PathBuf, key: PathBuf) -> anyhow::Result<Self> {
        let in_force = ArcSwap::from_pointee(read(&cert, &key)?);
        Ok(Self {
            cert,
            key,
            in_force,
        })
    }

    /// Reads the files again; if that fails, what was in force stays.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        self.in_force.store(Arc::new(read(&self.cert, &self.key)?));
        Ok(())
    }

    pub(super) fn written(&self) -> Written {
        Written(
            [&self.cert, &self.key]
                .map(|path| fs::metadata(path).and_then(|it| it.modified()).ok()),
        )
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_force.load_full())
    }
}

fn read(cert: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .with_context(|| format!("the certificate {} cannot be read", cert.display()))?;
    if chain.is_empty() {
        bail!("{} holds no certificate in PEM", cert.display());
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("the private key {} cannot be read", key.display()))?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).with_context(|| {
        format!(
            "{} and {} are not a certificate and its key",
            cert.display(),
            key.display()
        )
    })
}
