"""What an answer says of stored history, with every case of the fault list worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.restatements import Remedy, Verdict, changes, judge

MONDAY = date(2025, 1, 6)
SCHEMA = {
    "symbol": pl.String(),
    "date": pl.Date(),
    **dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), pl.Float64()),
}
CLOSES = [100.0, 102.0, 101.0, 104.0, 103.0, 105.0, 108.0, 107.0, 110.0, 109.0]
"""The last ten final sessions that are stored."""

TODAY = 10
"""Number of the first session that is not stored, counted from MONDAY in calendar days for brevity."""


def day(number: int) -> date:
    """Return the session of that number."""
    return MONDAY + timedelta(days=number)


def bars(
    closes: Sequence[float | None] | Mapping[int, float | None],
    adjusted: Sequence[float | None] | Mapping[int, float | None] | None = None,
    volumes: Mapping[int, float] | None = None,
    symbol: str = "XX",
) -> pl.DataFrame:
    """Return bars by session number; the adjusted close is the close unless given, the volume 1000."""
    by_day = closes if isinstance(closes, Mapping) else dict(enumerate(closes))
    adj = adjusted if isinstance(adjusted, Mapping) else dict(enumerate(adjusted)) if adjusted else by_day
    rows = [
        {
            "symbol": symbol,
            "date": day(number),
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "adj_close": adj.get(number),
            "volume": (volumes or {}).get(number, 1000.0),
        }
        for number, close in by_day.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def actions(*items: tuple[int, str, float]) -> pl.DataFrame:
    """Return corporate actions by session number."""
    rows = [("XX", day(number), kind, value) for number, kind, value in items]
    return pl.DataFrame(
        rows, schema={"symbol": pl.String, "date": pl.Date, "kind": pl.String, "value": pl.Float64}, orient="row"
    )


def scaled(factor: float, only: Sequence[int] = range(10)) -> list[float]:
    """Return the stored closes with those of some sessions rescaled."""
    return [close * factor if number in only else close for number, close in enumerate(CLOSES)]


def with_day(number: int, close: float) -> list[float]:
    """Return the stored closes with one of them changed."""
    return [*CLOSES[:number], close, *CLOSES[number + 1 :]]


ONE_DIVIDEND = 1 - 0.545 / 109.0  # = 0.995: a dividend of 0.545 the day after a close of 109
A_CENT = 1 - 0.01 / 109.0  # = 0.99990826, closer to 1 than the tolerance

CASES = {
    "the same": (bars([*CLOSES, 111.0]), actions(), Verdict.APPEND, Remedy.STORE, None, []),
    "nothing new": (bars(CLOSES), actions(), Verdict.APPEND, Remedy.STORE, None, []),
    "rounded to 32 bits": (bars([*scaled(1 + 6e-8), 111.0]), actions(), Verdict.APPEND, Remedy.STORE, None, []),
    "a move inside the tolerance": (bars(with_day(4, 103.01)), actions(), Verdict.APPEND, Remedy.STORE, None, []),
    # 31: a dividend rescales every adjusted close of the past and no close.
    "dividend": (
        bars([*CLOSES, 111.0], [*scaled(ONE_DIVIDEND), 111.0]),
        actions((TODAY, "dividend", 0.545)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.995, range(10),
    ),
    "dividend of a cent": (
        bars([*CLOSES, 111.0], [*scaled(A_CENT), 111.0]),
        actions((TODAY, "dividend", 0.01)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, A_CENT, range(10),
    ),
    "dividend that is applied already": (
        bars([*CLOSES, 111.0]), actions((9, "dividend", 0.5)), Verdict.APPEND, Remedy.STORE, None, [],
    ),
    "dividend that is not applied yet": (
        bars([*CLOSES, 111.0]), actions((TODAY, "dividend", 0.545)), Verdict.APPEND, Remedy.STORE, None, [],
    ),
    "dividend applied a day late": (
        bars([*CLOSES, 111.0], [*scaled(0.995, range(9)), 111.0]),
        actions((9, "dividend", 0.55)),  # 1 - 0.55 / 110 = 0.995; day 9 itself was stored right
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.995, range(9),
    ),
    "rescaled without a word": (
        bars([*scaled(0.98), 111.0]), actions(), Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.98, range(10),
    ),
    "split of ten": (
        bars([*scaled(0.1), 11.1]),
        actions((TODAY, "split", 10.0)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.1, range(10),
    ),
    "split rounded to the cent": (
        bars([round(close / 60, 2) for close in CLOSES] + [1.85]),
        actions((TODAY, "split", 60.0)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 1 / 60, range(10),
    ),
    "split and dividend": (
        bars([*scaled(0.5), 55.0], [*scaled(0.5 * ONE_DIVIDEND), 55.0]),
        actions((TODAY, "split", 2.0), (TODAY, "dividend", 0.2725)),  # 0.2725 / 54.5 = 0.005
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.5, range(10),
    ),
    "an old split and a new dividend": (
        bars([*CLOSES, 111.0], [*scaled(ONE_DIVIDEND), 111.0]),
        actions((5, "split", 10.0), (TODAY, "dividend", 0.545)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.995, range(10),
    ),
    "split of a hundred is no unit": (
        bars([*scaled(0.01), 1.1]),
        actions((TODAY, "split", 100.0)),
        Verdict.BASIS_CHANGE, Remedy.REFETCH, 0.01, range(10),
    ),
    # 32: the first half has been rescaled, the second has not, and the split is of today.
    "split half-way": (
        bars([*scaled(0.1, range(5)), 11.1]),
        actions((TODAY, "split", 10.0)),
        Verdict.INCONSISTENT, Remedy.QUARANTINE, 0.1, range(5),
    ),
    "split half-way, every other row": (
        bars([*scaled(0.1, range(0, 10, 2)), 11.1]),
        actions((TODAY, "split", 10.0)),
        Verdict.INCONSISTENT, Remedy.QUARANTINE, 0.1, range(0, 10, 2),
    ),
    "split, all but one row": (
        bars([*scaled(0.1, [3]), 11.1]),
        actions((TODAY, "split", 10.0)),
        Verdict.INCONSISTENT, Remedy.QUARANTINE, 0.1, [3],
    ),
    "dividend half-way": (
        bars([*CLOSES, 111.0], [*scaled(0.995, range(4)), 111.0]),
        actions((TODAY, "dividend", 0.545)),
        Verdict.INCONSISTENT, Remedy.QUARANTINE, 0.995, range(4),
    ),
    "adjusted closes are gone": (
        bars([*CLOSES, 111.0], [None] * 11), actions(), Verdict.INCONSISTENT, Remedy.QUARANTINE, None, range(10),
    ),
    # 33: 103 becomes 103.515, which is 0.5 % more, or 105.06, which is 2 % more.
    "one close revised": (bars(with_day(4, 103.515)), actions(), Verdict.REVISION, Remedy.STORE, 1.005, [4]),
    "one close revised by much": (bars(with_day(4, 105.06)), actions(), Verdict.REVISION, Remedy.STORE, 1.02, [4]),
    "two closes revised": (
        bars([*with_day(4, 104.03)[:6], 108.5, *CLOSES[7:]]), actions(), Verdict.REVISION, Remedy.STORE, None, [4, 6],
    ),
    "all revised otherwise": (
        bars([close * (1 + 0.001 * n) for n, close in enumerate(CLOSES, 1)]),
        actions(),
        Verdict.REVISION, Remedy.REFETCH, None, range(10),
    ),
    # 34: 1000 becomes 1004, which is 0.4 %; 1020 is 2 %.
    "volume inside the tolerance": (
        bars(CLOSES, volumes={9: 1004.0}), actions(), Verdict.APPEND, Remedy.STORE, None, [],
    ),
    "volume beyond the tolerance": (
        bars(CLOSES, volumes={9: 1020.0}), actions(), Verdict.REVISION, Remedy.STORE, None, [9],
    ),
    # 35: pounds become pence.
    "pence": (bars([*scaled(100.0), 11100.0]), actions(), Verdict.UNIT_SWITCH, Remedy.QUARANTINE, 100.0, range(10)),
    "pounds, rounded": (
        bars([round(close / 100, 2) for close in CLOSES]),
        actions(),
        Verdict.UNIT_SWITCH, Remedy.QUARANTINE, 0.01, range(10),
    ),
    "pence on one day": (
        bars(with_day(4, 10300.0)), actions(), Verdict.UNIT_SWITCH, Remedy.QUARANTINE, 100.0, [4],
    ),
    "pence in the new bar alone": (
        bars([*CLOSES, 10900.0]), actions(), Verdict.UNIT_SWITCH, Remedy.QUARANTINE, 100.0, [TODAY],
    ),
    # The overlap is missing, wholly or at its end.
    "no overlap": (bars({TODAY + 5: 111.0}), actions(), Verdict.GAP, Remedy.REFETCH, None, []),
    "the last session is missing": (
        bars({**dict(enumerate(CLOSES[:9])), TODAY: 111.0}), actions(), Verdict.GAP, Remedy.REFETCH, None, [],
    ),
    "days before what is stored": (bars({-5: 90.0}), actions(), Verdict.GAP, Remedy.REFETCH, None, []),
    "a whole history of which the end is as stored": (
        bars({-1: 99.0, **dict(enumerate(CLOSES))}), actions(), Verdict.APPEND, Remedy.STORE, None, [],
    ),
    # 37: what is no price proves nothing, neither way.
    "a row that is no bar": (
        bars([*CLOSES[:4], float("nan"), *CLOSES[5:]]), actions(), Verdict.APPEND, Remedy.STORE, None, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_verdict(name: str) -> None:
    """Each fault gets its verdict, its remedy, its ratio and its days."""
    fetched, acted, verdict, remedy, ratio, days = CASES[name]
    found = judge(bars(CLOSES), fetched, acted)["XX"]
    assert (found.verdict, found.remedy) == (verdict, remedy), found.reason
    assert found.days == tuple(day(number) for number in days)
    assert ratio is None or found.ratio == pytest.approx(ratio, rel=5e-3 if "round" in name else 1e-9)
    assert found.reason


@pytest.mark.parametrize(
    ("name", "is_alert"),
    [
        ("the same", False),
        ("dividend", False),
        ("split of ten", False),
        ("rescaled without a word", True),
        ("split half-way", True),
        ("one close revised", False),
        ("one close revised by much", True),
        ("all revised otherwise", True),
        ("volume beyond the tolerance", False),
        ("pence", True),
        ("no overlap", True),
    ],
)
def test_who_is_told(name: str, is_alert: bool) -> None:
    """Ordinary dividends, splits and small corrections wake nobody; what nothing explains does."""
    fetched, acted, *_ = CASES[name]
    assert judge(bars(CLOSES), fetched, acted)["XX"].is_alert is is_alert


def test_a_reason_says_what_moved_and_what_explains_it() -> None:
    """The sentence has the column, the days, the factor, and the action or that there is none."""
    fetched, acted, *_ = CASES["dividend"]
    assert judge(bars(CLOSES), fetched, acted)["XX"].reason == (
        "adj_close of 10 of 10 sessions moved by a factor of 0.995: dividend 0.545 of 2025-01-16"
    )
    fetched, acted, *_ = CASES["no overlap"]
    assert judge(bars(CLOSES), fetched, acted)["XX"].reason.startswith(
        "the answer from 2025-01-21 to 2025-01-21 lacks 2025-01-15, a session stored"
    )
    fetched, acted, *_ = CASES["two closes revised"]
    assert judge(bars(CLOSES), fetched, acted)["XX"].reason == (
        "close of 2 of 10 sessions moved, 2025-01-10, 2025-01-12, by up to 1.000%"
    )


def test_a_revision_of_one_day_far_back_is_found_by_a_sweep() -> None:
    """33: a whole history against a whole history shows a close that was revised 40 days back."""
    history = {number: 100.0 + number % 7 for number in range(60)}
    revised = {**history, 20: 108.0}  # 100 + 20 % 7 = 106
    found = judge(bars(history), bars(revised), actions())["XX"]
    assert (found.verdict, found.days) == (Verdict.REVISION, (day(20),))
    assert found.ratio == pytest.approx(108 / 106)


def test_a_whole_history_tells_whether_a_rescaling_has_finished() -> None:
    """After a refetch the same question to all of the history says BASIS_CHANGE or INCONSISTENT."""
    history = {number: 100.0 + number % 7 for number in range(60)}
    done = {number: close / 4 for number, close in history.items()}
    half = {number: close / 4 if number > 30 else close for number, close in history.items()}
    split = actions((60, "split", 4.0))
    assert judge(bars(history), bars({**done, 60: 25.0}), split)["XX"].verdict is Verdict.BASIS_CHANGE
    assert judge(bars(history), bars({**half, 60: 25.0}), split)["XX"].verdict is Verdict.INCONSISTENT


def test_every_symbol_is_judged_by_itself() -> None:
    """One symbol's split leaves the verdicts on the others alone; nothing stored is a first fetch."""
    stored = pl.concat([bars(CLOSES), bars(CLOSES, symbol="YY")])
    fetched = pl.concat([bars(scaled(0.1)), bars(CLOSES, symbol="YY"), bars(CLOSES, symbol="NEW")])
    found = judge(stored, fetched, actions((9, "split", 10.0)))
    assert {symbol: item.verdict for symbol, item in found.items()} == {
        "XX": Verdict.BASIS_CHANGE,
        "YY": Verdict.APPEND,
        "NEW": Verdict.FIRST,
    }


