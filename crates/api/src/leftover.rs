//! What a request still sends when its answer is ready.
//!
//! An answer that comes before the end of the body is followed by the end of the stream (HTTP/2) or
//! of the connection (HTTP/1.1), and common clients then report that and not the answer. So the rest
//! is read and thrown away first.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body as Incoming, HttpBody};
use bytes::Bytes;
use http::{Request, header::EXPECT};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use moca_core::limits::BODY_DISCARDED_BYTES_MAX;
use tokio::{sync::oneshot, time::timeout};

/// Where the unread rest of a body ends up.
pub(crate) struct Leftover(Option<oneshot::Receiver<Incoming>>);

/// A body that is handed back when it is dropped before its end.
struct Lent {
    body: Incoming,
    back: Option<oneshot::Sender<Incoming>>,
}

/// Has the body of a request handed back if it is not read to its end.
pub(crate) fn watch(request: Request<Incoming>) -> (Request<Incoming>, Leftover) {
    // Who waits for a word before sending gets the answer instead of it.
    let waits = request.headers().contains_key(EXPECT);
    if waits || request.body().is_end_stream() {
        return (request, Leftover(None));
    }
    let (back, leftover) = oneshot::channel();
    let request = request.map(|body| {
        let back = Some(back);
        Incoming::new(Lent { body, back })
    });
    (request, Leftover(Some(leftover)))
}

impl Leftover {
    /// Reads what is left of the body, as far as it comes in this time, and throws it away.
    pub(crate) async fn discard(self, time_left: Duration) {
        let Some(Ok(mut body)) = self.0.map(|mut leftover| leftover.try_recv()) else {
            return;
        };
        let discard = async {
            let mut discarded = 0;
            while let Some(Ok(frame)) = body.frame().await {
                discarded += frame.data_ref().map_or(0, Bytes::len);
                if discarded > BODY_DISCARDED_BYTES_MAX {
                    return;
                }
            }
        };
        // A client that sends more, or more slowly, does without the answer.
        let _ = timeout(time_left, discard).await;
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        if let Some(back) = self.back.take() {
            // Nobody takes it when the connection has gone meanwhile.
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn what_does_not_come_in_time_is_not_waited_for() {
        let never = futures::stream::pending::<Result<Bytes, io::Error>>();
        let (request, leftover) = watch(Request::new(Incoming::from_stream(never)));
        drop(request);
        leftover.discard(Duration::ZERO).await;
    }
}
