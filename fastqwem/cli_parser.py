"""What the command line accepts: options, their rules and the text of ``--help``.

Every option is spelt as the Python argument it becomes and judged by the same rules.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NoReturn

from ._version import __version__
from .checks import check_choice, check_integer, check_real, parse_memory

__all__ = [
    "COUNTING",
    "FACTORIZING",
    "MACHINE",
    "SOLVING",
    "TARGET",
    "TEXT",
    "THEORY",
    "TRAINING",
    "UsageError",
    "build_parser",
    "flag",
    "judge",
    "options_of",
]

Convert = Callable[[str, str], Any]
Defaults = Mapping[str, Any]


class UsageError(Exception):
    """The command line itself is wrong."""


def _integer(minimum: int, maximum: int | None = None) -> Convert:
    def convert(name: str, text: str) -> int:
        try:
            value: object = int(text)
        except ValueError:
            value = text
        return check_integer(name, value, minimum, maximum)

    return convert


def _real(minimum: float = -float("inf"), *, open_minimum: bool = False) -> Convert:
    def convert(name: str, text: str) -> float:
        try:
            value: object = float(text)
        except ValueError:
            value = text
        return check_real(name, value, minimum, open_minimum=open_minimum)

    return convert


def _reals(name: str, text: str) -> list[float]:
    return [_real(0)(name, part) for part in text.split(",")]


def _choice(*choices: str) -> Convert:
    return lambda name, text: check_choice(name, text, choices)


def _folder(name: str, text: str) -> str:
    if not os.path.isdir(text):
        raise ValueError(f"{name} must be an existing folder, got {text!r}")
    return text


def _whole(name: str, text: str) -> int:
    """Judge no range: `fastqwem.training.Options` does."""
    try:
        return int(text)
    except ValueError:
        raise TypeError(f"{name} must be an integer, got {text!r}") from None


def _name(name: str, text: str) -> str:
    return text


def _switch(name: str, value: Any) -> bool:
    return value is True or value == "True"


OPTIONS: dict[str, tuple[Convert, str, str]] = {
    "min_count": (_integer(1), "N", "leave out words that occur fewer times"),
    "max_vocab": (_integer(1), "N", "keep only the N most frequent words"),
    "window": (_integer(1), "N", "how many words to each side count as near"),
    "weighting": (
        _choice("linear", "uniform", "harmonic"),
        "NAME",
        "weight of distance d: linear (window + 1 - d, as word2vec), uniform (1), harmonic (1/d, as GloVe)",
    ),
    "kind": (
        _choice("qwem", "pmi", "ppmi", "sppmi"),
        "NAME",
        "what is solved: qwem (M* = 2 tanh(PMI/2)), pmi, ppmi (its positive part), sppmi (less ln negative)",
    ),
    "negative": (
        _real(0, open_minimum=True),
        "X",
        "negative samples per positive one that the target stands for",
    ),
    "ns_exponent": (
        _real(),
        "X",
        "exponent of the unigram distribution of negative samples; word2vec has 0.75",
    ),
    "smoothing": (_real(0), "X", "mix so much of independence into the counts: unseen pairs then weigh less"),
    "weight_exponent": (
        _real(),
        "X",
        "weigh word i by its probability to this power; 0.5 favours frequent words",
    ),
    "vector_size": (_integer(1), "D", "dimensions"),
    "tol": (
        _real(0, open_minimum=True),
        "X",
        "largest residual of an eigenpair, relative to the largest eigenvalue",
    ),
    "seed": (_integer(0), "N", "start of the random block that the solver begins with"),
    "workers": (_integer(0, 4096), "N", "threads; 0 means every core"),
    "memory": (
        lambda name, text: parse_memory(text, name),
        "SIZE",
        "budget such as 4GB; more goes to scratch files",
    ),
    "scratch": (_folder, "DIR", "where scratch files go"),
    "topn": (_integer(1), "N", "how many words to show"),
    "restrict_vocab": (_integer(1), "N", "use the first N (most frequent) words only"),
    "protocol": (
        _choice("google", "regenerated"),
        "NAME",
        "google: the questions of the file; regenerated: every ordered pair of its word pairs, per section",
    ),
    "errors": (_choice("strict", "replace", "ignore"), "NAME", "what to do with words that are not UTF-8"),
}

TRAINING: dict[str, tuple[Convert, str, str]] = {
    "objective": (_name, "NAME", "sgns (word2vec's loss) or qwem (its quadratic approximation)"),
    "architecture": (_name, "NAME", "skipgram or cbow"),
    "vector_size": (_whole, "D", "dimensions"),
    "window": (_whole, "N", "how many words to each side count as near"),
    "negative": (_whole, "N", "negative samples per pair; 0 only with --hs"),
    "ns_exponent": (_real(), "X", "exponent of the unigram distribution of negative samples"),
    "sample": (_real(), "X", "thin out words whose share of the text is larger; 0 keeps all"),
    "alpha": (_real(), "X", "learning rate at the start (default depends on the objective)"),
    "min_alpha": (_real(), "X", "learning rate at the end (default 0.004 times alpha)"),
    "epochs": (_whole, "N", "passes over the text"),
    "seed": (_whole, "N", "of everything random"),
    "shared_negatives": (_whole, "N", "successive centers that share negatives (default depends on the architecture)"),
    "init": (
        _name,
        "INIT",
        "what to begin with: normal, normal:SCALE, or a file of vectors or a spectrum (default: word2vec's)",
    ),
    "held_out": (_real(), "X", "share of the positions that only measure the loss"),
    "tied": (_switch, "", "one matrix for words and contexts"),
    "hs": (_switch, "", "hierarchical softmax, beside negative samples or (--negative 0) instead"),
    "exact_negatives": (_switch, "", "the expectation of negative samples in their place; qwem skipgram only"),
    "shrink_windows": (_switch, "", "draw the reach of each window from 1 to --window"),
    "cbow_mean": (_switch, "", "cbow: predict from the mean of the window's vectors, else from their sum"),
    "device": (_name, "NAME", "cpu, or cuda: one NVIDIA GPU"),
}
"""The options of `train`, some of which share a name with others above but not their rules or defaults."""

THEORY: dict[str, tuple[Convert, str, str]] = {
    "trained_size": (_integer(1), "D", "dimensions of the training run"),
    "modes": (_integer(1), "N", "how many directions the run waits for"),
    "init_scale": (_real(0, open_minimum=True), "X", "standard deviation of the weights at the start"),
    "training": (_switch, "", "run gradient descent beside the theory"),
}

FACTORIZING: dict[str, tuple[Convert, str, str]] = {
    "vector_size": (_integer(1), "D", "dimensions"),
    "negative": (_real(0, open_minimum=True), "X", "negative samples per pair that the loss stands for"),
    "ns_exponent": (_real(), "X", "exponent of the unigram distribution of negative samples"),
    "sample": (_real(0), "X", "thin out words whose share of the text is larger; 0 keeps all"),
    "objective": (
        _choice("sgns", "qwem"),
        "NAME",
        "sgns (word2vec's loss, the default) or qwem (its quadratic approximation; the only one for --tied)",
    ),
    "ridge": (_real(0), "X", "pull rows towards zero: this,"),
    "ridge_exponent": (_real(0), "X", "times the pairs of the word to this power; 1: a share of its evidence"),
    "sweeps": (
        _real(0),
        "X",
        "improve both factors so many times at most; x.5 ends with the first (default: 2 for qwem, 1.5 to 8 for sgns)",
    ),
    "steps": (_integer(1), "N", "conjugate gradients per row and half sweep (default 1 for sgns, 2 for qwem)"),
    "tol": (_real(0), "X", "stop when a sweep gains a smaller share of the objective; 0: never"),
    "start": (_name, "START", "where to begin: spectral, random, or a file of a spectrum or a factorization"),
    "vectors": (
        _choice("sum", "input", "output", "concat"),
        "NAME",
        "what is written: one factor (default for sgns), the sum of both (for qwem), or both side by side",
    ),
    "tied": (_switch, "", "one factor for words and contexts"),
    "precision": (
        _choice("byte", "single"),
        "NAME",
        "in which the other factor is read: byte (default for sgns, faster) or single (for qwem)",
    ),
    "thinning": (
        _reals,
        "X,...",
        "draw pairs that weigh less in the first sweeps, one number each (0: none; default for long sgns: 1,1,0.5)",
    ),
    "seed": (_integer(0), "N", "of the start"),
}
"""The options of `factorize`; ``--vectors`` is the argument `output`, which on the command line is the file."""

TEXT = ("min_count", "max_vocab")
COUNTING = ("window", "weighting")
TARGET = ("kind", "negative", "ns_exponent", "smoothing", "weight_exponent")
SOLVING = ("vector_size", "tol", "seed")
MACHINE = ("workers", "memory", "scratch")

DESCRIPTION = """Word embeddings in closed form from co-occurrence counts, or by gradient descent.

