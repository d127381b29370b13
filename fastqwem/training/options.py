"""What can be chosen about training: judged here, once, and kept with the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ..checks import check_choice, check_integer, check_real

__all__ = ["DEFAULTS", "Options"]

DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("sgns", "skipgram"): {"alpha": 0.0375, "shared_negatives": 2},
    ("sgns", "cbow"): {"alpha": 0.05, "shared_negatives": 4},
    ("qwem", "skipgram"): {"alpha": 0.025, "shared_negatives": 2},
    ("qwem", "cbow"): {"alpha": 0.025, "shared_negatives": 4},
}
"""What None stands for, by objective and architecture: what was best in similarity and analogies on 17 million words
of Wikipedia at d = 200. Skip-gram with more shared negatives is faster and loses some similarity (SimLex)."""

EXACT_SHARED = 8
"""The default of `shared_negatives` with exact negatives: no sample is shared, larger blocks only save work."""

FINAL_SHARE = 0.004
"""The default of `min_alpha` as a share of `alpha`: word2vec's 1e-4 for 0.025."""

WIDEST_WINDOW = 65_535
_LARGEST_SEED = 2**64 - 1
_MOST_EPOCHS = 1_000_000


@dataclass(frozen=True)
class Options:
    """How a model is trained; see `train` for what each means. `judged` makes them from what users give.

    Attributes
    ----------
    init : str
        In words, since what the matrices began with is not kept.
    """

    objective: str
    architecture: str
    vector_size: int
    window: int
    negative: int
    ns_exponent: float
    sample: float
    alpha: float
    min_alpha: float
    epochs: int
    seed: int
    tied: bool
    hs: bool
    device: str
    shared_negatives: int
    exact_negatives: bool
    shrink_windows: bool
    cbow_mean: bool
    held_out: float
    init: str

    @classmethod
    def judged(
        cls,
        *,
        objective: object,
        architecture: object,
        vector_size: object,
        window: object,
        negative: object,
        ns_exponent: object,
        sample: object,
        alpha: object,
        min_alpha: object,
        epochs: object,
        seed: object,
        tied: object,
        hs: object,
        device: object,
        shared_negatives: object,
        exact_negatives: object,
        shrink_windows: object,
        cbow_mean: object,
        held_out: object,
        init: str = "default",
    ) -> Options:
        """Return sound options; TypeError or ValueError names the argument, the rule and the value."""
        kind = check_choice("objective", objective, ("sgns", "qwem"))
        shape = check_choice("architecture", architecture, ("skipgram", "cbow"))
        default = DEFAULTS[kind, shape]
        shared = EXACT_SHARED if exact_negatives is True else default["shared_negatives"]
        rate, last_rate = judged_rates(default["alpha"] if alpha is None else alpha, min_alpha)
        options = cls(
            objective=kind,
            architecture=shape,
            vector_size=check_integer("vector_size", vector_size, 1, 1 << 20),
            window=check_integer("window", window, 1, WIDEST_WINDOW),
            negative=check_integer("negative", negative, 0, 1000),
            ns_exponent=check_real("ns_exponent", ns_exponent),
            sample=check_real("sample", sample, 0, 1),
            alpha=rate,
            min_alpha=last_rate,
            epochs=judged_epochs(epochs),
            seed=check_integer("seed", seed, 0, _LARGEST_SEED),
            tied=_switch("tied", tied),
            hs=_switch("hs", hs),
            device=check_choice("device", device, ("cpu", "cuda")),
            shared_negatives=check_integer(
                "shared_negatives", shared if shared_negatives is None else shared_negatives, 1, 64
            ),
            exact_negatives=_switch("exact_negatives", exact_negatives),
            shrink_windows=_switch("shrink_windows", shrink_windows),
            cbow_mean=_switch("cbow_mean", cbow_mean),
            held_out=check_real("held_out", held_out, 0, 0.5),
            init=init,
        )
        options._refuse_contradictions()
        return options

    def _refuse_contradictions(self) -> None:
        if self.device == "cuda":
            self._refuse_what_cuda_lacks()
        if not self.negative and not self.hs:
            raise ValueError("negative must be at least 1 without hs, got 0: there would be nothing to learn from")
        if self.hs and self.objective != "sgns":
            raise ValueError(f'hs must be False for objective "{self.objective}": the tree belongs to "sgns"')
        if self.hs and self.tied:
            raise ValueError("tied must be False with hs: the nodes of the tree are no words, got True")
        if self.exact_negatives:
            for name, wanted in (("objective", "qwem"), ("architecture", "skipgram")):
                if getattr(self, name) != wanted:
                    raise ValueError(f'{name} must be "{wanted}" for exact_negatives, got "{getattr(self, name)}"')
            if not self.negative:
                raise ValueError("negative must be at least 1 for exact_negatives, got 0")

    def _refuse_what_cuda_lacks(self) -> None:
        for name, wanted in (("architecture", "skipgram"), ("hs", False)):
            if getattr(self, name) != wanted:
                raise ValueError(
                    f'{name} must be {wanted!r} for device "cuda", got {getattr(self, name)!r}: device "cpu" has it'
                )
        from .cuda.sizes import Sizes  # and with it the specification, which nobody else needs

        problem = Sizes.of_options(self).problem
        if problem is not None:
            raise ValueError(
                f'vector_size, window, negative or shared_negatives must be smaller for device "cuda": {problem}; '
                'device "cpu" has no such limit'
            )

    @property
    def matrices(self) -> tuple[str, ...]:
        """The names of what is learnt: "input", "output" (untied with negatives), "nodes" (hs)."""
        output = ("output",) if self.negative and not self.tied else ()
        return ("input", *output, *(("nodes",) if self.hs else ()))

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Options:
        """Inverse of `to_json`; judges again, since files can be damaged. KeyError names what is missing."""
        return cls.judged(**{field.name: values[field.name] for field in fields(cls)})


def judged_rates(alpha: object, min_alpha: object) -> tuple[float, float]:
    """Return the first and the last learning rate, the last one by default a share of the first."""
    rate = check_real("alpha", alpha, 0, open_minimum=True)
    last = rate * FINAL_SHARE if min_alpha is None else check_real("min_alpha", min_alpha, 0)
    if last > rate:
        raise ValueError(f"min_alpha must be at most alpha ({rate:g}), got {last:g}")
    return rate, last


def judged_epochs(epochs: object) -> int:
    """Return the number of epochs."""
    return check_integer("epochs", epochs, 1, _MOST_EPOCHS)


def _switch(name: str, value: object) -> bool:
    if value not in (0, 1) or not isinstance(value, (bool, int)):  # gensim's users write hs=1
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)
