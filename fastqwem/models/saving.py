"""Saving objects without pickles: their attributes as one container file of JSON and arrays.

What JSON lacks is written as a table with the key ``$``: ``{"$": "tuple", "items": [...]}``, ``{"$": "array", "name":
...}`` for an array of the container, and so on (see `_Encoder` and `_Decoder`). Objects are made by name from the
few classes below, so a file cannot run anything.
"""

from __future__ import annotations

import importlib
import logging
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Self

import numpy as np

from .. import storage
from .._version import __version__
from ..errors import FormatError

__all__ = ["Saveable", "load_state", "save_state"]

PathLike = str | os.PathLike[str]
KIND, VERSION = "model", 1

# The classes that files may name, and the module of each.
CLASSES = {"KeyedVectors": "keyedvectors", "Word2Vec": "word2vec", "Phrases": "phrases", "FrozenPhrases": "phrases"}
# What gensim calls them; its vectors have had many names.
_OF_GENSIM = {name: name for name in CLASSES if name != "KeyedVectors"} | {"Phraser": "FrozenPhrases"}

_PLAIN = (bool, int, float, str)
_SEQUENCES: dict[str, Callable[[Iterable[Any]], Collection[Any]]] = {"tuple": tuple, "set": set, "frozenset": frozenset}


