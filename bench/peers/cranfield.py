"""The Cranfield collection: texts, queries and their embeddings, and a peer's loop over the queries."""

import json
import os
import re
import time

import numpy as np


class Searcher:
    """The commands of a system that searches texts. It adds `fill` and one method per ranking."""

    def load_texts(self, folder, work):
        path = lambda name: os.path.join(folder, name)
        documents = json_lines(path("corpus.jsonl"))
        self.ids = [document["_id"] for document in documents]
        self.texts = [f"{one['title']} {one['text']}".strip() for one in documents]
        self.queries = [words(query["text"]) for query in json_lines(path("queries.jsonl"))]
        self.vectors = np.load(path("doc_minilm384.npy"))
        self.query_vectors = np.load(path("query_minilm384.npy"))
        self.fill(work)

    def rank(self, by, k):
        """The ids that each query finds, best first, and the seconds that each one took."""
        one = getattr(self, by)
        one(0, k)  # opens what is opened lazily
        found, seconds = [], []
        for query in range(len(self.queries)):
            started = time.perf_counter()
            found.append([int(id) for id in one(query, k)])
            seconds.append(time.perf_counter() - started)
        return {"found": found, "seconds": seconds}


def json_lines(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def words(text):
    """A query that no query parser takes for anything but words."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
