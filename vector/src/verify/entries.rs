//! Entries of filter fields: every row's are there, and nothing else is.

use headwater_primitives::{RecordId, Result, key};

use super::Check;
use crate::filters;

impl Check<'_> {
    pub(super) fn entries(&self, found: &mut Vec<String>) -> Result<()> {
        self.name_missing(found)?;
        self.name_extra(found)
    }

    fn name_missing(&self, found: &mut Vec<String>) -> Result<()> {
        let sql = &self.table.sql;
        let mut all = self
            .sql
            .prepare(&format!("SELECT row, id, metadata FROM {} NOT INDEXED", sql.table))?;
        let mut has = self.sql.prepare(&format!(
            "SELECT EXISTS(SELECT 1 FROM {} WHERE field = ? AND value = ? AND row = ?)",
            sql.filter
        ))?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            if self.damaged.contains(&number) {
                continue;
            }
            let metadata = row.get_ref(2)?.as_blob().unwrap_or_default();
            for field in self.table.filter_fields() {
                for value in filters::entries(&self.table, field, metadata)? {
                    if !has.query_row((field, &value, number), |row| row.get::<_, bool>(0))? {
                        let id = RecordId::from_sql(row.get_ref(1)?)?;
                        let (place, value) = (self.field_named(field), show(&value));
                        found.push(format!("{place}: the entry {value} of row {id} is missing"));
                    }
                }
            }
        }
        Ok(())
    }

    fn name_extra(&self, found: &mut Vec<String>) -> Result<()> {
        let sql = &self.table.sql;
        let mut all = self.sql.prepare(&format!(
            "SELECT e.field, e.value, e.row, d.id, d.metadata FROM {} AS e \
             LEFT JOIN {} AS d ON d.row = e.row",
            sql.filter, sql.table
        ))?;
        let mut rows = all.query([])?;
        while let Some(entry) = rows.next()? {
            let (field, value): (u32, Vec<u8>) = (entry.get(0)?, entry.get(1)?);
            let number: i64 = entry.get(2)?;
            if self.damaged.contains(&number) || self.gone.contains(&number) {
                continue;
            }
            let metadata = entry.get_ref(4)?.as_blob().ok();
            let whose = match metadata {
                Some(metadata) => {
                    let known = self.table.filter_fields().contains(&field);
                    if known && filters::entries(&self.table, field, metadata)?.contains(&value) {
                        continue;
                    }
                    format!("row {}", RecordId::from_sql(entry.get_ref(3)?)?)
                }
                None => format!("the row number {number}, which is not there,"),
            };
            let (place, value) = (self.field_named(field), show(&value));
            found.push(format!("{place}: the entry {value} of {whose} does not belong there"));
        }
        Ok(())
    }

    fn field_named(&self, field: u32) -> String {
        let path = self.table.options.filters.get(field as usize);
        let path = path.map_or("", String::as_str);
        format!("filter field {path:?} of {:?}", self.table.name)
    }
}

/// A value as people write it.
fn show(value: &[u8]) -> String {
    match key::decode(value).ok().and_then(|mut parts| parts.pop()) {
        Some(key::Value::Text(text)) => format!("{text:?}"),
        Some(key::Value::Int(number)) => number.to_string(),
        Some(key::Value::Float(number)) => number.to_string(),
        Some(key::Value::Bool(value)) => value.to_string(),
        Some(key::Value::Null) => "null".to_owned(),
        _ => "of a value".to_owned(),
    }
}
