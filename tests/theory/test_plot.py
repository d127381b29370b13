"""Pictures: that they show the numbers they were given, and leave the user's matplotlib alone."""

from __future__ import annotations

import itertools
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from fastqwem.theory import plot
from fastqwem.theory.concepts import Concept
from fastqwem.theory.dynamics import learning_curves
from fastqwem.theory.task_vectors import spike_fit

VALUES = np.array([50.0, 40.0, 31.0, 23.0, 16.0, 10.0])


@pytest.fixture(scope="module")
def curves():
    tau = np.log(VALUES / 1e-6) / VALUES
    return learning_curves(VALUES, np.linspace(0, 1.2 * tau[-1], 300), init=np.full(6, 1e-3), norm=100.0)


@pytest.fixture(scope="module")
def course(curves):
    s = np.sort(curves.s, axis=1)[:, ::-1]
    return SimpleNamespace(times=curves.times * 1.01, singular_values=s, losses=curves.loss)


def styles(axes):
    return [line.get_linestyle() for line in axes.lines]


def test_a_picture_is_the_same_bytes_each_time_and_leaves_the_settings_alone():
    before = dict(matplotlib.rcParams)

    def picture():
        figure, axes = plot.figure()
        plot.spectrum(axes, VALUES)
        return plot.encode(figure)

    assert picture() == picture()
    assert picture().startswith(b"\x89PNG\r\n")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("draw", [plot.figure, lambda: plot.spectrum(None, VALUES)])
def test_without_matplotlib(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pictures need matplotlib: pip install 'fastqwem\[plot\]'"):
        draw()


def test_the_package_does_without_matplotlib_until_something_is_drawn():
    """In a process of its own, since this one has imported it already."""
    import subprocess

    code = (
        "import sys; sys.modules['matplotlib'] = None; import fastqwem.theory.plot, fastqwem.theory.report, "
        "fastqwem.cli; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"


def test_spectrum_leaves_out_what_is_not_positive():
    _, axes = plot.figure()
    assert plot.spectrum(axes, np.array([4.0, 1.0, 0.0, -3.0])) is axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 4], [2, 1]])
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [4, 4 * 2**-0.6])


def test_staircase_has_theory_dashed_and_the_run_solid(curves, course):
    _, axes = plot.figure()
    plot.staircase(axes, curves, course, modes=3)
    assert styles(axes) == ["-", "--"] * 3
    for k in range(3):
        run, theory = axes.lines[2 * k : 2 * k + 2]
        np.testing.assert_allclose(run.get_xdata(), course.times / curves.tau[0])
        np.testing.assert_array_equal(run.get_ydata(), course.singular_values[:, k])
        np.testing.assert_array_equal(theory.get_ydata(), np.sort(curves.s, axis=1)[:, -1 - k])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["measured", "theory"]
    assert axes.get_xscale() == "log" and axes.get_xlabel() and axes.get_ylabel()


def test_staircase_without_a_run_and_with_fewer_modes_than_asked_for(curves):
    _, axes = plot.figure()
    plot.staircase(axes, curves, modes=20)
    assert styles(axes) == ["--"] * 6
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["theory"]


def test_loss_shows_every_plateau(curves, course):
    _, axes = plot.figure()
    plot.loss(axes, curves, course, modes=4)
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    expected = 1 - np.concatenate(([0], np.cumsum(VALUES[:4] ** 2))) / 100.0**2
    np.testing.assert_allclose(levels, expected, rtol=1e-12)
    run, theory = axes.lines[-2:]
    np.testing.assert_allclose(run.get_ydata(), 1 + 4 * course.losses / 100.0**2)
    assert (run.get_linestyle(), theory.get_linestyle()) == ("-", "--")
    assert {"no mode learned", "1 mode", "2 modes"} <= {text.get_text() for text in axes.texts}


def test_loss_without_a_norm_is_in_units_of_the_first_step(curves):
    _, axes = plot.figure()
    bare = learning_curves(VALUES, curves.times, init=np.full(6, 1e-3))
    plot.loss(axes, bare, modes=2)
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(levels, [0, -1, -1 - 40**2 / 50**2])


