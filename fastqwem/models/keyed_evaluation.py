"""How good keyed vectors are, asked and answered as gensim does; the arithmetic is that of `vectors.evaluate`."""

from __future__ import annotations

import logging
import os
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..vectors.evaluate import answers
from ..vectors.ranking import nearest_rows, unit_rows
from ..vectors.streams import open_reader

if TYPE_CHECKING:
    from .keyedvectors import KeyedVectors

__all__ = ["analogies", "log_pairs", "log_section", "pairs"]

PathLike = str | os.PathLike[str]
Section = dict[str, Any]
logger = logging.getLogger("fastqwem.models.keyedvectors")


def _folded(kv: KeyedVectors, restrict_vocab: int | None, case_insensitive: bool) -> tuple[list[Any], dict[Any, int]]:
    """Return the form of each row that counts, and the first row of each form."""
    keys = kv.index_to_key[:restrict_vocab]
    forms = [key.upper() if isinstance(key, str) else key for key in keys] if case_insensitive else keys
    first: dict[Any, int] = {}
    for row, form in enumerate(forms):
        first.setdefault(form, row)
    return forms, first


def _read_questions(path: PathLike, case_insensitive: bool) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return (section, questions) in the order of the file; lines that are no question are skipped."""
    sections: list[tuple[str, list[tuple[str, ...]]]] = []
    with open_reader(path) as file:
        for number, line in enumerate(file):
            text = line.decode("utf-8")
            if text.startswith(": "):
                sections.append((text.lstrip(": ").strip(), []))
                continue
            if not sections:
                raise ValueError(f"Missing section header before line #{number} in {os.fspath(path)}")
            words = tuple((text.upper() if case_insensitive else text).split())
            if len(words) == 4:
                sections[-1][1].append(words)
            else:
                logger.info("Skipping invalid line #%i in %s", number, path)
    return sections


def analogies(
    kv: KeyedVectors, path: PathLike, restrict_vocab: int | None, case_insensitive: bool, dummy4unknown: bool
) -> tuple[float, list[Section]]:
    """Answer questions "a is to b as c is to ?" by 3CosAdd.

    Parameters
    ----------
    kv : KeyedVectors
    path : path
        Lines ``a b c d`` under section lines ``: name``.
    restrict_vocab : int or None
        Only the first so many keys exist.
    case_insensitive : bool
        Compare in upper case; the first of several spellings asks, none of those of a, b and c answers.
    dummy4unknown : bool
        Count questions with unknown words as wrong instead of leaving them out.

    Returns
    -------
    score : float
        The share answered rightly.
    sections : list of dict
        ``section``, ``correct`` and ``incorrect`` (lists of questions); the last is the total.
    """
    logger.info("Evaluating word analogies for top %s words in the model on %s", restrict_vocab, path)
    forms, first = _folded(kv, restrict_vocab, case_insensitive)
    sections = _read_questions(path, case_insensitive)
    every = [question for _, questions in sections for question in questions]
    if not every:
        raise ValueError(f"{os.fspath(path)}: holds no analogy questions")
    covered = list(dict.fromkeys(q for q in every if all(word in first for word in q)))
    rows = np.array([[first[word] for word in question] for question in covered], np.int64).reshape(-1, 4)
    found = _answers(unit_rows(kv.vectors[: len(forms)]), forms, rows) if len(rows) else []
    right = {question: row >= 0 and forms[row] == question[3] for question, row in zip(covered, found, strict=True)}
    results: list[Section] = []
    for name, questions in sections:
        section: Section = {"section": name, "correct": [], "incorrect": []}
        for question in questions:
            if question in right or dummy4unknown:
                section["correct" if right.get(question) else "incorrect"].append(question)
        log_section(section)
        results.append(section)
    total: Section = {"section": "Total accuracy"}
    for outcome in ("correct", "incorrect"):
        total[outcome] = list(chain.from_iterable(section[outcome] for section in results))
    unknown = sum(question not in right for question in every)
    logger.info("Quadruplets with out-of-vocabulary words: %.1f%%", 100 * unknown / len(every))
    return log_section(total), [*results, total]


def _answers(units: Any, forms: list[Any], rows: Any) -> list[int]:
    """Return the answer to each question, rows (n, 4): nearest to b - a + c and no form of the three."""
    found: list[int] = answers(units, rows[:, :3]).tolist()
    wrong = [i for i, row in enumerate(found) if forms[row] in {forms[own] for own in rows[i, :3].tolist()}]
    if wrong:  # another spelling of a, b or c: these questions are asked again without any of them
        same: dict[Any, list[int]] = {}
        for row, form in enumerate(forms):
            same.setdefault(form, []).append(row)
        a, b, c = (units[rows[wrong, i]] for i in range(3))
        exclude = [[row for own in rows[i, :3].tolist() for row in same[forms[own]]] for i in wrong]
        best, scores = nearest_rows(units, b - a + c, 1, exclude)
        for i, row, score in zip(wrong, best[:, 0].tolist(), scores[:, 0].tolist(), strict=True):
            found[i] = row if score > -np.inf else found[i]
    return found


def log_section(section: Section) -> float:
    """Log and return the share of a section's questions answered rightly; 0 if there are none."""
    correct, total = len(section["correct"]), len(section["correct"]) + len(section["incorrect"])
    if total == 0:
        return 0.0
    logger.info("%s: %.1f%% (%i/%i)", section["section"], 100.0 * correct / total, correct, total)
    return correct / total


