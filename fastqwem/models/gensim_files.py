"""Reading what gensim saved, without gensim and without running anything that the file asks for.

gensim pickles its objects and puts large arrays beside them (``NAME.wv.vectors.npy``). A pickle may name any
function; this module lets it name the data types below and nothing else, and builds a `Foreign` for each of gensim's
own objects: a bag of attributes, which our classes then take over. Arrays are made here from their bytes, because NumPy
restores a damaged one without a look and crashes. It is the only place that unpickles.
"""

from __future__ import annotations

import os
import pickle
import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np

from ..errors import FormatError
from ..vectors.streams import bare_name, open_reader

__all__ = ["Foreign", "is_pickle", "keyed_state", "read"]

PathLike = str | os.PathLike[str]


class Foreign:
    """An object of another program: its attributes, and in `kind` the name of its class."""

    kind = ""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)
        else:
            self.__dict__["state"] = state


def _foreign(name: str) -> type[Foreign]:
    return type(name, (Foreign,), {"kind": name})


def _latin1(text: str, encoding: str) -> bytes:
    """Stand in for `_codecs.encode`, by which Python 2's bytes are written."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin-1")


def _nothing(*args: Any) -> None:
    return None


class _Dtype:
    """Stands in for `numpy.dtype`, whose own `__setstate__` believes anything: numbers and objects only."""

    def __init__(self, text: str, *args: Any) -> None:
        if re.fullmatch(r"[biuf][1248]|O[48]?", text) is None:
            raise pickle.UnpicklingError(f"it holds an array of {text!r}")
        self.text = "O" if text[0] == "O" else text
        self.order: Literal["<", ">", "="] = "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1] if state[1] in ("<", ">") else "="

    def real(self) -> np.dtype[Any]:
        return np.dtype(self.text).newbyteorder(self.order)


class _Array:
    """Stands in for `numpy.ndarray` until all is read; see `_settled`."""

    array: np.ndarray[Any, Any]

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.array = _array(dtype, data).reshape(shape, order="F" if fortran else "C")


def _array(dtype: _Dtype, data: Any) -> np.ndarray[Any, Any]:
    """Return a flat array of what a pickle holds of one: bytes (from Python 2 a text), or a list of objects."""
    real = dtype.real()
    if real.kind != "O":
        raw = data.encode("latin-1") if isinstance(data, str) else data
        return np.frombuffer(raw, real).astype(real.newbyteorder("="))
    array = np.empty(len(data), object)
    for i, item in enumerate(data):
        array[i] = item
    return array


def _reconstruct(*args: Any) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, data: Any) -> Any:
    return _array(dtype, data)[0]


def _from_buffer(data: Any, dtype: _Dtype, shape: Any, order: str) -> _Array:
    made = _Array()
    made.__setstate__((1, shape, dtype, order == "F", data))
    return made


def _settled(value: Any, seen: set[int]) -> Any:
    """Return a value with NumPy's arrays in place of those that stood in for them; containers are changed in place."""
    if isinstance(value, _Array):
        array = value.array
        if array.dtype == object and id(array) not in seen:
            seen.add(id(array))
            for place in np.ndindex(array.shape):
                array[place] = _settled(array[place], seen)
        return array
    if isinstance(value, tuple):
        return tuple(_settled(item, seen) for item in value)
    if not isinstance(value, Foreign | dict | list) or id(value) in seen:
        return value
    seen.add(id(value))
    if isinstance(value, list):
        value[:] = [_settled(item, seen) for item in value]
        return value
    inside = value.__dict__ if isinstance(value, Foreign) else value
    for key, item in inside.items():
        inside[key] = _settled(item, seen)
    return value


_BUILTINS: dict[str, Callable[..., Any]] = {
    "hash": hash, "int": int, "long": int, "float": float, "set": set, "frozenset": frozenset,
}  # fmt: skip

# Everything that the pickles of gensim 0.12 to 4.4 name.
_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "defaultdict"): defaultdict,
    ("UserString", "defaultdict"): defaultdict,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _latin1,
    ("gensim.utils", "call_on_class_only"): _nothing,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{
        (module, name): kind for module in ("builtins", "__builtin__") for name, kind in _BUILTINS.items()
    },
    **{
        ("numpy." + module, name): _foreign(name)
        for module, name in (
            ("random", "__RandomState_ctor"),
            ("random._pickle", "__randomstate_ctor"),
            ("random._pickle", "__bit_generator_ctor"),
            ("random._pickle", "__generator_ctor"),
            ("random._mt19937", "MT19937"),
            ("random._pcg64", "PCG64"),
            ("random._sfc64", "SFC64"),
        )
    },
    **{
        (f"gensim.models.{module}", name): _foreign(name)
        for module, names in {
            "word2vec": ("Word2Vec", "Vocab", "Word2VecVocab", "Word2VecTrainables"),
            "keyedvectors": (
                "KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors", "Doc2VecKeyedVectors", "Vocab",
                "CompatVocab",
            ),
            "phrases": ("Phrases", "FrozenPhrases", "Phraser", "original_scorer", "npmi_scorer"),
        }.items()
        for name in names
    },
}  # fmt: skip


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not data of gensim's") from None


