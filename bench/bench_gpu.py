"""``gpu.py`` at toy size in the simulator, and the judgements it makes: nothing is timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from gpu_parts import limits, line_counts, loss, machine_code, quality, toy
from gpu_parts.setup import TOY, Budget, LeftOut, Report, Setup, head, zipf_corpus

HERE = Path(__file__).parent


@pytest.fixture
def setup(tmp_path):
    """The toy, without a simulator: the processor's side of every part works."""
    report = Report(tmp_path / "rows.json")
    return Setup(toy.corpus(), "toy", TOY, report, Budget(1), tmp_path, sets=toy.write_sets(tmp_path))


def verdicts(report):
    return [row.verdict for row in report.rows]


def gpu(*arguments, **environment):
    """Run the script and return its exit status and output."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("FASTQWEM_", "PYTHONSAFE"))}
    command = [sys.executable, str(HERE / "gpu.py"), *map(str, arguments)]
    done = subprocess.run(command, env=variables | environment, capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_every_part_in_the_simulator(tmp_path):
    """All that can be measured without a device is; what cannot says why; a second call adds to the first."""
    pytest.importorskip("numba")
    rows = tmp_path / "rows.json"
    status, said = gpu("--toy", "--json", rows)
    assert status == 0, said
    found = {}
    for row in json.loads(rows.read_text()):
        found.setdefault(row["part"], []).append(row)
    assert list(found) == ["facts", "samples", "loss", "quality", "speed", "limits", "sanitizer", "peers", "spmm"]
    assert {row["verdict"] for row in found["samples"]} == {"ok"} and len(found["samples"]) == 7
    assert {row["verdict"] for row in found["loss"]} == {"ok"} and len(found["loss"]) == 6
    scored = [row for row in found["quality"] if row["verdict"]]
    assert {row["verdict"] for row in scored} == {"ok"} and len(scored) == 14
    measured = [row for row in found["speed"] if row["facts"].get("options")]
    assert len(measured) == 6 and all(row["value"] > 0 for row in measured)
    assert sum("bytes of rows" in row["what"] for row in found["limits"]) == 3
    assert sum("share of the memory limit" in row["what"] for row in found["limits"]) == 6
    (sanitizer,), (peers,) = found["sanitizer"], found["peers"]
    assert sanitizer["note"].startswith("left out: ") or sanitizer["verdict"]
    assert peers["note"].startswith("left out: absent")
    assert [row["verdict"] for row in found["spmm"] if "error" in row["what"]] == ["ok"]
    status, said = gpu("--toy", "facts", "--json", rows, "--minutes", "0")
    again = json.loads(rows.read_text())
    (late,) = [row for row in again if row["part"] == "facts"]
    assert (
        late["note"].startswith("left out: no time")
        and len(again) == sum(map(len, found.values())) - len(found["facts"]) + 1
    )


def test_without_a_gpu_every_row_says_so(tmp_path):
    from fastqwem import cuda

    if cuda.is_available():
        pytest.skip("there is a GPU")
    text = tmp_path / "text"
    text.write_text("a b c d e f\n" * 50)
    status, said = gpu(text, "samples", "loss", "speed", NUMBA_ENABLE_CUDASIM="0")
    assert status == 1 and cuda.why_not() in said and "Traceback" not in said


@pytest.mark.parametrize("arguments", [(), ("--toy", "somewhere"), ("text", "rows")])
def test_wrong_usage(arguments):
    status, said = gpu(*arguments)
    assert status == 2 and "usage:" in said


def test_losses_within_noise_hold_and_others_fail(setup):
    rng = np.random.default_rng(0)
    cpu = 2.0 + 0.01 * rng.standard_normal((3, 2))
    for shift, verdict in ((0.0, "ok"), (0.2, "FAILED"), (-0.2, "FAILED")):
        setup.report.begin("loss")
        loss.compare(setup, "sgns", cpu, cpu + shift)
        assert verdicts(setup.report) == [verdict] * 2


def test_quality_below_fails_and_above_holds(setup):
    theirs = [0.60, 0.61, 0.62]  # standard error 0.0058, of the difference 0.0082
    for shift, verdict in ((0.05, "ok"), (0.0, "ok"), (-0.008, "ok"), (-0.009, "FAILED"), (float("nan"), "FAILED")):
        setup.report.begin("quality")
        quality.compare(setup, "analogies", [each + shift for each in theirs], theirs)
        assert verdicts(setup.report) == [verdict], shift


def test_report_keeps_rows_and_turns_failures_into_rows(tmp_path):
    report = Report(tmp_path / "rows.json")
    report.begin("one")
    report.add("speed", 3, "words/s", facts={"a": 1})
    report.begin("two")
    with report.trying("broken"):
        raise KeyError("x")
    with report.trying("late"):
        Budget(0).check(5)
    again = Report(tmp_path / "rows.json")
    assert again.rows == report.rows and verdicts(again) == ["", "FAILED", ""]
    assert "KeyError" in again.rows[1].note and again.rows[2].note.startswith("left out: no time")
    again.begin("one")
    assert [row.part for row in again.rows] == ["two", "two"]
    with pytest.raises(LeftOut):
        Budget(0).check()
    with pytest.raises(KeyboardInterrupt), report.trying("stopped"):
        raise KeyboardInterrupt


def test_bytes_of_rows_by_hand(setup):
    """Blocks of two centres and windows of 2, all words: every block reads its neighbourhood once."""
    options = {"objective": "sgns", "vector_size": 32, "shared_negatives": 1, "shrink_windows": False}
    found = limits.bytes_per_word(setup, options)
    # sentences of 5 words, a block per centre: windows of 2, 3, 4, 3, 2 inputs, one centre, two negatives
    assert found == pytest.approx(2 * 4 * 32 * (14 / 5 + 1 + 2))


def test_instructions_are_loops_times_rounds():
    loops = [{"source": "a:1", "own": 10}, {"source": "a:2", "own": 4}, {"source": "a:2", "own": 6}]
    assert limits.loop_instructions(loops, {"a:1": 3, "a:2": 8, "b:1": 100}) == 3 * 10 + 8 * 5
    assert limits.loop_instructions([*loops, {"source": "unknown", "own": 7}], {"a:1": 1}) == 10


SOURCE = """def f(n):
    total = 0
    for i in range(n):
        total += i
        for j in range(i):
            if j % 2:
                total += 1
    while total > 5:
        total -= 5
    return total
