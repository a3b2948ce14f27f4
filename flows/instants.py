"""Read the instant of an option such as ``--as-of``."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.errors import ConfigurationError


def parse_instant(text: str, option: str = "--as-of") -> datetime:
    """Return an instant in UTC.

    Raises
    ------
    ConfigurationError
        If the text is no instant, has no zone, or lies in the future.
    """
    expected = f"{option}: expected an instant with a zone, such as 2025-01-27T21:00:00Z or 2025-01-27T16:00-05:00"
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{expected}; got {text!r}") from error
    if instant.tzinfo is None:
        raise ConfigurationError(f"{expected}; got {text!r}, which could be any of 26 hours")
    if instant > datetime.now(UTC):
        raise ConfigurationError(f"{option}: {text} lies in the future, and what will be known then is not known")
    return instant.astimezone(UTC)
