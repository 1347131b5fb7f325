//! What has to be said of an operation besides its line in the route table.

use moca_wire::{
    batch::{Batch, BatchOutcome},
    page::Page,
    resource::Resource,
    schema::{Described, Schema, Usage, input_name},
};
use serde_json::Value;

use crate::{
    route::{Route, Verb},
    routes::routes,
};

/// The operations on one resource.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) note: &'static str,
    pub(crate) operations: Vec<Operation>,
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) route: &'static Route,
    /// What it does, in a few words.
    pub(crate) summary: String,
    /// What has to be known besides.
    pub(crate) note: Option<&'static str>,
    pub(crate) takes: Option<Body>,
    /// `None` for the empty object.
    pub(crate) answers: Option<Body>,
    /// Bodies that those refer to.
    parts: Vec<Body>,
    /// Whether the answer is one object with a version.
    pub(crate) versioned: bool,
}

/// A body in a use.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) name: String,
    pub(crate) usage: Usage,
    pub(crate) schema: Schema,
    pub(crate) example: Value,
    /// Whether it stands among the schemas under its name; else it is written out where it is used.
    pub(crate) is_component: bool,
}

impl Body {
    /// The body of this type.
    pub(crate) fn of<T: Described>(usage: Usage) -> Self {
        let schema = T::schema();
        let example = match usage {
            Usage::Answer => T::example(),
            Usage::Create | Usage::Replace => schema.without_owned(&T::example()),
        };
        let mut usage = usage;
        if usage == Usage::Replace && schema.json(Usage::Create) == schema.json(Usage::Replace) {
            usage = Usage::Create;
        }
        Self {
            name: input_name::<T>(usage),
            usage,
            schema,
            example,
            is_component: true,
        }
    }

    /// A page of these.
    fn page_of<T: Described>() -> Self {
        Self {
            name: format!("{}Page", T::name()),
            usage: Usage::Answer,
            schema: Page::<T>::schema(),
            example: Page::<T>::example(),
            is_component: true,
        }
    }
}

impl Operation {
    /// The operation of a line of the route table.
    pub(crate) fn of(route: &'static Route, summary: impl Into<String>) -> Self {
        Self {
            route,
            summary: summary.into(),
            note: None,
            takes: None,
            answers: None,
            parts: Vec::new(),
            versioned: false,
        }
    }

    /// What has to be known besides.
    pub(crate) const fn noted(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// Takes a body that makes something, or does.
    pub(crate) fn takes<T: Described>(mut self) -> Self {
        self.takes = Some(Body::of::<T>(Usage::Create));
        self
    }

    /// Takes a body that replaces something.
    pub(crate) fn replaces<T: Described>(mut self) -> Self {
        self.takes = Some(Body::of::<T>(Usage::Replace));
        self
    }

    /// Answers with this.
    pub(crate) fn answers<T: Described>(mut self) -> Self {
        self.answers = Some(Body::of::<T>(Usage::Answer));
        self
    }

    /// Answers with one object and its version.
    pub(crate) fn answers_version_of<T: Described>(self) -> Self {
        Self {
            versioned: true,
            ..self.answers::<T>()
        }
    }

    /// Answers with a page of these.
    pub(crate) fn lists<T: Described>(mut self) -> Self {
        self.answers = Some(Body::page_of::<T>());
        self.parts.push(Body::of::<T>(Usage::Answer));
        self
    }

    /// The answer to a failure is this one.
    pub(crate) fn with_answer_part<T: Described>(mut self) -> Self {
        self.parts.push(Body::of::<T>(Usage::Answer));
        self
    }

    /// A body of the request refers to this one.
    pub(crate) fn with_part<T: Described>(mut self) -> Self {
        self.parts.push(Body::of::<T>(Usage::Create));
        self
    }

    /// The bodies it mentions.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.takes.iter().chain(&self.answers).chain(&self.parts)
    }
}

impl Group {
    /// A group without operations.
    pub(crate) const fn new(title: &'static str, note: &'static str) -> Self {
        Self {
            title,
            note,
            operations: Vec::new(),
        }
    }

    /// With the operation of a verb at a path, changed by `describe`. A route that is not in the
    /// table is passed over; the tests name it.
    pub(crate) fn with(
        mut self,
        verb: Verb,
        path: &str,
        summary: &str,
        describe: impl FnOnce(Operation) -> Operation,
    ) -> Self {
        if let Some(route) = find(verb, path) {
            let operation = describe(Operation::of(route, summary));
            self.operations.push(operation);
        }
        self
    }

    /// With the operations that every managed resource has, as far as the route table has them.
    pub(crate) fn resource<R>(mut self, noun: &str) -> Self
    where
        R: Resource + Described,
    {
        let article = match noun.chars().next() {
            Some('a' | 'e' | 'i' | 'o') => "an",
            _ => "a",
        };
        let all = R::PATH.rsplit('/').next().unwrap_or_default();
        let one = format!("{article} {noun}");
        let of_one = |route: &&Route| {
            let rest = route.path.strip_prefix(R::PATH);
            let rest = rest.and_then(|rest| rest.strip_prefix("/{"));
            rest.is_some_and(|rest| !rest.contains('/'))
        };
        let of_all = |route: &&Route| route.path == R::PATH;
        for route in routes()
            .iter()
            .filter(of_all)
            .chain(routes().iter().filter(of_one))
        {
            let operation = match (route.verb, of_all(&route)) {
                (Verb::Get, true) => {
                    Operation::of(route, format!("Lists {}", all.replace('-', " "))).lists::<R>()
                }
                (Verb::Post, true) => Operation::of(route, format!("Makes {one}"))
                    .takes::<R>()
                    .answers_version_of::<R>(),
                (Verb::Get, false) => {
                    Operation::of(route, format!("Reads {one}")).answers_version_of::<R>()
                }
                (Verb::Put, false) => Operation::of(route, format!("Replaces {one}"))
                    .noted("An optional field that is left out is unset.")
                    .replaces::<R>()
                    .answers_version_of::<R>(),
                (Verb::Delete, _) => Operation::of(route, format!("Deletes {one}")),
                _ => continue,
            };
            self.operations.push(operation);
        }
        self
    }

    /// With the batch of a resource.
    pub(crate) fn batch<R>(self) -> Self
    where
        R: Resource + Described,
    {
        let path = format!("{}/batch", R::PATH);
        self.with(Verb::Post, &path, "Makes many", |operation| {
            operation
                .noted(
                    "Each is made or refused on its own, unless `atomic` asks for all or none. With \
                     `upsert` one that has the `externalId` of another replaces it.",
                )
                .takes::<Batch<R>>()
                .answers::<BatchOutcome<R>>()
        })
    }

    /// With another answer to an operation described already.
    pub(crate) fn except(
        mut self,
        verb: Verb,
        path: &str,
        describe: impl Fn(Operation) -> Operation,
    ) -> Self {
        let operations = std::mem::take(&mut self.operations).into_iter();
        self.operations = operations
            .map(|operation| {
                let meant = operation.route.verb == verb && operation.route.path == path;
                if meant {
                    describe(operation)
                } else {
                    operation
                }
            })
            .collect();
        self
    }
}

fn find(verb: Verb, path: &str) -> Option<&'static Route> {
    routes()
        .iter()
        .find(|route| route.verb == verb && route.path == path)
}
