"""usearch as a measured peer."""

from peer import VectorIndex, serve

from usearch.index import Index


class Usearch(VectorIndex):
    def make(self, links, candidates):
        index = Index(
            ndim=self.base.shape[1],
            metric="l2sq",
            dtype="f32",
            connectivity=links,
            expansion_add=candidates,
        )
        index.add(self.labels, self.base, threads=1)
        return index

    def find(self, k, ef):
        self.index.expansion_search = ef
        return self.index.search(self.queries, k, threads=1).keys

    def write(self, path):
        self.index.save(path)

    def read(self, path):
        return Index.restore(path)

    def take_out(self, labels):
        self.index.remove(labels, threads=1)

    def put_back(self, labels, vectors):
        self.index.add(labels, vectors, threads=1)


serve(Usearch())
