# cython: boundscheck=False, wraparound=False
"""Walks Python iterables of token lists, once, into blocks of ids. The only loop that needs Python objects.

The interpreter's own dict is the vocabulary: str objects remember their hash, so a token that is met again costs one
probe, and no copy. Tokens are exact str objects inside the loop, so no foreign __hash__ or __eq__ runs in it, unless
the caller asks for keys of any kind.
"""

import numpy as np

from cpython.long cimport PyLong_AsLong
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_Check
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy
from libcpp.vector cimport vector

from ..errors import CorpusError

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object)
    object PyUnicode_FromObject(object)
    PyObject* PyDict_GetItemWithError(object, object) except? NULL

# What a word costs beside its characters: its entry in the dict (with room to grow), its id and its place in the lists.
cdef enum:
    WORD_BYTES = 200


cdef class _Walker:
    cdef dict index
    cdef list words
    cdef vector[int64_t] counts
    cdef vector[int32_t] ids
    cdef vector[uint32_t] ends
    cdef size_t block
    cdef int64_t new_bytes
    cdef bint learn, any_key
    cdef object sink
    cdef Py_ssize_t sentence, position, first_text

    def __init__(self, block, known, sink, any_key, words):
        self.learn = known is None or words is not None
        self.any_key = any_key
        self.first_text = -1
        self.index = {} if known is None else known
        self.words = [] if words is None else words
        self.counts.resize(len(self.words))
        self.block = block
        self.sink = sink
        self.ids.reserve(block)

    cdef int flush(self) except -1:
        ids = np.empty(self.ids.size(), np.int32)
        ends = np.empty(self.ends.size(), np.uint32)
        cdef int32_t[::1] to_ids = ids
        cdef uint32_t[::1] to_ends = ends
        if self.ids.size():
            memcpy(&to_ids[0], self.ids.data(), self.ids.size() * sizeof(int32_t))
        if self.ends.size():
            memcpy(&to_ends[0], self.ends.data(), self.ends.size() * sizeof(uint32_t))
        self.ids.clear()
        self.ends.clear()
        new_bytes, self.new_bytes = self.new_bytes, 0
        self.sink(ids, ends, new_bytes)
        return 0

    cdef int32_t meet(self, object token) except -1:
        """Give a new word its id."""
        size = 0
        try:
            if not self.any_key:
                size = len(token) if token.isascii() else len(token.encode("utf-8"))
        except UnicodeEncodeError:
            raise CorpusError(
                f"sentences[{self.sentence}][{self.position}] is not text: {token!r} holds a lone surrogate"
            ) from None
        if len(self.words) >= 2**31 - 1:
            raise CorpusError("more than 2**31 - 1 different words")
        cdef int32_t number = <int32_t>len(self.words)
        self.index[token] = number
        self.words.append(token)
        self.counts.push_back(0)
        self.new_bytes += WORD_BYTES + size
        return number

    cdef int add(self, object token) except -1:
        cdef PyObject* found
        cdef int32_t number
        if not PyUnicode_CheckExact(token):
            if PyUnicode_Check(token):
                token = PyUnicode_FromObject(token)
            else:
                self.check_key(token)
        found = PyDict_GetItemWithError(self.index, token)
        if found != NULL:
            number = <int32_t>PyLong_AsLong(<object>found)
        elif self.learn:
            number = self.meet(token)
        else:
            number = -1
        if self.learn:
            self.counts[number] += 1
        self.ids.push_back(number)
        self.position += 1
        if self.ids.size() >= self.block:
            self.flush()
        return 0

    cdef int check_key(self, object token) except -1:
        """Refuse what is neither a str nor, where keys of any kind are wanted, hashable."""
        wanted = "hashable" if self.any_key else "a str"
        try:
            if self.any_key:
                hash(token)
                return 0
        except TypeError:
            pass
        raise TypeError(
            f"sentences[{self.sentence}][{self.position}] must be {wanted}, got {type(token).__name__}"
        )

    cdef int check_sentence(self, object tokens) except -1:
        """Refuse what a sentence of keys of any kind cannot be: without a length, so maybe used up the second time."""
        if PyUnicode_Check(tokens):
            if self.first_text < 0:
                self.first_text = self.sentence
        elif not hasattr(tokens, "__len__"):
            raise TypeError(f"sentences[{self.sentence}] must be a list of words, got {type(tokens).__name__}")
        return 0

    cdef int walk_sentence(self, object tokens) except -1:
        self.position = 0
        if self.any_key:
            self.check_sentence(tokens)
        elif PyUnicode_Check(tokens):
            shown = tokens if len(tokens) <= 20 else tokens[:20] + "..."
            raise TypeError(
                f"sentences[{self.sentence}] must be a list of tokens, got the str {shown!r} (split it into tokens)"
            )
        if type(tokens) is list:
            for token in <list>tokens:
                self.add(token)
        elif type(tokens) is tuple:
            for token in <tuple>tokens:
                self.add(token)
        else:
            for token in tokens:
                self.add(token)
        if self.position:
            self.ends.push_back(<uint32_t>self.ids.size())
        return 0


def walk(sentences, Py_ssize_t block, known, sink, any_key=False, words=None):
    """Encode an iterable of token lists; see _tokens.pyi."""
    cdef _Walker walker = _Walker(block, known, sink, any_key, words)
    cdef size_t quiet = 0
    for tokens in sentences:
        walker.walk_sentence(tokens)
        walker.sentence += 1
        quiet += 1
        if walker.ends.size() >= walker.block or quiet >= walker.block:
            walker.flush()
            quiet = 0
    walker.flush()
    counts = np.empty(walker.counts.size(), np.int64)
    cdef int64_t[::1] to_counts = counts
    if walker.counts.size():
        memcpy(&to_counts[0], walker.counts.data(), walker.counts.size() * sizeof(int64_t))
    return walker.words, counts, walker.sentence, walker.first_text