def test_changes_are_new_days_and_other_values() -> None:
    """A new day is appended; another close or volume is a revision; noise and missing prices are neither."""
    fetched = bars([100.0, 102.0, 101.005, 105.0, float("nan"), None, *CLOSES[6:], 111.0], volumes={0: 1004.0})
    found = changes(bars(CLOSES), fetched)
    assert found.appended["date"].to_list() == [day(TODAY)]
    assert found.revised["date"].to_list() == [day(0), day(3)]
    assert found.revised.columns == fetched.columns


def test_a_bar_takes_the_place_of_a_row_that_was_none() -> None:
    """What was stored without a price is filled in by a later answer, once."""
    stored = bars([*CLOSES[:9], float("nan")])
    assert changes(stored, bars(CLOSES)).revised["date"].to_list() == [day(9)]
    assert changes(stored, stored).revised.height == 0
    assert judge(stored, bars(CLOSES), actions())["XX"].verdict is Verdict.APPEND


@given(
    closes=st.lists(st.floats(1.0, 1e4), min_size=10, max_size=10),
    factor=st.floats(0.05, 20.0).filter(lambda value: abs(value - 1) > 0.06),
)
def test_a_rescaled_history_is_a_basis_change_whatever_the_prices(closes: list[float], factor: float) -> None:
    """Any history times any factor is a basis change by that factor, and the same history is none."""
    found = judge(bars(closes), bars([close * factor for close in closes]), actions())["XX"]
    assert found.verdict is Verdict.BASIS_CHANGE
    assert found.ratio == pytest.approx(factor)
    assert judge(bars(closes), bars(closes), actions())["XX"].verdict is Verdict.APPEND


