//! Columns: declared, inferred, evolved, and as Iceberg has them.

use std::collections::HashMap;

use headwater_primitives::{ErrorKind, IdKind, jsonb};
use iceberg::spec::{NestedField, PrimitiveType, Schema, Type};

use super::*;

fn declared() -> LakeSchema {
    let field = |name: &str, ty: &str| Column::field(name, ty.parse().unwrap()).unwrap();
    LakeSchema::builder(IdKind::Text)
        .id_field("sku")
        .id_place(1)
        .column(field("on", "bool"))
        .column(field("count", "long"))
        .column(field("mag", "double").whole_numbers(WholeNumbers::Integers))
        .column(field("price", "decimal(15,2)"))
        .column(field("due", "date"))
        .column(field("seen", "timestamptz(3)"))
        .column(field("name", "string"))
        .column(field("tags", "json"))
        .column(Column::path("city", "address.city", ColumnType::String).unwrap())
        .build()
        .unwrap()
}

fn there_and_back(schema: &LakeSchema) -> LakeSchema {
    let properties = HashMap::from([schema.property()]);
    LakeSchema::from_iceberg(&schema.to_iceberg().unwrap(), &properties).unwrap()
}

fn observe(inference: &mut Inference, documents: &[&str]) {
    for document in documents {
        inference.observe(&jsonb::from_json_str(document).unwrap()).unwrap();
    }
}

fn types(schema: &LakeSchema) -> Vec<(String, String, WholeNumbers)> {
    let columns = schema.columns().iter();
    columns.map(|it| (it.name().to_owned(), it.ty().to_string(), it.whole())).collect()
}

#[track_caller]
fn check_inferred(documents: &[&str], expected: &[(&str, &str, WholeNumbers)]) {
    let mut inference = Inference::new(Some("id"));
    observe(&mut inference, documents);
    let schema = inference.schema(IdKind::Integer).unwrap();
    let expected: Vec<_> =
        expected.iter().map(|(name, ty, whole)| ((*name).into(), (*ty).into(), *whole)).collect();
    assert_eq!(types(&schema), expected);
}

const FLOATS: WholeNumbers = WholeNumbers::Floats;
const INTEGERS: WholeNumbers = WholeNumbers::Integers;

#[test]
fn a_schema_comes_back_from_iceberg_as_it_was() {
    let schema = declared();
    let again = there_and_back(&schema);
    assert_eq!(again.columns(), schema.columns());
    assert_eq!(again.id_field(), schema.id_field());
    assert_eq!(again.id_kind(), schema.id_kind());
    assert_eq!(again.system(), schema.system());
    assert_eq!(again.arrow(), schema.arrow());
}

#[test]
fn a_table_without_our_columns_is_refused_by_name() {
    let field = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
    let schema = Schema::builder().with_fields([field.into()]).build().unwrap();
    let error = LakeSchema::from_iceberg(&schema, &HashMap::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("_version"), "{error}");
}

#[test]
fn partitions_and_order_are_those_of_the_format() {
    let schema = declared();
    let spec = schema.partition_spec().unwrap();
    let bound = spec.bind(schema.to_iceberg().unwrap()).unwrap();
    assert_eq!(bound.fields()[0].name, PARTITION_FIELD);
    assert_eq!(bound.fields()[0].source_id, schema.system().written);
    assert_eq!(schema.sort_order().unwrap().fields[0].source_id, schema.system().id);
    assert_eq!(day_of(headwater_primitives::Timestamp(-1)), -1);
}

