//! Keeps a connection within the contract where HTTP itself would answer.
//!
//! A request that cannot be parsed never reaches a handler: hyper answers it with a bare 400, 414 or
//! 431 and closes; h2 answers a huge head with a bare 431 and a head without sense with a reset. [`GuardedStream`] sees the bytes on their
//! way out and puts a problem body in the place of such an answer. It also answers 408 when the head
//! of a request takes too long, for which hyper would close without a word.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use moca_core::clock::{Clock, Random};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::{
    http2::{Frames, OwnAnswer},
    refusal::Refusal,
};

/// Bytes at the end of what is written that can hold an answer of hyper's own.
const OWN_ANSWER_BYTES_MAX: usize = 256;
/// Time for a last answer to reach the client; see [`super::cleartext`].
const LINGER: Duration = Duration::from_secs(2);
/// First bytes of HTTP/2, for clients that do not negotiate it.
const HTTP2_PREFACE: &[u8] = b"PRI ";

/// Requests of a connection that handlers are at work on.
#[derive(Debug, Default)]
pub(super) struct UnderWay(AtomicUsize);

/// One request under way, until it is dropped.
pub(super) struct Ticket(Arc<UnderWay>);

impl UnderWay {
    pub(super) fn begin(self: &Arc<Self>) -> Ticket {
        self.0.fetch_add(1, SeqCst);
        Ticket(self.clone())
    }

