//! A follower reads the warm tier of the namespace that it follows.

use headwater_vector::primitives::Namespace;
use headwater_vector::{Demote, VectorStore};

use super::support::{demote, embedding, nearest, opened, row};

#[test]
fn a_follower_finds_what_moves_while_it_looks() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, store) = opened(folder.path());
    store.load((0..60).map(|id| Ok(row(id))), |_| ()).unwrap();
    let ns = Namespace::builder(folder.path()).read_only().open().unwrap();
    let followed: VectorStore = VectorStore::open(&ns, "rows").unwrap();
    let before = nearest(&followed, 30, 60);
    for keep in [40, 20, 0] {
        demote(&store, Demote::keep(keep));
        assert_eq!(nearest(&followed, 30, 60), before);
        assert_eq!(followed.get(1).wait().unwrap(), Some(row(1)));
    }
    store.set_embedding(1, Some(&embedding(300))).wait().unwrap();
    assert_eq!(nearest(&followed, 300, 1), [1.into()]);
    assert_eq!(nearest(&followed, 0, 100).len(), 60);
    drop(owner);
}