def pairs(
    kv: KeyedVectors,
    path: PathLike,
    delimiter: str,
    encoding: str,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
) -> tuple[Any, Any, float]:
    """Compare similarities with human ratings.

    Parameters
    ----------
    kv : KeyedVectors
    path : path
        Lines ``word delimiter word delimiter rating``; lines that start with # or are none of these are skipped.
    delimiter, encoding : str
    restrict_vocab, case_insensitive
        As for `analogies`.
    dummy4unknown : bool
        Give pairs with unknown words the similarity 0 instead of leaving them out.

    Returns
    -------
    pearson, spearman
        SciPy's results, (correlation, p-value).
    unknown : float
        The percentage of pairs with unknown words.

    Raises
    ------
    ValueError
        If no pair is left.
    """
    from scipy import stats

    _, first = _folded(kv, restrict_vocab, case_insensitive)
    ratings: list[float] = []
    rows: list[tuple[int, int]] = []
    unknown = 0
    with open_reader(path) as file:
        for number, line in enumerate(file):
            text = line.decode(encoding)
            fields = (text.upper() if case_insensitive else text).split(delimiter)
            if text.startswith("#"):
                continue
            try:
                a, b, rating = fields[0], fields[1], float(fields[2])
                if len(fields) != 3:
                    raise ValueError
            except (ValueError, IndexError):
                logger.info("Skipping invalid line #%d in %s", number, path)
                continue
            known = a in first and b in first
            unknown += not known
            if known or dummy4unknown:
                ratings.append(rating)
                rows.append((first[a], first[b]) if known else (-1, -1))
    if not ratings:
        raise ValueError(f"no pair of {os.fspath(path)} is valid and in the vocabulary of {kv}")
    left, right = np.array(rows).T
    units = [unit_rows(kv.vectors[side]).astype(np.float64) for side in (left, right)]
    cosines = np.where(left < 0, 0.0, np.einsum("ij,ij->i", *units))
    spearman = stats.spearmanr(ratings, cosines)
    pearson = stats.pearsonr(ratings, cosines)
    share = 100 * unknown / (len(ratings) if dummy4unknown else len(ratings) + unknown)
    log_pairs(pearson, spearman, share, path)
    return pearson, spearman, share


def log_pairs(pearson: Any, spearman: Any, unknown: float, path: PathLike) -> None:
    """Log the outcome of `pairs`."""
    logger.info("Pearson correlation coefficient against %s: %.4f", path, pearson[0])
    logger.info("Spearman rank-order correlation coefficient against %s: %.4f", path, spearman[0])
    logger.info("Pairs with unknown words ratio: %.1f%%", unknown)
