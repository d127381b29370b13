"""How good vectors are: analogy questions and human similarity ratings.

Analogies are answered by 3CosAdd. All questions together name few distinct words, so one product of the unit
vectors with those of the question words holds every cosine that is needed: cos(w, b - a + c) is, up to a
factor that does not depend on w, cos(w, b) - cos(w, a) + cos(w, c). Candidates are taken in blocks, which
bounds memory at any vocabulary size.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from ..checks import check_choice, check_integer
from ..errors import FormatError
from .ranking import Floats
from .streams import open_reader
from .word_vectors import WordVectors

__all__ = [
    "PROTOCOLS", "AnalogyResult", "AnalogySection", "SimilarityResult", "analogies", "answers", "cosines_of",
    "outcomes", "read_analogies", "read_similarity", "regenerate", "similarity",
]  # fmt: skip

PathLike = str | os.PathLike[str]
Question = tuple[str, str, str, str]

PROTOCOLS = ("google", "regenerated")

_BLOCK_BYTES = 1 << 24  # of cosines between question words and one block of candidates
_MAX_LINE = 1 << 16


@dataclass(frozen=True)
class AnalogySection:
    """The outcome of one section of questions.

    Attributes
    ----------
    name : str
    correct, total, asked : int
        Questions answered rightly, questions whose four words are known (covered), questions in the file.
    """

    name: str
    correct: int
    total: int
    asked: int

    @property
    def accuracy(self) -> float:
        """`correct` / `total`; NaN where no question is covered."""
        return self.correct / self.total if self.total else float("nan")

    @property
    def syntactic(self) -> bool:
        """Whether the questions are about grammar: sections named gram..., as in the Google set."""
        return self.name.startswith("gram")


@dataclass(frozen=True)
class AnalogyResult:
    """The outcome of a whole set of analogy questions; `print` shows it as a table.

    Attributes
    ----------
    sections : tuple of AnalogySection
        In the order of the file.
    protocol : str
        "google" or "regenerated".
    restrict_vocab : int or None
    """

    sections: tuple[AnalogySection, ...]
    protocol: str = "google"
    restrict_vocab: int | None = None

    def _sum(self, name: str, *kinds: bool) -> AnalogySection:
        chosen = [section for section in self.sections if section.syntactic in kinds]
        return AnalogySection(
            name, sum(s.correct for s in chosen), sum(s.total for s in chosen), sum(s.asked for s in chosen)
        )

    @property
    def semantic(self) -> AnalogySection:
        """The sum of all sections that are not about grammar."""
        return self._sum("semantic", False)

    @property
    def syntactic(self) -> AnalogySection:
        """The sum of all sections about grammar."""
        return self._sum("syntactic", True)

    @property
    def total(self) -> AnalogySection:
        """The sum of all sections."""
        return self._sum("total", False, True)

    @property
    def accuracy(self) -> float:
        """The share of covered questions answered rightly (top-1, each question counts once)."""
        return self.total.accuracy

    @property
    def correct(self) -> int:
        """Questions answered rightly."""
        return self.total.correct

    @property
    def covered(self) -> int:
        """Questions whose four words are known."""
        return self.total.total

    @property
    def asked(self) -> int:
        """Questions in the file, or regenerated from it."""
        return self.total.asked

    def __str__(self) -> str:
        rows = [*self.sections, self.semantic, self.syntactic, self.total]
        width = max(len(row.name) for row in rows)
        lines = [f"{'analogies':{width}}  accuracy  correct  covered    asked"]
        for i, row in enumerate(rows):
            if i == len(self.sections):
                lines.append("-" * (width + 37))
            accuracy = f"{row.accuracy:8.2%}" if row.total else "       -"
            lines.append(f"{row.name:{width}}  {accuracy} {row.correct:8} {row.total:8} {row.asked:8}")
        return "\n".join(lines)


@dataclass(frozen=True)
class SimilarityResult:
    """How well cosines agree with human ratings.

    Attributes
    ----------
    name : str
        The file's name.
    spearman : float
        Rank correlation over the covered pairs, ties at their mean rank; NaN if all cosines or all ratings
        are equal.
    covered, asked : int
        Pairs whose two words are known, pairs in the file.
    """

    name: str
    spearman: float
    covered: int
    asked: int

    def __str__(self) -> str:
        return f"{self.name}: Spearman {self.spearman:.4f}, {self.covered} of {self.asked} pairs covered"


def analogies(
    vectors: WordVectors, path: PathLike, restrict_vocab: int | None = None, protocol: str = "google"
) -> AnalogyResult:
    """Answer analogy questions "a is to b as c is to ?" and compare with the answers in the file.

    Parameters
    ----------
    vectors : WordVectors
    path : path
        Lines ``a b c d`` under section lines ``: name``, such as Google's questions-words.txt.
    restrict_vocab : int, optional
        Only the first so many (the most frequent) words exist, as answers and for coverage.
    protocol : {"google", "regenerated"}
        "google" asks the questions of the file. "regenerated" takes the distinct pairs (a, b) and (c, d) of
        each section that are in the vocabulary and asks every ordered pair of pairs (Karkada et al., arXiv
        2502.09863).

    Returns
    -------
    AnalogyResult
        Top-1 accuracy over the covered questions, whole and per section.

    Notes
    -----
    The answer is the word of the highest cosine with b - a + c of unit vectors, other than a, b and c. Case
    is ignored: of words that differ by case only, the first in the vocabulary stands for all.

    Raises
    ------
    ValueError
        If no question is covered, or (FormatError) the file is no set of questions; says which line.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    sections = read_analogies(path)
    asked = sections if protocol == "google" else {name: regenerate(quads) for name, quads in sections.items()}
    found = outcomes(vectors, asked, restrict_vocab)
    if all(len(part) == 0 or part.max() < 0 for part in found.values()):
        end = len(vectors) if restrict_vocab is None else min(len(vectors), restrict_vocab)
        words = {word.lower() for word in vectors.words[:end]}
        raise ValueError(
            f"no question of {os.fspath(path)} is covered: each of {sum(map(len, asked.values()))} has a "
            f"word that is not among the {len(words)} words"
        )
    return AnalogyResult(
        tuple(
            AnalogySection(name, int((part == 1).sum()), int((part >= 0).sum()), len(part))
            for name, part in found.items()
        ),
        protocol,
        restrict_vocab,
    )