The road:  text --count--> counts --solve--> vectors --> neighbours, analogy, evaluate, convert
Weighted:  text --count--> counts --factorize--> vectors (word2vec's weights, alternating least squares)
Another:   text --train--> vectors (word2vec's way: gradient descent, in epochs)
"""

EXAMPLES = """examples:
  fastqwem solve wiki.txt.xz -o vectors.fqv              text to vectors in one go
  fastqwem neighbours vectors.fqv king water physics     look at them
  fastqwem count wiki.txt -o wiki.fqn                    or count once ...
  fastqwem solve wiki.fqn -o v.fqv --negative 2 --ns-exponent 0.75     ... and solve as often as you like
                                    (these two options were better than the paper's plain M* wherever we measured)
  fastqwem factorize wiki.fqn -o v.fqv                   word2vec's own weights instead of the paper's
  fastqwem train wiki.txt.xz -o v.fqv --sample 1e-4      word2vec's way; --objective qwem for the paper's loss
  fastqwem theory wiki.txt.xz -o report/                  what training learns, in which order, and when
  fastqwem evaluate v.fqv --analogies questions-words.txt
  fastqwem convert v.fqv v.txt.gz                        for other programs

exit codes: 0 done, 1 bad data or a file that cannot be read or written, 2 wrong usage, 130 interrupted
"""

SOLVE = """Compute word vectors: read text, count which words stand near each other, and find the leading
eigenvectors of the target matrix. There are no epochs and no learning rate; the same input gives the same
vectors.

Each step can start from a saved result: INPUT is text (plain, .gz, .bz2, .xz, .zst; one sentence per line;
several files, a folder or a glob), an encoded corpus (.fqc), or counts saved by `fastqwem count`.
"""

FACTORIZE = """Compute word vectors from counts with the weights that word2vec's sampling gives to pairs of words:
read text, count which words stand near each other, and minimise the loss by alternating least squares. There is
no learning rate; the same input gives the same vectors.

Each step can start from a saved result: INPUT is text (plain, .gz, .bz2, .xz, .zst; one sentence per line;
several files, a folder or a glob), an encoded corpus (.fqc), or counts saved by `fastqwem count`.
"""

COUNT = """Read text and count, for every two words, how often and how near they stand together. Counts are
exact integers; they are the long part of the work, and everything else starts from them.

With --shards OUT is a folder of files by ranges of rows, which need not fit in memory; when the same command is given
again after it was interrupted, it goes on from what is finished there. With --scheduler the workers of a Dask cluster
do the work; they must all see INPUT and OUT, under the same path or as addresses such as s3://bucket/text.
"""

EVALUATE = """Measure vectors: analogy questions ("athens is to greece as oslo is to ?", top-1 accuracy) and
human similarity ratings of word pairs (Spearman's rank correlation), each with how much of the file the
vocabulary covers.
"""

THEORY_TEXT = """Show what word2vec-like training learns from a text, in which order and at what time: predicted from
counts alone, and beside it a real training run. OUT is a folder that gets pictures, their numbers (JSON, CSV)
and one page, report.html, which explains them and needs no network.

INPUT is text, an encoded corpus (.fqc), counts that `fastqwem count` wrote, or a spectrum that
`solve --save-spectrum` wrote; a spectrum is enough for the theory, but not for the training run.
"""

CONVERT = """Read vectors of any known format and write them in the format of the suffix of OUT:
.fqv (ours), .txt or .vec (word2vec text), .bin (word2vec binary), .npy (with a .vocab.txt beside it), .tsv (for
TensorBoard's projector, with a .metadata.tsv beside it; not read again); text, binary and tables also .gz, .bz2, .xz
and .zst. IN may be a spectrum that `solve --save-spectrum` wrote, --vector-size cuts it shorter, or a model that
`train` (--save-model, --checkpoint) or `factorize` (--save-model) wrote.
"""


TRAIN = """Learn word vectors by stochastic gradient descent: skip-gram or CBOW, with negative samples, exact
negatives or hierarchical softmax.

INPUT is text (plain, .gz, .bz2, .xz, .zst; one sentence per line; several files, a folder or a glob), or an encoded
corpus (.fqc). With --checkpoint nothing is lost on Ctrl-C: --resume goes on from exactly there, with the same text.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


def flag(name: str) -> str:
    """Return the spelling of an option on the command line."""
    return "--" + name.replace("_", "-")


class _Command(_Parser):
    """The parser of one command."""

    def offer(
        self,
        title: str,
        names: Iterable[str],
        defaults: Defaults,
        table: Mapping[str, tuple[Convert, str, str]] = OPTIONS,
    ) -> None:
        """Add options of a table, as text and without default, so that one can tell which were given."""
        group = self.add_argument_group(title)
        for name in names:
            convert, metavar, text = table[name]
            if convert is _switch:
                note = " (default)" if defaults[name] else ""
                group.add_argument(flag(name), action=argparse.BooleanOptionalAction, help=text + note)
                continue
            value = defaults[name]
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            note = "" if value is None else f" (default {shown})"
            group.add_argument(flag(name), metavar=metavar, help=text + note)


def _long_work(parser: _Command, defaults: Defaults) -> None:
    parser.offer("the machine", MACHINE, defaults)
    parser.add_argument(
        "--progress", action=argparse.BooleanOptionalAction, help="progress bars (default: on a terminal)"
    )


def _from_counts(parser: _Command, defaults: Defaults, model: str, about: str) -> None:
    """Add what commands share that make vectors of counts, and the option that keeps their whole result."""
    add = parser.add_argument
    add("input", nargs="+", metavar="INPUT", help="text files, an encoded corpus, or saved counts")
    add("-o", "--output", required=True, metavar="OUT", help="vectors: .fqv .txt .vec .bin .npy .txt.gz ...")
    add("--save-counts", metavar="FILE", help="also keep the counts")
    add(model, metavar="FILE", help=f"also keep {about}")
    parser.offer("reading text", TEXT, defaults)
    parser.offer("counting", COUNTING, defaults)


def _solve(parser: _Command, defaults: Defaults) -> None:
    _from_counts(parser, defaults, "--save-spectrum", "eigenvalues and eigenvectors")
    parser.offer("the target", TARGET, defaults)
    parser.offer("solving", SOLVING, defaults)
    _long_work(parser, defaults)


def _factorize(parser: _Command, defaults: Defaults) -> None:
    _from_counts(parser, defaults, "--save-model", "both factors and the course of the loss")
    parser.offer("factorizing", FACTORIZING, defaults, FACTORIZING)
    _long_work(parser, defaults)


def _count(parser: _Command, defaults: Defaults) -> None:
    add = parser.add_argument
    add("input", nargs="+", metavar="INPUT", help="text files, or an encoded corpus")
    add("-o", "--output", required=True, metavar="OUT", help="the counts, such as counts.fqn, or a folder")
    add("--update", metavar="OLD", help="add to these counts, with their words and window")
    add("--shards", action="store_true", help="write a folder, and go on there if it holds part of this count")
    add("--scheduler", metavar="ADDRESS", help="count on a Dask cluster, such as tcp://host:8786 (with shards)")
    add("--save-corpus", metavar="FILE", help="also keep the encoded corpus, such as corpus.fqc")
    parser.offer("reading text", TEXT, defaults)
    parser.offer("counting", COUNTING, defaults)
    _long_work(parser, defaults)


def _train(parser: _Command, defaults: Defaults) -> None:
    add = parser.add_argument
    add("input", nargs="+", metavar="INPUT", help="text files, or an encoded corpus")
    add("-o", "--output", required=True, metavar="OUT", help="vectors: .fqv .txt .vec .bin .npy .txt.gz ...")
    add("--save-corpus", metavar="FILE", help="also keep the encoded corpus, such as corpus.fqc")
    add("--save-model", metavar="FILE", help="also keep the whole model, such as model.fqm")
    add("--checkpoint", metavar="FILE", help="save the model here after each epoch and when interrupted")
    add("--resume", metavar="FILE", help="go on with the model in a checkpoint, which knows its options")
    parser.offer("reading text", TEXT, defaults)
    parser.offer("training", TRAINING, defaults, TRAINING)
    _long_work(parser, defaults)


def _theory(parser: _Command, defaults: Defaults) -> None:
    add = parser.add_argument
    add("input", nargs="+", metavar="INPUT", help="text files, an encoded corpus, saved counts, or a spectrum")
    add("-o", "--output", required=True, metavar="OUT", help="the folder, made if it does not exist")
    add("--analogies", metavar="FILE", help="questions, lines 'a b c d': adds accuracies and task vectors")
    parser.offer("reading text", TEXT, defaults)
    parser.offer("counting", COUNTING, defaults)
    parser.offer("the target", TARGET[1:], defaults)
    parser.offer("solving", SOLVING, defaults)
    parser.offer("the theory and the run", THEORY, defaults, THEORY)
    _long_work(parser, defaults)


def _evaluate(parser: _Command, defaults: Defaults) -> None:
    add = parser.add_argument
    add("vectors", metavar="VECTORS")
    add("--analogies", nargs="+", default=[], metavar="FILE", help="lines 'a b c d' under ': section' lines")
    add("--similarity", nargs="+", default=[], metavar="FILE", help="lines 'word word score'")
    parser.offer("the measure", ("restrict_vocab", "protocol"), defaults)


def _neighbours(parser: _Command, defaults: Defaults) -> None:
    parser.add_argument("vectors", metavar="VECTORS")
    parser.add_argument("words", nargs="+", metavar="WORD")
    parser.offer("what to show", ("topn", "restrict_vocab"), defaults)


def _analogy(parser: _Command, defaults: Defaults) -> None:
    parser.add_argument("vectors", metavar="VECTORS")
    for name in "abc":
        parser.add_argument(name, metavar=name.upper())
    parser.offer("what to show", ("topn", "restrict_vocab"), defaults)


def _convert(parser: _Command, defaults: Defaults) -> None:
    add = parser.add_argument
    add("input", metavar="IN")
    add("output", metavar="OUT")
    add("--from", dest="source", metavar="FORMAT", help="fqv, text, binary or npy (default: by content)")
    add("--to", dest="target", metavar="FORMAT", help="fqv, text, binary, npy or tsv (default: by suffix)")
    add("--vector-size", metavar="D", help="dimensions to take from a spectrum (default: all)")
    parser.offer("details", ("errors",), defaults)


def _info(parser: _Command, defaults: Defaults) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE")


_COMMANDS: dict[str, tuple[Callable[[_Command, Defaults], None], str, str | None]] = {
    "solve": (_solve, "text, corpus or counts to vectors", SOLVE),
    "factorize": (_factorize, "text, corpus or counts to vectors, with word2vec's weights", FACTORIZE),
    "train": (_train, "text or corpus to vectors by gradient descent", TRAIN),
    "count": (_count, "text or corpus to co-occurrence counts", COUNT),
    "theory": (_theory, "what training learns and when, as a page with pictures", THEORY_TEXT),
    "evaluate": (_evaluate, "accuracy on analogies and similarity ratings", EVALUATE),
    "neighbours": (_neighbours, "the words nearest to each of some words", None),
    "analogy": (_analogy, "A is to B as C is to ?", None),
    "convert": (_convert, "vectors from one file format to another", CONVERT),
    "info": (_info, "what a file holds; without a file, what this installation is", None),
}


def options_of(command: str | None) -> dict[str, tuple[Convert, str, str]]:
    """Return the table of options as a command understands them."""
    own = {"train": TRAINING, "factorize": FACTORIZING, "theory": THEORY}
    return OPTIONS | own.get(command or "", {})


def build_parser(defaults: Callable[[str], Defaults]) -> argparse.ArgumentParser:
    """Return the parser of the whole command line; it raises `UsageError` instead of exiting."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
    style: dict[str, Any] = {
        "formatter_class": partial(argparse.RawDescriptionHelpFormatter, max_help_position=26),
        "allow_abbrev": False,
        "parents": [common],
    }
    parser = _Parser("fastqwem", description=DESCRIPTION, epilog=EXAMPLES, **style)
    parser.add_argument("--version", action="version", version=f"fastqwem {__version__}")
    group = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Command)
    for name, (fill, brief, text) in _COMMANDS.items():
        fill(group.add_parser(name, help=brief, description=text or brief, **style), defaults(name))
    return parser


def judge(args: argparse.Namespace, defaults: Defaults) -> None:
    """Turn the text of every option into its value, fill in defaults, and note which ones were given."""
    table = options_of(args.command)
    args.given = {name for name in table if getattr(args, name, None) is not None}
    for name in vars(args).keys() & table.keys():
        text = getattr(args, name)
        try:
            setattr(args, name, defaults[name] if text is None else table[name][0](name, text))
        except (TypeError, ValueError) as error:
            raise UsageError(f"{error} (see: fastqwem {args.command} --help)") from None
