"""The same counts in every way: one thread, all threads, spilled, killed and resumed, processes, a Dask cluster.

    python bench/counting_ways.py TEXT [--memory 1GB] [--folder DIR] [WAY ...]

Every way runs in a process of its own. The table says how long it took, the largest resident memory of any of its
processes, what the runs on disk took, and a digest of the counts; the script fails if two digests differ. One of the
Dask workers is killed amid the work, and so is the process that is resumed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from fastqwem import Corpus, count
from fastqwem.counts import counting, distributed
from fastqwem.storage import release_pages

WAYS = ("one", "threads", "spilled", "folder", "killed", "resumed", "processes", "dask")


def digest(counts):
    """Return a digest of counts that does not depend on how they are cut into parts."""
    rows, columns, values = (hashlib.blake2b(digest_size=8) for _ in range(3))
    for part in counts.parts:
        matrix = part.matrix
        rows.update(np.diff(matrix.indptr).astype(np.int64))
        for at in range(0, len(matrix.indices), 1 << 22):
            columns.update(np.ascontiguousarray(matrix.indices[at : at + (1 << 22)]))
            values.update(matrix.data[at : at + (1 << 22)].astype(np.int64))
            release_pages(matrix.indices)
            release_pages(matrix.data)
    words = "\n".join(counts.vocab.words).encode() + counts.vocab.counts.tobytes()
    return "".join(d.hexdigest() for d in (rows, columns, values, hashlib.blake2b(words, digest_size=8)))


def wait_for(path, goes_on=lambda: True):
    """Wait until a file is there, or until what should make it has ended."""
    while not os.path.exists(path) and goes_on():
        time.sleep(0.01)


def on_dask(text, folder):
    """Count on a cluster of two processes; one is killed when the third piece is there."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        process = next(iter(client.run(os.getpid).values()))

        def kill():
            wait_for(os.path.join(folder, "work", "piece-00001.fqp"))
            os.kill(process, signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
        return count(text, executor=client, output=folder)


def run(way, text, folder, memory):
    """Count in one way; a dozen pieces, so that there is something to resume."""
    size = os.path.getsize(text)
    distributed._RANGE = size // 12
    counting._PIECE = 1 << (size // 60).bit_length()
    if way == "one":
        return count(text, workers=1)
    if way == "threads":
        return count(text)
    if way == "spilled":
        return count(text, memory=memory, scratch=os.path.dirname(folder))
    if way == "processes":
        with ProcessPoolExecutor(2) as pool:
            return count(text, executor=pool, output=folder)
    if way == "dask":
        return on_dask(text, folder)
    return count(Corpus.from_text(text, memory=memory, scratch=os.path.dirname(folder)), output=folder, memory=memory)


def child(way, text, folder, memory):
    """Run one way, and print what it took."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    begin = time.perf_counter()
    counts = run(way, text, folder, memory)
    seconds = time.perf_counter() - begin
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found = {
        "seconds": seconds,
        "cpu": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
        "peak": max(own.ru_maxrss, others.ru_maxrss) / 1024,
        "nonzeros": counts.nnz,
        "digest": digest(counts),
    }
    print(json.dumps(found))


def start(way, args, folder):
    """Start a process for one way."""
    argv = [sys.executable, __file__, args.text, way, "--memory", args.memory, "--child", folder]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pieces(folder):
    """Return the bytes of all runs in a folder of unfinished counts."""
    work = os.path.join(folder, "work")
    if not os.path.isdir(work):
        return 0
    return sum(os.path.getsize(os.path.join(work, name)) for name in os.listdir(work) if name.endswith(".run"))


def main():
    """Run the ways that were asked for and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("ways", nargs="*", default=WAYS)
    parser.add_argument("--memory", default="1GB", help="budget of the ways that have one (default 1GB)")
    parser.add_argument("--folder", help="where the results go for a while (default: the temporary folder)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.ways[0], args.text, args.child, args.memory)
        return 0
    digests = set()
    print(f"{'way':10} {'seconds':>8} {'CPU s':>8} {'peak MB':>8}  {'nonzeros':>13}  digest")
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="fastqwem-bench-") as scratch:
        for way in args.ways:
            folder = os.path.join(scratch, "resumed" if way == "killed" else way)
            process = start(way, args, folder)
            if way == "killed":
                wait_for(os.path.join(folder, "work", "piece-00003.fqp"), lambda one=process: one.poll() is None)
                process.kill()
                process.communicate()
                if process.returncode != -signal.SIGKILL:
                    print("it ended before it could be killed", file=sys.stderr)
                    return 1
                print(f"{way:10} by SIGKILL, with {pieces(folder):,} bytes of runs on disk")
                continue
            out, err = process.communicate()
            if process.returncode:
                print(err, file=sys.stderr)
                return 1
            found = json.loads(out.splitlines()[-1])
            digests.add(found["digest"])
            numbers = f"{found['seconds']:8.1f} {found['cpu']:8.1f} {found['peak']:8.0f}  {found['nonzeros']:13,}"
            print(f"{way:10} {numbers}  {found['digest'][:16]}")
            for line in err.splitlines():
                if "runs," in line:
                    print(" " * 10, line)
            shutil.rmtree(folder, ignore_errors=True)
    print("\nall equal" if len(digests) == 1 else "\nDIFFERENT")
    return len(digests) != 1


if __name__ == "__main__":
    sys.exit(main())
