"""faiss, IndexHNSWFlat, as a measured peer. It can filter, and cannot remove."""

from peer import VectorIndex, serve

import faiss
import numpy as np


class Faiss(VectorIndex):
    accepted = None

    def make(self, links, candidates):
        index = faiss.IndexHNSWFlat(self.base.shape[1], links)
        index.hnsw.efConstruction = candidates
        index.add(self.base)
        return index

    def find(self, k, ef):
        parameters = faiss.SearchParametersHNSW(efSearch=ef, sel=self.accepted)
        return self.index.search(self.queries, k, params=parameters)[1]

    def accept(self, rows):
        """Searches find only these rows from now on, or all again."""
        if rows is None:
            self.accepted = None
            return
        chosen = np.zeros(len(self.base), bool)
        chosen[np.fromfile(rows, "<u4")] = True
        self.accepted = faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))

    def write(self, path):
        faiss.write_index(self.index, path)

    def read(self, path):
        return faiss.read_index(path)


faiss.omp_set_num_threads(1)
serve(Faiss())
