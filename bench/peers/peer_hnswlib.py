"""hnswlib as a measured peer."""

from peer import VectorIndex, serve

import hnswlib


class Hnswlib(VectorIndex):
    def make(self, links, candidates):
        index = hnswlib.Index("l2", self.base.shape[1])
        index.init_index(len(self.base), M=links, ef_construction=candidates, random_seed=1)
        index.add_items(self.base, self.labels, num_threads=1)
        return index

    def find(self, k, ef):
        self.index.set_ef(ef)
        return self.index.knn_query(self.queries, k, num_threads=1)[0]

    def write(self, path):
        self.index.save_index(path)

    def read(self, path):
        index = hnswlib.Index("l2", self.base.shape[1])
        index.load_index(path)
        return index

    def take_out(self, labels):
        for label in labels:
            self.index.mark_deleted(label)

    def put_back(self, labels, vectors):
        self.index.add_items(vectors, labels, num_threads=1)


serve(Hnswlib())