    fn any(&self) -> bool {
        self.0.load(SeqCst) > 0
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

/// A TLS connection that says what is wrong before it closes.
pub(crate) struct GuardedStream {
    tls: TlsStream<TcpStream>,
    under_way: Arc<UnderWay>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Time a head may take to arrive.
    head_time: Duration,
    /// Nothing has been read yet.
    fresh: bool,
    /// The frames of both directions, on a connection that speaks HTTP/2.
    http2: Option<Http2>,
    /// The request line of the HTTP/1.1 head that arrives is whole.
    line_is_whole: bool,
    /// When the head that has begun to arrive is too late.
    head_due: Option<Pin<Box<Sleep>>>,
    /// What is to be written before the connection closes.
    farewell: Option<Farewell>,
}

struct Http2 {
    received: Frames,
    sent: Frames,
}

/// Bytes from which on a path is too long for the library, in a header block where each character
/// takes five bits at least (RFC 7541, appendix B).
const LONG_PATH_BLOCK_BYTES: usize = 65_534 * 5 / 8;

impl Http2 {
    fn new() -> Self {
        Self {
            received: Frames::after_preface(),
            sent: Frames::default(),
        }
    }
}

struct Farewell {
    message: Vec<u8>,
    written: usize,
    linger: Option<Pin<Box<Sleep>>>,
}

impl GuardedStream {
    pub(super) fn new(
        tls: TlsStream<TcpStream>,
        under_way: Arc<UnderWay>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        head_time: Duration,
    ) -> Self {
        let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Self {
            tls,
            under_way,
            clock,
            random,
            head_time,
            fresh: true,
            http2: http2.then(Http2::new),
            line_is_whole: false,
            head_due: None,
            farewell: None,
        }
    }

    /// Puts a whole HTTP/1.1 message in the place of an answer of hyper's own.
    fn say_farewell(&mut self, before: &[u8], refusal: Refusal) {
        let message = refusal.message(self.clock.as_ref(), self.random.as_ref());
        self.end_with([before, &message].concat());
    }

    /// Answers on a stream of HTTP/2 and ends the connection: what h2 keeps of the header blocks it
    /// sent (RFC 7541, 2.3.2) no longer agrees with what the client has seen.
    fn say_farewell_on(&mut self, stream: u32, refusal: Refusal) {
        let frames = refusal.frames(stream, self.clock.as_ref(), self.random.as_ref());
        self.end_with(frames);
    }

    fn end_with(&mut self, message: Vec<u8>) {
        self.farewell = Some(Farewell {
            message,
            written: 0,
            linger: None,
        });
        self.head_due = None;
    }

    fn note_read(&mut self, read: &[u8]) {
        if self.fresh && self.http2.is_none() && read.starts_with(HTTP2_PREFACE) {
            self.http2 = Some(Http2::new());
        }
        self.fresh &= read.is_empty();
        let head_is_arriving = match &mut self.http2 {
            Some(http2) => {
                http2.received.advance(read);
                http2.received.open_block().is_some()
            }
            None => {
                let begun = self.head_due.is_some();
                self.line_is_whole = begun && self.line_is_whole || read.contains(&b'\n');
                !self.under_way.any() && (!read.is_empty() || begun)
            }
        };
        if !head_is_arriving {
            self.head_due = None;
        } else if self.head_due.is_none() {
            self.head_due = Some(Box::pin(sleep(self.head_time)));
        }
    }

    /// Whether a head has taken too long and nothing else on the connection waits for an answer.
    fn head_is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let any = self.under_way.any();
        if any && self.http2.is_none() {
            self.head_due = None;
        }
        let due = self.head_due.as_mut();
        due.is_some_and(|due| due.as_mut().poll(cx).is_ready()) && !any
    }

    fn say_that_the_head_is_late(&mut self) {
        let Some(http2) = &self.http2 else {
            return self.say_farewell(&[], Refusal::HeadTooSlow);
        };
        match http2.received.open_block() {
            Some(stream) if http2.sent.at_boundary() => {
                self.say_farewell_on(stream, Refusal::HeadTooSlow);
            }
            // In the middle of a frame that the client does not read: there is no way to tell it.
            _ => self.end_with(Vec::new()),
        }
    }

    /// Writes HTTP/2, up to where h2 would answer by itself.
    fn poll_write_http2(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Option<Poll<io::Result<usize>>> {
        let http2 = self.http2.as_mut()?;
        // A header block is always in the first slice; the second one is the payload of data.
        let first: &[u8] = slices.iter().find(|slice| !slice.is_empty())?;
        let tls = Pin::new(&mut self.tls);
        let outcome = match http2.sent.own_answer(first) {
            Some((0, stream, answer)) => {
                let refusal = match answer {
                    OwnAnswer::TooLarge => Refusal::HeadTooLarge,
                    OwnAnswer::Reset if http2.received.longest_block() > LONG_PATH_BLOCK_BYTES => {
                        Refusal::UrlTooLong
                    }
                    OwnAnswer::Reset => Refusal::Malformed,
                };
                self.say_farewell_on(stream, refusal);
                return Some(Poll::Ready(Ok(slices
                    .iter()
                    .map(|slice| slice.len())
                    .sum())));
            }
            Some((start, ..)) => tls.poll_write(cx, &first[..start]),
            None => tls.poll_write_vectored(cx, slices),
        };
        if let Poll::Ready(Ok(written)) = outcome {
            let mut left = written;
            for slice in slices {
                let taken = left.min(slice.len());
                http2.sent.advance(&slice[..taken]);
                left -= taken;
            }
        }
        Some(outcome)
    }

    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(farewell) = &mut self.farewell else {
            return Poll::Ready(Ok(()));
        };
        while farewell.written < farewell.message.len() {
            let rest = &farewell.message[farewell.written..];
            match ready!(Pin::new(&mut self.tls).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => farewell.written += n,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets what the client still sends, for a while, so that it gets our last words.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(farewell) = &mut self.farewell else {
            return Poll::Ready(());
        };
        let linger = farewell
            .linger
            .get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut unread = [0; 4096];
        loop {
            if linger.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut unread);
            let tcp = self.tls.get_mut().0;
            match ready!(Pin::new(tcp).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            let before = buffer.filled().len();
            if let Poll::Ready(outcome) = Pin::new(&mut this.tls).poll_read(cx, buffer) {
                this.note_read(&buffer.filled()[before..]);
                return Poll::Ready(outcome);
            }
            if !this.head_is_late(cx) {
                return Poll::Pending;
            }
            this.say_that_the_head_is_late();
        }
        // Nothing is read after a farewell: the end of the stream makes hyper let go of it.
        self.poll_shutdown(cx)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.farewell.is_some() {
            return Poll::Ready(Ok(bytes.len()));
        }
        if let Some(outcome) = self.poll_write_http2(cx, &[io::IoSlice::new(bytes)]) {
            return outcome;
        }
        if let Some((start, refusal)) = own_answer(bytes) {
            // hyper has no other word for a line that does not fit into its buffer.
            let refusal = match refusal {
                Refusal::HeadTooLarge if !self.line_is_whole => Refusal::UrlTooLong,
                other => other,
            };
            self.say_farewell(&bytes[..start], refusal);
            return Poll::Ready(Ok(bytes.len()));
        }
        self.head_due = None;
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.farewell.is_none()
            && let Some(outcome) = self.poll_write_http2(cx, slices)
        {
            return outcome;
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, first.map_or(&[][..], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.http2.is_some()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_farewell(cx))?;
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_farewell(cx))?;
        ready!(Pin::new(&mut self.tls).poll_shutdown(cx))?;
        ready!(self.poll_linger(cx));
        Poll::Ready(Ok(()))
    }
}

/// Where an answer of hyper's own starts in what is about to be written, and what it refuses. It is
/// a head without a body, comes last, and lacks the field that all our answers have.
fn own_answer(bytes: &[u8]) -> Option<(usize, Refusal<'static>)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail_start = bytes.len().saturating_sub(OWN_ANSWER_BYTES_MAX);
    let tail = &bytes[tail_start..];
    let start = tail.windows(7).rposition(|window| window == b"HTTP/1.")?;
    let head = &tail[start..];
    let contains = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    if contains(b"x-api-version") || !contains(b"content-length: 0\r\n") {
        return None;
    }
    let refusal = match head.get(8..13)? {
        b" 400 " => Refusal::Malformed,
        b" 414 " => Refusal::UrlTooLong,
        b" 431 " => Refusal::HeadTooLarge,
        _ => return None,
    };
    Some((tail_start + start, refusal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
        content-length: 0\r\ndate: Mon, 23 Nov 2026 20:00:00 GMT\r\n\r\n";

    #[test]
    fn an_answer_of_hypers_own_is_found_alone_and_after_another() {
        assert_eq!(own_answer(OWN), Some((0, Refusal::HeadTooLarge)));
        let ours = b"HTTP/1.1 200 OK\r\nx-api-version: 2\r\ncontent-length: 2\r\n\r\n{}";
        let both = [&ours[..], OWN].concat();
        assert_eq!(own_answer(&both), Some((ours.len(), Refusal::HeadTooLarge)));
    }

    #[test]
    fn our_own_answers_are_left_alone() {
        for ours in [
            &b"HTTP/1.1 400 Bad Request\r\nx-api-version: 2\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"0\r\n\r\n",
            b"{}",
            b"",
        ] {
            assert_eq!(own_answer(ours), None);
        }
    }
}
