"""Dataclasses whose fields are arrays with a row per pair, or such dataclasses again: take, exchange, join rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipelines.event_study.arrays import BoolArray, IntArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Bundle = TypeVar("_Bundle", bound=DataclassInstance)
else:
    _Bundle = TypeVar("_Bundle")


def take_rows(bundle: _Bundle, rows: IntArray | BoolArray | slice) -> _Bundle:
    """Return the bundle of some rows."""
    return _combined([bundle], lambda arrays: arrays[0][rows])


def join_rows(bundles: Sequence[_Bundle]) -> _Bundle:
    """Return the rows of successive bundles as one."""
    return _combined(bundles, np.concatenate)


def put_rows(bundle: _Bundle, rows: IntArray, others: _Bundle) -> _Bundle:
    """Return the bundle with some rows exchanged for those of another."""

    def put(arrays: Sequence[Any]) -> Any:
        changed = arrays[0].copy()
        changed[rows] = arrays[1]
        return changed

    return _combined([bundle, others], put)


def _combined(bundles: Sequence[_Bundle], combine: Callable[[Sequence[Any]], Any]) -> _Bundle:
    made: dict[str, Any] = {}
    for each in fields(bundles[0]):
        values = [getattr(bundle, each.name) for bundle in bundles]
        made[each.name] = combine(values) if isinstance(values[0], np.ndarray) else _combined(values, combine)
    return type(bundles[0])(**made)