def is_pickle(path: PathLike) -> bool:
    """Tell whether a file starts as a pickle does (also compressed)."""
    with open_reader(path) as file:
        start = file.read(2)
    return start[:1] == b"\x80" and start[1:] <= b"\x05"


def read(path: PathLike, mmap: str | None = None) -> Any:
    """Read a file that gensim saved, with its side files; see `Foreign`.

    Raises
    ------
    FormatError
        If it is damaged, asks for more than gensim's data, or is no object of gensim's.
    OSError
        If it or a side file cannot be read.
    """
    where = os.fspath(path)
    try:
        with open_reader(path) as file:
            found = _settled(_Unpickler(file, encoding="latin1").load(), set())
    except (OSError, MemoryError, FormatError):
        raise
    except pickle.UnpicklingError as error:
        raise FormatError(f"{where}: not loaded, {error}; fastqwem.interop.load_with_gensim runs it") from None
    except Exception as error:  # damage can raise nearly anything
        raise FormatError(f"{where}: a damaged pickle: {type(error).__name__}: {error}") from None
    if not isinstance(found, Foreign):
        raise FormatError(f"{where}: holds a {type(found).__name__}, no model or vectors of gensim's")
    _attach(found, where, bool(bare_name(path)[1]), mmap)
    return found


def _attach(found: Foreign, name: str, compressed: bool, mmap: str | None) -> None:
    """Put back what was saved beside an object, and beside the objects in it."""
    state = found.__dict__
    for child in state.pop("__recursive_saveloads", []):
        if isinstance(state.get(child), Foreign):
            _attach(state[child], f"{name}.{child}", compressed, mmap)
    for attribute in state.pop("__numpys", []):
        if not str(attribute).isidentifier():
            raise FormatError(f"{name}: names a side file {attribute!r}")
        side = f"{name}.{attribute}.{'npz' if compressed else 'npy'}"
        try:
            if compressed:
                with np.load(side, allow_pickle=False) as archive:
                    state[attribute] = archive["val"]
            else:
                state[attribute] = np.load(side, mmap_mode=cast("Literal['r', 'c'] | None", mmap), allow_pickle=False)
        except (OSError, MemoryError):
            raise
        except Exception as error:
            raise FormatError(f"{side}: damaged or no array: {error}") from None
    if state.pop("__scipys", []):
        raise FormatError(f"{name}: has sparse matrices beside it, which no word vectors of gensim's need")
    for attribute in state.pop("__ignoreds", []):
        state[attribute] = None


_RENAMED = {
    "index2word": "index_to_key", "index2entity": "index_to_key", "syn0": "vectors", "syn0_lockf": "vectors_lockf",
}  # fmt: skip
_KEYED = ("vector_size", "index_to_key", "key_to_index", "vectors", "vectors_lockf", "norms", "expandos")


def keyed_state(found: Foreign) -> dict[str, Any]:
    """Return what gensim's vectors of any version hold, under the names of gensim 4.

    Parameters
    ----------
    found : Foreign
        A KeyedVectors of any age, or a Word2Vec from before there were any.
    """
    state = dict(found.__dict__)
    for old, new in _RENAMED.items():
        if old in state:
            value = state.pop(old)
            state.setdefault(new, value)
    for old in ("syn0norm", "vectors_norm"):  # made anew when needed
        state.pop(old, None)
    keys = state.get("index_to_key")
    vectors = state.get("vectors")
    if not isinstance(keys, list) or not isinstance(vectors, np.ndarray) or vectors.shape[:-1] != (len(keys),):
        raise FormatError(f"a {found.kind} of gensim's without a list of keys and a vector for each")
    state.setdefault("expandos", {})
    if "vocab" in state:
        entries = state.pop("vocab") or {}
        state["key_to_index"] = {key: entry.__dict__["index"] for key, entry in entries.items()}
        state["expandos"].update(_attributes(entries, len(keys)))
    state.setdefault("key_to_index", {key: row for row, key in enumerate(keys)})
    state["vector_size"] = int(vectors.shape[1])
    state["norms"] = None
    if found.kind == "Word2Vec":
        return {name: state[name] for name in _KEYED if name in state}
    return state


def _attributes(entries: dict[Any, Foreign], length: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return as arrays what gensim before 4 kept in an object per word."""
    attributes: dict[str, np.ndarray[Any, Any]] = {}
    for name in sorted({name for entry in entries.values() for name in entry.__dict__} - {"index"}):
        values = np.zeros(length, np.int64 if name in ("count", "sample_int") else object)
        for entry in entries.values():
            if name in entry.__dict__:
                values[entry.__dict__["index"]] = entry.__dict__[name]
        # "always keep" was 2**32 before it was the largest uint32
        attributes[name] = np.minimum(values, 2**32 - 1).astype(np.uint32) if name == "sample_int" else values
    return attributes
