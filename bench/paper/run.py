"""The paper's figures and tables on another corpus: ``python bench/paper/run.py TEXT [fig1 fig2 ...] -o FOLDER``.

Prints, for each number that the paper gives, ours beside it and why they differ, and writes the pictures to FOLDER.
FASTQWEM_DATA names the folder that holds ``eval/`` (needed by fig3, fig4, fig6 and fig8). See README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import training
import vectors
from material import Material, Row

FIGURES: dict[str, Callable[[Material, Path], list[Row]]] = {
    "fig1": training.staircase,
    "fig2": training.initialisations,
    "fig3": vectors.scores,
    "fig4": vectors.task_vectors,
    "fig5": training.overlaps,
    "fig6": vectors.more_families,
    "fig7": training.ablation,
    "fig8": vectors.cosines,
}


def main() -> None:
    """Make the figures that were asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("figures", nargs="*", default=[], metavar="FIGURE", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--max-vocab", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=512, help="eigenpairs for fig4, fig6 and fig8; the paper has 4096")
    parser.add_argument("--trained-size", type=int, default=64, help="dimensions of the runs in fig1, fig2 and fig7")
    parser.add_argument("--epochs", type=int, default=10, help="of word2vec in fig3 and fig5")
    options = parser.parse_args()
    unknown = set(options.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    options.output.mkdir(parents=True, exist_ok=True)
    material = Material(options)
    for name in options.figures or FIGURES:
        print(f"\n== {name}")
        for row in FIGURES[name](material, options.output):
            print(row, flush=True)


if __name__ == "__main__":
    main()
