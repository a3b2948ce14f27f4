"""Answers that contradict what is stored: no price of them counts, and nothing of them is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.backfill import run_backfill
from flows.backfill_plan import Scope
from pipelines.fake_providers.market import Security
from pipelines.fake_providers.yahoo_faults import half_rescaled, in_other_units, meta
from tests.live_rig import Rig, rig, states
from tests.running import reaction_here
from warehouse.connection import open_file

FRIDAY, MONDAY = date(2024, 6, 7), date(2024, 6, 10)
KEPT = """
    select bars.date, bars.close
    from audit.rejected_bars as bars
    join audit.rejected_answers as answers using (content_hash)
    order by answers.fetched_at, bars.row_number
"""


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig that has the prices of NVDA up to Friday, on Monday evening."""
    with rig(tmp_path / "home") as made:
        made.at(FRIDAY)
        made.poll()
        made.at(MONDAY)
        yield made


def half_a_split(made: Rig) -> None:
    """Let NVDA split, half of the rows still being on the old basis."""
    made.market.add_split("NVDA", MONDAY, 10)
    made.yahoo.arm(half_rescaled(10.0), "NVDA")


def pence(made: Rig) -> None:
    """Let prices come in another unit."""
    made.yahoo.arm(in_other_units(100.0), "NVDA")


def another_clock(made: Rig) -> None:
    """Let bars be dated by Auckland's clock."""
    made.yahoo.arm(meta(exchangeTimezoneName="Pacific/Auckland"), "NVDA")


def cut_short(made: Rig) -> None:
    """Let a split rewrite a history of which the provider sends the last weeks alone."""
    made.market.add_split("NVDA", MONDAY, 10)
    made.market.add(Security("NVDA", listed=date(2024, 4, 1)))


@pytest.mark.parametrize("spoil", [half_a_split, pence, another_clock, cut_short])
def test_faults_32_35_38_what_is_quarantined_is_kept_as_it_came(polled: Rig, spoil: Callable[[Rig], None]) -> None:
    """Bars, reason and address stand in the warehouse, the run says where, `reaction status` lists them."""
    before = polled.dump()
    spoil(polled)
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert polled.dump() == before
    assert "kept in audit.rejected_answers of the warehouse" in done.complaint
    answers = [answer.bars for answer in done.results["NVDA"].answers if answer.bars.height]
    rows = polled.rows("select state, reason, n_bars, url from audit.rejected_answers order by fetched_at")
    assert [row[2] for row in rows] == [bars.height for bars in answers]
    assert {row[0] for row in rows} == {"quarantined"}
    assert all(row[1] and "/v8/finance/chart/NVDA" in str(row[3]) for row in rows)
    with open_file(polled.settings.warehouse_file, read_only=True) as connection:
        kept = connection.execute(KEPT).pl()
    assert pl.concat([bars.select("date", "close") for bars in answers]).equals(kept)
    listed = reaction_here("status", "--json", home=polled.settings.home).json
    assert listed["n_rejected"] == len(answers)
    assert {row["object"] for row in listed["rejected"]} == {"NVDA"}


def test_fault_32_the_split_of_a_quarantined_answer_is_kept_too(polled: Rig) -> None:
    """Whoever judges the answer needs to know which split the provider was about to apply."""
    half_a_split(polled)
    polled.poll()
    [(actions,)] = polled.rows("select actions from audit.rejected_answers")
    assert json.loads(str(actions)) == [[str(MONDAY), "split", 10.0]]


def test_fault_35_a_backfill_keeps_what_it_quarantines(polled: Rig) -> None:
    """The chunk is left, its answer is kept in the same commit, and the same again adds no bars: ten and Monday's."""
    scope = Scope(date(2024, 1, 2), MONDAY, ("yahoo",), ("NVDA",))
    pence(polled)
    for n in (1, 2):
        done = run_backfill(polled.settings, scope)
        assert done.tally.sources["yahoo"].outcomes == {"quarantined": 1}
        assert polled.rows("select count(*) from audit.rejected_answers") == [(n,)]
        assert polled.rows("select count(*) from audit.rejected_bars") == [(11,)]
    assert "first quarantined: NVDA: " in str(polled.rows("select message from audit.runs order by rowid desc")[0][0])
