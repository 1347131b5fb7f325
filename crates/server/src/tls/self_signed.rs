//! A certificate for a server that was given none: made once, kept, renewed before it ends.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::Certificate;
use crate::{config::Config, private_file};

/// Days a certificate is valid: the longest that browsers and phones accept.
const VALID_DAYS: i64 = 397;
/// Days before its end that a certificate is renewed.
const RENEW_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// The files of the certificate.
pub(super) struct Files {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// The certificate in the data directory; made anew if it is missing, ends soon, or is for other names.
pub(super) fn ensure(config: &Config, now_ms: i64) -> anyhow::Result<Files> {
    let directory = config.data_dir.join("tls");
    let files = Files {
        cert: directory.join("cert.pem"),
        key: directory.join("key.pem"),
    };
    let note = directory.join("made-for");
    let names = names(config);
    if is_good(&files, &note, &names, now_ms) {
        return Ok(files);
    }
    private_file::make_directory(&directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let today = Timestamp::from_millisecond(now_ms)?
        .to_zoned_datetime(TimeZone::UTC)
        .date();
    let (cert, key) = make(&names, today)?;
    // The note goes first and comes last: without it, half of a new pair is made again.
    remove(&note)?;
    private_file::write(&files.key, key.as_bytes())?;
    private_file::write_public(&files.cert, cert.as_bytes())?;
    let renew_at = now_ms + (VALID_DAYS - RENEW_DAYS) * DAY_MS;
    private_file::write(&note, written_note(renew_at, &names).as_bytes())?;
    tracing::info!(
        names = names.join(", "),
        "a self-signed certificate was made"
    );
    Ok(files)
}

fn is_good(files: &Files, note: &Path, names: &[String], now_ms: i64) -> bool {
    let Ok(text) = fs::read_to_string(note) else {
        return false;
    };
    let renew_at = text.lines().next().and_then(|line| line.parse().ok());
    let Some(renew_at) = renew_at else {
        return false;
    };
    text == written_note(renew_at, names)
        && now_ms < renew_at
        && Certificate::load(files.cert.clone(), files.key.clone()).is_ok()
}

/// When to renew (ms since 1970), then the names, a line each.
fn written_note(renew_at: i64, names: &[String]) -> String {
    format!("{renew_at}\n{}\n", names.join("\n"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The names a client may use for this server.
fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend(host_name());
    let ip = config.listen.ip();
    if !ip.is_unspecified() {
        names.push(ip.to_string());
    }
    names.extend(config.public_names.iter().cloned());
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    names
}

fn host_name() -> Option<String> {
    let mut name = String::new();
    fs::File::open("/proc/sys/kernel/hostname")
        .and_then(|file| file.take(256).read_to_string(&mut name))
        .ok()?;
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
}

/// Certificate and key in PEM. It can be a client's only trusted certificate, and can sign no other.
fn make(names: &[String], today: Date) -> anyhow::Result<(String, String)> {
    let mut params = CertificateParams::new(names.to_vec())
        .context("a name in public_names is neither a host name nor an address")?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "MOCA self-signed");
    params.distinguished_name = subject;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // From yesterday, for clients whose clocks are behind.
    let (year, month, day) = year_month_day(today.yesterday()?)?;
    params.not_before = date_time_ymd(year, month, day);
    let last = today.checked_add(Span::new().days(VALID_DAYS - 1))?;
    let (year, month, day) = year_month_day(last)?;
    params.not_after = date_time_ymd(year, month, day);
    let key = KeyPair::generate()?;
    let cert = params.self_signed(&key)?;
    Ok((cert.pem(), key.serialize_pem()))
}

fn year_month_day(date: Date) -> anyhow::Result<(i32, u8, u8)> {
    let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
    Ok((i32::from(date.year()), month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn config(directory: &Path) -> Config {
        Config {
            data_dir: directory.to_owned(),
            ..Config::default()
        }
    }

    fn made(config: &Config, now_ms: i64) -> String {
        let files = ensure(config, now_ms).unwrap();
        fs::read_to_string(files.cert).unwrap()
    }

    #[test]
    fn a_certificate_is_made_once_and_renewed_before_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        let first = made(&config, NOW_MS);
        let soon = NOW_MS + (VALID_DAYS - RENEW_DAYS) * DAY_MS;
        assert_eq!(made(&config, soon - 1), first);
        assert_ne!(made(&config, soon), first);
    }

    #[test]
    fn other_names_need_another_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(directory.path());
        let first = made(&config, NOW_MS);
        config.public_names = vec!["moca.example".to_owned()];
        assert_ne!(made(&config, NOW_MS), first);
    }

    #[test]
    fn half_a_pair_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        let first = made(&config, NOW_MS);
        fs::write(directory.path().join("tls/key.pem"), "").unwrap();
        assert_ne!(made(&config, NOW_MS), first);
    }
}
