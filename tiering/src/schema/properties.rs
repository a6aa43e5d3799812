//! The table property that says what Iceberg's schema has no place for.
//!
//! A JSON object: under `id` the field that holds a document's id and its place, and under the field
//! id of each column that needs it `type` (where it is not Iceberg's own), `path` and `whole`. Field
//! ids are never used twice, so it holds for all schemas that the table ever had.

use std::collections::BTreeMap;

use headwater_primitives::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Column, ColumnType, LakeSchema, Source, WholeNumbers};

/// The key of the table property that this page is about.
pub const COLUMNS_PROPERTY: &str = "headwater.columns";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Properties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<IdProperties>,
    #[serde(flatten)]
    columns: BTreeMap<String, ColumnProperties>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IdProperties {
    pub(super) field: String,
    #[serde(default)]
    pub(super) place: usize,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ColumnProperties {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    ty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<String>,
}

impl Properties {
    pub(super) fn of(schema: &LakeSchema) -> Self {
        let id = schema.id_field();
        let id = id.map(|id| IdProperties { field: id.name.clone(), place: id.place });
        let columns = schema.columns().iter().filter_map(|column| {
            let said = ColumnProperties::of(column);
            (said != ColumnProperties::default()).then(|| (column.field_id().to_string(), said))
        });
        Properties { id, columns: columns.collect() }
    }

    pub(super) fn to_text(&self) -> String {
        // Strings and numbers under string keys: nothing in it can fail to be JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else {
            return Ok(Properties::default());
        };
        serde_json::from_str(text).map_err(|error| {
            Error::corrupt(format!("the table property {COLUMNS_PROPERTY}: {error}"))
                .with_source(error)
        })
    }

    pub(super) fn column(&self, field_id: i32) -> Option<&ColumnProperties> {
        self.columns.get(&field_id.to_string())
    }
}

impl ColumnProperties {
    fn of(column: &Column) -> Self {
        let plain = ColumnType::from_iceberg(&column.ty().to_iceberg());
        let ty = (plain != Some(column.ty())).then(|| column.ty().to_string());
        let path = match column.source() {
            Source::Field(_) => None,
            Source::Path(path) => Some(path.to_string()),
        };
        let whole = (column.whole() == WholeNumbers::Integers).then(|| INTEGERS.to_owned());
        ColumnProperties { ty, path, whole }
    }

    pub(super) fn ty(&self) -> Result<Option<ColumnType>> {
        self.ty.as_deref().map(str::parse).transpose()
    }

    pub(super) fn whole(&self) -> Result<WholeNumbers> {
        match self.whole.as_deref() {
            None => Ok(WholeNumbers::Floats),
            Some(INTEGERS) => Ok(WholeNumbers::Integers),
            Some(other) => Err(Error::corrupt(format!(
                "the table property {COLUMNS_PROPERTY}: whole is {other:?}, and can be {INTEGERS:?}"
            ))),
        }
    }
}

const INTEGERS: &str = "integers";
