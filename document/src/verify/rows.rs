//! Rows: every body is a document.

use headwater_primitives::{Result, jsonb};

use super::Check;
use crate::encoded::check_body;
use crate::id::DocumentId;

impl Check<'_> {
    pub(super) fn rows(&mut self, found: &mut Vec<String>) -> Result<()> {
        let (name, row) = (&self.table.sql.table, self.table.sql.row);
        let mut statement = self.sql.prepare(&format!("SELECT {row}, id, body FROM {name}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(2)?.as_blob().unwrap_or_default();
            if self.is_archived(body) {
                continue;
            }
            if let Err(error) = jsonb::validate(body).and_then(|()| check_body(body)) {
                let id = DocumentId::from_sql(row.get_ref(1)?)?;
                found.push(format!("{}: its body is damaged: {error}", self.document(&id)));
                self.damaged.insert(row.get(0)?);
            }
        }
        Ok(())
    }
}
