//! The columns of a file in their order, with what they are stored as.

use headwater_primitives::IdKind;
use iceberg::spec::PrimitiveType;

use crate::schema::{ColumnType, LakeSchema};

/// A column as files have it.
#[derive(Clone, Debug)]
pub(super) struct StoredColumn {
    pub(super) field_id: i32,
    pub(super) ty: PrimitiveType,
    /// Whether values are looked for by their order.
    pub(super) has_order: bool,
}

impl LakeSchema {
    /// The columns in the order of the Arrow schema.
    pub(super) fn stored_columns(&self) -> Vec<StoredColumn> {
        let system = self.system();
        let id = match self.id_kind() {
            IdKind::Integer => PrimitiveType::Long,
            IdKind::Text => PrimitiveType::String,
        };
        let of = |field_id, ty, has_order| StoredColumn { field_id, ty, has_order };
        let mut columns = vec![
            of(system.id, id, true),
            of(system.version, PrimitiveType::Long, true),
            of(system.written, PrimitiveType::Timestamptz, true),
            of(system.rest, PrimitiveType::String, false),
            of(system.layout, PrimitiveType::String, false),
        ];
        columns.extend(self.columns().iter().map(|column| {
            let has_order = column.ty() != ColumnType::Json;
            of(column.field_id(), column.ty().to_iceberg(), has_order)
        }));
        columns
    }
}
