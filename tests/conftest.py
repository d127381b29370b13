"""What all tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import fastqwem

sys.path.insert(0, str(Path(__file__).parent))  # so that tests in folders import naive

# Processes that tests start import the same fastqwem as the tests do, not the sources in the current folder.
os.environ["PYTHONSAFEPATH"] = "1"
_here = str(Path(fastqwem.__file__).parent.parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_here, os.environ.get("PYTHONPATH")]))
