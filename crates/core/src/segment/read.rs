//! From the text of a query to its tree, with all faults on the way.

use crate::limits::{
    FAULTS_MAX, NAME_CHARS_MAX, PROPERTY_NAME_CHARS_MAX, PROPERTY_TEXT_CHARS_MAX,
    SEGMENT_DEPTH_MAX, SEGMENT_LIST_MAX,
};

use super::{
    json::Json,
    pattern::{Like, Matches},
    query::{Field, Node, Order, Query, Scalar, SegmentMention, Size, Subject, Test, field_names},
    version,
};

/// Numbers beyond this one are not exact.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// JSON pointer into the query; empty for the whole.
    pub pointer: String,
    /// What kind of fault it is.
    pub problem: QueryProblem,
    /// What was expected there.
    pub detail: String,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryProblem {
    /// Another JSON type.
    WrongType,
    /// Too few conditions.
    TooShort,
    /// Too many of something.
    TooLong,
    /// A number that is too large.
    OutOfRange,
    /// A text of another form.
    InvalidFormat,
    /// No such field or operator.
    UnknownField,
    /// A field that stands there twice.
    NotUnique,
}

impl Query {
    /// Reads a query, or lists all that is wrong with it. Whether the segments that it names are
    /// there is asked elsewhere.
    pub fn read(text: &str) -> Result<Self, Vec<QueryFault>> {
        Self::read_of(Subject::Instance, text)
    }

    pub(super) fn read_of(subject: Subject, text: &str) -> Result<Self, Vec<QueryFault>> {
        let json: Json = serde_json::from_str(text).map_err(|error| {
            vec![QueryFault {
                pointer: String::new(),
                problem: QueryProblem::InvalidFormat,
                detail: format!("expected a query written as JSON: {error}"),
            }]
        })?;
        let mut reader = Reader {
            subject,
            ..Reader::default()
        };
        let root = reader.query(&json, "", 0);
        if let Err(unfit) = reader.size.check() {
            reader.fault("", QueryProblem::TooLong, unfit.to_string());
        }
        match root {
            Some(root) if reader.faults.is_empty() => Ok(Self {
                root,
                size: reader.size,
                mentions: reader.mentions,
            }),
            _ => Err(reader.faults),
        }
    }
}

#[derive(Default)]
struct Reader {
    subject: Subject,
    faults: Vec<QueryFault>,
    size: Size,
    mentions: Vec<SegmentMention>,
}

