"""The command line: the roads from text to vectors, and what one does with vectors.

Whatever can be judged before long work is: options, the folder and format of every output. The parts of the
package are imported by the commands that need them, so that ``--help`` is quick. `cli_parser` holds the
options and their help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ._version import __version__
from .cli_parser import (
    COUNTING,
    FACTORIZING,
    MACHINE,
    SOLVING,
    TARGET,
    TEXT,
    THEORY,
    TRAINING,
    UsageError,
    build_parser,
    flag,
    judge,
)
from .errors import FastqwemError, FormatError, TrainingInterrupted

__all__ = ["DEFAULTS", "FACTORIZING_DEFAULTS", "TRAINING_DEFAULTS", "main"]

DEFAULTS: dict[str, Any] = {
    "min_count": 5,
    "max_vocab": None,
    "window": 16,
    "weighting": "linear",
    "kind": "qwem",
    "negative": 1.0,
    "ns_exponent": 1.0,
    "smoothing": 0.0,
    "weight_exponent": 0.0,
    "vector_size": 200,
    "tol": 1e-5,
    "seed": 0,
    "workers": 0,
    "memory": None,
    "scratch": None,
    "topn": 10,
    "restrict_vocab": None,
    "protocol": "google",
    "errors": "strict",
}

TRAINING_DEFAULTS: dict[str, Any] = {
    "objective": "sgns",
    "architecture": "skipgram",
    "vector_size": 100,
    "window": 5,
    "negative": 5,
    "ns_exponent": 0.75,
    "sample": 1e-3,
    "alpha": None,
    "min_alpha": None,
    "epochs": 5,
    "seed": 1,
    "shared_negatives": None,
    "init": None,
    "held_out": 0.0,
    "tied": False,
    "hs": False,
    "exact_negatives": False,
    "shrink_windows": True,
    "cbow_mean": True,
    "device": "cpu",
}

THEORY_DEFAULTS: dict[str, Any] = {"trained_size": 64, "modes": 20, "init_scale": 1e-4, "training": True}

FACTORIZING_DEFAULTS: dict[str, Any] = {
    "vector_size": 200,
    "negative": 5.0,
    "ns_exponent": 0.75,
    "sample": 1e-4,
    "objective": None,
    "ridge": 2.5,
    "ridge_exponent": 0.25,
    "sweeps": None,
    "steps": None,
    "precision": None,
    "thinning": None,
    "tol": 1e-4,
    "start": "spectral",
    "vectors": None,
    "tied": False,
    "seed": 0,
}

OK, FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


def _defaults(command: str) -> Mapping[str, Any]:
    if command == "theory":
        return DEFAULTS | THEORY_DEFAULTS | {"max_vocab": 10_000}
    if command == "factorize":  # word2vec's objective wants a window like word2vec's
        return DEFAULTS | FACTORIZING_DEFAULTS | {"window": 8}
    return DEFAULTS | (TRAINING_DEFAULTS if command == "train" else {})


def _options(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(args, name) for name in names}


def _refuse(args: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Refuse options that would have no effect."""
    for name in names:
        if name in args.given:
            raise UsageError(f"{flag(name)} has no effect: {why}")


def _check_outputs(inputs: Sequence[str], outputs: Sequence[str | None]) -> None:
    """Refuse outputs whose folder is missing, or that would overwrite an input or each other."""
    from . import storage

    seen = {os.path.realpath(path): path for path in inputs}
    for output in filter(None, outputs):
        storage.check_writable(output)
        if os.path.realpath(output) in seen:
            raise UsageError(f"{output} would overwrite {seen[os.path.realpath(output)]}")
        seen[os.path.realpath(output)] = output


def _check_folder(path: str) -> None:
    """Refuse a folder that cannot be written before the work that fills it; addresses are not judged."""
    if os.path.exists(path) and not os.path.isdir(path):
        raise UsageError(f"{path} is a file: shards go into a folder")
    parent = os.path.dirname(os.path.abspath(path))
    if "://" not in path and not os.path.isdir(parent):
        raise FileNotFoundError(2, "no such folder to write to", parent)


