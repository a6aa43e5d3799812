//! Files of every released format version stay readable.

use headwater_vector::Metric;
use headwater_vector::cdc::Position;
use headwater_vector::graph::{Graph, GraphOptions};
use headwater_vector::primitives::Sequence;

const GRAPH_1: &[u8] = include_bytes!("../fixtures/graph-1.bin");

fn vector(label: u64) -> [f32; 3] {
    [label as f32, (label * 7 % 5) as f32, 1.0]
}

/// What the fixture was made from: `BLESS=1` makes it anew, for a new version beside the old one.
fn written_today() -> Vec<u8> {
    let options = GraphOptions { links: 4, ..GraphOptions::new(3, Metric::L2) };
    let graph = Graph::new(options).unwrap();
    (1..40).for_each(|label| graph.insert(label, &vector(label)).unwrap());
    assert!(graph.remove(7));
    graph.stage(50, &vector(50)).unwrap();
    let mut bytes = Vec::new();
    graph.save(&mut bytes, Position { epoch: 2, sequence: Sequence(41) }).unwrap();
    bytes
}

#[test]
fn a_graph_of_version_1_is_read() {
    if std::env::var_os("BLESS").is_some() {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        std::fs::write(format!("{folder}/tests/fixtures/graph-1.bin"), written_today()).unwrap();
    }
    let (graph, position) = Graph::load(&mut &GRAPH_1[..]).unwrap();
    assert_eq!(position, Position { epoch: 2, sequence: Sequence(41) });
    assert_eq!((graph.len(), graph.staged()), (39, 1));
    for label in [1, 20, 39, 50] {
        let nearest = graph.search(&vector(label), 1, 10, None).unwrap()[0];
        assert_eq!((nearest.label, nearest.distance), (label, 0.0));
    }
    assert_ne!(graph.search(&vector(7), 1, 10, None).unwrap()[0].label, 7);
}

#[test]
fn today_s_graphs_have_the_bytes_of_the_fixture() {
    assert_eq!(written_today(), GRAPH_1, "the format has changed: give it a new version");
}

#[cfg(feature = "hnsw_rs")]
mod hnsw_rs {
    use headwater_vector::ann::{AnnIndex, HnswRs};

    use super::*;

    const INDEX_1: &[u8] = include_bytes!("../fixtures/hnsw-rs-1.bin");

    fn written_today() -> Vec<u8> {
        let options = GraphOptions { links: 4, ..GraphOptions::new(3, Metric::L2) };
        let index = HnswRs::new(options).unwrap();
        (1..40).for_each(|label| index.insert(label, &vector(label)).unwrap());
        assert!(index.delete(7).unwrap());
        let mut bytes = Vec::new();
        index.save(&mut bytes, Position { epoch: 2, sequence: Sequence(41) }).unwrap();
        bytes
    }

    #[test]
    fn an_index_of_version_1_is_read() {
        if std::env::var_os("BLESS").is_some() {
            let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
            let path = format!("{folder}/tests/fixtures/hnsw-rs-1.bin");
            std::fs::write(path, written_today()).unwrap();
        }
        let (index, position) = HnswRs::load(&mut &INDEX_1[..]).unwrap();
        assert_eq!(position, Position { epoch: 2, sequence: Sequence(41) });
        assert_eq!((index.len(), index.options().links), (38, 4));
        for label in [1, 20, 39] {
            let nearest = index.search(&vector(label), 1, 10, None).unwrap()[0];
            assert_eq!((nearest.label, nearest.distance), (label, 0.0));
        }
        assert_eq!(written_today(), INDEX_1, "the format has changed: give it a new version");
    }
}
