use std::{fs, net::SocketAddr};

use moca_api::Rates;
use moca_core::{quota::built_in, resource::Kind};

use super::{Config, KEYS, LogFormat, Sources, example_file, resolve};

fn variables(pairs: &[(&str, &str)]) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn faults(sources: Sources) -> Vec<String> {
    resolve(sources)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_default_can_be_read() {
    let mut config = Config::default();
    for key in KEYS {
        assert_eq!((key.set)(&mut config, key.default), Ok(()), "{}", key.name);
    }
    assert_eq!(resolve(Sources::default()), Ok(config));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("moca.toml");
    fs::write(
        &path,
        "listen = \"127.0.0.1:1\"\nops_listen = \"127.0.0.1:2\"\nlog_format = \"json\"\n\
         shutdown_ms = 5\npublic_names = [\"a.example\", \"b.example\"]\n",
    )
    .unwrap();
    let config = resolve(Sources {
        file: Some(path),
        variables: variables(&[
            ("MOCA_LISTEN", "127.0.0.1:3"),
            ("MOCA_OPS_LISTEN", "off"),
            ("HOME", "/"),
        ]),
        flags: vec![("listen", "127.0.0.1:4".to_owned())],
    })
    .unwrap();
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 4)));
    assert_eq!(config.ops_listen, None);
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.shutdown_ms, 5);
    assert_eq!(config.public_names, ["a.example", "b.example"]);
}

#[test]
fn all_wrong_keys_and_values_are_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("moca.toml");
    fs::write(
        &path,
        "lissen = \"x\"\nshutdown_ms = \"5\"\ntls_cert = \"c\"\n",
    )
    .unwrap();
    let faults = faults(Sources {
        file: Some(path),
        variables: variables(&[("MOCA_LISTEN", "8443"), ("MOCA_LISTN", "x")]),
        flags: vec![("log_format", "xml".to_owned())],
    });
    for (fault, named) in faults.iter().zip([
        "lissen",
        "shutdown_ms",
        "MOCA_LISTN",
        "MOCA_LISTEN",
        "--log-format",
        "tls_key",
    ]) {
        assert!(fault.contains(named), "{fault} should name {named}");
    }
    assert_eq!(faults.len(), 6);
}

#[test]
fn a_misspelt_level_of_the_log_is_refused() {
    let set = KEYS.iter().find(|key| key.name == "log_level").unwrap().set;
    let mut config = Config::default();
    for right in [
        "info",
        "WARN",
        "off",
        "info,moca_engine=debug",
        "moca_api::door=trace",
    ] {
        assert_eq!(set(&mut config, right), Ok(()), "{right}");
    }
    for wrong in [
        "",
        "warning",
        "loud",
        "info,",
        "info,=debug",
        "moca=verbose",
        "info debug",
    ] {
        assert!(set(&mut config, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_password_in_a_wrong_control_url_is_not_repeated() {
    let faults = faults(Sources {
        flags: vec![("control_url", "mysql://moca:hunter2@db".to_owned())],
        ..Sources::default()
    });
    assert!(!faults[0].contains("hunter2"), "{}", faults[0]);
}

#[test]
fn quotas_name_kinds_and_rates_have_bounds() {
    let config = resolve(Sources {
        variables: variables(&[
            ("MOCA_QUOTAS", "place=5, beacon=0"),
            ("MOCA_DEVICE_REQUESTS_PER_MINUTE", "0"),
        ]),
        ..Sources::default()
    })
    .unwrap();
    let set: Vec<_> = config.quotas.0.into_iter().collect();
    assert_eq!(set, [(Kind::Place, 5), (Kind::Beacon, 0)]);
    assert_eq!(config.rates.device, 0);
    for (name, wrong) in [
        ("MOCA_QUOTAS", "places=5"),
        ("MOCA_QUOTAS", "account=5"),
        ("MOCA_QUOTAS", "place=-1"),
        ("MOCA_QUOTAS", "place"),
        ("MOCA_TOKEN_REQUESTS_PER_MINUTE", "-1"),
        ("MOCA_APP_REQUESTS_PER_MINUTE", "1000000001"),
    ] {
        let faults = faults(Sources {
            variables: variables(&[(name, wrong)]),
            ..Sources::default()
        });
        assert!(faults[0].contains(name), "{faults:?}");
    }
}

#[test]
fn the_defaults_are_the_limits_of_the_core() {
    let config = Config::default();
    assert_eq!(config.rates, Rates::default());
    let help = KEYS.iter().find(|key| key.name == "quotas").unwrap().help;
    for kind in Kind::ALL {
        if let Some(quota) = built_in(kind) {
            let (_, kinds) = help.split_once(&format!(" {quota} of ")).unwrap();
            let end = kinds
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(kinds.len());
            let mut words = kinds[..end].split([' ', ',', '.']);
            assert!(words.any(|word| word == kind.word()), "{kind:?}: {help}");
        }
    }
}

#[test]
fn a_file_that_is_missing_or_not_toml_is_named() {
    let missing = faults(Sources {
        variables: variables(&[("MOCA_CONFIG", "/no/such/file.toml")]),
        ..Sources::default()
    });
    assert!(missing[0].contains("/no/such/file.toml"));
}

#[test]
fn the_example_file_is_the_one_made_from_the_keys() {
    let checked_in = include_str!("../../../../config.example.toml");
    assert_eq!(
        checked_in,
        example_file(),
        "write it anew: moca config > config.example.toml"
    );
}

#[test]
fn the_example_file_with_every_line_in_force_is_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("moca.toml");
    let in_force: String = example_file()
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            line.split_once(" = ")
                .is_some_and(|(name, _)| super::Key::named(name).is_some())
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(in_force.lines().count(), KEYS.len());
    fs::write(&path, in_force).unwrap();
    let config = resolve(Sources {
        file: Some(path),
        ..Sources::default()
    });
    assert_eq!(config, Ok(Config::default()));
}
