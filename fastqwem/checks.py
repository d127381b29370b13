"""Arguments are judged here, once, before any work: the message names the argument, the rule and the value."""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Collection

__all__ = ["check_choice", "check_integer", "check_real", "parse_memory", "resolve_workers"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def check_integer(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as int; TypeError unless it is an integer, ValueError outside [minimum, maximum]."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    number = int(value)
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {number}")
    return number


def check_real(
    name: str, value: object, minimum: float = -math.inf, maximum: float = math.inf, *, open_minimum: bool = False
) -> float:
    """Return `value` as float; TypeError unless real, ValueError if NaN, infinite or out of range."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    if number < minimum or (open_minimum and number == minimum):
        raise ValueError(f"{name} must be {'greater than' if open_minimum else 'at least'} {minimum:g}, got {number:g}")
    if number > maximum:
        raise ValueError(f"{name} must be at most {maximum:g}, got {number:g}")
    return number


def check_choice(name: str, value: object, choices: Collection[str]) -> str:
    """Return `value`; ValueError unless it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def parse_memory(value: int | str | None, name: str = "memory") -> int | None:
    """Return a memory budget in bytes: ``None`` (no limit), an integer, or text such as "512MB" or "4GiB"."""
    if value is None:
        return None
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kmgt]?i?)b?\s*", value.lower())
        if match is None or match[2] not in _UNITS:
            raise ValueError(f"{name} must be bytes or text such as '512MB' or '4GB', got {value!r}")
        value = int(float(match[1]) * _UNITS[match[2]])
    return check_integer(name, value, 1)


def resolve_workers(workers: int) -> int:
    """Return the number of threads to use; 0 means every core that this process may run on."""
    check_integer("workers", workers, 0, 4096)
    return workers or len(os.sched_getaffinity(0))