def _format(name: str | None) -> str | None:
    """Return the name of a format of vectors as given, judged."""
    from .vectors import formats

    if name is not None and name not in formats.FORMATS:
        raise UsageError(f"format must be one of {', '.join(formats.FORMATS)}, got {name!r}")
    return name


def _target(path: str, format: str | None = None) -> str:
    """Return the format in which vectors are to be written to a path."""
    from .vectors import formats

    try:
        return formats.check_target(path, format)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _kind(path: str) -> str | None:
    """Return what container a path is ("corpus", "counts", "spectrum", "vectors"), or None."""
    from . import storage

    if os.path.isfile(os.path.join(path, "manifest.fqn")):
        return "counts"
    try:
        return storage.peek(path)[0] if os.path.isfile(path) else None
    except FormatError:
        return None


class _Report:
    """What was done and how long it took, shown at the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.last = time.perf_counter()

    def add(self, label: str, text: str) -> None:
        now = time.perf_counter()
        self.lines.append(f"{label:8} {now - self.last:8.2f} s  {text}")
        self.last = now

    def show(self) -> None:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print("\n".join(self.lines), f"\n{'memory':8} {peak:8.2f} GiB at most", sep="")


def _read(args: argparse.Namespace, kind: str | None, report: _Report, old: Any = None) -> Any:
    """Return the corpus that the inputs are, encoded already or as text; with the words of `old` counts, if any."""
    from .text import Corpus

    if kind == "corpus":
        _refuse(args, TEXT, f"the words of {args.input[0]} are chosen already")
        corpus = Corpus.load(args.input[0])
    else:
        paths = args.input if len(args.input) > 1 else args.input[0]
        words = _options(args, *TEXT) if old is None else {"vocab": old.vocab}
        corpus = Corpus.from_text(paths, **words, **_options(args, *MACHINE), progress=args.progress)
    report.add("corpus", _corpus_line(corpus))
    return corpus


def _corpus_line(corpus: Any) -> str:
    return f"{corpus.n_tokens:,} tokens in {corpus.n_sentences:,} sentences, {len(corpus.vocab):,} words"


def _counted(args: argparse.Namespace, corpus: Any, report: _Report, **more: Any) -> Any:
    from .counts import count

    counts = count(corpus, **_options(args, *COUNTING, *MACHINE), progress=args.progress, **more)
    report.add("counts", f"{counts.nnz:,} pairs of words within {args.window} ({args.weighting})")
    return counts


def _container(args: argparse.Namespace, wanted: Sequence[str]) -> str | None:
    """Return the kind of an only input that is one of ours; refuse those the command cannot start from."""
    kinds = [_kind(path) for path in args.input]
    for path, kind in zip(args.input, kinds, strict=True):
        if kind is not None and kind not in wanted:
            raise FormatError(f"{path}: holds {kind}, expected text or {' or '.join(wanted)}")
        if kind is not None and len(kinds) > 1:
            raise UsageError(f"{path} holds {kind}: give it alone, not among {len(kinds)} inputs")
    return kinds[0]


def _count(args: argparse.Namespace) -> None:
    sharded = args.shards or args.scheduler is not None
    _check_outputs(args.input, [None if sharded else args.output, args.save_corpus])
    if sharded:
        _check_folder(args.output)
    kind = _container(args, ["corpus"])
    if args.scheduler is not None and (kind == "corpus" or args.save_corpus):
        raise UsageError("--scheduler reads text on the workers: no encoded corpus goes in or out")
    options = _updated(args)
    report = _Report()
    if args.scheduler is not None:
        counts = _count_on_cluster(args, options)
    else:
        corpus = _read(args, kind, report, options.get("update"))
        if args.save_corpus:
            corpus.save(args.save_corpus)
        counts = _counted(args, corpus, report, **options, output=args.output if sharded else None)
    if not sharded:
        counts.save(args.output)
    report.add("saved", f"{args.output}, {counts.nnz:,} pairs" if sharded else args.output)
    report.show()


def _updated(args: argparse.Namespace) -> dict[str, Any]:
    """Return the older counts to add to, as an option of `count`; they say which words and windows there are."""
    if args.update is None:
        return {}
    from .counts import Cooccurrence

    _refuse(args, TEXT, f"the words are those of {args.update}")
    old = Cooccurrence.load(args.update, mmap=True)
    for name in COUNTING:
        if name in args.given and getattr(args, name) != getattr(old, name):
            raise UsageError(f"{flag(name)} must be that of {args.update}, {getattr(old, name)}")
        setattr(args, name, getattr(old, name))
    return {"update": os.path.abspath(args.update) if args.scheduler is not None else old}


def _count_on_cluster(args: argparse.Namespace, options: dict[str, Any]) -> Any:
    """Count with the workers of a Dask cluster."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--scheduler needs dask: pip install 'fastqwem[dask]'") from None
    from .counts import count

    words = {} if "update" in options else _options(args, *TEXT)
    connect: Any = Client  # which has no types
    with connect(args.scheduler, timeout=10) as client:
        return count(
            [os.path.abspath(path) if "://" not in path else path for path in args.input],
            **_options(args, *COUNTING, *MACHINE),
            **words,
            **options,
            progress=args.progress,
            output=args.output,
            executor=client,
        )


