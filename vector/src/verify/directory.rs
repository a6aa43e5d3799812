//! The key directory: SQLite's index from ids to rows.

use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{RecordId, Result};

use super::Check;

impl Check<'_> {
    /// Every id leads to its row, and the directory has no other ids.
    pub(super) fn directory(&mut self, found: &mut Vec<String>) -> Result<()> {
        let name = &self.table.sql.table;
        // NOT INDEXED reads the rows themselves; the search goes through the directory.
        let mut all = self.sql.prepare(&format!("SELECT row, id FROM {name} NOT INDEXED"))?;
        let mut search = self.sql.prepare(&format!("SELECT row FROM {name} WHERE id = ?"))?;
        let mut rows = all.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            let number: i64 = row.get(0)?;
            let Ok(id) = RecordId::from_sql(row.get_ref(1)?) else { continue };
            let led: Option<i64> = search.query_row([&id], |row| row.get(0)).optional()?;
            if led != Some(number) {
                found.push(format!(
                    "key directory of {:?}: id {id} does not lead to its row",
                    self.table.name
                ));
                self.misled.insert(id, number);
            }
        }
        // Integers come before texts, so this condition holds for every id.
        let directory: i64 = self.sql.query_row(
            &format!(
                "SELECT count(*) FROM {name} INDEXED BY sqlite_autoindex_{name}_1 WHERE id >= {}",
                i64::MIN
            ),
            [],
            |row| row.get(0),
        )?;
        if self.misled.is_empty() && directory != count {
            found.push(format!(
                "key directory of {:?}: it has {directory} ids for {count} rows",
                self.table.name
            ));
        }
        Ok(())
    }
}
