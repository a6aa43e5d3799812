"""Plain tantivy, stemmed, as a measured peer: BM25 and nothing else."""

from cranfield import Searcher
from peer import serve

import tantivy


class Tantivy(Searcher):
    def fill(self, work):
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("text", tokenizer_name="en_stem")
        self.index = tantivy.Index(schema.build())
        writer = self.index.writer(50_000_000, 1)
        for id, text in zip(self.ids, self.texts):
            writer.add_document(tantivy.Document(id=[id], text=[text]))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()

    def text(self, query, k):
        hits = self.searcher.search(self.index.parse_query(self.queries[query], ["text"]), k).hits
        return [self.searcher.doc(address)["id"][0] for _, address in hits]


serve(Tantivy())