def _solve(args: argparse.Namespace) -> None:
    if args.kind == "ppmi" and args.negative != 1:
        raise UsageError(f"negative must be 1 for kind ppmi, got {args.negative:g}; kind sppmi subtracts ln negative")
    format = _target(args.output)
    _check_outputs(args.input, [args.output, args.save_counts, args.save_spectrum])
    report = _Report()
    counts = _counts(args, lambda vocab: _check_vocabulary(args, vocab, format), report)
    _finish(args, _solved(args, counts, report).vectors(), format, _made(args, counts, *TARGET, "tol", "seed"), report)


def _factorize(args: argparse.Namespace) -> None:
    if args.tied and args.vectors == "concat":
        raise UsageError("vectors must not be concat with --tied: tied factors are one matrix")
    if args.tied and args.objective == "sgns":
        raise UsageError("objective must be qwem with --tied, got 'sgns'")
    format = _target(args.output)
    starting = [] if args.start in ("spectral", "random") else [args.start]
    _check_outputs([*args.input, *starting], [args.output, args.save_counts, args.save_model])
    start = _starting(args.start)
    report = _Report()
    counts = _counts(args, lambda vocab: _check_words(vocab, format), report)
    result = _factorized(args, counts, start, report)
    _finish(args, result.vectors, format, _made(args, counts, *FACTORIZING), report)


def _counts(args: argparse.Namespace, check: Callable[[Any], None], report: _Report) -> Any:
    """Return the counts that the inputs are or hold, saved where that was asked for; `check` judges the words first."""
    kind = _container(args, ["corpus", "counts"])
    if kind == "counts":
        from .counts import Cooccurrence

        _refuse(args, [*TEXT, *COUNTING], f"{args.input[0]} is counted already")
        counts = Cooccurrence.load(args.input[0], mmap=args.memory is not None)
        report.add("counts", f"{counts.nnz:,} pairs of {len(counts.vocab):,} words")
        check(counts.vocab)
    else:
        corpus = _read(args, kind, report)
        check(corpus.vocab)
        counts = _counted(args, corpus, report)
    if args.save_counts:
        counts.save(args.save_counts)
    return counts


def _finish(args: argparse.Namespace, vectors: Any, format: str, made: Mapping[str, Any], report: _Report) -> None:
    """Write vectors with how they came about, and say what was done."""
    vectors.metadata |= made
    vectors.save(args.output, format)
    report.add("saved", args.output)
    report.show()


def _check_vocabulary(args: argparse.Namespace, vocab: Any, format: str) -> None:
    """Judge what could not be judged before the words were known, and should not wait for the solver."""
    if args.vector_size > len(vocab):
        raise ValueError(
            f"vector_size must be at most the {len(vocab)} words of the vocabulary, got {args.vector_size}"
        )
    _check_words(vocab, format)


