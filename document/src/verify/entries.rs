//! Indexes: every row's entries are there, and nothing else is.

use std::collections::HashSet;

use headwater_primitives::Result;

use super::Check;
use crate::id::DocumentId;
use crate::index::{Index, show};

impl Check<'_> {
    pub(super) fn entries(&self, index: &Index, found: &mut Vec<String>) -> Result<()> {
        self.name_missing(index, found)?;
        self.name_extra(index, found)
    }

    fn name_missing(&self, index: &Index, found: &mut Vec<String>) -> Result<()> {
        let (name, row) = (&self.table.sql.table, self.table.sql.row);
        let mut all = self.sql.prepare(&format!("SELECT {row}, id, body FROM {name}"))?;
        let mut has = self.sql.prepare(&format!(
            "SELECT EXISTS(SELECT 1 FROM {} WHERE value = ? AND row = ?)",
            index.table
        ))?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let body = row.get_ref(2)?.as_blob().unwrap_or_default();
            if self.damaged.contains(&number) || self.is_archived(body) {
                continue;
            }
            for value in index.entries_of(body)? {
                let there: bool = has.query_row((&value, number), |row| row.get(0))?;
                if !there {
                    let id = DocumentId::from_sql(row.get_ref(1)?)?;
                    found.push(format!(
                        "{}: the entry {} of document {id} is missing",
                        self.place(index),
                        show(&value)
                    ));
                }
            }
        }
        Ok(())
    }

    fn name_extra(&self, index: &Index, found: &mut Vec<String>) -> Result<()> {
        let (name, row) = (&self.table.sql.table, self.table.sql.row);
        let mut gone = HashSet::new();
        for body in &self.gone {
            gone.extend(index.entries_of(body)?);
        }
        let mut entries = self.sql.prepare(&format!(
            "SELECT i.value, i.row, d.id, d.body FROM {} AS i LEFT JOIN {name} AS d \
             ON d.{row} = i.row",
            index.table
        ))?;
        let mut rows = entries.query([])?;
        while let Some(entry) = rows.next()? {
            let (value, number): (Vec<u8>, i64) = (entry.get(0)?, entry.get(1)?);
            let document = entry.get_ref(3)?.as_blob().ok();
            let (belongs, whose) = match document {
                Some(_) if self.damaged.contains(&number) => continue,
                Some(body) if self.is_archived(body) => continue,
                Some(body) => {
                    let id = DocumentId::from_sql(entry.get_ref(2)?)?;
                    (index.entries_of(body)?.contains(&value), format!("document {id}"))
                }
                None => (gone.contains(&value), format!("row {number}, which is not there,")),
            };
            if !belongs {
                found.push(format!(
                    "{}: the entry {} of {whose} does not belong there",
                    self.place(index),
                    show(&value)
                ));
            }
        }
        Ok(())
    }

    fn place(&self, index: &Index) -> String {
        format!("index {:?} of {:?}", index.text, self.table.name)
    }
}
