//! Segments that name each other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    id::SegmentId,
    limits::{SEGMENT_DEPTH_MAX, SEGMENT_LEAVES_MAX, SEGMENT_PATTERNS_MAX},
};

use super::query::{Query, Size};

/// The queries of segments, by the ids that other queries know them by.
#[derive(Debug, Clone, Default)]
pub struct Segments(HashMap<SegmentId, Arc<Query>>);

/// Why a query does not fit among the segments that it names. A limit holds for the query with
/// those written out in their places, so what has to be looked at for one instance is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Somewhere it names itself.
    #[error("the segment names itself, directly or through other segments: break the circle")]
    Cycle,
    /// It names one that is not there.
    #[error("there is no segment {0}")]
    Missing(SegmentId),
    /// Too many levels.
    #[error(
        "expected at most {SEGMENT_DEPTH_MAX} of $all, $any, $not and $segment inside each other, \
         counting those of the segments it names"
    )]
    Depth,
    /// Too many conditions.
    #[error(
        "expected at most {SEGMENT_LEAVES_MAX} conditions, counting those of the segments it names"
    )]
    Leaves,
    /// Too many regular expressions.
    #[error(
        "expected at most {SEGMENT_PATTERNS_MAX} times $matches, counting those of the segments it \
         names"
    )]
    Patterns,
}

impl Segments {
    /// Adds or replaces a segment.
    pub fn put(&mut self, id: SegmentId, query: Query) {
        self.0.insert(id, Arc::new(query));
    }

    /// Removes a segment.
    pub fn remove(&mut self, id: SegmentId) {
        self.0.remove(&id);
    }

    /// The query of a segment.
    pub fn get(&self, id: SegmentId) -> Option<&Query> {
        self.0.get(&id).map(Arc::as_ref)
    }

    /// Whether a query fits among the segments it names; `own_id` is that of its own segment, if it
    /// has one already.
    pub fn check(&self, own_id: Option<SegmentId>, query: &Query) -> Result<(), Unfit> {
        let mut walk = Walk {
            segments: self,
            path: own_id.into_iter().collect(),
            total: Size::default(),
        };
        walk.add(query, 0)
    }

    /// The first of the others that no longer fits once `id` has another query, as it has here, and
    /// why; the order is that of the ids.
    pub fn unfit_with(&self, id: SegmentId) -> Option<(SegmentId, Unfit)> {
        let mut others: Vec<_> = self.0.iter().filter(|(other, _)| **other != id).collect();
        others.sort_unstable_by_key(|(other, _)| **other);
        others.into_iter().find_map(|(other, query)| {
            let unfit = self.check(Some(*other), query).err()?;
            self.reaches(query, id).then_some((*other, unfit))
        })
    }

    /// Whether a query names a segment, directly or through others.
    fn reaches(&self, query: &Query, id: SegmentId) -> bool {
        let mut seen = HashSet::new();
        let mut pending: Vec<&Query> = vec![query];
        while let Some(query) = pending.pop() {
            for mention in query.mentions() {
                if mention.id == id {
                    return true;
                }
                if seen.insert(mention.id) {
                    pending.extend(self.get(mention.id));
                }
            }
        }
        false
    }
}

/// Adds up the size of a query with the segments it names written out. It ends at the first limit.
struct Walk<'a> {
    segments: &'a Segments,
    path: Vec<SegmentId>,
    total: Size,
}

impl Walk<'_> {
    fn add(&mut self, query: &Query, above: usize) -> Result<(), Unfit> {
        self.total.depth = self.total.depth.max(above + query.size.depth);
        self.total.leaves += query.size.leaves;
        self.total.patterns += query.size.patterns;
        self.total.check()?;
        for mention in query.mentions() {
            if self.path.contains(&mention.id) {
                return Err(Unfit::Cycle);
            }
            let named = self.segments.get(mention.id);
            let named = named.ok_or(Unfit::Missing(mention.id))?;
            self.path.push(mention.id);
            self.add(named, above + mention.depth)?;
            self.path.pop();
        }
        Ok(())
    }
}

impl Size {
    /// The first limit that it is beyond.
    pub(super) fn check(self) -> Result<(), Unfit> {
        if self.depth > SEGMENT_DEPTH_MAX {
            return Err(Unfit::Depth);
        }
        if self.leaves > SEGMENT_LEAVES_MAX {
            return Err(Unfit::Leaves);
        }
        if self.patterns > SEGMENT_PATTERNS_MAX {
            return Err(Unfit::Patterns);
        }
        Ok(())
    }
}
