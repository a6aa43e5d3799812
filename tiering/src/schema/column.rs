//! One column: its name, its type, and where in a document its values are.

use headwater_primitives::filter::Path;
use headwater_primitives::{Error, Result};

use super::column_type::{ColumnType, WholeNumbers};
use super::names;

/// Where in a document a column's values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A top-level field. The column gives it back when the document is restored.
    Field(String),
    /// A path of several components. The column is a copy; the value stays in the field it is in.
    Path(Path),
}

/// A column for values of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub(super) field_id: i32,
    name: String,
    source: Source,
    pub(super) ty: ColumnType,
    whole: WholeNumbers,
}

impl Column {
    /// The column of the top-level field `name`.
    ///
    /// # Errors
    /// `InvalidInput` when the name cannot be a column's: it is empty, longer than 255 bytes, holds a
    /// dot or a control character, or is a name that tables or Iceberg use themselves.
    pub fn field(name: &str, ty: ColumnType) -> Result<Self> {
        names::check(name)?;
        Ok(Column::new(name, Source::Field(name.to_owned()), ty))
    }

    /// The column `name` of the values at a dotted path.
    ///
    /// # Errors
    /// `InvalidInput` when the path is malformed, or the name cannot be a column's; a path of one
    /// component is the name of a top-level field, and has to be the column's name.
    pub fn path(name: &str, path: &str, ty: ColumnType) -> Result<Self> {
        names::check(name)?;
        let parsed = Path::parse(path)?;
        if path.contains('.') {
            return Ok(Column::new(name, Source::Path(parsed), ty));
        }
        if path != name {
            return Err(Error::invalid(format!(
                "column {name:?} of the field {path:?}: the column of a top-level field has its name"
            )));
        }
        Column::field(name, ty)
    }

    fn new(name: &str, source: Source, ty: ColumnType) -> Self {
        Column { field_id: 0, name: name.to_owned(), source, ty, whole: WholeNumbers::Floats }
    }

    /// How whole numbers in a floating-point or decimal column come back.
    #[must_use]
    pub fn whole_numbers(mut self, whole: WholeNumbers) -> Self {
        self.whole = whole;
        self
    }

    #[must_use]
    pub(crate) fn with_field_id(mut self, field_id: i32) -> Self {
        self.field_id = field_id;
        self
    }

    /// Iceberg's field id; 0 until the column is part of a schema.
    pub fn field_id(&self) -> i32 {
        self.field_id
    }

    /// The name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the values are in a document.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The top-level field that the column gives back.
    pub fn field_name(&self) -> Option<&str> {
        match &self.source {
            Source::Field(name) => Some(name),
            Source::Path(_) => None,
        }
    }

    /// The type.
    pub fn ty(&self) -> ColumnType {
        self.ty
    }

    /// How whole numbers come back. A decimal without places after the point has integers only.
    pub fn whole(&self) -> WholeNumbers {
        match self.ty {
            ColumnType::Decimal { scale: 0, .. } => WholeNumbers::Integers,
            _ => self.whole,
        }
    }
}
