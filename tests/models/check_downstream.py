"""node2vec, fastnode2vec and karateclub on gensim and on fastqwem: ``python tests/models/check_downstream.py``.

Runs each package that is installed twice, in processes of their own, on a graph of planted groups: once with gensim,
once with our classes under its names (`fastqwem.models.patch`). Prints for both how well the vectors tell the groups
apart (mean cosine within minus mean cosine between), and fails if ours is more than 0.1 worse. The packages need a
gensim beside us, and pin old versions of others: ``pip install --no-deps`` into an environment that has these.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time

import numpy as np

GROUPS, SIZE = 4, 25
SEED = 3


def graph():
    """A graph of planted groups: nodes 0 to 99, group = node // 25."""
    import networkx

    return networkx.planted_partition_graph(GROUPS, SIZE, 0.4, 0.02, seed=SEED)


def separation(vectors: np.ndarray) -> float:
    """Mean cosine of nodes of one group minus that of nodes of two groups."""
    vectors = vectors - vectors.mean(axis=0)  # CBOW and small corpora leave a common part
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    group = np.arange(len(vectors)) // SIZE
    same = group[:, None] == group[None, :]
    other = ~np.eye(len(vectors), dtype=bool)
    return float(cosines[same & other].mean() - cosines[~same].mean())


def run_node2vec() -> np.ndarray:
    """Its walks, its options handed on, and its edge embeddings (KeyedVectors and add_vectors)."""
    from node2vec import Node2Vec
    from node2vec.edges import HadamardEmbedder

    walks = Node2Vec(graph(), dimensions=32, walk_length=20, num_walks=20, workers=1, quiet=True, seed=SEED)
    model = walks.fit(window=5, min_count=1, batch_words=4, sg=1, epochs=5, seed=SEED)
    edges = HadamardEmbedder(keyed_vectors=model.wv)
    assert edges[("0", "1")].shape == (32,)
    assert len(edges.as_keyed_vectors().index_to_key) == (GROUPS * SIZE) * (GROUPS * SIZE + 1) // 2
    return np.array([model.wv[str(node)] for node in range(GROUPS * SIZE)])


def run_fastnode2vec() -> np.ndarray:
    """A subclass of Word2Vec that overrides `train`, and the step that trains a batch."""
    from fastnode2vec import Graph, Node2Vec

    edges = [(str(a), str(b)) for a, b in graph().edges]
    model = Node2Vec(
        Graph(edges, directed=False, weighted=False), dim=32, walk_length=20, window=5, workers=1, seed=SEED
    )
    model.train(epochs=60, verbose=False)
    return np.array([model.wv[str(node)] for node in range(GROUPS * SIZE)])


def _karate(name: str, **options: object) -> np.ndarray:
    import karateclub

    model = getattr(karateclub, name)(dimensions=32, seed=SEED, workers=1, **options)
    model.fit(graph())
    return np.asarray(model.get_embedding())[:, :32]


RUNS = {
    "node2vec": ("node2vec", run_node2vec),
    "fastnode2vec": ("fastnode2vec", run_fastnode2vec),
    "karateclub DeepWalk": ("karateclub", lambda: _karate("DeepWalk", walk_length=20, epochs=5)),
    "karateclub Node2Vec": ("karateclub", lambda: _karate("Node2Vec", walk_length=20, epochs=5)),
    "karateclub Walklets": ("karateclub", lambda: _karate("Walklets", walk_length=20, epochs=5)),
    "karateclub Diff2Vec": ("karateclub", lambda: _karate("Diff2Vec", diffusion_cover=20, epochs=5)),
    "karateclub Role2Vec": ("karateclub", lambda: _karate("Role2Vec", walk_length=20, epochs=2)),
}


def missing(package: str) -> bool:
    """Whether a package, or gensim, which it needs, is not installed."""
    return any(importlib.util.find_spec(name) is None for name in (package, "gensim", "networkx"))


def outcome(name: str, ours: bool) -> dict[str, float]:
    """Run one in a process of its own and return separation and seconds; RuntimeError with its output if it fails."""
    command = [sys.executable, "-W", "ignore", __file__, "--run", name, *(["--ours"] if ours else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{name} on {'fastqwem' if ours else 'gensim'}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Compare all, and return how many are worse than on gensim."""
    if "--run" in sys.argv:
        if "--ours" in sys.argv:
            import fastqwem.models

            fastqwem.models.patch()
        start = time.perf_counter()
        vectors = RUNS[sys.argv[sys.argv.index("--run") + 1]][1]()
        assert np.isfinite(vectors).all()
        print(json.dumps({"separation": separation(vectors), "seconds": time.perf_counter() - start}))
        return 0
    worse = 0
    for name, (package, _) in RUNS.items():
        if missing(package):
            print(f"{name:22} not installed")
            continue
        try:
            theirs, ours = outcome(name, False), outcome(name, True)
        except RuntimeError as error:
            print(error)
            worse += 1
            continue
        bad = ours["separation"] < theirs["separation"] - 0.1
        worse += bad
        print(
            f"{name:22} gensim {theirs['separation']:.3f} in {theirs['seconds']:.1f} s   "
            f"fastqwem {ours['separation']:.3f} in {ours['seconds']:.1f} s{'   WORSE' if bad else ''}"
        )
    return worse


if __name__ == "__main__":
    sys.exit(main())
