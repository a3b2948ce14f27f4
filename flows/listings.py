"""Where securities are listed, and which of them a live source can serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from flows.identity import known_exceptions
from flows.run import seeds_folder
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.identity import Exceptions
from pipelines.settings import Settings
from pipelines.sources.live import Listing

US: Final = ("XNYS", "XNAS")

_ASK_FOR: Final = {
    "yahoo": ("equity", "etf", "index", "crypto"),
    "nasdaq": ("equity", "etf"),
    "coinbase": ("crypto",),
    "binance": ("crypto",),
}
_NOT_YAHOO: Final = ("SPX",)  # the S&P 500 as other vendors write it


@dataclass(frozen=True, slots=True)
class Listings:
    """The exchange of each symbol as the seeds and the settings know it.

    Attributes
    ----------
    securities : mapping
        Exchange and kind by symbol.
    exceptions : Exceptions
        Symbols that changed.
    provided : mapping
        Exchange by symbol, by what the provider has said earlier; for symbols of which nothing else is known.
    """

    securities: Mapping[str, tuple[str, str]]
    suffixes: Mapping[str, str]
    default: str | None
    exceptions: Exceptions = field(default_factory=Exceptions)
    provided: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, settings: Settings, folder: Path | None = None) -> Listings:
        """Read the seeds."""
        seeds = folder or seeds_folder()
        securities = pl.read_csv(seeds / "securities.csv", infer_schema=False)
        suffixes = pl.read_csv(seeds / "exchange_suffixes.csv", infer_schema=False)
        rows = securities.select("symbol", "exchange_mic", "asset_class").rows()
        return cls(
            {symbol: (mic, kind) for symbol, mic, kind in rows},
            dict(suffixes.select("suffix", "exchange_mic").rows()),
            settings.exchange,
            known_exceptions(),
        )

    def with_words(self, words: Mapping[str, str]) -> Listings:
        """Return the listings with the exchanges that a provider's words mean, by symbol."""
        known = {symbol: mic_of(Listing(exchange=word)) for symbol, word in words.items()}
        return replace(self, provided={symbol: mic for symbol, mic in known.items() if mic is not None})

    def mic(self, symbol: str) -> str | None:
        """Return the exchange of a symbol, by the same rule as ``sql/core/listings.sql``; None if it is not known."""
        known = self.securities.get(symbol, (None, ""))[0]
        ends = sorted((suffix for suffix in self.suffixes if symbol.endswith(suffix)), key=len)
        return known or (self.suffixes[ends[-1]] if ends else self.default) or self.provided.get(symbol)

    def served_by(self, source: str) -> list[str]:
        """Return the symbols of the securities file that a live source can serve, in order.

        A security that was renamed is asked for by the symbol that it has now.
        """
        kinds = _ASK_FOR.get(source, ())
        found = (symbol for symbol, (mic, kind) in self.securities.items() if kind in kinds and _has(source, mic))
        present = dict.fromkeys(self.exceptions.successor(symbol, date.max) or symbol for symbol in found)
        return [symbol for symbol in present if not (source == "yahoo" and symbol in _NOT_YAHOO)]


def _has(source: str, mic: str | None) -> bool:
    return source != "nasdaq" or mic in US


def mic_of(listing: Listing) -> str | None:
    """Return the exchange that a provider's words for a listing mean; None if they mean none that is known."""
    word = (listing.exchange or "").upper()
    exchanges = _exchanges(seeds_folder() / "provider_exchanges.csv")
    return exchanges.get(word) or (word if word in exchanges.values() else None)


@cache
def _exchanges(path: Path) -> Mapping[str, str]:
    return dict(pl.read_csv(path, infer_schema=False).select("word", "exchange_mic").rows())


def wanted_symbols(settings: Settings, source: str, listings: Listings) -> list[str]:
    """Return the symbols that the settings name, or all that a source can serve.

    Raises
    ------
    ConfigurationError
        If a file of symbols cannot be read, what is named holds no symbol, or the source can serve none.
    """
    named = [symbol for item in settings.symbols for symbol in _expanded(item)]
    if settings.symbols and not named:
        given = ", ".join(repr(item) for item in settings.symbols)
        raise ConfigurationError(
            f"--symbols: expected at least one symbol, got none in {given}; leave it out to ask for all that are known"
        )
    found = list(dict.fromkeys(named)) or listings.served_by(source)
    if not found:
        raise ConfigurationError(f"--source {source}: expected symbols, got none; name them with --symbols NVDA")
    return found


def _expanded(item: str) -> list[str]:
    """Return the symbols of a file, one a line and `#` before remarks; names that are no file are symbols."""
    file = Path(item)
    if "," in item and not file.is_file():
        return [symbol for part in item.split(",") for symbol in _expanded(part.strip())]
    if not (file.suffix.lower() in (".txt", ".csv") or "/" in item):
        return [_checked(item)] if item.strip() else []
    if not file.is_file() and item.count("/") == 1 and not file.suffix:
        return [_checked(item)]
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--symbols {item}: expected a text file with a symbol a line; {error}") from error
    lines = [line.partition("#")[0].split(",")[0].strip() for line in text.splitlines()]
    return [_checked(line) for line in lines if line and line.lower() != "symbol"]


def _checked(symbol: str) -> str:
    """Return a symbol as the providers write it, in capitals and without the spaces around it, if it can be one."""
    text = symbol.strip()
    if not text.isprintable() or any(char.isspace() for char in text) or len(text) > 40:  # noqa: PLR2004
        raise ConfigurationError(f"--symbols: expected a ticker such as NVDA or ^GSPC, got {symbol[:60]!r}")
    word, _, name = text.partition(":")
    return f"{word}:{name.upper()}" if name and word in LIVE_SOURCES else text.upper()
