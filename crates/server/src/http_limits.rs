//! What a connection may ask of HTTP itself.

use std::time::Duration;

use hyper_util::{rt::TokioExecutor, server::conn::auto::Builder};

/// Time from the handshake to the first request.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(60);
/// Time a kept HTTP/1.1 connection may be idle, the next head included. It is longer than what the
/// guard of [`crate::tls`] gives a head, so that a slow client is told before it is cut off.
const IDLE: Duration = Duration::from_secs(75);
/// Bytes of an HTTP/1.1 head that are read before it is refused: more than is allowed, so that the
/// refusal can say what is wrong.
const HEAD_READ_BYTES_MAX: usize = 128 * 1024;
/// The same for HTTP/2: up to here other requests of the connection go on, beyond it ends.
const HEAD_READ_BYTES_MAX_HTTP2: u32 = 1024 * 1024;
/// Requests at a time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// Bytes that may be on their way to us on one HTTP/2 stream; a batch of events fits in.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// The same on one connection.
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// How often an HTTP/2 client is asked whether it is still there, and how long it has to answer.
const PING: Duration = Duration::from_secs(30);

pub(crate) fn apply(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .header_read_timeout(IDLE)
        .max_buf_size(HEAD_READ_BYTES_MAX);
    builder
        .http2()
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_READ_BYTES_MAX_HTTP2)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
}