def _made(args: argparse.Namespace, counts: Any, *names: str) -> dict[str, Any]:
    """Return how vectors came about, to be kept beside them."""
    road = {"fastqwem": __version__, "window": counts.window, "weighting": counts.weighting}
    return road | _options(args, *names)


def _solved(args: argparse.Namespace, counts: Any, report: _Report) -> Any:
    from .spectral import Target, solve

    target = Target(counts, **_options(args, *TARGET))
    report.add("target", f"{args.kind}, {len(counts.vocab):,} words")
    spectrum = solve(target, **_options(args, *SOLVING, *MACHINE), progress=args.progress)
    if args.save_spectrum:
        spectrum.save(args.save_spectrum)
    report.add("solve", f"{len(spectrum.values)} eigenpairs, {spectrum.certificate}")
    return spectrum


def _starting(name: str) -> Any:
    """Return where `factorize` begins: what the name of a start stands for."""
    if name in ("spectral", "random"):
        return name
    from .spectral import Factorization, Spectrum

    kind = _kind(name)
    if kind == "spectrum":
        return Spectrum.load(name)
    if kind == "factorization":
        result = Factorization.load(name)
        return result.input_vectors if result.output_vectors is None else (result.input_vectors, result.output_vectors)
    if not os.path.exists(name):
        raise UsageError(f"start must be spectral, random or a file, got {name!r}")
    raise FormatError(f"{name}: holds neither a spectrum nor a factorization")


def _factorized(args: argparse.Namespace, counts: Any, start: Any, report: _Report) -> Any:
    from .spectral import factorize

    options = _options(args, *FACTORIZING, *MACHINE, "progress") | {"start": start}
    result = factorize(counts, output=options.pop("vectors"), **options)
    if args.save_model:
        result.save(args.save_model)
    report.add("factors", f"{args.vector_size} dimensions, loss {result.loss:.5f} after {result.sweeps:g} sweeps")
    return result


def _train(args: argparse.Namespace) -> None:
    format = _target(args.output)
    resumed = [args.resume] if args.resume and args.resume != args.checkpoint else []
    _check_outputs([*args.input, *resumed], [args.output, args.save_corpus, args.save_model, args.checkpoint])
    if args.resume:
        _refuse(args, list(TRAINING), f"{args.resume} knows how it is trained")
    init = None if args.resume else _judge_training(args)
    kind = _container(args, ["corpus"])
    report = _Report()
    corpus = _read(args, kind, report)
    if args.save_corpus:
        corpus.save(args.save_corpus)
    _check_words(corpus.vocab, format)
    model = _trained(args, corpus, init, report)
    if args.save_model:
        model.save(args.save_model)
    vectors = model.vectors
    vectors.metadata["fastqwem"] = __version__
    vectors.save(args.output, format)
    report.add("saved", args.output)
    report.show()


def _judge_training(args: argparse.Namespace) -> Any:
    """Judge the options of training before any text is read; return what the matrices begin with."""
    from .training.options import Options

    try:
        Options.judged(**_options(args, *(name for name in TRAINING if name != "init")))
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    name, _, scale = (args.init or "").partition(":")
    if args.init is None or args.init == "normal":
        return args.init
    if name == "normal":
        try:
            return name, float(scale)
        except ValueError:
            raise UsageError(f"the scale of init must be a number, got {scale!r}") from None
    if _kind(args.init) == "spectrum":
        from .spectral import Spectrum

        return Spectrum.load(args.init)
    from .vectors import WordVectors

    return WordVectors.load(args.init)


