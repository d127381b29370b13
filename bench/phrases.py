"""Phrases beside gensim's: counting, scoring and joining the same sentences, with the same result.

    python bench/phrases.py TEXT

Sides alternate, medians of three of the process's CPU time: gensim's side is one thread throughout.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gensim.models import phrases as theirs

from fastqwem import Corpus
from fastqwem.models import phrases as ours

REPEATS = 3
LENGTH = 1000  # words of a line, where the text has lines without end


def read(path: Path) -> list[list[str]]:
    """The words of each line."""
    with path.open(encoding="utf-8") as lines:
        words = [line.split() for line in lines]
    return [line[i : i + LENGTH] for line in words for i in range(0, len(line), LENGTH)]


def row(label: str, mine: Callable[[], Any], other: Callable[[], Any]) -> tuple[Any, Any]:
    """Print one line of the table; return what both sides made."""
    times: tuple[list[float], list[float]] = ([], [])
    made: list[Any] = [None, None]
    for _ in range(REPEATS):
        for side, work in enumerate((mine, other)):
            made[side] = None
            start = time.process_time()
            made[side] = work()
            times[side].append(time.process_time() - start)
    a, b = (statistics.median(side) for side in times)
    print(f"| {label} | {a:.2f} s | {b:.2f} s | {b / a:.1f}x |", flush=True)
    return made[0], made[1]


def main(text: Path) -> None:
    """Print the table, and fail where the two differ."""
    sentences = read(text)
    print(f"{sum(map(len, sentences)):,} words\n\n| what | ours | gensim | ratio |\n|---|---|---|---|")
    row("Phrases(sentences)", lambda: ours.Phrases(sentences), lambda: theirs.Phrases(sentences))
    connectors = {"connector_words": ours.ENGLISH_CONNECTOR_WORDS}
    mine, other = row(
        "the same with connector words",
        lambda: ours.Phrases(sentences, **connectors),
        lambda: theirs.Phrases(sentences, **connectors),
    )
    found, expected = row("export_phrases()", mine.export_phrases, other.export_phrases)
    assert found == expected
    mine, other = mine.freeze(), other.freeze()
    found, expected = row("list(frozen[sentences])", lambda: list(mine[sentences]), lambda: list(other[sentences]))
    assert found == expected
    row(
        "from the file: Corpus | LineSentence",
        lambda: ours.Phrases(Corpus.from_text(text, min_count=1)),
        lambda: theirs.Phrases(line.split() for line in text.open(encoding="utf-8")),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
