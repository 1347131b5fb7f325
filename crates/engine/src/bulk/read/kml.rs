//! KML: the placemarks of a document, one after the other, whatever folders they are in.
//!
//! Entities other than the five of XML are never resolved, and what a document type declares is not
//! read.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use moca_core::limits::{IMPORT_NESTING_MAX, IMPORT_ROW_BYTES_MAX};
use quick_xml::{
    Error, Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use serde_json::Value;

use super::{
    Broken, Found, Rows, Source,
    geojson::{Feature, Shape},
    lines::Lines,
    open_at,
    placemark::Placemark,
};

/// Bytes read at a time; a placemark that is too long is found out within so many.
const BUFFER_BYTES: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The outermost element.
const ROOT: &str = "kml";
/// The element of a row.
const PLACEMARK: &str = "Placemark";

/// The placemarks of a file.
pub(super) struct KmlRows {
    xml: Reader<BufReader<Lines<File>>>,
    buffer: Vec<u8>,
    shape: Shape,
    /// Where the file was opened.
    start: u64,
    /// Bytes from there to the end of the last placemark.
    done: u64,
    /// Elements that have begun and not ended, as far as was read since the file was opened.
    depth: usize,
    /// Whether the outermost element has ended.
    is_over: bool,
}

/// What comes next in a document.
enum Part {
    /// An element begins; with its `name` or `id`.
    Start(String, Label),
    End(String),
    Text(String),
    /// A reference to an entity that is not known.
    Unknown(String),
    Other,
    Over,
}

/// What an element is called by its attributes, or why they cannot be read.
type Label = Result<Option<String>, String>;

/// Opens a file.
pub(super) fn open(source: Source) -> Result<KmlRows, Broken> {
    let (mut file, line) = open_at(&source.path, source.bytes_done)?;
    let mark = match source.bytes_done {
        0 => skip_mark(&mut file)?,
        _ => 0,
    };
    let lines = Lines::new(file, line);
    let mut xml = Reader::from_reader(BufReader::with_capacity(BUFFER_BYTES, lines));
    let config = xml.config_mut();
    // A file that is read on begins amid its folders.
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    config.expand_empty_elements = true;
    let mut rows = KmlRows {
        xml,
        buffer: Vec::new(),
        shape: Shape {
            kind: source.kind,
            map: source.map,
            radius_m: source.radius_m,
        },
        start: source.bytes_done + mark,
        done: 0,
        depth: 0,
        is_over: false,
    };
    if source.bytes_done == 0 {
        rows.find_root()?;
    }
    Ok(rows)
}

/// Reads past a byte order mark, and answers its bytes: the XML reader does not count them.
fn skip_mark(file: &mut File) -> io::Result<u64> {
    let mut first = Vec::new();
    let wanted = BYTE_ORDER_MARK.len() as u64;
    file.by_ref().take(wanted).read_to_end(&mut first)?;
    if first == BYTE_ORDER_MARK {
        return Ok(wanted);
    }
    file.seek(SeekFrom::Start(0))
}

impl KmlRows {
    fn find_root(&mut self) -> Result<(), Broken> {
        self.allow();
        loop {
            match self.part() {
                Ok(Part::Start(name, _)) if name == ROOT => return Ok(()),
                Ok(Part::Other) => {}
                Ok(Part::Text(text)) if text.trim().is_empty() => {}
                Err(Broken::Disk(error)) => return Err(Broken::Disk(error)),
                _ => {
                    return Err(Broken::File(
                        "expected KML: an XML document in UTF-8 whose outermost element is kml; a \
                         KMZ file is a ZIP archive with such a document in it: unpack it"
                            .to_owned(),
                    ));
                }
            }
        }
    }

    /// Lets a row be read, and no more.
    fn allow(&mut self) {
        let lines = self.xml.get_mut().get_mut();
        lines.allow(IMPORT_ROW_BYTES_MAX + BUFFER_BYTES);
    }

    fn line(&mut self, offset: u64) -> u64 {
        self.xml.get_mut().get_mut().line_of(offset)
    }

    /// The next part of the document.
    fn part(&mut self) -> Result<Part, Broken> {
        self.buffer.clear();
        let at = self.xml.buffer_position();
        let part = match self.xml.read_event_into(&mut self.buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                self.depth += 1;
                Part::Start(element.local_name().as_ref().to_owned(), label(&element))
            }
            Ok(Event::End(element)) => {
                self.depth = self.depth.saturating_sub(1);
                Part::End(element.local_name().as_ref().to_owned())
            }
            Ok(Event::Text(text)) => Part::Text(text.xml10_content().into_owned()),
            Ok(Event::CData(text)) => Part::Text(text.xml10_content().into_owned()),
            Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                Ok(Some(character)) => Part::Text(character.to_string()),
                _ => match resolve_predefined_entity(&reference) {
                    Some(text) => Part::Text(text.to_owned()),
                    None => Part::Unknown(reference.to_string()),
                },
            },
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {
                Part::Other
            }
            Ok(Event::Eof) => Part::Over,
            Err(error) => return Err(self.broken(at, error)),
        };
        if self.depth > IMPORT_NESTING_MAX {
            let line = self.line(at);
            return Err(Broken::File(format!(
                "the element that begins on line {line} is in {IMPORT_NESTING_MAX} others: expected \
                 fewer; is one of them not closed?"
            )));
        }
        Ok(part)
    }

    fn broken(&mut self, at: u64, error: Error) -> Broken {
        let is_spent = self.xml.get_ref().get_ref().is_spent();
        let line = self.line(at);
        match error {
            Error::Io(_) if is_spent => Broken::File(format!(
                "what comes on line {line} is in a placemark, or in another element, of more than \
                 {IMPORT_ROW_BYTES_MAX} bytes: is one not closed there?"
            )),
            Error::Io(error) => Broken::Disk(io::Error::other(error)),
            error => Broken::File(format!(
                "the file is not XML in UTF-8, at line {line}: {error}"
            )),
        }
    }

    /// The placemark that has begun on a line.
    fn placemark(&mut self, line: u64, label: Label) -> Result<Found, Broken> {
        let mut placemark = Placemark::default();
        let id = placemark.label(PLACEMARK, label);
        loop {
            let at = self.xml.buffer_position();
            match self.part()? {
                Part::Start(name, label) => {
                    let label = placemark.label(&name, label);
                    placemark.begin(name, label);
                }
                Part::Text(text) => placemark.text(&text),
                Part::Unknown(name) => placemark.refuse(format!(
                    "expected no entity but those of XML, not &{name};: write the character"
                )),
                Part::End(name) if name == PLACEMARK && placemark.is_whole() => break,
                Part::End(name) => {
                    if let Err(begun) = placemark.end(&name) {
                        let line = self.line(at);
                        return Err(Broken::File(format!(
                            "the file is not XML, at line {line}: expected </{begun}>, not </{name}>"
                        )));
                    }
                }
                Part::Other => {}
                Part::Over => {
                    return Err(Broken::File(format!(
                        "the file ends in the placemark that begins on line {line}: it was cut off"
                    )));
                }
            }
        }
        let read = match placemark.finish() {
            Ok(read) => read,
            Err(detail) => return Ok(Found::malformed(line, detail)),
        };
        let feature = Feature {
            id: id.map(Value::String),
            geometry: read.geometry,
            properties: read.properties,
        };
        let mut found = self.shape.record(line, feature);
        found.faults.extend(read.fault);
        Ok(found)
    }
}

/// The `name` or `id` of an element.
fn label(element: &BytesStart<'_>) -> Label {
    for key in ["name", "id"] {
        let attribute = element.try_get_attribute(key);
        if let Some(attribute) = attribute.map_err(|error| error.to_string())? {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| error.to_string())?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

impl Rows for KmlRows {
    fn next(&mut self) -> Result<Option<Found>, Broken> {
        loop {
            self.allow();
            let at = self.xml.buffer_position();
            let part = self.part()?;
            // Asked for in any case: that forgets the lines before.
            let line = self.line(at);
            match part {
                Part::Start(name, label) if name == PLACEMARK => {
                    let found = self.placemark(line, label)?;
                    self.done = self.xml.buffer_position();
                    return Ok(Some(found));
                }
                Part::End(name) if name == ROOT => self.is_over = true,
                Part::Over if self.is_over => return Ok(None),
                Part::Over => {
                    return Err(Broken::File(format!(
                        "the file ends on line {line} before </{ROOT}>: it was cut off"
                    )));
                }
                _ => {}
            }
        }
    }

    fn bytes_done(&self) -> u64 {
        self.start + self.done
    }
}
