//! Finds the lines of the route table that a path means.

use crate::{
    failure::Failure,
    percent,
    route::{Route, Verb},
};

/// The route table, indexed by path.
pub(crate) struct Matcher {
    paths: Vec<PathEntry>,
}

struct PathEntry {
    segments: Vec<Segment>,
    routes: Vec<&'static Route>,
}

enum Segment {
    Literal(&'static str),
    Variable(&'static str),
}

/// A path that is in the table.
pub(crate) struct Found<'a> {
    routes: &'a [&'static Route],
    /// The segments that vary, decoded.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Matcher {
    pub(crate) fn new(routes: &'static [Route]) -> Self {
        let mut paths: Vec<PathEntry> = Vec::new();
        for route in routes {
            match paths
                .iter_mut()
                .find(|entry| entry.routes[0].path == route.path)
            {
                Some(entry) => entry.routes.push(route),
                None => paths.push(PathEntry {
                    segments: segments(route.path),
                    routes: vec![route],
                }),
            }
        }
        // A literal segment is meant before one that varies: /external/x before /{placeId}/x.
        paths.sort_by_key(|entry| {
            let varies: Vec<bool> = entry
                .segments
                .iter()
                .map(|segment| matches!(segment, Segment::Variable(_)))
                .collect();
            varies
        });
        Self { paths }
    }

    /// The lines for a path as it stands in the request.
    pub(crate) fn find(&self, path: &str) -> Result<Option<Found<'_>>, Failure> {
        let Some(rest) = path.strip_prefix('/') else {
            return Ok(None);
        };
        let given = rest
            .split('/')
            .map(percent::decode_segment)
            .collect::<Result<Vec<String>, Failure>>()?;
        Ok(self.paths.iter().find_map(|entry| {
            variables(&entry.segments, &given).map(|variables| Found {
                routes: &entry.routes,
                variables,
            })
        }))
    }
}

impl Found<'_> {
    /// The line with this method; the methods there are when there is none.
    pub(crate) fn with_method(&self, method: &str) -> Result<&'static Route, Failure> {
        self.routes
            .iter()
            .copied()
            .find(|route| route.verb.as_str() == method)
            .ok_or_else(|| {
                let verbs = self.routes.iter().map(|route| route.verb);
                let verbs: Vec<&str> = verbs.map(Verb::as_str).collect();
                Failure::method_not_allowed(verbs.join(", "))
            })
    }
}

fn segments(path: &'static str) -> Vec<Segment> {
    path.trim_start_matches('/')
        .split('/')
        .map(|segment| {
            match segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) => Segment::Variable(name),
                None => Segment::Literal(segment),
            }
        })
        .collect()
}

fn variables(template: &[Segment], given: &[String]) -> Option<Vec<(&'static str, String)>> {
    if template.len() != given.len() {
        return None;
    }
    let mut variables = Vec::new();
    for (segment, text) in template.iter().zip(given) {
        match segment {
            Segment::Literal(literal) if literal == text => {}
            Segment::Variable(name) if !text.is_empty() => variables.push((*name, text.clone())),
            Segment::Literal(_) | Segment::Variable(_) => return None,
        }
    }
    Some(variables)
}
