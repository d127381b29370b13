"""Checks the contents of built distributions: ``python tests/check_dist.py dist/*``."""

from __future__ import annotations

import sys
import tarfile
import zipfile


def wheel_faults(names: list[str]) -> list[str]:
    """Return what a wheel holds that users do not need, and what it lacks."""
    foreign = [n for n in names if not n.startswith("fastqwem") or n.endswith((".cpp", ".pyx", ".xz", ".h"))]
    needed = ("fastqwem/py.typed", "fastqwem/_core.pyi", "fastqwem/cli.py", "licenses/LICENSE")
    lacks = [n for n in needed if not any(name.endswith(n) for name in names)]
    compiled = [n for n in ("fastqwem/_core.", "fastqwem/text/_tokens.") if not any(
        name.startswith(n) and name.endswith((".so", ".pyd")) for name in names
    )]  # fmt: skip
    return [f"foreign {n}" for n in foreign] + [f"lacks {n}" for n in lacks + compiled]


def sdist_faults(names: list[str]) -> list[str]:
    """Return what a source distribution lacks, and data that it must not carry."""
    bare = [name.split("/", 1)[-1] for name in names]
    needed = ("setup.py", "csrc/core/control.h", "fastqwem/text/_tokens.pyx", "tests/naive.py", "LICENSE")
    return [f"lacks {n}" for n in needed if n not in bare] + [f"foreign {n}" for n in bare if n.endswith(".xz")]


def main(paths: list[str]) -> int:
    """Print every fault; 1 if there is any, or if a kind of distribution is absent."""
    faults = []
    kinds = set()
    for path in paths:
        if path.endswith(".whl"):
            kinds.add("wheel")
            faults += [f"{path}: {f}" for f in wheel_faults(zipfile.ZipFile(path).namelist())]
        else:
            kinds.add("sdist")
            with tarfile.open(path) as archive:
                faults += [f"{path}: {f}" for f in sdist_faults(archive.getnames())]
    faults += [f"no {kind}" for kind in {"wheel", "sdist"} - kinds]
    sys.stdout.write("\n".join(faults or ["distributions are complete"]) + "\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
