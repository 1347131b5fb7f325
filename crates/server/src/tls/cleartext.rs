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
    let message = Refusal::Cleartext.message(clock, random);
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
