//! As much of HTTP/2 (RFC 9113) as it takes to answer where the library would answer by itself.

use http::{HeaderMap, StatusCode};

/// Bytes a client sends before its first frame.
const PREFACE_BYTES: usize = 24;
/// Bytes of the head of a frame.
const HEAD_BYTES: usize = 9;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const GOAWAY: u8 = 0x7;
const CONTINUATION: u8 = 0x9;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// `:status` in the static table of RFC 7541, appendix A, as a literal that is not indexed.
const STATUS_NOT_INDEXED: u8 = 0x08;
/// `431` as h2 writes it: in the Huffman code of RFC 7541, appendix B, after its length.
const STATUS_431: [u8; 4] = [0x83, 0x69, 0x90, 0xff];

/// The code of a reset with which h2 answers a request that cannot be one.
const PROTOCOL_ERROR: u32 = 0x1;

/// What h2 answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnAnswer {
    /// A bare 431.
    TooLarge,
    /// No answer but the end of the stream.
    Reset,
}

/// Follows the frames that pass in one direction, however they are cut.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    /// Bytes until the next frame begins.
    left: usize,
    /// The head of a frame, as far as it has passed.
    head: [u8; HEAD_BYTES],
    head_len: usize,
    block: Option<Block>,
    longest_block: usize,
}

/// A header block, which may be cut into several frames.
#[derive(Debug, Clone, Copy)]
struct Block {
    stream: u32,
    /// Bytes of its frames so far.
    len: usize,
    /// Whether it ends with the frame that is passing.
    ends: bool,
}

impl Frames {
    /// What a client sends: a preface, then frames.
    pub(super) fn after_preface() -> Self {
        Self {
            left: PREFACE_BYTES,
            ..Self::default()
        }
    }

    /// Takes note of what has passed.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.step(bytes);
            bytes = &bytes[taken..];
        }
    }

    /// Whether a frame could begin here.
    pub(super) const fn at_boundary(&self) -> bool {
        self.left == 0 && self.head_len == 0
    }

    /// The stream whose header block has begun to pass and has not ended.
    pub(super) fn open_block(&self) -> Option<u32> {
        let block = self.block.filter(|block| self.left > 0 || !block.ends);
        block.map(|block| block.stream)
    }

    /// Bytes of the longest header block that has begun to pass.
    pub(super) const fn longest_block(&self) -> usize {
        self.longest_block
    }

    /// Where in what is about to be written an answer of h2's own begins, and its stream. h2 encodes
    /// a header block in one piece, so that its frame is not cut when it is first offered.
    pub(super) fn own_answer(&self, bytes: &[u8]) -> Option<(usize, u32, OwnAnswer)> {
        let mut ahead = self.clone();
        let mut at = 0;
        while at < bytes.len() {
            if ahead.at_boundary() {
                let rest = &bytes[at..];
                if let Some(stream) = too_large(rest) {
                    return Some((at, stream, OwnAnswer::TooLarge));
                }
                if let Some(stream) = reset(rest) {
                    return Some((at, stream, OwnAnswer::Reset));
                }
            }
            at += ahead.step(&bytes[at..]);
        }
        None
    }

    /// Passes over the rest of a frame, or takes in of its head what is there; gives the bytes used.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.left > 0 {
            let taken = self.left.min(bytes.len());
            self.left -= taken;
            return taken;
        }
        let taken = (HEAD_BYTES - self.head_len).min(bytes.len());
        self.head[self.head_len..self.head_len + taken].copy_from_slice(&bytes[..taken]);
        self.head_len += taken;
        if self.head_len == HEAD_BYTES {
            self.head_len = 0;
            let head = Head::read(self.head);
            self.left = head.length;
            let before = match (head.kind, self.block) {
                (CONTINUATION, Some(block)) => block.len,
                _ => 0,
            };
            self.block = matches!(head.kind, HEADERS | CONTINUATION).then_some(Block {
                stream: head.stream,
                len: before + head.length,
                ends: head.flags & END_HEADERS != 0,
            });
            let len = self.block.map_or(0, |block| block.len);
            self.longest_block = self.longest_block.max(len);
        }
        taken
    }
}

