"""What functions ask of a number that a user gives: errors name the argument, what was given and what is needed."""

import math
import operator
from typing import Any


def check_number(value: Any, name: str, *, is_positive: bool = False, is_finite: bool = True) -> float:
    """Return a finite number of at least 0, or above 0.

    Parameters
    ----------
    value : number
        As a user gave it.
    name : str
        The argument.
    is_positive : bool, default=False
        Refuse 0, too.
    is_finite : bool, default=True
        Refuse infinity.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is out of range.
    """
    number = _as_float(value)
    if number is None:
        raise TypeError(f"'{name}' is {value!r}, but a number is needed")
    if not (number > 0 if is_positive else number >= 0):
        raise ValueError(f"'{name}' is {value}, but must be {'positive' if is_positive else 'at least 0'}")
    if is_finite and math.isinf(number):
        raise ValueError(f"'{name}' is {value}, but must be finite")
    return number


def check_integer(value: Any, name: str, least: int) -> int:
    """Return a whole number of at least `least` that fits into 32 bits.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is out of range.
    """
    number = as_integer(value, name)
    if number < least:
        raise ValueError(f"'{name}' is {number}, but must be at least {least}")
    if number >= 1 << 31:
        raise ValueError(f"'{name}' is {number}, but must be below {1 << 31}")
    return number


def as_integer(value: Any, name: str) -> int:
    """Return a whole number.

    Raises
    ------
    TypeError
        If it is none.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"'{name}' is {value!r}, but a whole number is needed") from None


def _as_float(value: Any) -> float | None:
    try:
        return None if isinstance(value, str | bytes | bytearray) else float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return None