def _trained(args: argparse.Namespace, corpus: Any, init: Any, report: _Report) -> Any:
    """Train, or go on with a checkpoint."""
    from .training import resume, train

    def note(model: Any) -> None:
        last = model.history[-1]
        held = "" if last.held_out_loss is None else f" ({last.held_out_loss:.5f} held out)"
        report.add(f"epoch {last.epoch}", f"loss {last.loss:.5f}{held}, {last.words_per_second:,.0f} words/s")

    around = _options(args, "workers", "progress", "checkpoint") | {"callbacks": [note]}
    try:
        if args.resume:
            return resume(args.resume, corpus, **around)
        return train(corpus, **(_options(args, *TRAINING) | {"init": init}), **around)
    except TrainingInterrupted as stop:
        if not args.checkpoint:
            raise KeyboardInterrupt from stop
        raise KeyboardInterrupt(f"interrupted; go on with --resume {args.checkpoint}") from stop


def _check_words(vocab: Any, format: str) -> None:
    from .vectors import formats

    formats.check_words(vocab.words, format)


def _evaluate(args: argparse.Namespace) -> None:
    from .vectors import WordVectors, evaluate

    if not args.analogies and not args.similarity:
        raise UsageError("nothing to measure: give --analogies or --similarity")
    if not args.analogies:
        _refuse(args, ["protocol"], "it is about --analogies")
    vectors = WordVectors.load(args.vectors)
    for path in args.analogies:
        print(evaluate.analogies(vectors, path, args.restrict_vocab, args.protocol))
    for path in args.similarity:
        print(evaluate.similarity(vectors, path, args.restrict_vocab))


def _table(found: Sequence[tuple[str, float]]) -> str:
    return "".join(f"  {score:7.4f}  {word}\n" for word, score in found)


def _theory(args: argparse.Namespace) -> None:
    from .theory import plot
    from .theory.report import report

    plot.figure()  # says what is missing, before long work
    if os.path.exists(args.output) and not os.path.isdir(args.output):
        raise UsageError(f"{args.output} is a file: -o takes a folder")
    kind = _container(args, ["corpus", "counts", "spectrum"])
    shown = _Report()
    source = _theory_source(args, kind, shown)
    made = report(
        source,
        args.output,
        analogies=args.analogies,
        **_options(args, *THEORY, *SOLVING, "max_vocab", "workers", "progress"),
    )
    for name, seconds in made.seconds.items():
        shown.lines.append(f"{name:8} {seconds:8.2f} s")
    shown.lines.append(f"{'saved':8} {'':10}  {made.page}")
    shown.show()


def _theory_source(args: argparse.Namespace, kind: str | None, shown: _Report) -> Any:
    """Return the spectrum, or the target of the counts, that a report is about."""
    from .spectral import Spectrum, Target
    from .theory.report import leading

    name = args.input[0]
    if kind == "spectrum":
        _refuse(args, [*TEXT, *COUNTING, *TARGET, "vector_size", "tol"], f"{name} is solved already")
        _refuse(args, ["training"], f"{name} holds no counts, so nothing is trained")
        return Spectrum.load(name)
    if kind == "counts":
        from .counts import Cooccurrence

        _refuse(args, ["min_count", *COUNTING], f"{name} is counted already")
        counts = leading(Cooccurrence.load(name), args.max_vocab)
        shown.add("counts", f"{counts.nnz:,} pairs of {len(counts.vocab):,} words")
    else:
        counts = _counted(args, _read(args, kind, shown), shown)
    return Target(counts, **_options(args, *TARGET[1:]))


def _neighbours(args: argparse.Namespace) -> None:
    from .vectors import WordVectors

    vectors = WordVectors.load(args.vectors)
    every = vectors.most_similar_batch(args.words, args.topn, args.restrict_vocab)
    for word, found in zip(args.words, every, strict=True):
        print(f"{word}\n{_table(found)}", end="")


def _analogy(args: argparse.Namespace) -> None:
    from .vectors import WordVectors

    found = WordVectors.load(args.vectors).analogy(args.a, args.b, args.c, args.topn, args.restrict_vocab)
    print(f"{args.a} is to {args.b} as {args.c} is to\n{_table(found)}", end="")


