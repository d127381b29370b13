"""Saving without pickles, and reading what gensim pickled without running anything."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.errors import FormatError
from fastqwem.models import KeyedVectors, gensim_files
from fastqwem.models.saving import load_state, save_state


def table():
    kv = KeyedVectors(3)
    kv.add_vectors(["a", "b c", "é"], np.arange(9).reshape(3, 3) / 7, extras={"count": np.array([5, 4, 3])})
    return kv


def same(one, other):
    assert one.index_to_key == other.index_to_key and one.key_to_index == other.key_to_index
    assert list(map(type, one.index_to_key)) == list(map(type, other.index_to_key))
    np.testing.assert_array_equal(one.vectors, other.vectors)
    assert one.vectors.dtype == other.vectors.dtype and one.expandos.keys() == other.expandos.keys()
    for name, values in one.expandos.items():
        assert values.dtype == other.expandos[name].dtype
        for left, right in zip(values, other.expandos[name], strict=True):
            np.testing.assert_array_equal(left, right)


class TestOurFile:
    @pytest.mark.parametrize("mmap", [None, "r", "c"])
    def test_round_trip(self, tmp_path, mmap):
        kv = table()
        codes = np.empty(3, object)
        codes[:] = [np.array(code, np.uint8) for code in ([0], [1, 0], [])]
        kv.expandos |= {"code": codes, "kept": np.array([True, False, True]), "half": np.arange(3, dtype=np.float16)}
        kv.expandos["names"] = np.array(["x", None, 3], dtype=object)
        kv.note = {"any": [1, 2.5, None, ("t", b"\xff")], 3: {"set"}}
        kv.add_lifecycle_event("made")
        kv.save(tmp_path / "kv")
        back = KeyedVectors.load(tmp_path / "kv", mmap=mmap)
        same(kv, back)
        assert back.note == kv.note and back.lifecycle_events == kv.lifecycle_events
        assert back.most_similar("a") == kv.most_similar("a")
        assert back.vectors.flags.writeable == (mmap != "r")
        if mmap != "r":
            back.add_vector("new", [1, 2, 3])

    @pytest.mark.parametrize(
        "keys",
        [
            [],
            [3, 1],
            [("a", 1), b"\xff", "x"],
            ["\ud800", "b"],
            [f"w{i}" for i in range(99)],
            ["\ud800"] * 0 + list("ab"),
        ],
    )
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_any_keys_and_types(self, tmp_path, keys, dtype):
        kv = KeyedVectors(2, dtype=dtype)
        kv.add_vectors(keys, np.random.default_rng(1).random((len(keys), 2)))
        kv.save(tmp_path / "kv")
        same(kv, KeyedVectors.load(tmp_path / "kv"))

    def test_many_odd_words(self, tmp_path):
        kv = KeyedVectors(1)
        kv.add_vectors([f"w{i}" for i in range(50)] + ["\udcff", "", "\n"], np.zeros((53, 1)))
        kv.save(tmp_path / "kv")
        same(kv, KeyedVectors.load(tmp_path / "kv"))

    def test_a_map_of_its_own_is_kept(self, tmp_path):
        kv = table()
        kv.key_to_index = {"a": 2}
        kv.save(tmp_path / "kv")
        assert KeyedVectors.load(tmp_path / "kv").key_to_index == {"a": 2}

    def test_a_subclass_loads_as_what_it_is_asked_for(self, tmp_path):
        class Mine(KeyedVectors):
            pass

        mine = Mine(1)
        mine.save(tmp_path / "kv")
        assert type(Mine.load(tmp_path / "kv")) is Mine and type(KeyedVectors.load(tmp_path / "kv")) is KeyedVectors

    def test_open_files(self):
        file = io.BytesIO()
        table().save(file)
        assert file.getvalue()[8:9] == b"{"

    def test_ignore(self, tmp_path):
        kv = table()
        kv.odd = object()
        with pytest.raises(TypeError, match="attribute 'odd' cannot be saved: it holds a object; name it in ignore"):
            kv.save(tmp_path / "kv")
        assert not (tmp_path / "kv").exists()
        kv.save(tmp_path / "kv", ignore=["odd"], separately=["vectors"], sep_limit=0, pickle_protocol=2)
        assert KeyedVectors.load(tmp_path / "kv").odd is None and len(list(tmp_path.iterdir())) == 1

    def test_damage(self, tmp_path):
        path = tmp_path / "kv"
        table().save(path)
        content = path.read_bytes()
        for end in range(0, len(content), 5):
            path.write_bytes(content[:end])
            with pytest.raises(FormatError):
                KeyedVectors.load(path)
        for at in range(0, len(content), 3):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            # white space of the header, and what its entries are called, may change without harm or be noticed
            with contextlib.suppress(FormatError):
                same(KeyedVectors.load(path), table())

    def test_foreign_files(self, tmp_path):
        (tmp_path / "text").write_text("3 2\na 1 2\n")
        with pytest.raises(FormatError, match=r"not a fastqwem file.*load_word2vec_format reads"):
            KeyedVectors.load(tmp_path / "text")
        save_state(tmp_path / "other", "Nothing", {})
        with pytest.raises((AttributeError, FormatError), match="Nothing"):
            KeyedVectors.load(tmp_path / "other")
        with pytest.raises(ValueError, match=r"mmap must be None, 'r' or 'c', got 'r\+'"):
            KeyedVectors.load(tmp_path / "text", mmap="r+")
        with pytest.raises(FileNotFoundError):
            KeyedVectors.load(tmp_path / "none")
        with pytest.raises(FileNotFoundError, match="no such folder"):
            table().save(tmp_path / "none" / "kv")

    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=20)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text() | st.integers() | st.binary(), inner, max_size=3)
            | st.frozensets(st.integers(), max_size=3)
        ),
        max_leaves=30,
    )

    @given(st.dictionaries(st.text(), values, max_size=4))
    @settings(deadline=None)
    def test_any_values(self, tmp_path_factory, state):
        path = tmp_path_factory.mktemp("state") / "file"
        save_state(path, "KeyedVectors", state)
        assert load_state(path) == ("KeyedVectors", state)


class Attack:
    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


class TestGensimsFiles:
    """Pickles made here, as gensim makes them; gensim is not needed."""

    def test_what_is_no_data_is_refused(self, tmp_path):
        marker = tmp_path / "ran"
        for number, call in enumerate([(os.system, (f"touch {marker}",)), (eval, (f"open({str(marker)!r}, 'w')",)),
                                       (getattr, ("x", "upper")), (Path, ("x",)), (np.load, ("x",)),
                                       (gensim_files.read, ("x",))]):  # fmt: skip
            path = tmp_path / f"attack{number}"
            path.write_bytes(pickle.dumps({"vectors": Attack(call)}, protocol=4))
            with pytest.raises(FormatError, match=r"not loaded, it names .*, which is not data of gensim's"):
                KeyedVectors.load(path)
        assert not marker.exists()

    def test_what_is_no_object_of_gensims(self, tmp_path):
        (tmp_path / "dict").write_bytes(pickle.dumps({"a": 1}))
        with pytest.raises(FormatError, match="holds a dict, no model or vectors"):
            KeyedVectors.load(tmp_path / "dict")
        (tmp_path / "damaged").write_bytes(pickle.dumps(list(range(999)))[:-5])
        with pytest.raises(FormatError, match=r"damaged pickle|not loaded"):
            KeyedVectors.load(tmp_path / "damaged")


class TestBesideGensim:
    """Files that the installed gensim writes, or that come with it."""

    @pytest.fixture
    def theirs(self, gensim_keyed):
        kv = gensim_keyed.KeyedVectors(3)
        kv.add_vectors(["a", "b c", "é"], np.arange(9).reshape(3, 3) / 7)
        for key, count in (("a", 5), ("b c", 4), ("é", 3)):
            kv.set_vecattr(key, "count", count)
            kv.set_vecattr(key, "code", [count])
        return kv

    @pytest.mark.parametrize("name", ["kv", "kv.gz", "kv.bz2"])
    @pytest.mark.parametrize("sep_limit", [0, 10**7])
    @pytest.mark.parametrize("mmap", [None, "r"])
    def test_side_files(self, theirs, tmp_path, name, sep_limit, mmap):
        theirs.save(str(tmp_path / name), sep_limit=sep_limit)
        assert (len(list(tmp_path.iterdir())) > 1) == (sep_limit == 0)
        ours = KeyedVectors.load(tmp_path / name, mmap=mmap)
        assert ours.index_to_key == theirs.index_to_key and np.array_equal(ours.vectors, theirs.vectors)
        assert ours.get_vecattr("b c", "count") == 4 and ours.get_vecattr("b c", "code") == [4]
        assert ours.most_similar("a")[0][0] == theirs.most_similar("a")[0][0]
        ours.save(tmp_path / "ours")
        same(KeyedVectors.load(tmp_path / "ours"), ours)

    def test_a_missing_or_damaged_side_file(self, theirs, tmp_path):
        theirs.save(str(tmp_path / "kv"), sep_limit=0)
        side = tmp_path / "kv.vectors.npy"
        side.write_bytes(side.read_bytes()[:-4])
        with pytest.raises(FormatError, match=r"kv\.vectors\.npy: damaged"):
            KeyedVectors.load(tmp_path / "kv")
        side.unlink()
        with pytest.raises(FileNotFoundError):
            KeyedVectors.load(tmp_path / "kv")

    def test_every_old_model_that_comes_with_gensim(self, gensim_keyed):
        data = Path(gensim_keyed.__file__).parent.parent / "test" / "test_data"
        files = [*data.glob("old_w2v_models/*.mdl"), *data.glob("word2vec_old*"), *data.glob("word2vec_pre_kv_*")]
        files = [path for path in files if path.suffix != ".npy" and path.name != "word2vec_pre_kv_c"] + [
            data / "old_keyedvectors_320.dat"
        ]
        compared = 0
        for path in files:
            found = gensim_files.read(path)
            kv = KeyedVectors._from_gensim(found.__dict__.get("wv", found))
            assert kv.vectors.shape == (len(kv), kv.vector_size) and len(kv) >= 3
            try:
                expected = gensim_keyed.KeyedVectors.load(str(path))
            except AttributeError:  # too old for gensim 4
                continue
            compared += 1
            expected = getattr(expected, "wv", expected)
            assert kv.index_to_key == expected.index_to_key and kv.key_to_index == expected.key_to_index
            np.testing.assert_array_equal(kv.vectors, expected.vectors)
            np.testing.assert_array_equal(kv.expandos["count"], expected.expandos["count"])
        assert compared >= 10

    def test_no_gensim_is_imported(self, theirs, tmp_path):
        theirs.save(str(tmp_path / "kv"))
        code = (
            "import sys; sys.modules['gensim'] = None; from fastqwem.models import KeyedVectors;"
            f"assert len(KeyedVectors.load({str(tmp_path / 'kv')!r})) == 3"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    @given(st.data())
    @settings(deadline=None, max_examples=200)
    def test_damage_never_crashes(self, theirs_pickled, tmp_path_factory, data):
        content = bytearray(theirs_pickled)
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(2, len(content) - 1))] = data.draw(st.integers(0, 255))
        path = tmp_path_factory.mktemp("damage") / "kv"
        path.write_bytes(content)
        with contextlib.suppress(FormatError, OSError, MemoryError):
            check = KeyedVectors.load(path)
            assert len(check.index_to_key) == len(check.vectors)


@pytest.fixture(scope="session")
def theirs_pickled(gensim_keyed):
    file = io.BytesIO()
    kv = gensim_keyed.KeyedVectors(3)
    kv.add_vectors(["a", "b c", "é"], np.arange(9).reshape(3, 3) / 7)
    pickle.dump(kv, file, protocol=4)
    names = {str(arg) for op, arg, _ in pickletools.genops(file.getvalue()) if op.name == "SHORT_BINUNICODE"}
    assert "gensim.models.keyedvectors" in names
    return file.getvalue()
