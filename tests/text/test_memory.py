"""Encoding within a budget, and saving what was encoded: neither has all of it in memory."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from fastqwem import Corpus

def status(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

before = status("VmRSS")
corpus = Corpus.from_text(sys.argv[1], min_count=1, workers=2, memory=int(sys.argv[2]), scratch=sys.argv[3])
corpus.save(sys.argv[3] + "/corpus.fqc")
print(status("VmHWM") - before, corpus.ids.nbytes, corpus.mapped)
"""


def test_ids_on_disk_are_saved_from_there(tmp_path):
    path = tmp_path / "text"
    path.write_bytes((b"to be or not to be that is the question " * 25 + b"\n") * 40_000)
    budget = 16_000_000
    argv = [sys.executable, "-c", SCRIPT, str(path), str(budget), str(tmp_path)]
    peak, ids, mapped = subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout.split()
    assert mapped == b"True" and int(ids) == 40_000_000
    # one block of 16 MB with what the system maps along, where all of the ids would be 40 MB
    assert int(peak) < 1.1 * budget + 8e6