def _convert(args: argparse.Namespace) -> None:
    from .vectors import formats

    _format(args.source)
    _target(args.output, args.target)
    _check_outputs([args.input], [args.output])
    kind = _kind(args.input) if args.source is None else None
    if kind != "spectrum":
        _refuse(args, ["vector_size"], f"{args.input} is no spectrum")
    if kind == "spectrum":
        from .spectral import Spectrum

        size = args.vector_size if "vector_size" in args.given else None
        vectors = Spectrum.load(args.input).vectors(vector_size=size)
    elif kind == "model":
        from .training import TrainedModel

        vectors = TrainedModel.load(args.input).vectors
    elif kind == "factorization":
        from .spectral import Factorization

        vectors = Factorization.load(args.input).vectors
    else:
        vectors = formats.load(args.input, args.source, errors=args.errors)
    formats.save(vectors, args.output, args.target)


def _pairs(table: Mapping[str, object]) -> str:
    width = max(map(len, table), default=0)
    return "".join(f"{name:{width}}  {value}\n" for name, value in table.items())


def _info(args: argparse.Namespace) -> None:
    if args.file is None:
        from .config import config

        print(_pairs(config()), end="")
        return
    from . import storage

    if os.path.isdir(args.file) and _kind(args.file) == "counts":
        _info_of_folder(args.file)
        return
    size = os.path.getsize(args.file)
    table: dict[str, object] = {"file": args.file, "size": f"{size:,} bytes"}
    kind = _kind(args.file)
    if kind not in (None, "vectors"):
        _, version, header = storage.peek(args.file)
        print(_pairs(table | {"holds": kind, "version": version} | header), end="")
        return
    from .vectors import formats

    format = formats.detect(args.file)
    vectors = formats.load(args.file, format)
    table |= {"holds": f"vectors ({format})", "words": f"{len(vectors):,}", "dimensions": vectors.vector_size}
    table |= {"counts": "no" if vectors.counts is None else f"{int(vectors.counts.sum()):,} in all"}
    print(_pairs(table | vectors.metadata | {"first": " ".join(vectors.words[:8])}), end="")


def _info_of_folder(path: str) -> None:
    from .counts import Cooccurrence

    counts = Cooccurrence.load(path, mmap=True)
    table = {"folder": path, "holds": "counts", "shards": len(counts.parts), "words": f"{len(counts.vocab):,}"}
    table |= {"nonzeros": f"{counts.nnz:,}", "total": f"{counts.total:,}"}
    table |= {"window": counts.window, "weighting": counts.weighting, "scale": counts.scale}
    print(_pairs(table), end="")


COMMANDS = {
    "solve": _solve,
    "factorize": _factorize,
    "train": _train,
    "count": _count,
    "theory": _theory,
    "evaluate": _evaluate,
    "neighbours": _neighbours,
    "analogy": _analogy,
    "convert": _convert,
    "info": _info,
}


def _say(message: str) -> None:
    print(f"fastqwem: {' '.join(message.split())}", file=sys.stderr)


def _explain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory {error} (--memory, --max-vocab and --min-count save some)"
    if isinstance(error, UsageError | OSError | ValueError | FastqwemError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error} (--traceback shows where)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        0 done, 1 bad data or a file that cannot be read or written, 2 wrong usage, 130 interrupted, 141
        nobody reads the output any more.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            # a word that the terminal cannot show is no reason to stop
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(argv)
    except BrokenPipeError:
        with suppress(OSError, ValueError, AttributeError):  # else the interpreter complains when it flushes
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt as stop:
        _say(str(stop) or "interrupted")
        return INTERRUPTED
    except Exception as error:
        if "--traceback" in argv:
            raise
        _say(f"error: {_explain(error)}")
        return USAGE if isinstance(error, UsageError) else FAILED


def _run(argv: Sequence[str]) -> int:
    parser = build_parser(_defaults)
    try:
        args = parser.parse_args(argv)
    except SystemExit as stop:  # --help and --version
        sys.stdout.flush()
        return int(stop.code or 0)
    if args.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    judge(args, _defaults(args.command))
    COMMANDS[args.command](args)
    sys.stdout.flush()
    return OK
