"""Memory budgets kept: ``python bench/memory.py TEXT [--repeat 13] [--budgets 512MB 1GB 4GB]``.

Every phase of the closed-form road in a process of its own, on the text so many times over, under each budget; its peak
is what the system saw resident at most, mapped files included. With --ratio it measures counting through scratch files
beside counting in memory instead, on the text once, by turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import phases

from fastqwem.checks import parse_memory


def budgets(options: argparse.Namespace, folder: Path) -> None:
    """Print a row per budget and phase."""
    corpus, counts, spectrum = (str(folder / name) for name in ("text.fqc", "text.fqn", "text.fqs"))
    texts = [options.text] * options.repeat
    size = options.repeat * Path(options.text).stat().st_size
    print(f"{size / 1e9:.2f} GB of text, V = {options.max_vocab:,}, window {options.window}, d = {options.vector_size}")
    print("| budget | phase | peak MB | of the budget | s | s of CPU | scratch MB | file MB |")
    print("|---|---|---|---|---|---|---|---|")
    for text in options.budgets:
        budget = parse_memory(text)
        assert budget is not None
        jobs = {
            "encode": {"texts": texts, "out": corpus, "max_vocab": options.max_vocab},
            "count": {"corpus": corpus, "out": counts, "window": options.window},
            "solve": {"counts": counts, "out": spectrum, "vector_size": options.vector_size},
        }
        for phase in options.phases:
            f = phases.measure(phase, str(folder), **jobs[phase], memory=text)
            print(
                f"| {text} | {phase} | {f['peak'] / 1e6:.0f} | {f['peak'] / budget:.2f} | {f['seconds']:.1f} | "
                f"{f['cpu']:.1f} | {f['scratch'] / 1e6:.0f} | {f['written'] / 1e6:.0f} |",
                flush=True,
            )


def ratio(options: argparse.Namespace, folder: Path) -> None:
    """Print what counting through scratch files takes beside counting in memory."""
    corpus, counts = str(folder / "text.fqc"), str(folder / "text.fqn")
    phases.measure("encode", str(folder), texts=[options.text], out=corpus, max_vocab=options.max_vocab)
    for text in options.budgets:
        found: dict[bool, list[phases.Options]] = {False: [], True: []}
        for _ in range(3):
            for spilled, made in found.items():
                memory = text if spilled else None
                made.append(
                    phases.measure(
                        "count", str(folder), corpus=corpus, out=counts, window=options.window, memory=memory
                    )
                )
        for name in ("seconds_work", "cpu_work"):
            inside, spilled = (statistics.median(figures[name] for figures in made) for made in found.values())
            print(
                f"{text}: {name} {spilled:.1f} beside {inside:.1f} in memory, {spilled / inside:.2f} times", flush=True
            )
        runs = found[True][0]
        print(f"{text}: {runs['scratch'] / runs['nonzeros']:.2f} bytes of scratch files per nonzero", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--repeat", type=int, default=13)
    parser.add_argument("--budgets", nargs="+", default=["512MB", "1GB", "4GB"])
    parser.add_argument("--phases", nargs="+", default=["encode", "count", "solve"])
    parser.add_argument("--max-vocab", type=int, default=50_000)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--folder", default=None, help="where files go; those made before are used by later phases")
    parser.add_argument("--ratio", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        (ratio if options.ratio else budgets)(options, Path(options.folder or temporary))


if __name__ == "__main__":
    main()
