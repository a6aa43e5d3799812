//! A store with a warm tier, in a build that cannot read one.

use headwater_vector::primitives::rusqlite::Connection;
use headwater_vector::primitives::{ErrorKind, Namespace};
use headwater_vector::{VectorStore, verify};
use serde_json::json;

use crate::support::{options, refused, row};

#[test]
fn what_needs_the_warm_tier_names_the_feature_and_the_rest_works() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let ns = Namespace::open(folder.path()).unwrap();
        let store: VectorStore = VectorStore::create(&ns, "rows", options()).unwrap();
        (ns, store)
    };
    let (ns, store) = open();
    for id in 0..3 {
        let row = json!({"id": id, "embedding": [id, 1.0, 2.0], "text": "stone"});
        store.put(&self::row(row)).wait().unwrap();
    }
    drop(store);
    ns.close().unwrap();
    // As a build with the feature leaves it.
    let sql = Connection::open(folder.path().join("hot.db")).unwrap();
    sql.execute_batch(
        "UPDATE vector_1 SET embedding = version WHERE row = 2;
         INSERT INTO vector_warm VALUES (1, '', '{}', 'mark', 3, 1, 0, 0, 1);",
    )
    .unwrap();
    drop(sql);

    let (ns, store) = open();
    let says = ["feature `lance` of headwater-vector"];
    let unsupported = ErrorKind::Unsupported;
    refused(store.get(1).wait(), unsupported, &says);
    refused(store.get_many([0, 1]).wait(), unsupported, &says);
    refused(store.update(1, |row| row.text = None).wait(), unsupported, &says);
    refused(store.search().vector(&[0.0, 1.0, 2.0]).run().wait(), unsupported, &says);
    refused(verify(&ns), unsupported, &says);

    assert_eq!(store.get(0).wait().unwrap().unwrap().embedding, Some(vec![0.0, 1.0, 2.0]));
    assert_eq!(store.search().query("stone").run().wait().unwrap().len(), 3);
    store.set_text(1, Some("moss")).wait().unwrap();
    store.set_embedding(1, Some(&[1.0, 1.0, 2.0])).wait().unwrap();
    assert_eq!(store.get(1).wait().unwrap().unwrap().text.as_deref(), Some("moss"));
}
