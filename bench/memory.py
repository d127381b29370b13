"""Peak memory of the closed-form road: ``python bench/memory.py TEXT [--memory 2GB] [--count-only]``.

Runs the command line in a process of its own and prints its maximum resident set, as the system measured it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Run one command and report it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--max-vocab", default="50000")
    parser.add_argument("--memory", default=None)
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--count-only", action="store_true", help="stop after counting")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        out = Path(folder) / ("counts.fqn" if options.count_only else "vectors.fqv")
        command = [sys.executable, "-m", "fastqwem", "count" if options.count_only else "solve", options.text]
        command += ["-o", str(out), "--max-vocab", options.max_vocab, "--no-progress"]
        if options.memory:
            command += ["--memory", options.memory, "--scratch", options.scratch or folder]
        start = time.perf_counter()
        subprocess.run(command, check=True, env=os.environ)
        spent = time.perf_counter() - start
        size = out.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"{' '.join(command[2:4])}: {spent:.1f} s, peak {peak / 1e6:.0f} MB resident, output {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
