"""A table with a vector and any number of attributes for each key, and how it is edited."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer
from ..vectors.ranking import row_norms
from .saving import Saveable

__all__ = ["KEY_TYPES", "REAL", "KeyedRows", "prep_vectors", "pseudorandom_weak_vector"]

logger = logging.getLogger("fastqwem.models.keyedvectors")

REAL = np.float32
KEY_TYPES = (str, int, np.integer)
Array = npt.NDArray[Any]


class KeyedRows(Saveable):
    """Keys, their vectors, and what else is known of each key.

    A plain class with a plain ``__dict__``: programs write to `vectors` and take the dictionary apart.

    Attributes
    ----------
    vector_size : int
    index_to_key : list
        The key of each row; None in rows that were made in advance and are still free.
    key_to_index : dict
    vectors : array, shape (n, d)
        Assigning a new array makes the norms be taken anew; after writing into it in place, call
        ``fill_norms(force=True)``.
    norms : array, shape (n,), or None
        Euclidean lengths of the rows, made when first needed.
    expandos : dict of arrays, shape (n,)
        Attributes by name, such as ``count``.
    next_index : int
        The row that `add_vector` fills next.
    """

    vector_size: int
    index_to_key: list[Any]
    key_to_index: dict[Any, int]
    vectors: Array
    norms: Array | None
    expandos: dict[str, Array]
    next_index: int
    vectors_lockf: Array

    def __init__(
        self, vector_size: int, count: int = 0, dtype: npt.DTypeLike = np.float32, mapfile_path: object = None
    ) -> None:
        self.vector_size = check_integer("vector_size", vector_size, 0)
        check_integer("count", count, 0)
        self.index_to_key = [None] * count
        self.next_index = 0
        self.key_to_index = {}
        self.vectors = np.zeros((count, vector_size), dtype=dtype)
        self.norms = None
        self.expandos = {}
        self.mapfile_path = mapfile_path

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "vectors":
            self.__dict__["norms"] = None
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_rooms"}

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __len__(self) -> int:
        return len(self.index_to_key)

    # Looking up

    def get_index(self, key: Any, default: Any = None) -> Any:
        """Return the row of a key; an integer that is no key is a row itself.

        Raises
        ------
        KeyError
            If there is no such row and no `default`.
        """
        row = self.key_to_index.get(key, -1)
        if row >= 0:
            return row
        if isinstance(key, (int, np.integer)) and 0 <= key < len(self.index_to_key):
            return key
        if default is None:
            raise KeyError(f"Key '{key}' not present")
        return default

    def has_index_for(self, key: Any) -> bool:
        """Tell whether a key, or an integer taken as a row, has a vector here."""
        return bool(self.get_index(key, -1) >= 0)

    def __contains__(self, key: Any) -> bool:
        return self.has_index_for(key)

    def __getitem__(self, key_or_keys: Any) -> Array:
        """Return the vector (d,) of one key, read-only, or a new matrix (n, d) for any iterable of keys."""
        if isinstance(key_or_keys, KEY_TYPES):
            return self.get_vector(key_or_keys)
        if type(self).get_vector is not KeyedRows.get_vector:  # a subclass that makes vectors for unknown keys
            return np.vstack([self.get_vector(key) for key in key_or_keys])
        rows = [self.get_index(key) for key in key_or_keys]
        if not rows:
            raise ValueError("expected at least one key, got none")
        return np.asarray(self.vectors[rows])

    def get_vector(self, key: Any, norm: bool = False) -> Array:
        """Return the vector (d,) of a key, read-only.

        Parameters
        ----------
        key : str or int
        norm : bool
            Scaled to length one; a zero vector stays zero.
        """
        row = self.get_index(key)
        vector: Array = self.vectors[row]
        if norm:
            vector = vector / self._safe_norms()[row]
        vector.setflags(write=False)
        return vector

    def __iter__(self) -> Any:
        return iter(self.index_to_key)

    # Lengths

    def fill_norms(self, force: bool = False) -> None:
        """Make sure that `norms` are there; `force` takes them anew."""
        norms: Array | None = self.__dict__.get("norms")
        if force or norms is None or norms.shape != self.vectors.shape[:1]:
            self.norms = row_norms(self.vectors)

    def _safe_norms(self) -> Array:
        """Return the norms with 1 in place of 0, to divide by."""
        self.fill_norms()
        norms = self.norms
        assert norms is not None
        return norms if norms.all() else np.where(norms == 0, norms.dtype.type(1), norms)

    def get_normed_vectors(self) -> Array:
        """Return a copy of the vectors (n, d), each of length one; zero vectors stay zero."""
        return np.asarray(self.vectors / self._safe_norms()[:, None])

    def unit_normalize_all(self) -> None:
        """Scale every vector in place to length one."""
        self.vectors /= self._safe_norms()[:, None]
        self.fill_norms(force=True)

    # Attributes

    def allocate_vecattrs(
        self, attrs: Iterable[str] | None = None, types: Iterable[npt.DTypeLike] | None = None
    ) -> None:
        """Make sure that attributes have an array of the length of the table; by default those that exist.

        Raises
        ------
        TypeError
            If an attribute exists with a type that cannot hold the one asked for.
        """
        if attrs is None:
            attrs, types = list(self.expandos), [values.dtype for values in self.expandos.values()]
        for name, kind in zip(attrs, types or (), strict=True):
            # Texts are kept as objects: NumPy's own are as wide as the widest.
            wanted = np.dtype(object) if kind is str else np.dtype(np.int64) if kind is int else np.dtype(kind)
            values = self.expandos.get(name)
            if values is None:
                self.expandos[name] = np.zeros(len(self), wanted)
                continue
            if not np.issubdtype(wanted, values.dtype):
                raise TypeError(f"attribute {name!r} has type {values.dtype}, which cannot hold {wanted}")
            if len(values) != len(self):
                self.expandos[name] = self._resized(f"expandos.{name}", values, len(self))

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Note an attribute of a key; the first value of an attribute decides its type."""
        self.allocate_vecattrs([attr], [type(val)])
        self.expandos[attr][self.get_index(key)] = val

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """Return an attribute of a key; KeyError if either is unknown."""
        return self.expandos[attr][self.get_index(key)]

    # Editing

    def _resized(self, name: str, array: Array, length: int) -> Array:
        """Return `array` with `length` rows, new ones zero, in a room that doubles so that growth costs little."""
        if length < len(array):
            return np.array(array[:length])
        rooms: dict[str, Array]
        owner, rooms = self.__dict__.get("_rooms", (0, {}))
        if owner != id(self):  # none yet, or the dictionary was taken from another object: rooms are never shared
            rooms = {}
            self.__dict__["_rooms"] = (id(self), rooms)
        room = rooms.get(name)
        if room is None or array.base is not room or len(room) < length:
            # The first time exactly, then by a half more: most tables grow once.
            grown = length if name not in rooms else max(length, len(array) + len(array) // 2 + 16)
            room = np.zeros((grown, *array.shape[1:]), array.dtype)
            room[: len(array)] = array
            rooms[name] = room
        return np.asarray(room[:length])

    def add_vector(self, key: Any, vector: npt.ArrayLike) -> int:
        """Add one vector, in a row made in advance where one is free, and return its row.

        A key that is present already gets the new vector.
        """
        row = self.key_to_index.get(key)
        if row is None:
            self.add_vectors([key], [vector])
            return self.key_to_index[key]
        self.add_vectors([key], [vector], replace=True)
        return row

    def add_vectors(
        self,
        keys: Any,
        weights: npt.ArrayLike | Sequence[npt.ArrayLike],
        extras: Mapping[str, npt.ArrayLike] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys and their vectors; keys that are present keep theirs unless `replace`.

        Parameters
        ----------
        keys : key, or list of keys
            Of a key that is repeated the first vector counts, with `replace` the last.
        weights : array, shape (n, d), or list of arrays (d,)
        extras : mapping of str to array, shape (n,), optional
            Attributes of the keys.
        replace : bool

        Raises
        ------
        ValueError
            If shapes disagree; then nothing is changed.
        """
        if isinstance(keys, KEY_TYPES):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        keys = list(keys)
        if not keys:
            return
        given = np.asarray(weights)
        if given.shape != (len(keys), self.vector_size):
            raise ValueError(
                f"weights must have shape ({len(keys)}, {self.vector_size}): a vector per key, got {given.shape}"
            )
        attributes = {name: np.asarray(values) for name, values in (extras or {}).items()}
        for name, values in attributes.items():
            if len(values) != len(keys):
                raise ValueError(f"extras[{name!r}] must have a value per key, got {len(values)} for {len(keys)} keys")
        self.allocate_vecattrs(attributes.keys(), [values.dtype for values in attributes.values()])
        chosen = self._place(keys, replace)
        rows, sources = list(chosen), list(chosen.values())
        if len(self.vectors) != len(self):
            self.vectors = self._resized("vectors", self.vectors, len(self))
        self.vectors[rows] = given[sources]
        self.norms = None
        self.allocate_vecattrs()
        for name, values in attributes.items():
            self.expandos[name][rows] = values[sources]

    def _place(self, keys: list[Any], replace: bool) -> dict[int, int]:
        """Give new keys their rows; return the place in `keys` of the vector that each changed row takes."""
        chosen: dict[int, int] = {}
        for place, key in enumerate(keys):
            row = self.key_to_index.get(key)
            if row is None:
                row = self._free_row()
                self.key_to_index[key] = row
                self.index_to_key[row] = key
                chosen[row] = place
            elif replace:
                chosen[row] = place
        return chosen

    def _free_row(self) -> int:
        """Return the next row without a key, made if need be."""
        row = self.next_index
        if row >= len(self.index_to_key) or self.index_to_key[row] is not None:
            row = len(self.index_to_key)
            self.index_to_key.append(None)
        self.next_index = row + 1
        return row

    def __setitem__(self, keys: Any, weights: Any) -> None:
        """Add keys, or give those that are present new vectors."""
        if not isinstance(keys, list):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        self.add_vectors(keys, weights, replace=True)

    def resize_vectors(self, seed: int = 0) -> None:
        """Give `vectors` a row per key; new ones are random, see `prep_vectors`."""
        self.vectors = prep_vectors((len(self), self.vector_size), self.vectors, seed, self.vectors.dtype)
        self.allocate_vecattrs()

    def sort_by_descending_frequency(self) -> None:
        """Sort the rows by the attribute ``count``, largest first; of equal counts the later row comes first."""
        if not len(self):
            return
        if "count" not in self.expandos:
            raise ValueError("sorting by frequency needs the attribute 'count'")
        counts = np.asarray(self.expandos["count"], dtype=np.int64)
        order = np.argsort(counts, kind="stable")[::-1]
        self.allocate_vecattrs()
        self.index_to_key = [self.index_to_key[row] for row in order.tolist()]
        self.key_to_index = {key: row for row, key in enumerate(self.index_to_key)}
        self.expandos = {name: values[order] for name, values in self.expandos.items()}
        if len(self.vectors):
            logger.warning("sorting after the vectors were made moves every one of them")
            self.vectors = self.vectors[order]


def prep_vectors(
    target_shape: tuple[int, int],
    prior_vectors: Array | None = None,
    seed: int = 0,
    dtype: npt.DTypeLike = REAL,
) -> Array:
    """Return a matrix of a shape that begins with `prior_vectors`; the rest is uniform in [-1/d, 1/d)."""
    if prior_vectors is not None and prior_vectors.shape == tuple(target_shape):
        return prior_vectors
    generator = np.random.default_rng(seed)
    wide = np.dtype(dtype) == np.float64
    random: Array = generator.random(target_shape) if wide else generator.random(target_shape, dtype=np.float32)
    vectors = ((2 * random - 1) / max(1, target_shape[1])).astype(dtype, copy=False)
    if prior_vectors is not None and prior_vectors.size:
        rows, columns = prior_vectors.shape
        vectors[:rows, :columns] = prior_vectors
    return vectors


def pseudorandom_weak_vector(size: int, seed_string: str | None = None, hashfxn: Any = hash) -> Array:
    """Return a random float32 vector, uniform in [-1/2d, 1/2d); the same for a `seed_string` and `hashfxn`."""
    seed = hashfxn(seed_string) & 0xFFFFFFFF if seed_string else None
    random = np.random.Generator(np.random.SFC64(seed)).random(size).astype(REAL)
    return np.asarray((random - 0.5) / size, dtype=REAL)