class _Encoder:
    """Turns values into JSON, and collects the arrays on the way."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}

    def value(self, value: Any, path: str) -> Any:
        """Return the JSON of a value; TypeError names the attribute that has none."""
        if value is None or type(value) in _PLAIN or isinstance(value, str):
            return value
        if isinstance(value, np.ndarray):
            return self.array(value, path)
        if isinstance(value, np.generic):
            return {"$": "number", "dtype": value.dtype.str, "value": self.value(value.item(), path)}
        if isinstance(value, list):
            return self.list(value, path)
        if isinstance(value, dict):
            items = [[self.value(k, f"{path} key"), self.value(v, f"{path}.{k}")] for k, v in value.items()]
            return {"$": "dict", "items": items}
        if isinstance(value, bytes):
            return {"$": "bytes", "value": value.decode("latin-1")}
        if isinstance(value, Saveable):
            state = {name: self.value(item, f"{path}.{name}") for name, item in value._state().items()}
            return {"$": "object", "class": value._kind, "state": state}
        for name, kind in _SEQUENCES.items():
            if type(value) is kind:
                return {"$": name, "items": [self.value(item, path) for item in value]}
        raise TypeError(
            f"attribute {path.removeprefix('.')!r} cannot be saved: it holds a {type(value).__name__}; "
            "name it in ignore, or set it to None"
        )

    def list(self, items: list[Any], path: str) -> Any:
        """Words go into the container, anything else into the JSON."""
        if len(items) > 16 and all(isinstance(item, str) for item in items):
            try:
                packed = storage.pack_words(items)
            except UnicodeEncodeError:  # lone surrogates, which JSON can escape
                return list(items)
            self.arrays.update({f"{path}:{name}": array for name, array in packed.items()})
            return {"$": "words", "name": path}
        return [self.value(item, path) for item in items]

    def array(self, array: np.ndarray[Any, Any], path: str) -> Any:
        """Numbers go into the container; arrays of arrays of one type as their rows end to end."""
        if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
            self.arrays[path] = array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(-1)
            return {"$": "array", "name": path, "shape": list(array.shape)}
        if array.dtype != object:
            raise TypeError(f"attribute {path.removeprefix('.')!r} cannot be saved: an array of {array.dtype}")
        rows = array.tolist() if array.ndim == 1 else []
        kinds = {row.dtype.str if isinstance(row, np.ndarray) and row.ndim == 1 else "" for row in rows}
        if len(kinds) == 1 and kinds <= {"|u1", "<u4", "<i4", "<i8", "<f4", "<f8"}:
            self.arrays[path] = np.concatenate(rows)
            self.arrays[f"{path}:ends"] = np.cumsum([len(row) for row in rows], dtype=np.int64)
            return {"$": "rows", "name": path}
        items = [self.value(item, path) for item in array.reshape(-1).tolist()]
        return {"$": "objects", "shape": list(array.shape), "items": items}


class _Decoder:
    """The inverse of `_Encoder`."""

    def __init__(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self.arrays = arrays

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = value["$"]
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](self.value(item) for item in value["items"])
        return getattr(self, f"_{kind}")(value)

    def _array(self, value: dict[str, Any]) -> Any:
        return self.arrays[value["name"]].reshape(value["shape"])

    def _rows(self, value: dict[str, Any]) -> Any:
        ends = self.arrays[f"{value['name']}:ends"]
        rows = np.empty(len(ends), object)
        rows[:] = np.split(self.arrays[value["name"]], ends[:-1]) if len(ends) else []
        return rows

    def _objects(self, value: dict[str, Any]) -> Any:
        items = np.empty(len(value["items"]), object)
        for i, item in enumerate(value["items"]):
            items[i] = self.value(item)
        return items.reshape(value["shape"])

    def _words(self, value: dict[str, Any]) -> Any:
        return storage.unpack_words({name: self.arrays[f"{value['name']}:{name}"] for name in ("words", "word_ends")})

    def _number(self, value: dict[str, Any]) -> Any:
        return np.dtype(value["dtype"]).type(self.value(value["value"]))

    def _bytes(self, value: dict[str, Any]) -> Any:
        return value["value"].encode("latin-1")

    def _dict(self, value: dict[str, Any]) -> Any:
        return {self.value(key): self.value(item) for key, item in value["items"]}

    def _object(self, value: dict[str, Any]) -> Any:
        made = object.__new__(class_of(value["class"]))
        made._restore({name: self.value(item) for name, item in value["state"].items()})
        return made


def class_of(kind: str) -> Any:
    """Return the class that a file names; KeyError if it is none of ours."""
    return getattr(importlib.import_module(f".{CLASSES[kind]}", __package__), kind)


def save_state(path: PathLike, kind: str, state: Mapping[str, Any]) -> None:
    """Write attributes to a file; TypeError names one that has no safe form."""
    encoder = _Encoder()
    encoded = {name: encoder.value(value, f".{name}") for name, value in state.items()}
    storage.write_container(path, KIND, VERSION, {"class": kind, "state": encoded}, encoder.arrays)


def load_state(path: PathLike, mmap: bool = False) -> tuple[str, dict[str, Any]]:
    """Return (class, attributes) of a file that `save_state` wrote; FormatError if it is damaged."""
    header, arrays = storage.read_container(path, KIND, VERSION, mmap=mmap)
    try:
        decoder = _Decoder(arrays)
        return str(header["class"]), {name: decoder.value(value) for name, value in header["state"].items()}
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise FormatError(f"{os.fspath(path)}: damaged, {type(error).__name__}: {error}") from None


class Saveable:
    """What gensim's classes share: saving, loading, a log of what happened to the object."""

    _kind: str  # a key of CLASSES

    def _state(self) -> dict[str, Any]:
        """Return the attributes that a file keeps."""
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def _restore(self, state: dict[str, Any]) -> None:
        """Take over what `_state` returned, possibly from an older version."""
        self.__dict__.update(state)

    @classmethod
    def _from_gensim(cls, found: Any) -> Self:
        """Return what a `gensim_files.Foreign` stands for."""
        raise FormatError(f"gensim's {found.kind} cannot become a {cls.__name__}")

    def save(
        self,
        fname_or_handle: PathLike | IO[bytes],
        separately: Sequence[str] | None = None,
        sep_limit: int = 10 * 1024**2,
        ignore: Collection[str] = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Write to one checksummed file, which takes its name when it is complete.

        Parameters
        ----------
        fname_or_handle : path, or file open for writing bytes
        separately, sep_limit, pickle_protocol
            Accepted and not used: there are no side files and no protocols; `load` maps arrays of the one file.
        ignore : collection of str
            Attributes to leave out; they are None when loaded.

        Raises
        ------
        TypeError
            If an attribute holds what has no safe form.
        OSError
            If the file cannot be written.
        """
        state = self._state()
        state.update({name: None for name in ignore if name in state})
        if isinstance(fname_or_handle, str | os.PathLike):
            storage.check_writable(fname_or_handle)
            save_state(fname_or_handle, self._kind, state)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model")
            save_state(path, self._kind, state)
            with open(path, "rb") as file:
                shutil.copyfileobj(file, fname_or_handle)

    @classmethod
    def load(cls, fname: PathLike, mmap: str | None = None) -> Self:
        """Read what `save` wrote, or what gensim saved (0.12 to 4.4, with its side files), without gensim.

        Parameters
        ----------
        fname : path
        mmap : {None, "r", "c"}
            "r" maps arrays read-only instead of reading them.

        Raises
        ------
        AttributeError
            If the file holds an object of another class.
        FormatError
            If it is foreign, damaged, or asks for anything but gensim's data.
        OSError
            If it cannot be read.
        """
        from . import gensim_files

        if mmap not in (None, "r", "c"):
            raise ValueError(f"mmap must be None, 'r' or 'c', got {mmap!r}")
        if gensim_files.is_pickle(fname):
            found = gensim_files.read(fname, mmap)
            wanted = cls._class_for(_OF_GENSIM.get(found.kind, cls._kind), fname)
            try:
                return wanted._from_gensim(found)
            except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
                raise FormatError(f"{os.fspath(fname)}: damaged, {type(error).__name__}: {error}") from None
        try:
            storage.peek(fname)
        except FormatError as error:
            raise FormatError(f"{error}; load_word2vec_format reads word2vec's text and binary files") from None
        kind, state = load_state(fname, mmap == "r")
        made = object.__new__(cls._class_for(kind, fname))
        made._restore(state)
        return made

    @classmethod
    def _class_for(cls, kind: str, fname: PathLike) -> type[Self]:
        """Return the class to make of a file's object: this one, or as gensim does any for `KeyedVectors.load`."""
        if kind == cls._kind:
            return cls
        if cls._kind == "KeyedVectors" and kind in CLASSES:
            return class_of(kind)  # type: ignore[no-any-return]
        raise AttributeError(f"{os.fspath(fname)} holds {kind}, not {cls._kind}: load it with {kind}.load")

    def add_lifecycle_event(self, event_name: str, log_level: int | None = logging.INFO, **event: Any) -> None:
        """Note in `lifecycle_events`, unless that is None, and in the log what happened to the object."""
        entry = {
            **event,
            "datetime": datetime.now().isoformat(),
            "fastqwem": __version__,
            "python": sys.version,
            "platform": platform.platform(),
            "event": event_name,
        }
        if log_level:
            logging.getLogger(type(self).__module__).log(log_level, "%s lifecycle event %s", self, entry)
        events = self.__dict__.setdefault("lifecycle_events", [])
        if events is not None:
            events.append(entry)
