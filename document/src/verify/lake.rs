//! The lake: it has each archived document once, at the version that its row says, and no others.

use std::hash::{DefaultHasher, Hash, Hasher};

use headwater_primitives::filter::Filter;
use headwater_primitives::{Namespace, Result, Sequence, block_on};

use super::Check;
use crate::cold::View;
use crate::id::DocumentId;

/// A set of documents at versions, whatever their order: enough to tell it from another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Documents {
    count: u64,
    sum: u64,
}

impl Documents {
    fn add(&mut self, id: &DocumentId, version: Sequence) {
        let mut hasher = DefaultHasher::new();
        (id, version).hash(&mut hasher);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

impl Check<'_> {
    pub(super) fn lake(&self, namespace: &Namespace, found: &mut Vec<String>) -> Result<()> {
        if !self.table.has_archived() {
            return Ok(());
        }
        let name = &self.table.name;
        let rows = self.archived()?;
        let view = View::whole(namespace, self.sql, name)?;
        let read = view.fold(&Filter::all(), Documents::default(), |lake, id, version, _| {
            lake.add(&id, version);
            Ok(())
        });
        match block_on(read) {
            Ok(lake) if lake == rows => {}
            Ok(lake) if lake.count == rows.count => found.push(format!(
                "collection {name:?}: the lake has other documents, or other versions of them, than \
                 the {} that are archived",
                rows.count
            )),
            Ok(lake) => found.push(format!(
                "collection {name:?}: {} documents are archived, and the lake has {}",
                rows.count, lake.count
            )),
            Err(error) => found.push(format!("collection {name:?}: the lake: {error}")),
        }
        Ok(())
    }

    /// The documents whose rows say that they are in the lake.
    fn archived(&self) -> Result<Documents> {
        let mut statement = self.sql.prepare(&format!(
            "SELECT id, version FROM {} WHERE length(body) = 0",
            self.table.sql.table
        ))?;
        let (mut rows, mut archived) = (statement.query([])?, Documents::default());
        while let Some(row) = rows.next()? {
            let version = Sequence(row.get::<_, i64>(1)? as u64);
            archived.add(&DocumentId::from_sql(row.get_ref(0)?)?, version);
        }
        Ok(archived)
    }
}
