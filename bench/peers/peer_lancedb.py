"""LanceDB as a measured peer: full text, vectors, and both."""

import os

from cranfield import Searcher
from peer import serve

# It warns on every search that a later version will select other columns.
os.environ["LANCEDB_LOG"] = "error"

import lancedb
import pyarrow
from lancedb.index import FTS
from lancedb.rerankers import LinearCombinationReranker, RRFReranker


class LanceDb(Searcher):
    def fill(self, work):
        flat = pyarrow.array(self.vectors.ravel())
        rows = {
            "id": self.ids,
            "text": self.texts,
            "vector": pyarrow.FixedSizeListArray.from_arrays(flat, self.vectors.shape[1]),
        }
        self.table = lancedb.connect(work).create_table("documents", pyarrow.table(rows))
        self.table.create_index("text", config=FTS())
        self.rrf_of = RRFReranker(60)
        self.weights = LinearCombinationReranker(weight=0.6)

    def text(self, query, k):
        search = self.table.search(self.queries[query], query_type="fts")
        return ids(search.select(["id", "_score"]), k)

    def vector(self, query, k):
        search = self.table.search(self.query_vectors[query]).distance_type("cosine")
        return ids(search.select(["id", "_distance"]), k)

    def rrf(self, query, k):
        return self.both(query, k, self.rrf_of)

    def weighted(self, query, k):
        return self.both(query, k, self.weights)

    def both(self, query, k, reranker):
        search = self.table.search(query_type="hybrid").distance_type("cosine")
        search = search.vector(self.query_vectors[query]).text(self.queries[query])
        return ids(search.rerank(reranker).select(["id"]), k)


def ids(search, k):
    return search.limit(k).to_arrow()["id"].to_pylist()


serve(LanceDb())
