"""Types of the compiled walker; private."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

def walk(
    sentences: Iterable[Iterable[Any]],
    block: int,
    known: Mapping[Any, int] | None,
    sink: Callable[[NDArray[np.int32], NDArray[np.uint32], int], None],
    any_key: bool = False,
    words: list[Any] | None = None,
) -> tuple[list[Any], NDArray[np.int64], int, int]:
    """Walk the sentences once.

    Returns the words in order of appearance, their counts, the number of sentences, empty ones included, and the index
    of the first that is a str (-1: none).

    About every `block` tokens or sentences calls ``sink(ids, ends, new_bytes)``: the next ids; for each
    sentence that ended meanwhile the number of these ids before its end; and an estimate of the memory that
    new words took. With `known`, a dict, given its ids are used, other words get -1, and no words are returned; with
    `words` too, which lists the words of `known` by id, both learn the new words instead, before a block that holds
    them is delivered. With `any_key` tokens may be anything hashable, and a str counts as a sentence of characters.

    Raises TypeError naming the index if a sentence is a str (with `any_key`: has no length) or a token is not one
    (with `any_key`: not hashable), CorpusError if a token cannot be written as UTF-8 (without `any_key`), and
    whatever the iterable or the sink raises.
    """
