"""Live sources by their word: addresses, and manners towards whom they ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.live_sources import OWN_RATE, base_url, live_source, manners
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.nasdaq_prices import MANNERS


@pytest.mark.parametrize("name", LIVE_SOURCES)
def test_every_word_makes_its_source(tmp_path: Path, name: str) -> None:
    """The source is called as its raw table is."""
    source = live_source(name, Settings(home=tmp_path))
    assert source.name == f"{name}_prices"
    source.close()


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    """The message lists the known ones."""
    with pytest.raises(ConfigurationError, match="expected one of yahoo, nasdaq, coinbase, binance, fred, got 'bloom'"):
        live_source("bloom", Settings(home=tmp_path))


@pytest.mark.parametrize("address", ["ftp://example.org", "example.org", "http://", "/etc/passwd"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ConfigurationError, match="yahoo_base_url: expected http"):
        base_url("yahoo", Settings(home=tmp_path, yahoo_base_url=address))


@pytest.mark.parametrize("address", [None, "https://example.org", "http://10.0.0.1:80", "http://127.0.0.1.example.org"])
def test_strangers_are_asked_politely(address: str | None) -> None:
    """Also those whose name only begins like the loopback device."""
    assert manners(MANNERS, address) is MANNERS


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_a_server_of_ones_own_is_asked_at_once(address: str) -> None:
    """Everything but rate and waits stays as it is."""
    own = manners(MANNERS, address)
    assert (own.rate, own.headers, own.limits) == (OWN_RATE, MANNERS.headers, MANNERS.limits)