def test_learning_times(curves):
    _, axes = plot.figure()
    fitted = curves.tau * 1.02
    fitted[-1] = np.nan
    plot.learning_times(axes, curves.tau, fitted, curves.tau * 1.1)
    measured, theory, seeded = (line.get_ydata() for line in axes.lines)
    np.testing.assert_allclose(measured, fitted / curves.tau[0])
    np.testing.assert_allclose(theory, curves.tau / curves.tau[0])
    np.testing.assert_allclose(seeded, 1.1 * curves.tau / curves.tau[0])


def test_names_in_a_scatter_do_not_cover_each_other():
    figure, axes = plot.figure(3.5, 3.5)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 2))
    crowd = [(f"crowded{i}", rng.normal(0, 0.05, 2)) for i in range(40)]
    plot.scatter(axes, points, {"far": [("lonely", np.array([2.0, 2.0]))], "near": crowd}, 3.0)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    shown = [text.get_text() for text in axes.texts]
    assert "lonely" in shown and 2 <= len(shown) < 41  # some fit, not all
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), points)
    assert len(axes.lines) == 1 + 41  # every marked word has its dot
    assert axes.get_xlim() == axes.get_ylim() == (-3, 3)


def test_concept_table_has_the_words_and_times():
    _, axes = plot.figure()
    concepts = [Concept(1, 9.0, [("sea", 0.9), ("ship", 0.8)], [("sky", -0.9)]), Concept(2, 4.0, [("tea", 0.5)], [])]
    plot.concept_table(axes, concepts, np.array([2.0, np.inf]))
    shown = [text.get_text() for text in axes.texts]
    assert shown[4:8] == ["1", "1.00", "sea ship", "sky"] and shown[8:] == ["2", "", "tea", ""]


def test_overlap_is_the_matrix_with_the_first_row_on_top():
    _, axes = plot.figure()
    matrix = np.random.default_rng(0).random((5, 7))
    plot.overlap(axes, matrix, "rows", "columns")
    np.testing.assert_array_equal(axes.images[0].get_array(), matrix)
    assert axes.get_ylim() == (5.5, 0.5) and axes.get_xlim() == (0.5, 7.5)
    assert axes.images[0].get_clim() == (0, 1)


def test_families_have_a_line_each():
    figure, axes = plot.figure()
    lines = {f"family {i}": np.arange(3.0) + i for i in range(10)}
    plot.families(axes, np.array([4, 8, 16]), lines, "d", "right", base=2)
    assert len(axes.lines) == len(plot.PALETTE)  # no two of one colour
    assert len({line.get_color() for line in axes.lines}) == len({line.get_marker() for line in axes.lines}) == 8
    np.testing.assert_array_equal(axes.lines[3].get_xydata(), [[4, 3], [8, 4], [16, 5]])
    plot.key_below(figure, axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(lines)[:8]


def test_localisation_writes_at_the_right_bars():
    _, axes = plot.figure()
    shares = np.array([0.1, 0.6, 0.3])
    plot.localisation(axes, shares, {2: "government"})
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], shares)
    assert [(text.get_text(), text.xy) for text in axes.texts] == [("government", (2, 0.6))]


def test_spike_counts_every_eigenvalue_and_scales_the_density():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(30, 200)) + 1.0
    fit = spike_fit(rows)
    values = np.linalg.eigvalsh(rows @ rows.T / 200)[::-1]
    _, axes = plot.figure()
    plot.spike(axes, values, fit)
    bulk, spike = ([bar.get_height() for bar in group] for group in axes.containers)
    assert sum(bulk) == 29 and sum(spike) == 1
    x, y = axes.lines[0].get_data()
    width = axes.patches[0].get_width()
    # the law of Marchenko and Pastur integrates to one; trapezoids on 400 points miss its vertical ends by some 1e-3
    assert np.trapezoid(y, x) == pytest.approx(29 * width, rel=0.01)
