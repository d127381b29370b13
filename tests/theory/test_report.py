"""The report: what its files hold, that the page needs nothing else, and what it says of bad input."""

from __future__ import annotations

import base64
import csv
import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import cooccurrence, random_table

from fastqwem import Cooccurrence, Spectrum, Target, solve
from fastqwem.theory import measured, page
from fastqwem.theory import plot as plot_module
from fastqwem.theory.report import leading, report

QUICK = {"vector_size": 30, "trained_size": 24, "modes": 6, "progress": False}
N_WORDS = 150


@pytest.fixture(scope="module")
def counts():
    return cooccurrence(random_table(N_WORDS, seed=3))


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """Three families: one that is covered, one of two pairs, one of foreign words."""
    path = tmp_path_factory.mktemp("questions") / "questions.txt"
    pairs = [(f"w{2 * i}", f"w{2 * i + 1}") for i in range(6)]
    lines = [": six"] + [f"{a} {b} {c} {d}" for a, b in pairs for c, d in pairs if a != c]
    lines += [": two", "w20 w21 w30 w31", ": foreign", "w1 w2 nowhere never", "here there somewhere always"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def made(counts, questions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "out"
    return report(counts, folder, analogies=questions, **QUICK), folder


@pytest.fixture(scope="module")
def summary(made):
    return json.loads((made[1] / "summary.json").read_text(encoding="utf-8"))


class Parsed(HTMLParser):
    """Every tag closed, and every attribute that could fetch something."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.tags, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


class TestPage:
    def test_needs_nothing_but_itself(self, made):
        text = made[0].page.read_text(encoding="utf-8")
        parsed = Parsed(text)
        assert text.startswith("<!DOCTYPE html>")
        assert not re.search(r"https?:|@import|url\(", text)
        assert not {"script", "link", "iframe", "object"} & set(parsed.tags)
        assert parsed.sources and all(source.startswith(("data:image/png;base64,", "#")) for source in parsed.sources)

    def test_holds_every_picture(self, made):
        text = made[0].page.read_text(encoding="utf-8")
        found = {base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)\"", text)}
        saved = {path.stem: path.read_bytes() for path in (made[1] / "figures").iterdir()}
        assert set(saved) == {
            "spectrum", "staircase", "learning_times", "loss", "concepts", "slices", "overlap", "analogies",
            "signal_to_noise", "localisation", "spike",
        }  # fmt: skip
        table = saved.pop("concepts")  # the page has that one as a table
        assert found == set(saved.values()) and table not in found
        assert text.count("<img ") == text.count("<img alt=")

    def test_links_lead_to_sections(self, made):
        text = made[0].page.read_text(encoding="utf-8")
        assert set(re.findall(r'href="#([^"]+)"', text)) == set(re.findall(r'<h2 id="([^"]+)"', text))

    def test_tells_what_was_trained(self, made):
        words = " ".join(Parsed(made[0].page.read_text(encoding="utf-8")).words)
        steps = made[0].numbers["staircase"]["measured"]["steps"]
        assert f"{steps:,} steps" in words and f"{N_WORDS:,} words in 24 dimensions" in words

    def test_words_are_text_not_markup(self):
        table = page.Table(["<b>"], [["<script>alert(1)</script>"], [float("nan")], [1234567]])
        section = page.Section("s", "a & b", ["1 < 2"], {"p": page.Picture(b"x", 'say "hi"')}, table)
        text = page.as_page("<title>", ["lead"], [section], "foot")
        assert "<script" not in Parsed(text).tags and "script" not in Parsed(text).tags
        assert {"<script>alert(1)</script>", "-", "1,234,567", "a & b", "1 < 2"} <= set(Parsed(text).words)


class TestNumbers:
    def test_times_are_those_of_the_formula(self, counts, summary):
        target = Target(counts)
        dense = target.todense()
        values, vectors = np.linalg.eigh(dense)
        values, vectors = values[::-1][:24], vectors[:, ::-1][:, :24]
        np.testing.assert_allclose(summary["spectrum"]["eigenvalues"][:24], values, rtol=1e-4)
        start = (1e-4 * np.random.default_rng(0).standard_normal((N_WORDS, 24))).astype(np.float32)
        seeds = np.abs(np.diag(np.linalg.qr(start.astype(np.float64).T @ vectors)[1]))
        tau = np.log(values / seeds**2) / values
        modes = summary["staircase"]["modes"]
        # eigenvectors of float32 and tolerance 1e-5 move a seed by some 1e-4 of itself, and tau by far less
        np.testing.assert_allclose(summary["staircase"]["tau"][:modes], tau[:modes], rtol=1e-4)
        assert summary["loss"]["norm"] == pytest.approx(np.linalg.norm(dense))

    def test_the_run_does_what_theory_says(self, summary):
        """A step of share s makes a mode late by s / 4 (Euler); modes that are not separated add a little."""
        modes, run = summary["staircase"]["modes"], summary["staircase"]["measured"]
        error = np.array(run["tau_error"], float)
        assert len(error) == modes == 6 and np.isfinite(error).all()
        assert np.abs(error[0] - measured.STEP_SHARE / 4) < 0.01 and np.abs(error).max() < 0.08
        assert run["overlap"] > 0.99
        assert summary["loss"]["measured"]["largest_difference_as_share_of_drop"] < 0.1

    def test_tables_hold_what_the_summary_holds(self, made, summary):
        def table(name):
            with open(made[1] / "data" / f"{name}.csv", encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        spectrum = table("spectrum")
        assert [float(row["eigenvalue"]) for row in spectrum] == summary["spectrum"]["eigenvalues"]
        times = table("learning_times")
        assert [float(row["tau"]) for row in times] == summary["staircase"]["tau"][: len(times)]
        theory, run = table("theory"), table("measured")
        assert float(theory[0]["time"]) == 0 and set(theory[0]) == set(run[0])
        assert all(float(b["time"]) > float(a["time"]) for a, b in itertools.pairwise(run))
        words = {row["word"] for row in table("concepts")}
        assert words <= {f"w{i}" for i in range(N_WORDS)}
        families = table("families")
        assert {row["family"] for row in families} == {"six", "two"}
        assert {int(row["pairs"]) for row in families if row["family"] == "six"} == {6}
        assert {row["time"] == "" for row in families} == {True, False}

    def test_families_that_are_not_covered_are_left_out(self, summary):
        assert set(summary["analogies"]) == {"six", "two"}
        assert set(summary["task_vectors"]) == {"six"}  # a spectrum of two task vectors tells nothing

    def test_overlaps(self, made):
        with open(made[1] / "data" / "overlap_trained.csv", encoding="utf-8", newline="") as file:
            matrix = np.array(list(csv.reader(file))[1:], float)
        assert matrix.shape == (9, 9) and matrix.min() >= 0 and matrix.max() <= 1 + 1e-6
        assert matrix[0, 0] > 0.99

    def test_what_is_not_known_is_null(self):
        text = page.as_json({"a": np.array([1.0, np.nan]), "b": [np.inf], 3: np.float64(2.5), "c": np.int64(7)})
        assert json.loads(text) == {"a": [1.0, None], "b": [None], "3": 2.5, "c": 7}
        assert page.as_csv(page.Table(["x", "y"], [[float("nan"), "a,b"]])) == b'x,y\n,"a,b"\n'


@pytest.fixture
def unprinted(monkeypatch):
    """Pictures are drawn but not turned into files, which is the slow part."""
    monkeypatch.setattr(plot_module, "encode", lambda figure: b"PNG")


@pytest.mark.usefixtures("unprinted")
class TestLess:
    def test_a_spectrum_is_enough_for_theory(self, counts, questions, tmp_path):
        solve(Target(counts), 30, progress=False).save(tmp_path / "s.fqs")
        made = report(Spectrum.load(tmp_path / "s.fqs"), tmp_path / "out", analogies=questions, modes=6)
        text = made.page.read_text(encoding="utf-8")
        assert "No training was run" in text and "measured" not in made.numbers["staircase"]
        assert "slices" in made.numbers and "overlap" not in made.numbers
        assert made.numbers["loss"]["norm"] is None

    def test_without_training(self, counts, tmp_path):
        made = report(counts, tmp_path / "out", training=False, **QUICK)
        assert "measured" not in made.numbers["staircase"] and "trained" not in made.numbers["overlap"]["diagonal"]
        assert "analogies" not in made.numbers and made.seconds["training"] < 1

    def test_a_spectrum_without_words(self, counts, questions, tmp_path):
        spectrum = solve(Target(counts).todense(), 30, progress=False)
        made = report(spectrum, tmp_path / "out")
        assert [name for name in made.numbers if isinstance(made.numbers[name], dict)][-3:] == [
            "spectrum", "staircase", "loss",
        ]  # fmt: skip
        with pytest.raises(ValueError, match="analogies need words, and this spectrum has no vocabulary"):
            report(spectrum, tmp_path / "more", analogies=questions)

    def test_only_the_most_frequent_words(self, counts, tmp_path):
        made = report(Target(counts, negative=2), tmp_path / "out", training=False, max_vocab=60, **QUICK)
        expected = solve(Target(leading(counts, 60), negative=2), 30, progress=False).values
        np.testing.assert_array_equal(made.numbers["spectrum"]["eigenvalues"], expected)
        assert made.numbers["words"] == 60 and made.numbers["target"]["negative"] == 2

    def test_weighted_words(self, counts, tmp_path):
        """Everything is in the coordinates of the eigenproblem, with the weights in them: Proposition 2."""
        made = report(Target(counts, weight_exponent=0.5), tmp_path / "out", **QUICK)
        run = made.numbers["staircase"]["measured"]
        assert np.abs(run["tau_error"]).max() < 0.08 and run["overlap"] > 0.99
        assert made.numbers["overlap"]["diagonal"]["trained"][0] > 0.99

    def test_leading_counts_are_a_corner(self, counts):
        corner = leading(counts, 40)
        np.testing.assert_array_equal(corner.matrix.toarray(), counts.matrix.toarray()[:40, :40])
        assert corner.vocab.words == counts.vocab.words[:40] and isinstance(corner, Cooccurrence)
        assert leading(counts, None) is leading(counts, N_WORDS) is counts

    def test_a_vocabulary_smaller_than_everything_asked_for(self, tmp_path):
        made = report(cooccurrence(random_table(12, seed=1)), tmp_path / "out", progress=False)
        assert made.numbers["words"] == 12 and made.page.exists()


@pytest.mark.usefixtures("unprinted")
class TestFiles:
    def test_the_same_report_twice(self, counts, tmp_path):
        first = report(counts, tmp_path / "out", training=False, **QUICK)
        before = {path: path.read_bytes() for path in first.page.parent.rglob("*.csv")}
        (tmp_path / "out" / "mine.txt").write_text("kept")
        report(counts, tmp_path / "out", training=False, **QUICK)
        assert {path: path.read_bytes() for path in before} == before
        assert (tmp_path / "out" / "mine.txt").read_text() == "kept"
        assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".tmp")]

    def test_a_page_is_never_half_written(self, counts, tmp_path, monkeypatch):
        def broken(figure):
            raise RuntimeError("no ink")

        report(counts, tmp_path / "out", training=False, **QUICK)
        before = (tmp_path / "out" / "report.html").read_bytes()
        monkeypatch.setattr(plot_module, "encode", broken)
        with pytest.raises(RuntimeError, match="no ink"):
            report(counts, tmp_path / "out", training=False, **QUICK)
        assert (tmp_path / "out" / "report.html").read_bytes() == before


class TestBadInput:
    def never(self, *args, **options):
        raise AssertionError("the long work began before the input was judged")

    @pytest.fixture
    def lazy(self, monkeypatch):
        import fastqwem.theory.report as module

        monkeypatch.setattr(module, "solve", self.never)

    def test_questions_without_coverage(self, counts, tmp_path, lazy):
        path = tmp_path / "q.txt"
        path.write_text(": one\nw1 w2 here there\n: two\nhere there now then\n")
        with pytest.raises(
            ValueError, match=r"no family of .*q\.txt has two pairs among the 150 words; of its 4 .* 1 are"
        ):
            report(counts, tmp_path / "out", analogies=path)

    def test_no_such_questions(self, counts, tmp_path, lazy):
        with pytest.raises(FileNotFoundError):
            report(counts, tmp_path / "out", analogies=tmp_path / "none.txt")

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"modes": 0}, "modes must be at least 1, got 0"),
            ({"trained_size": 0}, "trained_size must be at least 1, got 0"),
            ({"vector_size": 0}, "vector_size must be at least 1, got 0"),
            ({"init_scale": 0}, "init_scale must be greater than 0, got 0"),
            ({"init_scale": float("nan")}, "init_scale must be finite, got nan"),
        ],
    )
    def test_options(self, counts, tmp_path, lazy, options, match):
        with pytest.raises(ValueError, match=match):
            report(counts, tmp_path / "out", **options)

    def test_sources(self, counts, tmp_path, lazy):
        with pytest.raises(TypeError, match="source must be a Cooccurrence, a Target or a Spectrum, got ndarray"):
            report(np.eye(3), tmp_path / "out")
        with pytest.raises(
            ValueError, match="source must be a target of kind 'qwem', what training learns, got 'ppmi'"
        ):
            report(Target(counts, kind="ppmi"), tmp_path / "out")

    def test_folders(self, counts, tmp_path, lazy):
        with pytest.raises(FileNotFoundError, match="no such folder to write to"):
            report(counts, tmp_path / "none" / "out")
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="exists"):
            report(counts, tmp_path / "file")

    def test_no_positive_eigenvalue(self, tmp_path):
        with pytest.raises(ValueError, match="spectrum must hold a positive eigenvalue, the largest is -1"):
            report(solve(-np.eye(20), 5, progress=False), tmp_path / "out")

    def test_a_start_that_is_not_small(self, counts, tmp_path):
        with pytest.raises(ValueError, match=r"init_scale must be small against the first singular value .* got 10"):
            report(counts, tmp_path / "out", init_scale=10.0, **QUICK)

    def test_without_matplotlib(self, counts, tmp_path, monkeypatch, lazy):
        import sys

        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match="pictures need matplotlib"):
            report(counts, tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestRun:
    @settings(deadline=None)  # up to some ten thousand steps
    @given(
        st.lists(st.floats(1.0, 100.0), min_size=1, max_size=12),
        st.floats(1.0, 4.0),
    )
    def test_steps_reach_the_end_and_are_never_too_long(self, values, beyond):
        values = np.sort(values)[::-1]
        tau = np.log(values / 1e-8) / values
        longest = 1 / (beyond * values[0])
        end = 1.1 * tau[-1]
        sizes = measured.step_sizes(values, tau, end, longest)
        clock = np.concatenate(([0.0], np.cumsum(sizes)))
        assert clock[-2] < end <= clock[-1]
        assert (sizes <= longest).all()
        for k, value in enumerate(values):
            growing = clock[:-1] < tau[k]
            assert (sizes[growing] * value <= measured.STEP_SHARE * (1 + 1e-12)).all()

    @pytest.mark.parametrize("n", [20, 120])
    def test_lowest_eigenvalue(self, n):
        target = Target(cooccurrence(random_table(n, seed=5)))
        exact = np.linalg.eigvalsh(target.todense())[0]
        assert measured.lowest_eigenvalue(target) == pytest.approx(exact, rel=0.02)

    @pytest.mark.parametrize(("highest", "lowest"), [(10.0, -2.0), (10.0, -80.0), (10.0, 3.0)])
    def test_the_longest_step_is_stable(self, highest, lowest):
        """Descent on two separate modes: one settles, and one that cannot be learned dies out."""
        dt = measured.longest_step(highest, lowest)
        learned, other = np.sqrt(highest) * 1.01, 1e-3
        for _ in range(60):
            before = abs(other)
            learned += dt / 2 * (highest * learned - learned**3)
            other += dt / 2 * (lowest * other - other**3)
            assert lowest > 0 or abs(other) <= before
        assert learned == pytest.approx(np.sqrt(highest), rel=1e-3)

    def test_modes_that_come_late_are_not_waited_for(self):
        """tau is about ln(1e8 lambda) / lambda: the third mode is fifty times slower than the first."""
        spectrum = solve(np.diag([100.0, 80.0, 1.5] + [-1.0] * 37), 3, progress=False)
        planned = measured.plan(spectrum, 3, 3, 1e-5)
        assert planned.modes == 2 and planned.end == pytest.approx(1.1 * planned.tau[1])
        first, second, last = planned.slices
        assert 0 < first < planned.tau[0] < second < planned.tau[1] < last == planned.end
