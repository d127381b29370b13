"""The command line, run within the test."""

from __future__ import annotations

from fastqwem import cli


def runner(capsys):
    """Return a function of arguments that returns (exit code, stdout, stderr)."""

    def run(*argv):
        code = cli.main([str(arg) for arg in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def failed(result, code, *parts):
    """A failure is its exit code, one line on stderr, and nothing on stdout."""
    assert result[0] == code and result[1] == ""
    assert result[2].startswith("fastqwem: error: ") and result[2].count("\n") == 1, result[2]
    for part in parts:
        assert part in result[2]
    assert "Traceback" not in result[2]
