//! Joins and negates filters, and carries along what a builder call got wrong.

use crate::error::{Error, Result};
use crate::filter::ast::Node;
use crate::filter::{Defect, Filter, LIMITS};

impl Filter {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        Filter::all_of([self, other])
    }

    /// At least one holds.
    #[must_use]
    pub fn or(self, other: Filter) -> Filter {
        Filter::any_of([self, other])
    }

    /// All of these hold; of none, it matches everything.
    pub fn all_of(filters: impl IntoIterator<Item = Filter>) -> Filter {
        join(filters, |node| matches!(node, Node::And(_)), Node::and)
    }

    /// At least one of these holds; of none, it matches nothing.
    pub fn any_of(filters: impl IntoIterator<Item = Filter>) -> Filter {
        let filters: Vec<Filter> = filters.into_iter().collect();
        if filters.is_empty() {
            return !Filter::all();
        }
        join(filters, |node| matches!(node, Node::Or(_)), Node::or)
    }

    /// Tells what a builder call got wrong, with kind [`InvalidInput`](crate::ErrorKind): a
    /// malformed path, a wrong operand, a bad regular expression, nesting deeper than 64. A filter
    /// that fails this matches nothing. One that was parsed never fails.
    pub fn check(&self) -> Result<()> {
        match &self.defect {
            None => Ok(()),
            Some(Defect::Refused(reason)) => Err(Error::invalid(reason.clone())),
            Some(Defect::Loose) => {
                Err(Error::invalid("filter: value() has a meaning only inside field(..).any(..)"))
            }
        }
    }

    pub(crate) fn refused(reason: String) -> Filter {
        Filter { node: Node::ALL, depth: 0, defect: Some(Defect::Refused(reason)) }
    }

    pub(crate) fn within_limits(self) -> Filter {
        if self.depth <= LIMITS.depth {
            return self;
        }
        Filter::refused(format!("filter nests deeper than {} levels", LIMITS.depth))
    }
}

impl std::ops::BitAnd for Filter {
    type Output = Filter;

    fn bitand(self, other: Filter) -> Filter {
        self.and(other)
    }
}

impl std::ops::BitOr for Filter {
    type Output = Filter;

    fn bitor(self, other: Filter) -> Filter {
        self.or(other)
    }
}

impl std::ops::Not for Filter {
    type Output = Filter;

    fn not(self) -> Filter {
        if self.defect.as_ref().is_some_and(|defect| *defect != Defect::Loose) {
            return self;
        }
        let filter =
            Filter { node: Node::nor([self.node]), depth: self.depth + 2, defect: self.defect };
        filter.within_limits()
    }
}

/// Joins filters, carrying along the first defect.
fn join(
    filters: impl IntoIterator<Item = Filter>,
    is_joined: fn(&Node) -> bool,
    node: fn(Vec<Node>) -> Node,
) -> Filter {
    let mut depth = 0;
    let mut members = Vec::new();
    let mut loose = None;
    for filter in filters {
        match filter.defect {
            Some(Defect::Refused(reason)) => return Filter::refused(reason),
            Some(Defect::Loose) => loose = Some(Defect::Loose),
            None => {}
        }
        depth = depth.max(filter.depth + if is_joined(&filter.node) { 0 } else { 2 });
        members.push(filter.node);
    }
    Filter { node: node(members), depth, defect: loose }.within_limits()
}
