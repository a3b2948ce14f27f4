"""A security keeps its id: symbols that are renamed, taken by another company, or end, and prices in another unit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.fake_providers.market import Security
from pipelines.fake_providers.yahoo_faults import in_other_units, meta
from pipelines.home import SQL
from pipelines.validation import sql_rules
from tests.identity_rig import Seeds, core_of, core_of_files
from tests.live_rig import Rig, rig, states
from warehouse.checks import measure

FRIDAY, MONDAY = date(2024, 6, 7), date(2024, 6, 10)
TAKEN, LATER = date(2024, 6, 24), date(2024, 6, 28)
EVENTS = ("before,NVDA,2024-06-05", "after,NVDA,2024-06-26")
IDS = (
    "select symbol, security_id, first_session, last_session, is_ended, ended_date from mart.dim_securities order by 1"
)


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seeds:
    """Return seeds of one's own."""
    return Seeds(tmp_path / "seeds", monkeypatch)


@pytest.fixture
def polled(tmp_path: Path, seeds: Seeds) -> Iterator[Rig]:
    """Return a rig that has the prices of NVDA up to Friday."""
    del seeds
    with rig(tmp_path / "home") as made:
        made.at(FRIDAY)
        made.poll()
        yield made


def test_fault_40_a_ticker_of_another_company_begins_a_new_id(polled: Rig) -> None:
    """Its history has none of the stored sessions and begins with its first trade: it is another security's."""
    friday, before = polled.clock.at, polled.dump()
    polled.market.add(Security("NVDA", listed=TAKEN, price=12.0))
    polled.at(LATER)
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}
    result = done.results["NVDA"]
    assert "its first trade was on 2024-06-24: another company's symbol now" in result.reason
    assert result.judgement is not None
    assert result.judgement.is_alert
    assert polled.dump(friday) == before
    assert polled.bars()["date"].to_list() == [TAKEN + timedelta(days=n) for n in range(5)]
    with core_of(polled, *EVENTS) as connection:
        assert connection.execute(IDS).fetchall() == [
            ("NVDA", "NVDA:2024-06-24", TAKEN, LATER, False, None),
            ("NVDA-202406", "NVDA", date(2024, 1, 2), FRIDAY, True, FRIDAY),
        ]
        pairs = connection.execute(
            "select event_id, symbol from core.event_pairs where event_id in ('before', 'after')"
        )
        assert sorted(pairs.fetchall()) == [("after", "NVDA"), ("before", "NVDA-202406")]
        first = "select simple_return from core.returns where symbol = 'NVDA' order by session_date limit 1"
        assert connection.execute(first).fetchall() == [(None,)]
        dated = "select published_symbol, last_date, reason from mart.dim_symbols where symbol = 'NVDA' order by all"
        assert connection.execute(dated).fetchall() == [
            ("NVDA", None, "reuse"),
            ("NVDA-202406", FRIDAY, "listing"),
        ]
    with core_of(polled, as_of=friday) as connection:
        assert connection.execute("select symbol, security_id from mart.dim_securities").fetchall() == [
            ("NVDA", "NVDA")
        ]


def test_what_comes_after_a_reuse_continues_the_new_company(polled: Rig) -> None:
    """The next polls append to its history, a dividend of it begins a vintage of it, and the former one stays."""
    polled.market.add(Security("NVDA", listed=TAKEN, price=12.0))
    polled.at(LATER)
    polled.poll()
    polled.at(date(2024, 7, 1))
    assert states(polled.poll()) == {"NVDA": "stored"}
    asked = polled.asked()
    assert states(polled.poll()) == {"NVDA": "up to date"}
    assert polled.asked() == asked
    polled.market.add_dividend("NVDA", date(2024, 7, 2), 0.5)
    polled.at(date(2024, 7, 2))
    polled.poll()
    with core_of(polled) as connection:
        spans = [row[2:4] for row in connection.execute(IDS).fetchall()]
        assert spans == [(TAKEN, date(2024, 7, 2)), (date(2024, 1, 2), FRIDAY)]
        actions = connection.execute("select symbol, value from mart.fct_corporate_actions").fetchall()
        assert actions == [("NVDA", 0.5)]


