"""What the ratios of fetched prices to stored ones look like, day by day: one symbol, plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite, prod
from statistics import fmean, median
from typing import Final

SPLIT_SIZE: Final = 0.05
"""A ratio further from 1 than this is a split's; ordinary dividends move a price by less."""

SPLIT_ROUNDING: Final = 5e-3
"""Relative. A price of 1 after a split, rounded to the cent, is off by half a percent; dividends keep the tolerance."""

EXACT: Final = 1e-6
"""Relative. A dividend of 1 cent on 130 moves a price by 8e-5, less than the tolerance and more than 32-bit rounding;
an action of the same answer that predicts such a move is believed down to this size."""

UNITS: Final = (100.0, 0.01)
UNIT_TOLERANCE: Final = 0.01
"""Relative. 123.45 pence that come as 1.23 pounds are off by 0.4 %."""

SMALLEST_PART: Final = 1e-3
"""Two days that move alike by less than this may be two small corrections; by more, they are a rescaling cut short."""


NEWEST: Final = 8
"""Actions of an answer that are tried as an explanation; older ones have been seen by earlier fetches."""

SHOWN: Final = 3


class Step(StrEnum):
    """How far a history has moved."""

    NONE = "none"
    ALL = "all"
    SOME = "some"
    PARTIAL = "partial"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Day:
    """A session that is stored and was fetched again: its stored close, and new over stored; None if not to compare.

    Attributes
    ----------
    is_lost : bool
        Whether an adjusted close is stored and the answer has none.
    """

    date: date
    stored_close: float
    close: float | None
    adj_close: float | None
    volume: float | None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """A corporate action of the answer."""

    date: date
    kind: str
    value: float | None

    @property
    def size(self) -> float:
        """The value, 0 where it is none that an action can have."""
        return self.value if self.value is not None and isfinite(self.value) and self.value > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What the ratios of one symbol look like.

    Attributes
    ----------
    ratio : float or None
        Median over the days that moved.
    largest : float
        Largest distance of a ratio from 1.
    is_explained : bool
        Whether corporate actions of the answer account for it.
    """

    step: Step
    sentence: str = ""
    ratio: float | None = None
    days: tuple[date, ...] = ()
    largest: float = 0.0
    is_explained: bool = False


def shape_of(days: Sequence[Day], closes: Mapping[date, float], actions: Sequence[Action], tolerance: float) -> Shape:
    """Return the gravest of what close and adjusted close show.

    Parameters
    ----------
    days : sequence of Day
        Ascending, at least one.
    closes : mapping of date to float
        Every close of the answer.
    actions : sequence of Action
        Those of the answer.
    tolerance : float
        Relative distance from 1 up to which a ratio is one.
    """
    usable = sorted((item for item in actions if item.size > 0), key=lambda item: item.date)
    lost = tuple(day.date for day in days if day.is_lost)
    if lost:
        return Shape(
            Step.PARTIAL, f"the adjusted close of {_listed(lost)} is stored, and the answer has none", None, lost
        )
    jump = _jump(days, closes, usable)
    if jump is not None:
        return jump
    columns = {
        "close": [(day.date, day.close) for day in days if day.close is not None],
        "adj_close": [(day.date, day.adj_close) for day in days if day.adj_close is not None],
    }
    shapes = [_column(name, series, closes, usable, tolerance) for name, series in columns.items() if series]
    gravity = list(Step)
    return max(shapes, key=lambda shape: gravity.index(shape.step), default=Shape(Step.NONE))


def expected_ratios(
    name: str, days: Sequence[date], closes: Mapping[date, float], actions: Sequence[Action]
) -> list[float]:
    """Return by how much the actions after each day, up to the answer's last, move its price.

    A split divides by its value. A distribution multiplies an adjusted close by 1 - D / P, P the close of the session
    before it.
    """
    last = max(closes)
    factors: list[tuple[date, float]] = []
    for item in actions:
        if item.date > last:
            continue
        if item.kind == "split":
            factors.append((item.date, 1 / item.size))
        elif name == "adj_close":
            before = [day for day in closes if day < item.date]
            if before and closes[max(before)] > item.size:
                factors.append((item.date, 1 - item.size / closes[max(before)]))
    return [prod(factor for at, factor in factors if at > day) for day in days]


def _column(
    name: str,
    series: Sequence[tuple[date, float]],
    closes: Mapping[date, float],
    actions: Sequence[Action],
    tolerance: float,
) -> Shape:
    """Return the shape of one column."""
    dates = [day for day, _ in series]
    ratios = [ratio for _, ratio in series]
    expected, is_explained = _explained(name, series, closes, actions)
    largest = max(abs(ratio - 1) for ratio in ratios)
    moved = [n for n, ratio in enumerate(ratios) if abs(ratio - 1) > tolerance]
    if is_explained:
        moved = [n for n, factor in enumerate(expected) if abs(factor - 1) > EXACT]
    days = tuple(dates[n] for n in moved)
    if not moved:
        return Shape(Step.NONE, largest=largest)
    ratio = median(ratios[n] for n in moved)
    bounds = [n for n in range(1, len(ratios)) if not _alike(ratios[n - 1], ratios[n], tolerance)]
    unmet = [n for n in bounds if not any(dates[n - 1] < item.date <= dates[n] for item in actions)]
    head = f"{name} of {len(moved)} of {len(ratios)} sessions moved"
    units = [n for n in moved if is_unit(ratios[n]) and not _near(ratios[n], expected[n], UNIT_TOLERANCE)]
    if units:
        sentence = f"{head} by a factor of {ratio:.6g}, as in another unit, and no split of the answer explains it"
        return Shape(Step.UNIT, sentence, ratio, days, largest)
    if is_explained or not unmet:
        why = _named(actions, dates[0]) if is_explained or bounds else ""
        sentence = f"{head} by a factor of {ratio:.6g}: {why or 'no split or dividend of the answer explains it'}"
        return Shape(Step.ALL, sentence, ratio, days, largest, bool(why))
    if _is_part([ratios[n] for n in moved], ratio, expected, tolerance):
        sentence = f"{head} by a factor of {ratio:.6g} and the others did not: a rescaling that is not finished"
        return Shape(Step.PARTIAL, sentence, ratio, days, largest)
    return Shape(Step.SOME, f"{head}, {_listed(days)}, by up to {largest:.3%}", ratio, days, largest)


def _explained(
    name: str, series: Sequence[tuple[date, float]], closes: Mapping[date, float], actions: Sequence[Action]
) -> tuple[list[float], bool]:
    """Return what the newest actions predict, as many of them as explain the ratios, and whether any number does.

    Older ones may be in what is stored already.
    """
    dates = [day for day, _ in series]
    for n in range(1, min(len(actions), NEWEST) + 1):
        expected = expected_ratios(name, dates, closes, actions[-n:])
        if _explains([ratio for _, ratio in series], expected):
            return expected, True
    return expected_ratios(name, dates, closes, actions[-NEWEST:]), False


def _explains(ratios: Sequence[float], expected: Sequence[float]) -> bool:
    """Tell whether the ratios are nearer to what the actions predict than to 1, on every day that they move."""
    at = [n for n, factor in enumerate(expected) if abs(factor - 1) > EXACT]
    if not at:
        return False
    rest = [abs(ratios[n] - 1) for n in range(len(ratios)) if n not in set(at)]
    misses = [abs(ratios[n] / expected[n] - 1) for n in at]
    sizes = [abs(expected[n] - 1) for n in at]
    is_near = all(miss < 0.5 * size for miss, size in zip(misses, sizes, strict=True))
    return is_near and max(misses) < SPLIT_ROUNDING and fmean([0.0, *rest]) < fmean(sizes) / 2


def _jump(days: Sequence[Day], closes: Mapping[date, float], actions: Sequence[Action]) -> Shape | None:
    """Return the shape of an answer whose new bars alone come in another unit, None if they do not."""
    last = days[-1]
    new = min((day for day in closes if day > last.date), default=None)
    if new is None:
        return None
    ratio = closes[new] / last.stored_close
    splits = [1 / item.size for item in actions if item.kind == "split" and last.date < item.date <= new]
    if not is_unit(ratio) or any(_near(ratio, factor, 0.5) for factor in splits):
        return None
    moved = last.close if last.close is not None else 1.0
    if _near(ratio, moved, 0.5):  # the whole answer is in another unit: the overlap says so better
        return None
    sentence = f"the close of {new} is {ratio:.6g} times that of {last.date}, as in another unit"
    return Shape(Step.UNIT, sentence, ratio, (new,), abs(ratio - 1))


def _alike(one: float, other: float, tolerance: float) -> bool:
    """Tell whether two ratios are one factor; a split leaves more rounding than a dividend."""
    is_split = min(abs(one - 1), abs(other - 1)) > SPLIT_SIZE
    return _near(one, other, SPLIT_ROUNDING if is_split else tolerance)


def _is_part(moved: Sequence[float], ratio: float, expected: Sequence[float], tolerance: float) -> bool:
    """Tell whether the days that moved did so by one factor, a split's or one that several days share."""
    if not all(_alike(item, ratio, tolerance) for item in moved):
        return False
    is_split = abs(ratio - 1) > SPLIT_SIZE and any(_near(ratio, factor, SPLIT_ROUNDING) for factor in expected)
    return is_split or (len(moved) > 1 and abs(ratio - 1) > SMALLEST_PART)


def is_unit(ratio: float) -> bool:
    """Tell whether a ratio is that of two units, such as pence and pounds or decimals and percent."""
    return any(_near(ratio, unit, UNIT_TOLERANCE) for unit in UNITS)


def _near(one: float, other: float, tolerance: float) -> bool:
    return abs(one / other - 1) <= tolerance


def _named(actions: Sequence[Action], first: date) -> str:
    return ", ".join(f"{item.kind} {item.size:g} of {item.date}" for item in actions if item.date > first)


def _listed(days: Sequence[date]) -> str:
    shown = ", ".join(map(str, days[:SHOWN]))
    return shown if len(days) <= SHOWN else f"{shown} and {len(days) - SHOWN} more"
