//! Figures and checks.

use headwater::prelude::*;

use crate::customer::{Customer, customer};

#[test]
fn stats_count_rows_events_and_bytes() {
    let db = Headwater::in_memory().unwrap();
    for id in ["ada", "bob"] {
        db.put(&customer(id, "London")).wait().unwrap();
    }
    db.delete::<Customer>("bob").wait().unwrap();
    let stats = db.stats().unwrap();
    assert_eq!(stats.namespace, "memory");
    assert_eq!((stats.tables[0].store, stats.tables[0].rows), ("document", 1));
    assert_eq!(stats.changes.head.0, 3);
    assert!(stats.hot_bytes + stats.wal_bytes > 0);
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["tables"][0]["table"], "customers");
}

#[test]
fn a_sound_database_has_no_defect_and_a_damaged_one_is_told() {
    let db = Headwater::in_memory().unwrap();
    db.put(&customer("ada", "London")).wait().unwrap();
    assert_eq!(db.verify().unwrap(), Vec::<String>::new());
    db.transaction(|tx| {
        tx.sql().execute("DELETE FROM document_1", [])?;
        Ok(())
    })
    .wait()
    .unwrap();
    let defects = db.verify().unwrap();
    assert!(defects.iter().any(|defect| defect.contains("ada")), "{defects:?}");
}