def test_an_unclear_reuse_is_quarantined_until_a_row_says_what_it_is(polled: Rig, seeds: Seeds) -> None:
    """The provider names no first trade: the message holds the rows to add, and adding them resolves it."""
    before = polled.dump()
    polled.market.add(Security("NVDA", listed=TAKEN, price=12.0))
    polled.yahoo.arm(meta(firstTradeDate=None), "NVDA")
    polled.at(LATER)
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert polled.dump() == before
    reason = done.results["NVDA"].reason
    rows = reason.split("`")[1::2]
    assert rows == [
        "NVDA,NVDA-OLD,,2024-06-07,delisting,,,EVIDENCE",
        "NVDA,NVDA,2024-06-24,,reuse,,,EVIDENCE",
    ]
    seeds.add("security_symbols.csv", *rows)
    assert states(polled.poll()) == {"NVDA": "stored"}
    with core_of(polled, *EVENTS) as connection:
        found = connection.execute(
            "select symbol, security_id, is_ended from mart.dim_securities order by 1"
        ).fetchall()
        assert found == [("NVDA", "NVDA", False), ("NVDA-202406", "NVDA-OLD", True)]
        pairs = connection.execute(
            "select event_id, symbol from core.event_pairs where event_id in ('before', 'after')"
        )
        assert sorted(pairs.fetchall()) == [("after", "NVDA"), ("before", "NVDA-202406")]


def test_fault_40_a_renamed_security_keeps_its_id_and_has_one_vintage(polled: Rig, seeds: Seeds) -> None:
    """Stored under the old symbol it is published under the new one, whose own history then counts alone."""
    polled.market.add(Security("OLDX", delisted=FRIDAY))
    polled.poll("OLDX")
    seeds.add(
        "security_symbols.csv",
        "OLDX,TEN,,2024-06-07,listing,,Ten,EVIDENCE",
        "NEWX,TEN,2024-06-10,,rename,,Ten,EVIDENCE",
    )
    with core_of(polled, "told,OLDX,2024-06-05") as connection:
        assert [row[:2] for row in connection.execute(IDS).fetchall()] == [("NEWX", "TEN")]
        assert connection.execute("select symbol from core.event_pairs where event_id = 'told'").fetchall() == [
            ("NEWX",)
        ]
    polled.market.add(Security("NEWX", price=55.0))
    polled.at(LATER)
    polled.poll("OLDX", "NEWX")
    with core_of(polled, "told,OLDX,2024-06-05") as connection:
        spans = [row[:4] for row in connection.execute(IDS).fetchall()]
        assert spans == [("NEWX", "TEN", date(2024, 1, 2), LATER)]
        sources = "select distinct source_symbol from core.staged_prices where superseded_by is null"
        assert connection.execute(sources).fetchall() == [("NEWX",)]
        rules = connection.execute("select distinct rule_id, reason from core.quarantine").fetchall()
        assert rules == [("superseded_symbol", "OLDX is NEWX now, which has prices")]


def test_fault_40_what_is_delisted_stays_in_the_universe_with_its_end(polled: Rig, seeds: Seeds) -> None:
    """Its prices stop, the provider refuses it, and it is published with the day of its last session."""
    polled.market.add(Security("NVDA", delisted=FRIDAY))
    polled.at(date(2024, 8, 30))
    done = polled.poll("NVDA", "^GSPC")
    assert states(done)["NVDA"] == "refused"
    with core_of(polled) as connection:
        ends = {row[0]: row[4:] for row in connection.execute(IDS).fetchall()}
        assert ends["NVDA"] == (True, FRIDAY)
        assert ends["^GSPC"] == (False, None)
    seeds.add("security_symbols.csv", "NVDA,NVDA,,2024-06-07,delisting,,NVIDIA,EVIDENCE")
    with core_of(polled) as connection:
        found = connection.execute("select last_date, reason from mart.dim_symbols where symbol = 'NVDA'").fetchall()
        assert found == [(FRIDAY, "delisting")]


def test_prices_in_pence_are_flagged_and_a_contradiction_is_a_finding(polled: Rig) -> None:
    """The seed says pence and so does the provider; when it says pounds, the gate warns with both."""
    polled.market.add(Security("VOD.L", currency="GBp", exchange="LSE", time_zone="Europe/London"))
    polled.poll("VOD.L", "NVDA")
    [rule] = [one for one in sql_rules(SQL / "checks" / "publish") if one.check_name == "currencies_agree"]
    units = (
        "select currency, major_currency, units_per_major, is_minor_unit, provider_currency "
        "from mart.dim_securities where symbol = 'VOD.L'"
    )
    with core_of(polled) as connection:
        assert connection.execute(units).fetchall() == [("GBX", "GBP", 100, True, "GBX")]
        assert measure(connection, [rule])[0].n_violations == 0
    polled.yahoo.arm(meta(currency="GBP"), "VOD.L")
    polled.at(MONDAY)
    polled.poll("VOD.L", "NVDA")
    with core_of(polled) as connection:
        assert connection.execute(units).fetchall() == [("GBX", "GBP", 100, True, "GBP")]
        assert measure(connection, [rule])[0].n_violations == 1
    said = polled.rows("select currency from raw.provider_listings where symbol = 'VOD.L' order by batch_id")
    assert sorted(said) == [("GBP",), ("GBp",)]


