"""The loop of a measured peer: one command per line in, one answer per line out, both JSON."""

import json
import os
import statistics
import sys
import time

# Before numpy and the peers start their threads: every system is measured on one.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LANCE_CPU_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np


def serve(peer):
    """Calls the method of `peer` that each command names, until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    for line in sys.stdin:
        command = json.loads(line)
        method = getattr(peer, command.pop("do"))
        try:
            answer = {"ok": method(**command)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def timed(work):
    """Seconds that `work` took, and what it returned."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def repeated(work, least_seconds):
    """The median of as many runs as fill `least_seconds`, at least one, and the last result."""
    times = []
    while not times or sum(times) < least_seconds:
        seconds, result = timed(work)
        times.append(seconds)
    return statistics.median(times), result


def fvecs(path):
    """The rows of an fvecs file."""
    words = np.fromfile(path, "<i4")
    return np.ascontiguousarray(words.reshape(-1, words[0] + 1)[:, 1:]).view("<f4")


def resident_bytes():
    """Resident memory of this process."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


class VectorIndex:
    """The commands of a vector index over squared Euclidean distances; a label is a row of the base.

    A library adds `make`, `find`, `write` and `read`, and what else it can do.
    """

    def load(self, base, queries):
        self.base, self.queries = fvecs(base), fvecs(queries)
        self.labels = np.arange(len(self.base))

    def build(self, links, candidates):
        before = resident_bytes()
        seconds, self.index = timed(lambda: self.make(links, candidates))
        return {"seconds": seconds, "grown": resident_bytes() - before}

    def search(self, k, ef, least_seconds):
        """One native call for all queries."""
        seconds, found = repeated(lambda: self.find(k, ef), least_seconds)
        return {"seconds": seconds, "found": found.tolist()}

    def save(self, path):
        self.write(path)

    def open(self, path):
        seconds, self.index = timed(lambda: self.read(path))
        return {"seconds": seconds}

    def remove(self, rows):
        labels = np.fromfile(rows, "<u4")
        return {"seconds": timed(lambda: self.take_out(labels))[0]}

    def insert(self, rows):
        labels = np.fromfile(rows, "<u4")
        vectors = self.base[labels]
        return {"seconds": timed(lambda: self.put_back(labels, vectors))[0]}
