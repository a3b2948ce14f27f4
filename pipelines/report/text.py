"""Text and numbers as a page shows them: nothing from outside steers the page, no number loses its unit or sign."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

DASH: Final = "\u2013"
"""What stands for a null."""

MINUS: Final = "\u2212"
"""True minus sign, as wide as a plus."""

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALLEST_P: Final = 1e-300
_FIXED_P: Final = 1e-3
_NEARLY_ONE: Final = 0.9995
_LONGEST: Final = 160
_SLUG: Final = 60
_UNSAFE: Final = re.compile(r"[^a-z0-9._-]+|\.{2,}")


def clean(value: object) -> str:
    """Return a text on one line, without characters that control a terminal, a direction or a width.

    Control characters become spaces, format characters (bidi overrides, zero-width ones) vanish, and half of a
    surrogate pair becomes the replacement character, because UTF-8 cannot hold it.
    """
    return _cleaned(str(value))


@lru_cache(maxsize=2**14)
def _cleaned(text: str) -> str:
    if not text.isprintable():
        text = "".join(_kept(char, unicodedata.category(char)) for char in text)
    return " ".join(text.split())


def _kept(char: str, kind: str) -> str:
    if kind in {"Cc", "Zl", "Zp"}:
        return " "
    if kind == "Cf":
        return ""
    return "\ufffd" if kind == "Cs" else char


def cut(text: str, longest: int = _LONGEST) -> str:
    """Return a text that is no longer than so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def safe_url(url: str | None) -> str | None:
    """Return an address of the web that a page may link to, None for anything else."""
    if url is None or url != clean(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in {"http", "https"} and parts.netloc else None


@lru_cache(maxsize=2**14)
def slug(name: str, *, upper: bool = False) -> str:
    """Return a name as part of a file's name; two names never share one, whatever the file system ignores.

    Parameters
    ----------
    upper : bool
        Whether names are usually written in capitals, as tickers are; a name that is not gets a mark of its own.
    """
    plain = _UNSAFE.sub("-", clean(name).lower()).strip("-.")[:_SLUG]
    if plain and (plain.upper() if upper else plain) == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}".lstrip("-")


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Return a number with a fixed number of decimals, a true minus sign and separated thousands."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if -1 < value < 1 and not text.strip("+-0.,"):
        text = text.lstrip("+-")  # what rounds to zero has no sign
    return text.replace("-", MINUS) if value < 0 else text


def percent(value: float | None, digits: int = 2) -> str:
    """Return a decimal return as per cent, signed."""
    return DASH if value is None else number(100.0 * value, digits, signed=True) + ("%" if math.isfinite(value) else "")


def share(value: float | None, digits: int = 2) -> str:
    """Return a decimal that has no direction, such as a standard error, as per cent."""
    return DASH if value is None else number(100.0 * value, digits) + ("%" if math.isfinite(value) else "")


def billions(value: float | None) -> str:
    """Return dollars as billions of them, signed."""
    return number(None if value is None else value / 1e9, 2, signed=True)


def p_value(value: float | None) -> str:
    """Return a p-value, never as zero: three decimals down to 0.001, one digit and a power of ten below."""
    if value is None or not math.isfinite(value):
        return DASH
    if value < _SMALLEST_P:
        return f"< 10{str(int(math.log10(_SMALLEST_P))).translate(_SUPERSCRIPTS)}"
    if value >= _FIXED_P:
        return "> 0.999" if _NEARLY_ONE <= value < 1.0 else f"{value:.3f}"
    digit, power = f"{value:.0e}".split("e")
    return f"{digit}\u00d710{str(int(power)).translate(_SUPERSCRIPTS)}"


def day(value: date | None) -> str:
    """Return a date in ISO form."""
    return DASH if value is None else value.isoformat()


def instant(value: datetime | None) -> str:
    """Return an instant in UTC to the minute."""
    return DASH if value is None else value.strftime("%Y-%m-%d %H:%M") + " UTC"


def words(value: str | None) -> str:
    """Return a coded word for reading."""
    return DASH if value is None else clean(value).replace("_", " ")


def few(names: str, most: int = 12) -> str:
    """Return the first of the names that a text lists, and how many more there are."""
    listed = names.split(" ")
    return names if len(listed) <= most + 1 else f"{' '.join(listed[:most])} and {len(listed) - most} more"


def records(value: str) -> str:
    """Return rows in JSON for reading, ``symbol NVDA, session date 2025-01-27``; any other text as it is."""
    try:
        rows = json.loads(value)
    except ValueError:
        return clean(value)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return clean(value)
    return "; ".join(", ".join(f"{words(name)} {_plain(part)}" for name, part in row.items()) for row in rows)


def _plain(value: object) -> str:
    return number(value, 4) if isinstance(value, float) else clean(value)


def counted(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun, ``1 session`` or ``2 sessions``."""
    return f"{number(n, 0)} {one if n == 1 else many or one + 's'}"