def test_a_change_of_unit_is_stored_once_it_is_accepted(polled: Rig, seeds: Seeds) -> None:
    """The quarantine names the row; with it the whole history is a vintage of its own, and what was known stays."""
    friday, before = polled.clock.at, polled.dump()
    polled.yahoo.arm(in_other_units(0.01), "NVDA")
    polled.at(MONDAY)
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    [row] = done.results["NVDA"].reason.split("`")[1::2]
    assert row == "yahoo,NVDA,2024-06-10,0.01,REASON,EVIDENCE"
    seeds.add("accepted_restatements.csv", row)
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}
    assert "accepted on 2024-06-10 (accepted_restatements.csv): REASON" in done.results["NVDA"].reason
    assert polled.dump(friday) == before
    kinds = polled.rows("select kind, n_rows from raw.batches where source = 'yahoo_prices' order by known_from")
    assert kinds == [("full", 110), ("full", 111)]
    polled.yahoo.disarm()
    polled.at(date(2024, 6, 11))
    assert states(polled.poll()) == {"NVDA": "quarantined"}  # back again is another restatement


def test_new_bars_alone_in_another_unit_are_not_accepted(polled: Rig, seeds: Seeds) -> None:
    """A row accepts a history that has moved as a whole; one of two units makes no series."""
    seeds.add("accepted_restatements.csv", "yahoo,NVDA,2024-06-01,0.01,REASON,EVIDENCE")
    polled.market.revise("NVDA", MONDAY, 0.01)
    polled.at(MONDAY)
    assert states(polled.poll()) == {"NVDA": "quarantined"}


def test_a_symbol_that_no_seed_knows_is_listed_by_the_providers_word(polled: Rig) -> None:
    """It is probed once; from then on exchange, currency and kind come from what the provider said."""
    polled.market.add(Security("NEWNAME", "etf", listed=date(2024, 5, 1), exchange="NYQ"))
    polled.poll("NEWNAME")
    asked = polled.asked("NEWNAME")
    polled.at(MONDAY)
    polled.poll("NEWNAME")
    assert polled.asked("NEWNAME") == asked + 1
    with core_of(polled) as connection:
        found = "select exchange_mic, currency, asset_class, session_basis from mart.dim_securities"
        assert connection.execute(found).fetchall() == [("XNYS", "USD", "etf", "exchange_calendar")]


def test_a_file_that_goes_on_under_the_new_symbol_is_one_series(polled: Rig, tmp_path: Path) -> None:
    """FB until 2022-06-08 and META from 2022-06-09 on: no gap between them, and either name finds it at its time."""
    file = tmp_path / "prices.csv"
    days = ["FB,2022-06-07,195.65", "FB,2022-06-08,196.64", "META,2022-06-09,184.00", "META,2022-06-10,175.57"]
    file.write_text("symbol,date,close\n" + "\n".join(days) + "\n", "utf-8")
    with core_of_files(polled, file, "then,FB,2021-10-28", "fund,META,2021-10-28", "now,META,2022-07-27") as connection:
        assert [row[:2] for row in connection.execute(IDS).fetchall()] == [("META", "META")]
        found = "select session_date, simple_return is not null from core.returns order by 1"
        assert [has_return for _, has_return in connection.execute(found).fetchall()] == [False, True, True, True]
        pairs = "select event_id, symbol from core.event_pairs where event_id in ('then', 'fund', 'now') order by 1"
        assert connection.execute(pairs).fetchall() == [("fund", "METV"), ("now", "META"), ("then", "META")]


def test_a_file_with_a_reused_ticker_has_two_securities(polled: Rig, seeds: Seeds, tmp_path: Path) -> None:
    """Rows on both sides of the gap are two series, each under its own name."""
    seeds.add(
        "security_symbols.csv",
        "XYZ,XYZ-OLD,,2020-01-31,delisting,,Old,EVIDENCE",
        "XYZ,XYZ,2023-05-02,,reuse,,New,EVIDENCE",
    )
    file = tmp_path / "prices.csv"
    days = ["2020-01-30,10", "2020-01-31,11", "2023-05-02,50", "2023-05-03,51"]
    file.write_text("symbol,date,close\n" + "".join(f"XYZ,{day}\n" for day in days), "utf-8")
    with core_of_files(polled, file) as connection:
        counts = connection.execute(
            "select symbol, count(*), count(simple_return) from core.returns group by all order by 1"
        )
        assert counts.fetchall() == [("XYZ", 2, 1), ("XYZ-202001", 2, 1)]