#[test]
fn names_that_tables_use_themselves_are_refused() {
    for name in ["", "a.b", "id", "ID", "_version", "_REST", "_pos", "a\nb", &"n".repeat(256)] {
        let error = Column::field(name, ColumnType::Long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
    let column = |name| Column::field(name, ColumnType::Long).unwrap();
    let twice = LakeSchema::builder(IdKind::Text).column(column("Mag")).column(column("mag"));
    assert!(twice.build().unwrap_err().to_string().contains("upper and lower case"));
    let id = LakeSchema::builder(IdKind::Text).id_field("sku").column(column("sku"));
    assert!(id.build().unwrap_err().to_string().contains("holds the id"));
    assert!(Column::path("city", "a..b", ColumnType::String).is_err());
    assert!(Column::path("city", "town", ColumnType::String).is_err());
}

#[test]
fn types_are_read_as_they_are_written() {
    for ty in ["bool", "int", "long", "float", "double", "decimal(38,0)", "date", "string", "json"]
        .into_iter()
        .chain(["timestamptz", "timestamptz(6)"])
    {
        assert_eq!(ty.parse::<ColumnType>().unwrap().to_string(), ty);
    }
    for ty in ["", "text", "decimal(0,0)", "decimal(39,1)", "decimal(2,3)", "timestamptz(7)"] {
        assert!(ty.parse::<ColumnType>().is_err(), "{ty}");
    }
}

#[test]
fn fields_become_columns_of_what_they_hold() {
    check_inferred(
        &[
            r#"{"id": 1, "a": true, "b": 1, "c": 1.5, "d": "x", "e": [1], "f": null}"#,
            r#"{"id": 2, "a": false, "b": 2, "c": 2, "d": "y", "e": {}, "f": null}"#,
        ],
        &[
            ("a", "bool", FLOATS),
            ("b", "long", FLOATS),
            ("c", "double", INTEGERS),
            ("d", "string", FLOATS),
            ("e", "json", FLOATS),
        ],
    );
}

#[test]
fn a_field_of_many_sorts_is_json_and_a_rare_exception_is_none() {
    let mut documents = vec![r#"{"a": 1, "b": "x"}"#; 30];
    documents.push(r#"{"a": "rare", "b": 1}"#);
    check_inferred(&documents, &[("a", "long", FLOATS), ("b", "string", FLOATS)]);
    documents.extend([r#"{"a": "not", "b": "rare"}"#; 2]);
    check_inferred(&documents, &[("a", "json", FLOATS), ("b", "string", FLOATS)]);
}

#[test]
fn columns_stand_in_the_order_of_the_documents() {
    let mut inference = Inference::new(Some("id"));
    observe(
        &mut inference,
        &[r#"{"a": 1, "id": 1, "d": 1}"#, r#"{"a": 1, "b": 1, "id": 2, "c": 1}"#],
    );
    let schema = inference.schema(IdKind::Integer).unwrap();
    let names: Vec<&str> = schema.slots().map(|slot| schema.field_of(slot)).collect();
    assert_eq!(names, ["a", "b", "id", "c", "d"]);
}

#[test]
fn names_that_no_column_can_have_are_left_to_rest() {
    check_inferred(
        &[r#"{"id": 1, "_version": 1, "a.b": 1, "": 1, "Mag": 1, "mag": 1}"#],
        &[("Mag", "long", FLOATS)],
    );
}

#[test]
fn the_most_frequent_fields_win_and_memory_is_bounded() {
    let mut inference = Inference::new(None).max_columns(2);
    for n in 0..1000 {
        let document = format!(r#"{{"x{n}": 1, "b": 1, "y{n}": 2, "a": 2}}"#);
        observe(&mut inference, &[&document]);
        assert!(inference.fields.len() <= 12);
    }
    let names = |schema: LakeSchema| types(&schema).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(names(inference.schema(IdKind::Text).unwrap()), ["b", "a"]);
}

#[test]
fn new_fields_are_added_behind_and_types_widened() {
    let field = |name: &str, ty: &str| Column::field(name, ty.parse().unwrap()).unwrap();
    let schema = LakeSchema::builder(IdKind::Integer)
        .id_field("id")
        .column(field("i", "int"))
        .column(field("d", "decimal(4,2)"))
        .column(field("f", "float"))
        .column(field("l", "long"))
        .build()
        .unwrap();
    let mut inference = Inference::new(Some("id"));
    observe(
        &mut inference,
        &[r#"{"new": "x", "id": 1, "i": 5000000000, "d": 12345.5, "f": 0.1, "l": 1.5}"#],
    );
    let evolution = inference.evolve(&schema, 20).unwrap();
    assert!(evolution.is_change());
    let now = types(&evolution.schema);
    let now: Vec<_> = now.iter().map(|(name, ty, _)| (name.as_str(), ty.as_str())).collect();
    let expected =
        [("i", "long"), ("d", "decimal(7,2)"), ("f", "double"), ("l", "long"), ("new", "string")];
    assert_eq!(now, expected);
    assert_eq!(evolution.added[0].field_id(), 21);
    for (field_id, ty) in &evolution.widened {
        let old = schema.columns().iter().find(|it| it.field_id() == *field_id).unwrap();
        assert!(old.ty().widens_to(*ty));
    }
    let again = inference.evolve(&evolution.schema, 21).unwrap();
    assert!(!again.is_change());
}