def outcomes(
    vectors: WordVectors, sections: Mapping[str, Sequence[Question]], restrict_vocab: int | None = None
) -> dict[str, npt.NDArray[np.int8]]:
    """Return, by section, what came of each question: 1 answered rightly, 0 wrongly, -1 not covered.

    Parameters
    ----------
    vectors : WordVectors
    sections : mapping of str to questions
        In lower case, as `read_analogies` gives them.
    restrict_vocab : int, optional
        See `analogies`, which sums this up.
    """
    units, index = _folded(vectors, restrict_vocab)
    every = [quad for quads in sections.values() for quad in quads]
    rows = np.array([[index.get(word, -1) for word in quad] for quad in every], np.int64).reshape(-1, 4)
    covered = rows.min(axis=1, initial=len(index)) >= 0
    found = np.full(len(every), -1, np.int8)
    if covered.any():
        found[covered] = answers(units, rows[covered, :3]) == rows[covered, 3]
    ends = np.cumsum([len(quads) for quads in sections.values()])
    return {name: found[end - len(quads) : end] for (name, quads), end in zip(sections.items(), ends, strict=True)}


def similarity(vectors: WordVectors, path: PathLike, restrict_vocab: int | None = None) -> SimilarityResult:
    """Compare cosines with human ratings of word pairs by Spearman's rank correlation.

    Parameters
    ----------
    vectors : WordVectors
    path : path
        Lines ``word word score``, separated by blanks, tabs or commas; a header and comments (#) are skipped.
    restrict_vocab : int, optional
        Only the first so many words exist.

    Raises
    ------
    ValueError
        If fewer than two pairs are covered, or (FormatError) a line is malformed; says which.
    """
    pairs = read_similarity(path)
    cosines = cosines_of(vectors, [pair[:2] for pair in pairs], restrict_vocab)
    known = ~np.isnan(cosines)
    covered = int(known.sum())
    if covered < 2:
        raise ValueError(
            f"{covered} of {len(pairs)} pairs of {os.fspath(path)} are covered by the vocabulary, at least 2 are needed"
        )
    ratings = np.array([pair[2] for pair in pairs])
    name = os.path.basename(os.fspath(path))
    return SimilarityResult(name, _spearman(cosines[known], ratings[known]), covered, len(pairs))


