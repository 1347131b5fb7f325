//! Clear text on the TLS port: one answer that says so, then the end of the connection.

use std::{io, time::Duration};

use moca_core::clock::{Clock, Random};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::refusal::Refusal;

/// First byte of every TLS connection: a handshake record (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 0x16;
/// Time for the answer to reach the client.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes of a request that are thrown away so that the answer is not: closing a socket with unread
/// bytes resets the connection, and a reset client may never see what was sent before.
const UNREAD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a host name (RFC 1035 §2.3.4) and a port.
const HOST_BYTES_MAX: usize = 255 + 6;

/// Whether the client speaks TLS; waits for its first byte.
pub(super) async fn speaks_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first[0] == HANDSHAKE_RECORD),
    }
}

/// Answers and closes.
pub(super) async fn refuse(mut stream: TcpStream, clock: &dyn Clock, random: &dyn Random) {
    let host = match host_asked_for(&stream).await {
        Some(host) => host,
        None => stream
            .local_addr()
            .map_or_else(|_| "localhost".to_owned(), |it| it.to_string()),
    };
    let message = Refusal::Cleartext(&host).message(clock, random);
    // The client is told if it listens; there is nobody else to tell.
    let _ = timeout(FAREWELL, async {
        stream.write_all(&message).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        let mut total = 0;
        while total < UNREAD_BYTES_MAX {
            match stream.read(&mut unread).await? {
                0 => break,
                n => total += n,
            }
        }
        io::Result::Ok(())
    })
    .await;
}

/// The `Host` of the request, as far as it has arrived: where its page can be asked for over TLS.
async fn host_asked_for(stream: &TcpStream) -> Option<String> {
    let mut head = [0; 4096];
    let length = stream.peek(&mut head).await.ok()?;
    let text = str::from_utf8(&head[..length]).ok()?;
    let host = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!host.is_empty() && host.len() <= HOST_BYTES_MAX && host.chars().all(is_plain))
        .then(|| host.to_owned())
}