@given(number=st.integers(1, 9), size=st.floats(2e-4, 0.5))
def test_one_moved_close_is_a_revision_wherever_it_is(number: int, size: float) -> None:
    """A single close that moves without a split is a revision of that day, stored in its place."""
    fetched = bars(with_day(number, CLOSES[number] * (1 + size)))
    found = judge(bars(CLOSES), fetched, actions())["XX"]
    assert (found.verdict, found.remedy, found.days) == (Verdict.REVISION, Remedy.STORE, (day(number),))
    assert changes(bars(CLOSES), fetched).revised["date"].to_list() == [day(number)]


@given(
    held=st.dictionaries(st.sampled_from("ABCD"), st.sets(st.integers(0, 30), min_size=1), min_size=1),
    came=st.dictionaries(st.sampled_from("BCDE"), st.sets(st.integers(0, 30), min_size=1), min_size=1),
    names=st.permutations("ABCDE"),
)
def test_sessions_are_compared_by_their_day_wherever_they_stand(
    held: dict[str, set[int]], came: dict[str, set[int]], names: list[str]
) -> None:
    """Holes on either side, symbols of one side alone, and rows in any order of symbols."""

    def frame(sessions: dict[str, set[int]], volume: float) -> pl.DataFrame:
        parts = [
            bars(
                dict.fromkeys(sorted(sessions[name]), 100.0), volumes=dict.fromkeys(sessions[name], volume), symbol=name
            )
            for name in names
            if name in sessions
        ]
        return pl.concat(parts)

    found = judge(frame(held, 1000.0), frame(came, 1100.0), actions())
    assert set(found) == set(came)
    for name, judgement in found.items():
        both = sorted(held.get(name, set()) & came[name])
        needed = max((item for item in held.get(name, set()) if item <= max(came[name])), default=None)
        if name not in held:
            assert judgement.verdict is Verdict.FIRST
        elif not both or needed != both[-1]:
            assert judgement.verdict is Verdict.GAP
        else:
            assert (judgement.verdict, judgement.n_overlap) == (Verdict.REVISION, len(both))
            assert judgement.days == tuple(map(day, both))