def cosines_of(
    vectors: WordVectors, pairs: Sequence[tuple[str, str]], restrict_vocab: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the cosine of each pair of words, in lower case; NaN where a word is not known, see `similarity`."""
    units, index = _folded(vectors, restrict_vocab)
    rows = np.array([[index.get(word, -1) for word in pair] for pair in pairs], np.int64).reshape(-1, 2)
    covered = rows.min(axis=1, initial=len(index)) >= 0
    left, right = rows[covered].T
    cosines = np.full(len(pairs), np.nan)
    cosines[covered] = np.einsum("ij,ij->i", units[left].astype(np.float64), units[right].astype(np.float64))
    cosines[covered & (rows[:, 0] == rows[:, 1])] = 1  # equal words tie exactly, however their sums were rounded
    return cosines


def _mean_ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[group]


def _spearman(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    ranks = np.stack([_mean_ranks(a), _mean_ranks(b)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    scale = np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1] / scale) if scale > 0 else float("nan")


def _folded(vectors: WordVectors, restrict_vocab: int | None) -> tuple[Floats, dict[str, int]]:
    """Return unit vectors and rows of the words by lower-case form; the first form stands for all."""
    if not isinstance(vectors, WordVectors):
        raise TypeError(f"vectors must be WordVectors, got {type(vectors).__name__}")
    end = len(vectors)
    if restrict_vocab is not None:
        end = min(end, check_integer("restrict_vocab", restrict_vocab, 1))
    first: dict[str, int] = {}
    for row, word in enumerate(vectors.words[:end]):
        first.setdefault(word.lower(), row)
    units = vectors.unit[:end]
    if len(first) < end:
        units = units[np.fromiter(first.values(), np.int64, len(first))]
    return units, {word: i for i, word in enumerate(first)}


def answers(units: Floats, questions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return for each question (a, b, c) (n, 3) the row nearest to b - a + c but a, b, c; ties by row."""
    distinct, local = np.unique(questions, return_inverse=True)
    local = local.reshape(questions.shape)
    order = np.lexsort((local[:, 2], local[:, 1], local[:, 0]))  # questions that share (a, b) share cos(b) - cos(a)
    _, starts = np.unique(local[order, :2], axis=0, return_index=True)
    groups = np.split(order, starts[1:])
    best = np.full(len(questions), -np.inf, np.float32)
    answer = np.full(len(questions), -1, np.int64)  # stays where the question words are all the words there are
    named = units[distinct]
    step = max(1, _BLOCK_BYTES // (4 * len(distinct)))
    for start in range(0, len(units), step):
        cosines = named @ units[start : start + step].T
        width = cosines.shape[1]
        for group in groups:
            a, b, _ = local[group[0]]
            thirds = local[group, 2]
            scores = cosines[thirds]
            scores += cosines[b] - cosines[a]
            for at in (distinct[a] - start, distinct[b] - start):
                if 0 <= at < width:
                    scores[:, at] = -np.inf
            at_third = distinct[thirds] - start
            inside = np.flatnonzero((at_third >= 0) & (at_third < width))
            scores[inside, at_third[inside]] = -np.inf
            column = scores.argmax(axis=1)
            value = scores[np.arange(len(group)), column]
            better = value > best[group]
            best[group[better]] = value[better]
            answer[group[better]] = start + column[better]
    return answer


def regenerate(questions: list[Question]) -> list[Question]:
    """Return every ordered pair of the distinct pairs (a, b), (c, d) that one section's questions hold."""
    pairs = dict.fromkeys(pair for a, b, c, d in questions for pair in ((a, b), (c, d)))
    return [(*one, *other) for one, other in permutations(pairs, 2)]


def _lines(path: PathLike) -> Iterator[tuple[str, str]]:
    """Yield (where, line) for each line that is not blank, without the white space around it."""
    name = os.fspath(path)
    with open_reader(path) as file:
        number = 0
        while line := file.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                raise FormatError(f"{name}:{number}: a line of more than {_MAX_LINE} bytes")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise FormatError(f"{name}:{number}: not UTF-8: {error.reason}") from None
            if text:
                yield f"{name}:{number}", text


def read_analogies(path: PathLike) -> dict[str, list[Question]]:
    """Read questions by section, in lower case; FormatError says which line is malformed."""
    sections: dict[str, list[Question]] = {}
    current: list[Question] | None = None
    for where, line in _lines(path):
        if line.startswith(":"):
            current = sections.setdefault(line[1:].strip(), [])
            continue
        words = line.lower().split()
        if len(words) != 4:
            raise FormatError(f"{where}: expected four words or ': section', found {len(words)} words")
        if current is None:
            current = sections.setdefault("questions", [])
        current.append((words[0], words[1], words[2], words[3]))
    if not any(sections.values()):
        raise FormatError(f"{os.fspath(path)}: holds no analogy questions")
    return sections


def _rating(field: str) -> float | None:
    try:
        return float(field)
    except ValueError:
        return None


def read_similarity(path: PathLike) -> list[tuple[str, str, float]]:
    """Read pairs of words, in lower case, and their ratings; FormatError says which line is malformed."""
    pairs: list[tuple[str, str, float]] = []
    header = False
    for where, line in _lines(path):
        if line.startswith("#"):
            continue
        separator = "\t" if "\t" in line else "," if "," in line else None
        fields = [field.strip() for field in line.split(separator)]
        rating = _rating(fields[-1])
        if rating is None and not pairs and not header:
            header = True  # a first line whose last field is no number names the columns
            continue
        if len(fields) != 3 or rating is None or not np.isfinite(rating):
            raise FormatError(f"{where}: expected 'word word score', got {line[:60]!r}")
        pairs.append((fields[0].lower(), fields[1].lower(), rating))
    if not pairs:
        raise FormatError(f"{os.fspath(path)}: holds no rated pairs of words")
    return pairs