impl Reader {
    fn fault(&mut self, pointer: &str, problem: QueryProblem, detail: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(QueryFault {
                pointer: pointer.to_owned(),
                problem,
                detail: detail.into(),
            });
        }
    }

    /// Several keys of one object mean that all of them hold.
    fn query(&mut self, json: &Json, pointer: &str, depth: usize) -> Option<Node> {
        let expected = "expected a query: an object such as {\"lang\":\"es\"}";
        let entries = self.entries(json, pointer, expected)?;
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let at = below(pointer, key);
            nodes.push(match key.as_str() {
                "$all" => self.group(value, &at, depth).map(Node::All),
                "$any" => self.group(value, &at, depth).map(Node::Any),
                "$not" => {
                    let inner = self.deeper(&at, depth);
                    inner
                        .and_then(|depth| self.query(value, &at, depth))
                        .map(|node| Node::Not(Box::new(node)))
                }
                "$segment" if self.subject == Subject::Instance => self.segment(value, &at, depth),
                key => self.field(key, value, &at, depth),
            });
        }
        all_of(nodes)
    }

    /// The entries of an object that is not empty, each name once.
    fn entries<'j>(
        &mut self,
        json: &'j Json,
        pointer: &str,
        expected: &str,
    ) -> Option<&'j [(String, Json)]> {
        let Json::Object(entries) = json else {
            self.fault(pointer, QueryProblem::WrongType, expected);
            return None;
        };
        if entries.is_empty() {
            self.fault(pointer, QueryProblem::TooShort, expected);
            return None;
        }
        let mut names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut twice: Vec<&str> = names
            .windows(2)
            .filter(|two| two[0] == two[1])
            .map(|two| two[0])
            .collect();
        twice.dedup();
        for name in &twice {
            let detail = "stands in the object more than once: put both into $all";
            self.fault(&below(pointer, name), QueryProblem::NotUnique, detail);
        }
        twice.is_empty().then_some(entries)
    }

    /// The depth one level further in, unless that is too deep.
    fn deeper(&mut self, pointer: &str, depth: usize) -> Option<usize> {
        if depth < SEGMENT_DEPTH_MAX {
            self.size.depth = self.size.depth.max(depth + 1);
            return Some(depth + 1);
        }
        let detail = format!(
            "expected at most {SEGMENT_DEPTH_MAX} of $all, $any, $not and $segment inside each other"
        );
        self.fault(pointer, QueryProblem::TooLong, detail);
        None
    }

    fn group(&mut self, json: &Json, pointer: &str, depth: usize) -> Option<Vec<Node>> {
        let depth = self.deeper(pointer, depth)?;
        let expected = "expected a list of one query or more";
        let Json::List(items) = json else {
            self.fault(pointer, QueryProblem::WrongType, expected);
            return None;
        };
        if items.is_empty() {
            self.fault(pointer, QueryProblem::TooShort, expected);
            return None;
        }
        let read: Vec<Option<Node>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.query(item, &format!("{pointer}/{index}"), depth))
            .collect();
        read.into_iter().collect()
    }

    fn segment(&mut self, json: &Json, pointer: &str, depth: usize) -> Option<Node> {
        let depth = self.deeper(pointer, depth)?;
        let expected =
            "expected the id of a segment: 22 characters of unpadded base64url (A-Z a-z 0-9 - _)";
        let text = self.text(json, pointer, expected)?;
        let Ok(id) = text.parse() else {
            self.fault(pointer, QueryProblem::InvalidFormat, expected);
            return None;
        };
        self.mentions.push(SegmentMention {
            id,
            pointer: pointer.to_owned(),
            depth,
        });
        Some(Node::Segment(id))
    }

    fn field(&mut self, name: &str, json: &Json, pointer: &str, depth: usize) -> Option<Node> {
        let field = self.known_field(name, pointer);
        if name.starts_with('$') {
            return None;
        }
        // What is asked of it is looked at even if the field is not known, to tell all faults.
        let other = Field::Property(String::new());
        let node = self.tests(field.as_ref().unwrap_or(&other), json, pointer, depth);
        field.and(node)
    }

    fn known_field(&mut self, name: &str, pointer: &str) -> Option<Field> {
        let field = Field::named(self.subject, name);
        let (problem, detail) = match &field {
            Some(Field::Property(name)) if is_wrong_name(name, PROPERTY_NAME_CHARS_MAX) => (
                QueryProblem::InvalidFormat,
                format!(
                    "expected property. and a name of 1 to {PROPERTY_NAME_CHARS_MAX} characters"
                ),
            ),
            Some(Field::Tag(name)) if is_wrong_name(name, NAME_CHARS_MAX) => (
                QueryProblem::InvalidFormat,
                format!("expected tag. and a name of 1 to {NAME_CHARS_MAX} characters"),
            ),
            Some(_) => return field,
            None if name.starts_with('$') => (
                QueryProblem::UnknownField,
                format!(
                    "expected $all, $any, $not{} or the name of a field; there are {}",
                    match self.subject {
                        Subject::Instance => ", $segment",
                        Subject::Event => "",
                    },
                    field_names(self.subject)
                ),
            ),
            None => (
                QueryProblem::UnknownField,
                format!(
                    "there is no such field; there are {}",
                    field_names(self.subject)
                ),
            ),
        };
        self.fault(pointer, problem, detail);
        None
    }

    /// What is asked of a field: a value it equals, or operators, all of which must hold.
    fn tests(&mut self, field: &Field, json: &Json, pointer: &str, depth: usize) -> Option<Node> {
        if !matches!(json, Json::Object(_)) {
            let expected = "expected a text, a number, true, false or an object of operators such as {\"$ne\":\"es\"}";
            let scalar = self.scalar(json, pointer, expected);
            return self.leaf(field, scalar.map(Test::Equals));
        }
        let expected = "expected one operator or more, such as {\"$ne\":\"es\"}";
        let entries = self.entries(json, pointer, expected)?;
        let mut nodes = Vec::with_capacity(entries.len());
        for (operator, value) in entries {
            let at = below(pointer, operator);
            nodes.push(self.operator(field, operator, value, &at, depth));
        }
        all_of(nodes)
    }

    fn operator(
        &mut self,
        field: &Field,
        operator: &str,
        json: &Json,
        at: &str,
        depth: usize,
    ) -> Option<Node> {
        let scalar = "expected a text, a number, true or false";
        let test = match operator {
            "$not" => {
                let depth = self.deeper(at, depth)?;
                let node = self.tests(field, json, at, depth)?;
                return Some(Node::Not(Box::new(node)));
            }
            "$ne" => {
                let test = self.scalar(json, at, scalar).map(Test::Equals);
                return self.leaf(field, test).map(not);
            }
            "$nin" => {
                let test = self.scalars(json, at).map(Test::In);
                return self.leaf(field, test).map(not);
            }
            "$exists" => {
                let Json::Bool(wanted) = json else {
                    self.size.leaves += 1;
                    self.fault(at, QueryProblem::WrongType, "expected true or false");
                    return None;
                };
                let leaf = self.leaf(field, Some(Test::Exists))?;
                return Some(if *wanted { leaf } else { not(leaf) });
            }
            "$eq" => self.scalar(json, at, scalar).map(Test::Equals),
            "$in" => self.scalars(json, at).map(Test::In),
            "$lt" => self.order(field, Order::Less, json, at),
            "$lte" => self.order(field, Order::LessOrEqual, json, at),
            "$gt" => self.order(field, Order::Greater, json, at),
            "$gte" => self.order(field, Order::GreaterOrEqual, json, at),
            "$like" => self.like(json, at),
            "$matches" => self.matches(json, at),
            "$startsWith" => self.short_text(json, at).map(Test::StartsWith),
            "$endsWith" => self.short_text(json, at).map(Test::EndsWith),
            "$contains" => self.short_text(json, at).map(Test::Contains),
            _ => {
                let detail = "there is no such operator; there are $eq, $ne, $lt, $lte, $gt, $gte, $in, \
                              $nin, $like, $matches, $startsWith, $endsWith, $contains, $exists, $not";
                self.fault(at, QueryProblem::UnknownField, detail);
                return None;
            }
        };
        self.leaf(field, test)
    }

    /// Counts a condition, right or wrong.
    fn leaf(&mut self, field: &Field, test: Option<Test>) -> Option<Node> {
        self.size.leaves += 1;
        Some(Node::Leaf(field.clone(), test?))
    }

    fn scalar(&mut self, json: &Json, at: &str, expected: &str) -> Option<Scalar> {
        match json {
            Json::Bool(value) => Some(Scalar::Bool(*value)),
            Json::Number(number) if number.abs() <= NUMBER_MAX => Some(Scalar::Number(*number)),
            Json::Number(_) => {
                let detail = format!("expected a number from -{NUMBER_MAX} to {NUMBER_MAX} (2^53)");
                self.fault(at, QueryProblem::OutOfRange, detail);
                None
            }
            Json::Text(_) => self.short_text(json, at).map(Scalar::Text),
            Json::Null => {
                let detail =
                    format!("{expected}; ask for what is not there with {{\"$exists\":false}}");
                self.fault(at, QueryProblem::WrongType, detail);
                None
            }
            Json::List(_) | Json::Object(_) => {
                self.fault(at, QueryProblem::WrongType, expected);
                None
            }
        }
    }

    fn scalars(&mut self, json: &Json, at: &str) -> Option<Vec<Scalar>> {
        let expected =
            format!("expected a list of at most {SEGMENT_LIST_MAX} texts, numbers, true or false");
        let Json::List(items) = json else {
            self.fault(at, QueryProblem::WrongType, expected);
            return None;
        };
        if items.len() > SEGMENT_LIST_MAX {
            self.fault(at, QueryProblem::TooLong, expected);
            return None;
        }
        let read: Vec<Option<Scalar>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let expected = "expected a text, a number, true or false";
                self.scalar(item, &format!("{at}/{index}"), expected)
            })
            .collect();
        read.into_iter().collect()
    }

    fn order(&mut self, field: &Field, order: Order, json: &Json, at: &str) -> Option<Test> {
        if field.is_version() {
            // Nothing else can be before or after a version, so it would never hold.
            let expected = "expected a version to compare with, as a text of numbers with dots between such as \"10.2\"";
            let text = self.text(json, at, expected)?;
            if !version::is_version(text) {
                self.fault(at, QueryProblem::InvalidFormat, expected);
                return None;
            }
        }
        let expected = "expected a text or a number";
        if matches!(json, Json::Bool(_)) {
            self.fault(at, QueryProblem::WrongType, expected);
            return None;
        }
        let scalar = self.scalar(json, at, expected)?;
        Some(Test::Order(order, scalar))
    }

    fn like(&mut self, json: &Json, at: &str) -> Option<Test> {
        let text = self.short_text(json, at)?;
        let pattern = Like::read(&text);
        if pattern.is_none() {
            let detail = "expected \\%, \\_ or \\\\ where a \\ stands: it takes the meaning of the next character away";
            self.fault(at, QueryProblem::InvalidFormat, detail);
        }
        pattern.map(Test::Like)
    }

    fn matches(&mut self, json: &Json, at: &str) -> Option<Test> {
        self.size.patterns += 1;
        let text = self.short_text(json, at)?;
        match Matches::read(&text) {
            Ok(pattern) => Some(Test::Matches(pattern)),
            Err(detail) => {
                self.fault(at, QueryProblem::InvalidFormat, detail);
                None
            }
        }
    }

    fn short_text(&mut self, json: &Json, at: &str) -> Option<String> {
        let expected = format!("expected a text of at most {PROPERTY_TEXT_CHARS_MAX} characters");
        let text = self.text(json, at, &expected)?;
        // No value is longer.
        if text.chars().count() > PROPERTY_TEXT_CHARS_MAX {
            self.fault(at, QueryProblem::TooLong, expected);
            return None;
        }
        Some(text.to_owned())
    }

    fn text<'j>(&mut self, json: &'j Json, at: &str, expected: &str) -> Option<&'j str> {
        match json {
            Json::Text(text) => Some(text),
            _ => {
                self.fault(at, QueryProblem::WrongType, expected);
                None
            }
        }
    }
}

/// The node for all of these, if all could be read.
fn all_of(nodes: Vec<Option<Node>>) -> Option<Node> {
    let mut nodes = nodes.into_iter().collect::<Option<Vec<Node>>>()?;
    match nodes.len() {
        1 => nodes.pop(),
        _ => Some(Node::All(nodes)),
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn is_wrong_name(name: &str, chars_max: usize) -> bool {
    name.is_empty() || name.chars().count() > chars_max
}

/// The pointer to a key (RFC 6901 §3: ~ and / are written as ~0 and ~1).
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
