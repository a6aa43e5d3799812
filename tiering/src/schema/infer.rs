//! Finding columns in documents: which top-level fields there are, and of which types.

use std::collections::{HashMap, HashSet};

use headwater_primitives::jsonb::View;
use headwater_primitives::{IdKind, Result};

use super::observed::Observed;
use super::{Column, LakeSchema, names};

/// How many columns a table gets at most, when nobody says otherwise.
const MAX_COLUMNS: usize = 400;

/// How many times as many fields are kept in mind, so that frequent ones are found among them.
const CANDIDATES: usize = 4;

/// Looks at documents, and makes columns of the fields that it saw most.
///
/// Memory is bounded: of more than four times as many fields as there may be columns, those seen
/// least are forgotten.
///
/// ```
/// use headwater_primitives::{IdKind, jsonb};
/// use headwater_tiering::schema::{ColumnType, Inference};
///
/// let mut inference = Inference::new(Some("id"));
/// inference.observe(&jsonb::from_json_str(r#"{"id": 1, "mag": 4.5, "place": "Bern"}"#)?)?;
/// inference.observe(&jsonb::from_json_str(r#"{"id": 2, "mag": 5, "tags": ["x"]}"#)?)?;
/// let schema = inference.schema(IdKind::Integer)?;
/// let types: Vec<_> = schema.columns().iter().map(|column| column.ty().to_string()).collect();
/// assert_eq!(types, ["double", "json", "string"]);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inference {
    id_field: Option<String>,
    max_columns: usize,
    pub(super) fields: Vec<Observed>,
    by_name: HashMap<Box<str>, usize>,
    /// The fields in the order that documents have them in.
    order: Vec<usize>,
}

impl Inference {
    /// Nothing seen yet. `id_field` is the field of a document that holds its id.
    pub fn new(id_field: Option<&str>) -> Self {
        Inference {
            id_field: id_field.map(str::to_owned),
            max_columns: MAX_COLUMNS,
            fields: Vec::new(),
            by_name: HashMap::new(),
            order: Vec::new(),
        }
    }

    /// How many columns there may be at most: 400 by default.
    #[must_use]
    pub fn max_columns(mut self, max: usize) -> Self {
        self.max_columns = max;
        self
    }

    pub(super) fn most_columns(&self) -> usize {
        self.max_columns
    }

    /// Looks at one document, encoded as JSONB. Anything but an object adds nothing. The cost is a
    /// walk over the top-level fields.
    ///
    /// # Errors
    /// `Corrupt` when `body` is not one JSONB element.
    pub fn observe(&mut self, body: &[u8]) -> Result<()> {
        let mut before = None;
        for (name, value) in View::parse(body)?.fields() {
            let Some(index) = self.index_of(name, before) else { break };
            self.fields[index].add(value);
            before = Some(index);
        }
        if self.fields.len() > self.max_columns.saturating_mul(CANDIDATES).max(CANDIDATES) {
            self.forget_rare();
        }
        Ok(())
    }

    /// The field's index; a new field stands right after the one before it. Nothing for a damaged name.
    fn index_of(&mut self, stored: View<'_>, before: Option<usize>) -> Option<usize> {
        // Documents mostly have their fields in the order in which they were first seen.
        let expected = before.map_or(0, |before| before + 1);
        if self.fields.get(expected).is_some_and(|field| *field.stored == *stored.bytes()) {
            return Some(expected);
        }
        let name = stored.as_str()?;
        if let Some(index) = self.by_name.get(&*name) {
            return Some(*index);
        }
        let index = self.fields.len();
        let place = before.and_then(|before| self.order.iter().position(|at| *at == before));
        self.order.insert(place.map_or(0, |place| place + 1), index);
        self.fields.push(Observed::new(&name, stored.bytes()));
        self.by_name.insert(name.into(), index);
        Some(index)
    }

    fn forget_rare(&mut self) {
        let kept = (self.fields.len() / 2).max(1);
        let frequent: HashSet<usize> = self.by_frequency().into_iter().take(kept).collect();
        let mut fields = Vec::with_capacity(kept);
        for index in std::mem::take(&mut self.order) {
            if frequent.contains(&index) {
                fields.push(std::mem::take(&mut self.fields[index]));
            }
        }
        self.by_name =
            fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        self.order = (0..fields.len()).collect();
        self.fields = fields;
    }

    /// The fields, those seen most first; of those seen alike often, the first in the documents.
    fn by_frequency(&self) -> Vec<usize> {
        let mut fields = self.order.clone();
        fields.sort_by_key(|index| std::cmp::Reverse(self.fields[*index].seen));
        fields
    }

    /// The schema of a new table for what was seen.
    ///
    /// # Errors
    /// None that are known; what was seen is turned only into columns that can be.
    pub fn schema(&self, id_kind: IdKind) -> Result<LakeSchema> {
        let chosen = self.columns(&HashSet::new(), self.max_columns);
        let place = match &self.id_field {
            Some(id) => {
                let before: HashSet<&str> = self.names_before(id).collect();
                chosen.iter().filter(|column| before.contains(column.name())).count()
            }
            None => 0,
        };
        let mut builder = LakeSchema::builder(id_kind).id_place(place);
        if let Some(id) = &self.id_field {
            builder = builder.id_field(id);
        }
        chosen.into_iter().fold(builder, |builder, column| builder.column(column)).build()
    }

    /// Columns for the fields seen most, at most `room`, in the order of the documents; none for
    /// names that are, but for their case, among `taken`.
    pub(super) fn columns(&self, taken: &HashSet<String>, room: usize) -> Vec<Column> {
        let mut taken = taken.clone();
        let mut columns: HashMap<usize, Column> = HashMap::new();
        for index in self.by_frequency() {
            let field = &self.fields[index];
            if columns.len() == room {
                break;
            }
            if self.id_field.as_deref() == Some(&*field.name) || !names::is_allowed(&field.name) {
                continue;
            }
            let Some((ty, whole)) = field.ty() else { continue };
            let Ok(column) = Column::field(&field.name, ty) else { continue };
            if taken.insert(names::fold(&field.name)) {
                columns.insert(index, column.whole_numbers(whole));
            }
        }
        self.order.iter().filter_map(|index| columns.remove(index)).collect()
    }

    fn names_before<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.order
            .iter()
            .map(|index| &*self.fields[*index].name)
            .take_while(move |field| *field != name)
    }
}
