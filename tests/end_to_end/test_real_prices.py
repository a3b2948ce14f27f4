"""The acceptance figures on real prices, by the commands a user types; they need the reference data."""

from __future__ import annotations

import csv
import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.generated_prices import write
from tests.running import reaction_here, rows

PRINTED = 0.5
"""A figure printed with d digits is met when the value is within half a unit of the last."""

REFERENCE_TOLERANCE = 1e-9


def printed(value: float, figure: str) -> bool:
    """Tell whether a value rounds to a figure as it is printed."""
    digits = len(figure.partition(".")[2])
    return abs(value - float(figure)) <= (PRINTED + 1e-9) * 10.0**-digits


SELL_OFF = {
    "NVDA": ("-.13260", "-5.1346"),
    "AVGO": ("-.13769", "-5.0250"),
    "TSM": ("-.10782", "-5.0082"),
    "VRT": ("-.26294", "-9.0200"),
    "VST": ("-.25723", "-7.8197"),
    "ORCL": ("-.11863", "-6.8426"),
    "AAPL": (".04499", "3.6891"),
    "META": (".04069", "2.0558"),
    "AMD": ("-.02990", "-1.2024"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("symbol", "abnormal", "t_stat"), [(name, *found) for name, found in SELL_OFF.items()], ids=SELL_OFF
)
def test_the_sell_off_against_the_market(real_home: Path, symbol: str, abnormal: str, t_stat: str) -> None:
    """Abnormal return and t of 2025-01-27, market model on the S&P 500, estimation [-260,-11]."""
    query = (
        "select session_date, abnormal_return, std_abnormal_return from fct_abnormal_returns "
        "where study_id = 'deepseek-market-model' and event_id = 'nvda-record-selloff' and relative_day = 0 "
        f"and symbol = '{symbol}'"
    )
    ((session, found, found_t),) = rows(real_home, query)
    assert session == date(2025, 1, 27)
    assert printed(found, abnormal)
    assert printed(found_t, t_stat)


@pytest.mark.slow
def test_the_model_of_nvidia(real_home: Path) -> None:
    """Alpha, beta and sigma of NVDA's market model, and the 250 sessions they rest on."""
    query = (
        "select alpha, beta, sigma, n_estimation_obs from fct_study_securities "
        "where study_id = 'deepseek-market-model' and event_id = 'nvda-record-selloff' and symbol = 'NVDA'"
    )
    ((alpha, beta, sigma, n_obs),) = rows(real_home, query)
    assert n_obs == 250
    assert printed(alpha, ".00198")
    assert printed(beta, "2.67879")
    assert printed(sigma, ".02558")


@pytest.mark.slow
def test_the_release_on_a_holiday_counts_for_the_next_session(real_home: Path) -> None:
    """DeepSeek-R1 came out on a holiday of New York: day 0 is 2025-01-21, and NVDA hardly moved."""
    query = (
        "select event_session, day0_rule, abnormal_return, std_abnormal_return from fct_event_securities "
        "inner join fct_abnormal_returns using (event_id, symbol) where study_id = 'deepseek-market-model' "
        "and event_id = 'deepseek-r1-release' and symbol = 'NVDA' and relative_day = 0"
    )
    ((session, rule, abnormal, t_stat),) = rows(real_home, query)
    assert (session, rule) == (date(2025, 1, 21), "closed_day")
    assert printed(abnormal, "-.00299")
    assert printed(t_stat, "-.1166")


@pytest.mark.slow
def test_day_0_of_the_sell_off_is_each_exchange_s_own(real_home: Path) -> None:
    """After their holidays Seoul reacts on 2025-01-31 and Taipei on 2025-02-03; Tokyo and bitcoin on the day itself."""
    query = "select symbol, event_session from fct_event_securities where event_id = 'nvda-record-selloff'"
    found = dict(rows(real_home, query))
    expected = {
        "000660.KS": date(2025, 1, 31),
        "005930.KS": date(2025, 1, 31),
        "2330.TW": date(2025, 2, 3),
        "8035.T": date(2025, 1, 27),
        "BTC-USD": date(2025, 1, 27),
    }
    assert {symbol: found[symbol] for symbol in expected} == expected


def alphabet(shared: Path, folder: Path, event: str, estimation: str) -> tuple[date, float, float]:
    """Study Alphabet's reorganisation with `reaction study`; return day 0, abnormal return and t."""
    with (shared / "reference" / "alphabet_2015" / "google_stock.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for symbol, column in (("GOOGL", "Google_Return"), ("SP500", "SP500_Return")):
        prices = [100.0]
        for line in lines:
            prices.append(prices[-1] * (1.0 + float(line[column])))
        days = ["2015-05-01", *(line["Date"] for line in lines)]
        write(pl.DataFrame({"date": days, "close": prices}), folder / "prices" / f"{symbol}.csv")
    (folder / "events.csv").write_text(event)
    command = ["study", "--prices", folder / "prices", "--events", folder / "events.csv", "--benchmark", "SP500"]
    windows = [f"--estimation={estimation}", "--window=-5,5", "--min-obs", 63, "--json"]
    finished = reaction_here(*command, *windows, home=folder / "home")
    assert finished.code == 0, finished.err
    (day,) = [row for row in finished.json["fct_abnormal_returns"] if row["relative_day"] == 0]
    return date.fromisoformat(day["session_date"]), day["abnormal_return"], day["std_abnormal_return"]


def test_news_after_the_close_counts_for_the_next_session(shared: Path, tmp_path: Path) -> None:
    """Alphabet's news of 2015-08-10 came after the close: as an instant it counts for 08-11, where the price rose."""
    event = "event_id,symbol,occurred_at\nalphabet,GOOGL,2015-08-10T20:30:00Z\n"
    session, abnormal, t_stat = alphabet(shared, tmp_path, event, "-69,-7")
    assert session == date(2015, 8, 11)
    assert printed(abnormal, ".053508")
    assert printed(t_stat, "2.41")


def test_a_date_alone_counts_for_its_own_session(shared: Path, tmp_path: Path) -> None:
    """Given as a date, the same news counts for 2015-08-10, with the wrong sign: the hour matters."""
    event = "event_id,symbol,event_date\nalphabet,GOOGL,2015-08-10\n"
    session, abnormal, _ = alphabet(shared, tmp_path, event, "-68,-6")
    assert session == date(2015, 8, 10)
    assert printed(abnormal, "-.023229")


WINDOWS = ["0,0", "-1,1", "-5,5", "0,10", "-10,10"]
PANELS = {"E1": "panel_a_prices.csv", "E4": "panel_b_prices.csv"}


@pytest.mark.parametrize("event_set", PANELS)
def test_the_command_agrees_with_eight_implementations(shared: Path, tmp_path: Path, event_set: str) -> None:
    """`reaction study --out` gives the reference's AR, CAR, variance, SCAR and p, market model on log returns."""
    peers = shared / "reference" / "peers"
    listed = pl.read_csv(peers / "event_list.csv").filter(pl.col("eventset") == event_set)
    write(listed.select("event_id", pl.col("ticker").alias("symbol"), "event_date"), tmp_path / "events.csv")
    finished = reaction_here(
        *("study", "--prices", peers / PANELS[event_set], "--events", tmp_path / "events.csv", "--benchmark", "SPX"),
        *("--returns", "log", *(f"--car={window}" for window in WINDOWS), "--min-obs", 250, "--out", tmp_path / "out"),
        home=tmp_path / "home",
    )
    assert finished.code == 0, finished.err

    found: dict[tuple[str, str, str, str], float] = {}
    for row in pl.read_parquet(tmp_path / "out" / "fct_abnormal_returns.parquet").iter_rows(named=True):
        found["ar", "[-10,10]", row["event_id"], str(row["relative_day"])] = row["abnormal_return"]
    p_values: dict[tuple[str, str, str, str], float] = {}
    for row in pl.read_parquet(tmp_path / "out" / "fct_event_cars.parquet").iter_rows(named=True):
        window = f"[{row['window_start']},{row['window_end']}]"
        found["car", window, row["event_id"], ""] = row["car"]
        found["var_car_full", window, row["event_id"], ""] = row["car_se"] ** 2
        found["scar_full", window, row["event_id"], ""] = row["t_stat"]
        p_values["scar_full", window, row["event_id"], ""] = row["p_value"]
        assert row["scar"] == row["t_stat"]
    for name, value in expected_values(peers, event_set, "value_oracle").items():
        assert math.isclose(found.pop(name), value, rel_tol=REFERENCE_TOLERANCE, abs_tol=1e-13), name
    for name, value in expected_values(peers, event_set, "p_oracle").items():
        assert math.isclose(p_values.pop(name), value, rel_tol=REFERENCE_TOLERANCE), name
    assert found == {}
    assert p_values == {}


def expected_values(peers: Path, event_set: str, column: str) -> dict[tuple[str, str, str, str], float]:
    """Return the reference's values by statistic, window, event and day."""
    wanted = {"ar", "car", "var_car_full", "scar_full"}
    with (peers / "events.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["stat"], row["window"], row["event_id"], row["day"]): float(row[column])
            for row in csv.DictReader(file)
            if (row["eventset"], row["returns"], row["model"]) == (event_set, "log", "mm")
            and row["stat"] in wanted
            and row[column]
        }
