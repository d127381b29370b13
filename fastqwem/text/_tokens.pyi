"""Types of the compiled walker; private."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

def walk(
    sentences: Iterable[Iterable[str]],
    block: int,
    known: dict[str, int] | None,
    sink: Callable[[NDArray[np.int32], NDArray[np.uint32], int], None],
    words: list[str] | None = None,
) -> tuple[list[str], NDArray[np.int64]]:
    """Walk the sentences once; return the words in order of appearance and their counts.

    About every `block` tokens or sentences calls ``sink(ids, ends, new_bytes)``: the next ids; for each
    sentence that ended meanwhile the number of these ids before its end; and an estimate of the memory that
    new words took. With `known` given its ids are used, other words get -1, and no words are returned; with
    `words` too, which lists the words of `known` by id, both learn the new words instead, before a block that holds
    them is delivered.

    Raises TypeError naming the index if a sentence is a str or a token is not one, CorpusError if a token
    cannot be written as UTF-8, and whatever the iterable or the sink raises.
    """