"""


def test_rounds_of_loops_are_counted(tmp_path, monkeypatch):
    """On a thread that looks like one of the simulator's: lane 0 counts, lane 1 does not."""
    path = tmp_path / "source.py"
    path.write_text(SOURCE)
    space = {}
    exec(compile(SOURCE, str(path), "exec"), space)
    for thread, expected in ((0, {3: 6, 5: 15, 8: 4}), (1, {})):
        steps = Counter()
        monkeypatch.setattr(line_counts.threading.current_thread(), "thread_id", thread, raising=False)
        sys.settrace(line_counts.counting(str(tmp_path), steps))
        space["f"](6)  # total: 15, plus 6 odd numbers below i: 1, 1, 2, 2 for i = 2 .. 5, then 21, 16, 11, 6
        sys.settrace(None)
        assert line_counts.rounds(steps) == {f"{path}:{line}": count for line, count in expected.items()}


def test_a_loop_of_machine_code_finds_its_source(tmp_path):
    path = str(tmp_path / "source.py")
    Path(path).write_text(SOURCE)

    def loops_of(name):
        return list(line_counts.loops_of(name))

    def find(lines, last):
        return machine_code.source_loop([(path, line) for line in lines], last and (path, last), loops_of)

    assert find([4, 5], 3) == f"{path}:3"  # by the branch
    assert find([5, 6, 7], 4) == f"{path}:5"  # the branch is from no head
    assert find([3, 4, 4, 7], None) == f"{path}:3"
    assert find([2, 10], None) == "unknown"


def test_corpora():
    made = zipf_corpus(50, 1003, sentence=10)
    assert len(made.ids) == 1003 and len(made.vocab) == 50 and np.diff(made.offsets).max() == 10
    assert (np.diff(made.vocab.counts) <= 0).all()
    seen = np.bincount(made.ids, minlength=50)
    np.testing.assert_array_equal(np.maximum(seen, 1), made.vocab.counts)
    part = head(made, 95)
    assert part.offsets.tolist() == list(range(0, 91, 10)) and part.vocab is made.vocab
    np.testing.assert_array_equal(part.ids, made.ids[:90])
    assert len(head(made, 1)) == 1  # at least a sentence