def test_hours_of_several_symbols_are_judged_as_days_are() -> None:
    """The one whose hours are all a tenth was split; the other one is as it was."""
    number = (pl.col("date") - MONDAY).dt.total_days()
    opened = pl.lit(datetime(2025, 1, 6, 14, 30, tzinfo=UTC)) + pl.duration(hours=number)
    stored = pl.concat([bars(CLOSES), bars(CLOSES, symbol="YY")])
    tenth = [close / 10 for close in CLOSES]
    fetched = pl.concat([bars([*tenth, 11.0]), bars([*CLOSES, 111.0], symbol="YY")])
    acted = actions((TODAY, "split", 10.0)).with_columns(date=opened)
    found = judge(stored.with_columns(date=opened), fetched.with_columns(date=opened), acted)
    assert (found["XX"].verdict, found["XX"].ratio) == (Verdict.BASIS_CHANGE, pytest.approx(0.1))
    assert (found["YY"].verdict, found["YY"].n_overlap) == (Verdict.APPEND, 10)


def test_a_price_that_was_infinite_is_revised_by_one_that_is_not() -> None:
    """What is no finite number gives way to what is one, and not to itself."""
    fetched = bars(CLOSES[:3]).with_columns(high=pl.Series([110.0, 111.0, 112.0]))
    stored = fetched.with_columns(high=pl.Series([110.0, float("inf"), 112.0]))
    assert changes(stored, fetched).revised["date"].to_list() == [fetched["date"][1]]
    assert changes(stored, stored).revised.is_empty()
