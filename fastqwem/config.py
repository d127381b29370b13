"""What this installation is and what it runs on."""

from __future__ import annotations

import os
import platform
import sys

import numpy as np
import scipy

from . import _core, cuda
from ._version import __version__
from .checks import resolve_workers

__all__ = ["config", "show_config"]

ISA_VARIABLE = "FASTQWEM_ISA"


def apply_environment() -> None:
    """Force the instruction set that ``FASTQWEM_ISA`` names; ValueError if this processor cannot run it."""
    name = os.environ.get(ISA_VARIABLE, "")
    try:
        _core.force_isa(name)
    except ValueError as error:
        raise ValueError(f"{ISA_VARIABLE}: {error}") from None


def config() -> dict[str, str]:
    """Return version, compiler, build mode, instruction sets, threads and CUDA as text, by name."""
    return {
        "fastqwem": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "compiler": _core.compiler,
        "build mode": _core.build_mode,
        "ISA in use": _core.active_isa(),
        "ISA available": ", ".join(_core.available_isas()),
        "threads": f"{resolve_workers(0)} of {os.cpu_count()} cores",
        "CUDA": cuda.describe(),
    }


def show_config() -> None:
    """Print `config`, one line per entry, to paste into a report."""
    sys.stdout.write("".join(f"{name:14} {value}\n" for name, value in config().items()))
