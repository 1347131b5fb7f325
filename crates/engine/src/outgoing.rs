//! What goes out, and to addresses that others chose never into the network that the server stands in.
//!
//! A name is resolved once for each connection, and only public addresses of it are connected to, so
//! nobody can answer differently the second time. Redirects are not followed.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Certificate, Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio::net::lookup_host;

/// Time to reach a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP clients cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP library cannot be set up for what goes out")]
pub struct NoClient(#[source] pub(crate) Option<reqwest::Error>);

/// A client for one kind of service, that trusts these certificates (PEM) besides those of the system
/// and waits so long for an answer.
pub(crate) fn client(
    trusted_pem: Option<&[u8]>,
    answer: Duration,
) -> Result<ClientBuilder, NoClient> {
    // An error says that the program chose a provider itself, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut trusted = Vec::new();
    if let Some(pem) = trusted_pem {
        trusted = Certificate::from_pem_bundle(pem).map_err(|error| NoClient(Some(error)))?;
        if trusted.is_empty() {
            return Err(NoClient(None));
        }
    }
    Ok(Client::builder()
        .user_agent(concat!("moca/", env!("CARGO_PKG_VERSION")))
        .https_only(true)
        .redirect(redirect::Policy::none())
        // The repeats are ours: each message is handed over once unless we know that it did not arrive.
        .retry(reqwest::retry::never())
        // A proxy of the environment would be an address that nobody checked.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(answer)
        .tcp_nodelay(true)
        .tls_certs_merge(trusted))
}

/// The same for addresses that others chose.
pub(crate) fn to_strangers(client: ClientBuilder, allow_private: bool) -> ClientBuilder {
    match allow_private {
        true => client,
        false => client.dns_resolver(Arc::new(PublicOnly)),
    }
}

/// The client.
pub(crate) fn built(builder: ClientBuilder) -> Result<Client, NoClient> {
    builder.build().map_err(|error| NoClient(Some(error)))
}

/// Whether a request failed because its address is one of an inner network.
pub(crate) fn is_private(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<NoPublicAddress>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Resolves names to public addresses only.
pub(crate) struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(Box::new(NoPublicAddress) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether a host that is written as an address may be connected to; names are for [`PublicOnly`].
pub(crate) fn is_public_host(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().map_or(!host.is_empty(), is_public)
}

/// Whether an address is one of the public network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        // This network, shared by providers, protocols, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !is_special
}

/// Global unicast (2000::/3) without what is set apart in it, and what carries an IPv4 address by that.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    let octets = address.octets();
    let v4 = |start: usize| {
        let [w, x, y, z] = [0, 1, 2, 3].map(|index| octets[start + index]);
        Ipv4Addr::new(w, x, y, z)
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match (a, b) {
        // NAT64 and 6to4.
        (0x0064, 0xff9b) => c == 0 && is_public_v4(v4(12)),
        (0x2002, _) => is_public_v4(v4(2)),
        // Teredo, protocols, documentation.
        (0x2001, 0..=0x01ff | 0x0db8) => false,
        (0x3fff, 0..=0x0fff) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

/// Seconds, or a date of HTTP.
pub(crate) fn retry_after_ms(text: &str, now_ms: i64) -> Option<i64> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let at = moca_core::time::http_date(text)?;
    Some((at - now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_inner_networks_are_not_public() {
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
            let host = match inner.contains(':') {
                true => format!("[{inner}]"),
                false => inner.to_owned(),
            };
            let url = format!("https://{host}/").parse().unwrap();
            assert!(!is_public_host(&url), "{inner}");
        }
        for outer in [
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(outer.parse().unwrap()), "{outer}");
        }
        assert!(is_public_host(
            &"https://push.example.com/".parse().unwrap()
        ));
        // However it is written.
        for odd in [
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
        ] {
            assert!(!is_public_host(&odd.parse().unwrap()), "{odd}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_to_nothing() {
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }

    #[test]
    fn a_pause_is_in_seconds_or_until_a_date() {
        let now_ms = 1_767_614_400_000;
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120_000)),
            ("Mon, 05 Jan 2026 12:00:30 GMT", Some(30_000)),
            ("Mon, 05 Jan 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after_ms(text, now_ms), expected, "{text}");
        }
    }
}
