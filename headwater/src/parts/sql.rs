//! SQL behind the facade.

use headwater_primitives::Result;
use headwater_sql::{Sql, SqlQuery};

use crate::database::Headwater;

impl Headwater {
    /// Describes a SQL statement that reads: every collection is a table. With the default
    /// [options](headwater_sql::SqlOptions); others are given to [`Sql::open_with`].
    ///
    /// ```
    /// # use headwater::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Store, Serialize, Deserialize)]
    /// # #[store(document)]
    /// # struct Customer { #[store(id)] id: u32, orders: u32 }
    /// # fn main() -> headwater::Result<()> {
    /// # let db = Headwater::in_memory()?;
    /// db.put(&Customer { id: 1, orders: 3 }).wait()?;
    /// let mut rows = db.sql("SELECT sum(orders) AS orders FROM customers")?.run().wait()?;
    /// for batch in rows.blocking() {
    ///     println!("{:?}", batch?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Sql::open`]; what is wrong with the statement comes when it is run.
    pub fn sql(&self, statement: impl Into<String>) -> Result<SqlQuery> {
        let sql = self.opened().get_or_open(|| Sql::open(self.namespace()))?;
        Ok(sql.query(statement))
    }
}
