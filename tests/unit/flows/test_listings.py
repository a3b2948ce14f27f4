"""Where symbols are listed, and which of them a live source is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.listings import Listings, mic_of, wanted_symbols
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.live import Listing


def settings(tmp_path: Path, **given: object) -> Settings:
    """Return settings with a home of their own."""
    return Settings(home=tmp_path, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "mic"),
    [
        ("NVDA", "XNAS"),
        ("^GSPC", "XNYS"),
        ("005930.KS", "XKRX"),
        ("BTC-USD", "24/7"),
        ("VOD.L", "XLON"),
        ("DOGE-USD", "24/7"),
        ("NOWHERE", None),
    ],
)
def test_an_exchange_comes_from_the_seeds(tmp_path: Path, symbol: str, mic: str | None) -> None:
    """The securities file first, then the suffix."""
    assert Listings.load(settings(tmp_path)).mic(symbol) == mic


def test_what_the_seeds_do_not_know_is_on_the_exchange_of_the_settings(tmp_path: Path) -> None:
    """`--exchange` is for those alone."""
    listings = Listings.load(settings(tmp_path, exchange="XLON"))
    assert (listings.mic("NOWHERE"), listings.mic("NVDA")) == ("XLON", "XNAS")


def test_each_source_is_asked_for_what_it_can_have(tmp_path: Path) -> None:
    """Yahoo has all but the S&P by another vendor's name, nasdaq.com US shares and funds, the others crypto."""
    listings = Listings.load(settings(tmp_path))
    yahoo, nasdaq = listings.served_by("yahoo"), listings.served_by("nasdaq")
    assert {"NVDA", "^GSPC", "005930.KS", "BTC-USD", "SPY"} <= set(yahoo)
    assert "SPX" not in yahoo
    assert {"NVDA", "SPY"} <= set(nasdaq)
    assert not {"^GSPC", "005930.KS", "BTC-USD"} & set(nasdaq)
    assert listings.served_by("coinbase") == listings.served_by("binance") == ["BTC-USD", "ETH-USD"]


def test_a_renamed_security_is_asked_for_once_by_the_symbol_that_it_has_now(tmp_path: Path) -> None:
    """The securities file still names FB, for prices of before the rename."""
    listings = Listings.load(settings(tmp_path))
    assert "FB" in listings.securities
    served = listings.served_by("yahoo")
    assert "FB" not in served
    assert served.count("META") == 1


def test_what_a_provider_has_said_counts_where_nothing_else_is_known(tmp_path: Path) -> None:
    """A word of the provider never takes the place of a seed, a suffix or the user's own exchange."""
    words = {"NVDA": "LSE", "VOD.L": "NMS", "NOWHERE": "NYQ", "ODD": "XYZ"}
    listings = Listings.load(settings(tmp_path)).with_words(words)
    assert [listings.mic(symbol) for symbol in words] == ["XNAS", "XLON", "XNYS", None]
    own = Listings.load(settings(tmp_path, exchange="XTKS")).with_words(words)
    assert own.mic("NOWHERE") == "XTKS"


def test_benchmarks_are_among_them(tmp_path: Path) -> None:
    """Every benchmark of a security that Yahoo serves is served too."""
    listings = Listings.load(settings(tmp_path))
    assert {"^GSPC", "^KS11"} <= set(listings.served_by("yahoo"))


@pytest.mark.parametrize(
    ("word", "mic"),
    [("NMS", "XNAS"), ("nyq", "XNYS"), ("Coinbase", "24/7"), ("XLON", "XLON"), ("XYZ", None), (None, None)],
)
def test_a_providers_word_means_an_exchange_or_nothing(word: str | None, mic: str | None) -> None:
    """Providers have words of their own for exchanges."""
    assert mic_of(Listing(exchange=word)) == mic


def test_symbols_come_from_options_and_files(tmp_path: Path) -> None:
    """Each counts once, in order; remarks and a header are none."""
    file = tmp_path / "list.txt"
    file.write_text("symbol\nNVDA,Nvidia\n^GSPC # the index\n\n# nothing\nAAPL\n")
    chosen = settings(tmp_path, symbols=("AAPL", str(file)))
    assert wanted_symbols(chosen, "yahoo", Listings.load(chosen)) == ["AAPL", "NVDA", "^GSPC"]


def test_symbols_are_taken_as_people_write_them(tmp_path: Path) -> None:
    """With commas, in small letters, and in a file that a spreadsheet has begun with a mark of its encoding."""
    file = tmp_path / "list.csv"
    file.write_text("SYMBOL\naapl\n", "utf-8-sig")
    chosen = settings(tmp_path, symbols=(f"NVDA, ^gspc,{file}", "nvda", "fred:dgs10"))
    assert wanted_symbols(chosen, "yahoo", Listings.load(chosen)) == ["NVDA", "^GSPC", "AAPL", "fred:DGS10"]


def test_a_list_without_a_symbol_does_not_ask_for_all(tmp_path: Path) -> None:
    """An empty file is a mistake, and every known security would take minutes."""
    file = tmp_path / "list.txt"
    file.write_text("# nothing yet\n")
    for symbols in ((str(file),), ("",), (" , ",)):
        chosen = settings(tmp_path, symbols=symbols)
        with pytest.raises(ConfigurationError, match="expected at least one symbol, got none in"):
            wanted_symbols(chosen, "yahoo", Listings.load(chosen))


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (("missing.txt",), "expected a text file with a symbol a line"),
        (("NV DA",), "expected a ticker such as NVDA"),
        (("\x1b[31mNVDA",), "expected a ticker such as NVDA"),
        (("A" * 41,), "expected a ticker such as NVDA"),
    ],
)
def test_what_is_no_symbol_is_refused(tmp_path: Path, symbols: tuple[str, ...], message: str) -> None:
    """The message says what was expected and what was got."""
    chosen = settings(tmp_path, symbols=symbols)
    with pytest.raises(ConfigurationError, match=message):
        wanted_symbols(chosen, "yahoo", Listings.load(chosen))
