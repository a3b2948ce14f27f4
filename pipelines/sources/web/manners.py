"""How a provider wants to be asked, and how long its answers are waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.retry import Retries


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes after which an answer is no longer waited for.

    Attributes
    ----------
    connect, read : float
        For a connection, and between two pieces of an answer.
    total : float
        For a request with all its repetitions and waits.
    max_bytes : int
        Of a body, unpacked.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0
    max_bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class Manners:
    """How a provider wants to be asked."""

    rate: Rate
    retries: Retries = field(default_factory=Retries)
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    headers: Mapping[str, str] = field(default_factory=dict)
