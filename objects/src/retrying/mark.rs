//! Marks that tell one put's object from another of the same content.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use object_store::{Attribute, AttributeValue, PutMode, PutOptions};

/// The name of the attribute.
const NAME: &str = "headwater-put";

/// Gives out marks: one random number per store and process, and a count.
#[derive(Debug)]
pub(super) struct Marks {
    random: u64,
    count: AtomicU64,
}

impl Default for Marks {
    fn default() -> Self {
        Self { random: RandomState::new().hash_one(std::process::id()), count: AtomicU64::new(0) }
    }
}

impl Marks {
    /// Marks a put that has a condition; the others never meet a conflict.
    pub(super) fn mark(&self, options: &mut PutOptions) {
        if options.mode != PutMode::Overwrite {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let mark = format!("{:016x}-{count:x}", self.random);
            options.attributes.insert(attribute(), mark.into());
        }
    }
}

/// The mark among these options' attributes.
pub(super) fn of(options: &PutOptions) -> Option<&AttributeValue> {
    options.attributes.get(&attribute())
}

pub(super) fn attribute() -> Attribute {
    Attribute::Metadata(NAME.into())
}