struct Head {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Head {
    fn read(bytes: [u8; HEAD_BYTES]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = bytes;
        Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }
}

/// The stream of a frame that answers 431, if the bytes begin with one.
fn too_large(bytes: &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_first_chunk()?;
    let head = Head::read(*head);
    if head.kind != HEADERS {
        return None;
    }
    // Changes of the table's size may come first: three bits 001, then an integer.
    let mut block = rest.get(..head.length)?;
    while let [first, after @ ..] = block
        && first & 0xe0 == 0x20
    {
        let more = after.iter().take_while(|byte| **byte & 0x80 != 0).count();
        block = if first & 0x1f == 0x1f {
            after.get(more + 1..)?
        } else {
            after
        };
    }
    // `:status` is entry 8: indexed from now on, not indexed, or never indexed.
    let [0x48 | 0x08 | 0x18, value @ ..] = block else {
        return None;
    };
    value.starts_with(&STATUS_431).then_some(head.stream)
}

/// The stream of a frame that ends it for a fault of the client, if the bytes begin with one. h2 writes
/// such a frame in one piece.
fn reset(bytes: &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_first_chunk()?;
    let head = Head::read(*head);
    let code = rest.first_chunk().map(|code| u32::from_be_bytes(*code))?;
    (head.kind == RST_STREAM && code == PROTOCOL_ERROR).then_some(head.stream)
}

/// The frames of an answer on a stream, after which the connection ends. They are sent regardless of
/// the windows: a client that left no room for a few hundred bytes misses nothing but these.
pub(super) fn answer(stream: u32, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut block = vec![STATUS_NOT_INDEXED];
    text(&mut block, status.as_str().as_bytes());
    let length = body.len().to_string();
    let fields = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    for (name, value) in fields.chain([("content-length", length.as_bytes())]) {
        // A literal with a name of its own that is not indexed.
        block.push(0x00);
        text(&mut block, name.as_bytes());
        text(&mut block, value);
    }
    let mut last = stream.to_be_bytes().to_vec();
    // NO_ERROR
    last.extend_from_slice(&0_u32.to_be_bytes());
    let mut frames = Vec::new();
    frame(&mut frames, HEADERS, END_HEADERS, stream, &block);
    frame(&mut frames, DATA, END_STREAM, stream, body);
    frame(&mut frames, GOAWAY, 0, 0, &last);
    frames
}

/// Appends a frame. No payload here comes near the 16 384 bytes that every client takes.
fn frame(frames: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    frames.extend_from_slice(&length);
    frames.extend_from_slice(&[kind, flags]);
    frames.extend_from_slice(&stream.to_be_bytes());
    frames.extend_from_slice(payload);
}

/// Appends a text that is not Huffman-coded: its length in seven bits or more (RFC 7541, 5.1), itself.
fn text(block: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes.len();
    if rest < 0x7f {
        block.push(rest as u8);
    } else {
        block.push(0x7f);
        rest -= 0x7f;
        while rest >= 0x80 {
            block.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        block.push(rest as u8);
    }
    block.extend_from_slice(bytes);
}

/// The frames of a request on a stream, whatever the path.
#[cfg(test)]
pub(super) fn get(stream: u32, authority: &str, path: &str) -> Vec<u8> {
    // `:method: GET` and `:scheme: https` are entries of the static table; the names of the others
    // are, and literals that are not indexed follow.
    let mut block = vec![0x82, 0x87, 0x01];
    text(&mut block, authority.as_bytes());
    block.push(0x04);
    text(&mut block, path.as_bytes());
    let pieces: Vec<&[u8]> = block.chunks(16_384).collect();
    let mut frames = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let kind = if index == 0 { HEADERS } else { CONTINUATION };
        let mut flags = if index == 0 { END_STREAM } else { 0 };
        if index + 1 == pieces.len() {
            flags |= END_HEADERS;
        }
        frame(&mut frames, kind, flags, stream, piece);
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header block of stream 5 in two frames, data on stream 3, and the 431 of stream 5.
    fn traffic() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        frame(&mut bytes, HEADERS, 0, 5, &[0x82]);
        frame(&mut bytes, CONTINUATION, END_HEADERS, 5, &[0x84, 0x86]);
        frame(&mut bytes, DATA, 0, 3, &[HEADERS; 40]);
        let at = bytes.len();
        let block = [&[0x3f, 0xe1, 0x1f, 0x48][..], &STATUS_431].concat();
        frame(&mut bytes, HEADERS, END_HEADERS | END_STREAM, 5, &block);
        (bytes, at)
    }

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let (bytes, at) = traffic();
        for cut in 0..=at {
            let mut frames = Frames::default();
            frames.advance(&bytes[..cut]);
            let block_len = 2 * HEAD_BYTES + 3;
            let open = (HEAD_BYTES..block_len).contains(&cut);
            assert_eq!(frames.open_block(), open.then_some(5), "at {cut}");
            assert_eq!(
                frames.own_answer(&bytes[cut..]),
                Some((at - cut, 5, OwnAnswer::TooLarge))
            );
            frames.advance(&bytes[cut..at]);
            assert!(frames.at_boundary());
            assert_eq!(
                frames.own_answer(&bytes[at..]),
                Some((0, 5, OwnAnswer::TooLarge))
            );
            assert_eq!(frames.longest_block(), 3);
        }
    }

    #[test]
    fn a_reset_for_a_fault_of_the_client_is_found() {
        for (code, expected) in [
            (PROTOCOL_ERROR, Some((9, 3, OwnAnswer::Reset))),
            (0x8, None),
        ] {
            let mut bytes = Vec::new();
            frame(&mut bytes, DATA, END_STREAM, 1, &[]);
            frame(&mut bytes, RST_STREAM, 0, 3, &code.to_be_bytes());
            assert_eq!(Frames::default().own_answer(&bytes), expected);
        }
    }

    #[test]
    fn other_answers_are_left_alone() {
        for block in [&[0x88][..], &[0x48, 0x83, 0x69, 0x90, 0xfe], &[]] {
            let mut bytes = Vec::new();
            frame(&mut bytes, HEADERS, END_HEADERS, 1, block);
            assert_eq!(Frames::default().own_answer(&bytes), None);
        }
    }

    #[test]
    fn lengths_are_those_of_rfc_7541() {
        for (length, head) in [
            (10, &[10][..]),
            (126, &[126]),
            (127, &[127, 0]),
            (1337, &[127, 0xba, 0x09]),
        ] {
            let mut block = Vec::new();
            text(&mut block, &vec![b'a'; length]);
            assert_eq!(&block[..head.len()], head, "{length}");
            assert_eq!(block.len(), head.len() + length);
        }
    }
}
