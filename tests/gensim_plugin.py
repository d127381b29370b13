"""A pytest plugin for a process of its own: gensim's tests meet our classes under gensim's names.

It writes a line of JSON per finished test to the file that ``GENSIM_SUITE_REPORT`` names, as soon as it is known, so
that a crash or a time limit loses nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import fastqwem.models

fastqwem.models.patch()


@pytest.hookimpl
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or not report.passed:
        name = report.nodeid.partition("::")[2]
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr or "")
        line = json.dumps({"name": name, "outcome": report.outcome, "seconds": report.duration, "text": text})
        with Path(os.environ["GENSIM_SUITE_REPORT"]).open("a") as file:
            file.write(line + "\n")
