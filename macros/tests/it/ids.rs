//! Ids of every kind.

use headwater::Store;
use headwater::document::{Document, DocumentId, IdKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct ByText {
    #[store(id)]
    id: String,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct ByNumber {
    #[store(id)]
    number: u32,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct ByUuid {
    #[store(id)]
    id: Uuid,
}

#[derive(Store, Serialize, Deserialize)]
#[store(document)]
struct ByKeyword {
    #[store(id)]
    r#type: u64,
}

#[test]
fn the_field_s_type_decides_the_kind() {
    assert_eq!(ByText::id_kind(), Some(IdKind::Text));
    assert_eq!(ByNumber::id_kind(), Some(IdKind::Integer));
    assert_eq!(ByUuid::id_kind(), Some(IdKind::Text));
}

#[test]
fn the_id_is_the_field_s_value() {
    let id = ByText { id: "ada".into() }.document_id().unwrap();
    assert_eq!(id, Some(DocumentId::Text("ada".into())));
    let id = ByNumber { number: 7 }.document_id().unwrap();
    assert_eq!(id, Some(DocumentId::Integer(7)));
    let id = ByUuid { id: Uuid::nil() }.document_id().unwrap();
    assert_eq!(id, Some(DocumentId::Text("00000000-0000-0000-0000-000000000000".into())));
}

#[test]
fn an_id_that_is_too_large_is_refused() {
    assert!(ByKeyword { r#type: u64::MAX }.document_id().is_err());
}

#[test]
fn a_raw_name_is_known_without_its_mark() {
    assert_eq!(ByKeyword::id_field(), "type");
}
