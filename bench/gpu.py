"""Training on a GPU, measured and judged, unattended: ``python bench/gpu.py TEXT [PART ...] [--json FILE]``.

Each part prints its rows as they come; a part or row that fails is a row that says so, and the rest goes on. With
--json the rows are kept, and a later call with other parts (or the same again) adds to them: so each call can stay
within --minutes. The table of all parts so far is printed at the end; the exit status is 1 if a verdict in it is bad.
TEXT is plain text, one sentence per line, packed or not, or an encoded corpus (.fqc).

--toy runs every part in Numba's simulator on a few made-up words, to see that the script works; its figures mean
nothing.

Parts:
  facts      what the device is; bandwidth of memory and cache, rate of atomic additions
  samples    which words are kept, windows, pairs and negatives: the integers of the CPU
  loss       losses of each epoch within the noise of the CPU's
  quality    analogies, MEN, WS-353, SimLex: not below the CPU's (needs FASTQWEM_DATA, see README.md)
  speed      raw words per second: d = 128 and 300, SGNS and QWEM, two vocabularies; the CPU on all cores beside
  limits     bytes and instructions per word, counted, as shares of what the device can (after facts and speed)
  sanitizer  compute-sanitizer's memcheck and racecheck on small runs
  peers      FULL-W2V (FASTQWEM_FULL_W2V), or another trainer's command line (FASTQWEM_GPU_PEER)
  spmm       the sparse product of `solve` on the device, transfers and all, beside the processor
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

PARTS = ("facts", "samples", "loss", "quality", "speed", "limits", "sanitizer", "peers", "spmm")
WITHOUT_DEVICE = ("limits",)


def main(argv: list[str] | None = None) -> int:
    """Measure the parts that were asked for; 1 if a verdict is bad."""
    options = _options(argv)
    if options.toy:
        if "numba" in sys.modules and os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":
            raise SystemExit("--toy must begin before Numba is imported")
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests/training/cuda"))
        importlib.import_module("simulator").quicken()
    from gpu_parts.setup import Report

    from fastqwem import cuda

    report = Report(options.json)
    with tempfile.TemporaryDirectory() as scratch:
        setup = _setup(options, report, Path(scratch))
        for part in options.parts or PARTS:
            report.begin(part)
            with report.trying(part):
                setup.budget.check()
                if part not in WITHOUT_DEVICE:
                    cuda.load()
                importlib.import_module(f"gpu_parts.{part}").run(setup)
    print("\nThe whole table\n" + "\n".join(map(str, report.rows)))
    bad = [row for row in report.rows if row.verdict == "FAILED"]
    print(f"{len(bad)} bad verdicts" if bad else "no bad verdict")
    return int(bool(bad))


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, nargs="?", help="left out with --toy")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them by default")
    parser.add_argument("--second", type=Path, help="a text with more words; by default made-up text of 150,000 words")
    parser.add_argument("--json", type=Path, help="keep the rows here, and go on from those that are there")
    parser.add_argument("--minutes", type=float, default=60, help="rows that would begin later are left out")
    parser.add_argument("--toy", action="store_true")
    options = parser.parse_args(argv)
    if options.text is not None and str(options.text) in PARTS and options.toy:
        options.parts, options.text = [str(options.text), *options.parts], None
    if (options.text is None) != options.toy:
        parser.error("give a TEXT, or --toy")
    return options


def _setup(options: argparse.Namespace, report: object, scratch: Path) -> object:
    """Return what the parts are given."""
    from gpu_parts import toy
    from gpu_parts.setup import TOY, Budget, Scale, Setup, zipf_corpus

    budget = Budget(options.minutes)
    if options.toy:
        second = ("made-up", zipf_corpus(*TOY.synthetic, sentence=10))
        sets = toy.write_sets(scratch)
        return Setup(toy.corpus(), "toy", TOY, report, budget, scratch, None, lambda: second, sets)
    scale = Scale()

    def more_words() -> tuple[str, object]:
        if options.second is not None:
            return options.second.name, _corpus(options.second, scale.min_count)
        return "made-up", zipf_corpus(*scale.synthetic)

    data = os.environ.get("FASTQWEM_DATA")
    return Setup(
        _corpus(options.text, scale.min_count), options.text.name, scale, report, budget, scratch,
        text=None if options.text.suffix == ".fqc" else options.text,
        second=more_words, sets=Path(data) / "eval" if data else None,
    )  # fmt: skip


def _corpus(path: Path, min_count: int) -> object:
    from fastqwem import Corpus

    return Corpus.load(path) if path.suffix == ".fqc" else Corpus.from_text(path, min_count=min_count, progress=False)


if __name__ == "__main__":
    sys.exit(main())
