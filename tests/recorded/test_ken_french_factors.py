"""Files of the French data library in their older and newer formats, and everything that can be wrong with a zip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from pipelines.contracts import KEN_FRENCH_FACTORS
from pipelines.contracts.vocabulary import FRENCH_DATASETS
from pipelines.fake_providers import faults
from pipelines.fake_providers.ken_french import COLUMNS, NEW, OLD, FakeFrench, Format, zipped
from pipelines.fake_providers.server import Fault
from pipelines.sources.batch import content_hash
from pipelines.sources.ken_french_factors import FILES, MANNERS, FrenchAnswer, FrenchRequest, KenFrenchFactors, read_csv
from pipelines.sources.live import Outcome
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.judge import ShapeError
from tests.fake_clock import Drawn, FakeClock

DAYS = [date(1963, 7, 1) + timedelta(days=n) for n in range(40) if (date(1963, 7, 1) + timedelta(days=n)).weekday() < 5]
THREE, FIVE, MOMENTUM = COLUMNS
DATASETS = {"ff3_daily": THREE, "ff5_daily": FIVE, "mom_daily": MOMENTUM}


@pytest.fixture
def server() -> Iterator[FakeFrench]:
    """Start a fake library."""
    with FakeFrench(DAYS) as server:
        yield server


def ask(server: FakeFrench, dataset: str = "ff3_daily", since: datetime | None = None) -> FrenchAnswer:
    """Ask once, and check what holds for every answer."""
    source = KenFrenchFactors(server.base_url, hosts=Hosts(FakeClock()), rng=Drawn())
    answer = source.fetch(FrenchRequest(dataset, since))
    source.close()
    assert (answer.batch is not None) == (answer.outcome is Outcome.OK) != bool(answer.reason)
    return answer


def rows(answer: FrenchAnswer) -> pl.DataFrame:
    """Return the stored rows of an answer, which conform to the contract."""
    assert answer.batch is not None
    frame = answer.batch.frame
    assert KEN_FRENCH_FACTORS.conform(frame.with_columns(pl.lit("b").alias("batch_id"))).height == frame.height
    return frame


def test_every_dataset_has_its_file() -> None:
    """The words of the vocabulary are those that can be asked for."""
    assert set(FILES) == set(FRENCH_DATASETS) == set(DATASETS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_old_and_new_formats_give_the_same_table(server: FakeFrench, dataset: str) -> None:
    """Line ends, blanks, the mark of UTF-8, latin-1, a block of years, capitals and an extra comma do not matter."""
    name = DATASETS[dataset]
    tables = []
    for written in (
        NEW,
        OLD,
        Format(line_end="\n", encoding="utf-8-sig"),
        Format(suffix=".CSV", is_padded=False, has_annual_block=True),
        Format(line_end="\r", encoding="latin-1"),
    ):
        server.format = written
        tables.append(rows(ask(server, dataset)).drop("file_hash"))
    assert all(table.equals(tables[0]) for table in tables)
    wide = tables[0].pivot("factor", index="factor_date", values="value")
    assert wide["factor_date"].to_list() == DAYS
    assert wide.drop("factor_date").to_numpy().tolist() == server.returns[name].tolist()
    assert tuple(wide.columns[1:]) == FILES[dataset][1]
    assert set(tables[0]["crsp_vintage"]) == {"202605 CRSP"}


def test_the_unit_and_the_words_for_missing_stay_as_the_library_writes_them(server: FakeFrench) -> None:
    """The raw store keeps percent, -99.99 and -999; what they mean is decided later."""
    server.missing = {(THREE, DAYS[0], "SMB"): "-99.99", (THREE, DAYS[1], "HML"): "-999"}
    frame = rows(ask(server))
    value = {(row["factor_date"], row["factor"]): row["value"] for row in frame.iter_rows(named=True)}
    assert (value[DAYS[0], "smb"], value[DAYS[1], "hml"]) == (-99.99, -999.0)
    assert value[DAYS[0], "rf"] == 0.02


def test_a_revised_history_is_another_version(server: FakeFrench) -> None:
    """The vintage and the hash of the file tell it apart, even if a return alone is revised or the stamp alone."""
    first = rows(ask(server))
    assert content_hash(rows(ask(server))) == content_hash(first)
    server.returns[THREE][3, 1] += 0.01
    revised = rows(ask(server))
    server.vintage = "202606 CRSP"
    stamped = rows(ask(server))
    assert len({content_hash(frame) for frame in (first, revised, stamped)}) == 3
    assert len({frame["file_hash"][0] for frame in (first, revised, stamped)}) == 3
    assert revised.filter(revised["value"] != first["value"]).select("factor_date", "factor").rows() == [
        (DAYS[3], "smb")
    ]
    assert stamped["crsp_vintage"][0] == "202606 CRSP"


def test_smb_of_three_and_of_five_factors_are_told_apart(server: FakeFrench) -> None:
    """Every row says which file it is from."""
    three, five = rows(ask(server)), rows(ask(server, "ff5_daily"))
    assert set(three["dataset"]) == {"ff3_daily"}
    assert set(five["dataset"]) == {"ff5_daily"}
    assert not three.filter(pl.col("factor") == "smb")["value"].equals(five.filter(pl.col("factor") == "smb")["value"])


def test_a_file_that_has_not_changed_is_not_sent_again(server: FakeFrench) -> None:
    """The library is asked since when, and 304 is no news."""
    unchanged = ask(server, since=datetime(2026, 7, 1, 0, 0, 1, tzinfo=UTC))
    assert (unchanged.outcome, len(server.log)) == (Outcome.EMPTY, 1)
    assert server.log[0].headers["if-modified-since"] == "Wed, 01 Jul 2026 00:00:01 GMT"
    assert ask(server, since=datetime(2026, 6, 30, tzinfo=UTC)).outcome is Outcome.OK
    server.arm(faults.answers(304))
    assert ask(server).outcome is Outcome.BROKEN


def test_a_dataset_that_is_not_known_is_not_asked(server: FakeFrench) -> None:
    """There are three."""
    assert (ask(server, "../passwd").outcome, server.log) == (Outcome.REFUSED, [])


TEXT = b"Made by using the 202605 CRSP database.\n\n,Mkt-RF,SMB,HML,RF\n19630701,-0.67,0.02,-0.35,0.012\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.replace(b"Mkt-RF,SMB", b"SMB,Mkt-RF"), "expected a header of mkt_rf, smb, hml, rf"),
        (TEXT.replace(b",RF", b""), "expected a header of"),
        (TEXT.replace(b"19630701", b"196307"), "files of months are others"),
        (TEXT.replace(b",0.012", b""), "expected a day and 4 returns, got fewer"),
        (TEXT.replace(b",0.012", b",0.012,7"), "got more"),
        (TEXT.replace(b"0.012", b"soon"), "expected a day YYYYMMDD and 4 returns"),
        (TEXT.replace(b"19630701", b"19631301"), "expected a day YYYYMMDD and 4 returns"),
        (TEXT + b"19630701,-0.67,0.02,-0.35,0.012\n", "expected ascending days, got 1963-07-01 out of order or twice"),
        (b"", "expected a header of"),
    ],
)
def test_fault_41_another_shape_is_told(content: bytes, said: str) -> None:
    """Columns in another order, months, a cell too few or too many, a day twice."""
    with pytest.raises(ShapeError, match=said):
        read_csv(content, FILES["ff3_daily"][1])


def test_a_file_without_a_stamp_has_no_vintage_and_what_follows_the_days_is_left_out() -> None:
    """The first line that is no day ends the days."""
    unstamped = TEXT.replace(b"using the 202605 CRSP", b"hand")
    file = read_csv(unstamped + b"\nsome text\n19990101,1,1,1,1\n", FILES["ff3_daily"][1])
    assert (file.vintage, [day for day, _ in file.rows]) == (None, [date(1963, 7, 1)])


def in_zip(make: Callable[[bytes], bytes]) -> Fault:
    """Return a fault that answers with what is made of the file."""
    return faults.answers(200, make(TEXT), "application/zip")


@pytest.mark.parametrize(
    "fault",
    [
        faults.page(200),
        faults.typed("text/html"),
        faults.cut,
        faults.hung_up,
        faults.mangled_zip,
        faults.empty,
        faults.page(500),
        faults.huge((16 << 20) + 1),
        faults.bomb(20 << 20),
        faults.cut_zip,
        faults.redirected("/"),
        faults.redirected("http://169.254.169.254/latest/meta-data/"),
        faults.redirected("file:///etc/passwd"),
        in_zip(lambda text: zipped(text, "a.csv", "b.csv")),
        in_zip(zipped),
        in_zip(lambda text: zipped(text, "../../etc/cron.d/a.csv")),
        in_zip(lambda text: zipped(text, "/etc/a.csv")),
        in_zip(lambda text: zipped(text, "..\\a.csv")),
        in_zip(lambda text: zipped(text, "a.exe")),
        in_zip(lambda text: zipped(b"0" * (40 << 20), "a.csv")),
        in_zip(lambda text: zipped(text[:40], "a.csv")),
    ],
)
def test_faults_26_and_48_what_is_no_zip_of_one_plain_csv_is_broken(server: FakeFrench, fault: Fault) -> None:
    """A page, half a zip, two files, a name that leads elsewhere, a bomb: refused, and nothing is followed."""
    server.arm(fault)
    answer = ask(server)
    assert answer.outcome is Outcome.BROKEN
    assert {request.path for request in server.log} == {f"/{FILES['ff3_daily'][0]}"}


def test_fault_30_a_file_that_drips_ends_at_its_deadline(server: FakeFrench) -> None:
    """However little comes at a time."""
    server.arm(faults.drips(0.02))
    hurried = replace(MANNERS, limits=replace(MANNERS.limits, total=0.3))
    source = KenFrenchFactors(server.base_url, manners=hurried, hosts=Hosts(SystemClock()))
    assert source.fetch(FrenchRequest("ff3_daily")).outcome is Outcome.BROKEN
    source.close()


def test_a_file_that_is_gone_is_refused_and_a_throttle_is_a_throttle(server: FakeFrench) -> None:
    """Neither is a file without factors."""
    server.arm(faults.page(404))
    assert ask(server).outcome is Outcome.REFUSED
    server.disarm()
    server.arm(faults.throttled("1"))
    assert ask(server).outcome is Outcome.THROTTLED
