"""GDELT's files of fifteen minutes, in the shape in which they were seen, and every trap of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.gdelt import Crawled, FakeGdelt, gkg_line, zipped
from pipelines.fake_providers.server import Fault
from pipelines.sources.gdelt_news import GdeltNews
from pipelines.sources.live import Outcome
from tests.recorded.asking_news import HOSTILE, ask, at, attributes

STAMP = at("2025-01-27 11:45")
GKG, EXPORT = "20250127114500.gkg.csv.zip", "20250127114500.export.CSV.zip"
PAGE = Crawled(
    STAMP,
    "https://www.example.com/2025/nvidia-sinks?utm_source=x",
    "Nvidia sinks as DeepSeek\u2019s AI",
    ("Nvidia Corp", "Deepseek", "Nvidia Corp"),
    ("ECON_STOCKMARKET", "TAX_FNCACT"),
    extras="<PAGE_PRECISEPUBTIMESTAMP>20250127103000</PAGE_PRECISEPUBTIMESTAMP>",
    n_events=2,
)
OTHER = Crawled(STAMP, "https://example.org/weather", "Rain", ("Met Office",))


@pytest.fixture
def server() -> Iterator[FakeGdelt]:
    """Start a fake GDELT whose newest file is a quarter of an hour old at noon."""
    with FakeGdelt([PAGE, OTHER], STAMP) as server:
        yield server


def test_a_page_that_names_what_is_asked_for_is_a_headline_by_when_it_was_crawled(server: FakeGdelt) -> None:
    """An upper bound of its publication; what the page says of itself is kept beside it."""
    answer = ask(GdeltNews, server, "nvidia|amd")
    item = answer.items.row(0, named=True)
    assert answer.items.height == 1
    assert item["item_id"] == "https://example.com/2025/nvidia-sinks"
    assert item["url"] == PAGE.url
    assert item["title"] == "Nvidia sinks as DeepSeek\u2019s AI"
    assert item["occurred_at"] == item["available_at"] == STAMP
    assert (item["time_basis"], item["time_text"], item["publisher"]) == ("crawl", "20250127114500", "example.com")
    facts = attributes(answer)
    assert facts["organisations"] == ["Nvidia Corp", "Deepseek"]
    assert facts["themes"] == ["ECON_STOCKMARKET", "TAX_FNCACT"]
    assert (facts["tone"], facts["language"], facts["page_published"]) == ("-2.5", "eng", "20250127103000")
    assert facts["events"] == [{"id": f"10000{n}", "code": "036", "goldstein": "4.0", "mentions": "10"} for n in (0, 1)]
    assert answer.extra["records"] == "2"


def test_the_newest_files_are_asked_for_where_their_list_was(server: FakeGdelt) -> None:
    """Whatever host the list names."""
    server.moods.elsewhere = "http://169.254.169.254"
    assert ask(GdeltNews, server, "nvidia").outcome is Outcome.OK
    assert [request.path for request in server.log] == [f"/gdeltv2/{name}" for name in ("lastupdate.txt", GKG, EXPORT)]


def test_events_are_not_asked_for_where_no_page_is_of_interest_or_nobody_wants_them(server: FakeGdelt) -> None:
    """A file less."""
    assert ask(GdeltNews, server, "intel").outcome is Outcome.EMPTY
    answer = ask(GdeltNews, server, "nvidia", with_events=False)
    assert attributes(answer)["events"] == []
    assert server.requests(f"/gdeltv2/{EXPORT}") == []


@pytest.mark.parametrize(
    ("query", "n_items"),
    [
        ("nvidia", 1),
        ("NVIDIA", 1),
        ("vidia", 0),
        ("nvidia sinks", 1),
        ("deepseek", 1),
        ("met office|x", 1),
        ("corp", 1),
        ("rain|nvidia", 2),
    ],
)
def test_names_are_whole_words_of_title_address_or_organisations(server: FakeGdelt, query: str, n_items: int) -> None:
    """In any case."""
    assert ask(GdeltNews, server, query).items.height == n_items


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("AT&T beats", "at&t"),
        ("Soci\u00e9t\u00e9 falls", "soci\u00e9t\u00e9"),
        ("Two  words", "two words"),
        ("$NVDA up", "$nvda"),
    ],
)
def test_names_are_found_whatever_is_escaped_in_the_file(server: FakeGdelt, title: str, query: str) -> None:
    """Ampersands, letters of other languages, blanks."""
    server.pages = [Crawled(STAMP, "https://example.org/1", title), OTHER]
    assert ask(GdeltNews, server, query).items["url"].to_list() == ["https://example.org/1"]


def test_a_window_reads_every_file_in_it_and_a_page_once_the_earliest(server: FakeGdelt) -> None:
    """Four files of an hour; GDELT finds some pages again."""
    again = Crawled(STAMP - timedelta(minutes=30), "http://example.com/2025/nvidia-sinks#top", "Nvidia sinks")
    server.pages.append(again)
    answer = ask(GdeltNews, server, "nvidia", at("2025-01-27 10:50"), at("2025-01-27 11:50"), with_events=False)
    assert [request.path[9:23] for request in server.log] == [
        "20250127110000",
        "20250127111500",
        "20250127113000",
        "20250127114500",
    ]
    assert answer.items["available_at"].to_list() == [STAMP - timedelta(minutes=30)]
    assert answer.extra["files"] == "4"


def test_a_file_that_was_never_made_is_named_and_the_others_count(server: FakeGdelt) -> None:
    """It is asked for twice."""
    server.moods.missing = {"20250127100000.gkg.csv.zip"}
    answer = ask(GdeltNews, server, "nvidia", at("2025-01-27 10:00"), STAMP)
    assert answer.outcome is Outcome.OK
    assert answer.extra["files_missing"] == "20250127100000"
    assert len(server.requests("/gdeltv2/20250127100000.gkg.csv.zip")) == 2


def test_a_file_that_comes_late_is_read(server: FakeGdelt) -> None:
    """At the second time of asking."""
    server.moods.returning = {GKG: 1}
    answer = ask(GdeltNews, server, "nvidia", at("2025-01-27 11:30"), STAMP)
    assert (answer.items.height, answer.extra["files_missing"]) == (1, "")


def test_a_young_file_that_is_missing_leaves_the_window_unmeasured(server: FakeGdelt) -> None:
    """It may still come, and says then what this answer would call nothing."""
    server.moods.missing = {GKG}
    answer = ask(GdeltNews, server, "nvidia", at("2025-01-27 09:00"), STAMP)
    assert answer.outcome is Outcome.BROKEN
    assert "it may be late" in answer.reason
    assert answer.items.is_empty()


def test_files_that_are_all_missing_are_no_empty_answer(server: FakeGdelt) -> None:
    """Nothing was measured."""
    server.moods.missing = {"20250126100000.gkg.csv.zip"}
    assert ask(GdeltNews, server, "nvidia", at("2025-01-26 10:00"), at("2025-01-26 10:00")).outcome is Outcome.BROKEN


def test_a_missing_file_of_events_is_counted(server: FakeGdelt) -> None:
    """The pages count without them."""
    server.moods.missing = {EXPORT}
    answer = ask(GdeltNews, server, "nvidia")
    assert (answer.items.height, answer.extra["files_without_events"]) == (1, "1")


def test_a_file_with_another_md5_is_broken(server: FakeGdelt) -> None:
    """After it was asked for again."""
    server.moods.has_wrong_md5 = True
    answer = ask(GdeltNews, server, "nvidia")
    assert answer.outcome is Outcome.BROKEN
    assert "the MD5" in answer.reason
    assert len(server.requests(f"/gdeltv2/{GKG}")) == 4


def test_bytes_of_other_encodings_and_lines_of_other_lengths_cost_no_page(server: FakeGdelt) -> None:
    """Latin-1 in between, quotes that do not close, a line with two cells."""
    server.pages[1] = Crawled(STAMP, "https://example.org/2", 'Nvidia says "no')
    server.moods.junk = b"caf\xe9\tnvidia"
    answer = ask(GdeltNews, server, "nvidia")
    assert answer.items["title"].to_list() == ["Nvidia sinks as DeepSeek\u2019s AI", 'Nvidia says "no']
    assert answer.extra["records_broken"] == "1"
    latin = gkg_line(Crawled(STAMP, "https://example.org/3", "Nvidia caf?"), 0).replace(b"caf?", b"caf\xe9")
    server.arm(faults.answers(200, zipped(latin, "x.gkg.csv"), "application/zip"), f"/gdeltv2/{GKG}")
    answer = ask(GdeltNews, server, "nvidia", STAMP, STAMP, with_events=False)
    assert answer.items["title"].to_list() == ["Nvidia caf\N{REPLACEMENT CHARACTER}"]


def test_a_page_without_a_title_is_called_by_its_address(server: FakeGdelt) -> None:
    """GDELT did not read one."""
    server.pages = [Crawled(STAMP, "https://example.org/nvidia-up")]
    assert ask(GdeltNews, server, "nvidia").items["title"].to_list() == ["https://example.org/nvidia-up"]


def test_fault_49_titles_that_are_more_than_text_survive_as_data(server: FakeGdelt) -> None:
    """But for the tab and the line end, which end a cell."""
    server.pages = [Crawled(STAMP, f"https://example.org/nvidia/{n}", title) for n, title in enumerate(HOSTILE)]
    assert ask(GdeltNews, server, "nvidia").items["title"].to_list() == list(HOSTILE)


def test_a_window_of_more_than_a_day_a_future_one_and_no_names_are_not_asked(server: FakeGdelt) -> None:
    """Nothing is sent."""
    for query, first, last in (
        ("nvidia", at("2025-01-20"), at("2025-01-22")),
        ("nvidia", at("2026-01-20"), at("2026-01-21")),
        ("nvidia", at("2025-01-22"), at("2025-01-20")),
        (" | ", STAMP, STAMP),
    ):
        assert ask(GdeltNews, server, query, first, last).outcome is Outcome.REFUSED
    assert server.log == []


LINE = gkg_line(PAGE, 0)
ZIP = zipped(LINE, "x.gkg.csv")


@pytest.mark.parametrize(
    "content",
    [
        zipped(LINE, "../../../tmp/x.gkg.csv"),
        zipped(LINE, "/etc/x.gkg.csv"),
        zipped(LINE, "a\\x.gkg.csv"),
        zipped(LINE, "x.exe"),
        zipped(b"0" * (80 << 20), "x.gkg.csv"),
        zipped(b"a\tb\nc\td\n", "x.gkg.csv"),
        zipped(LINE * 50, "x.gkg.csv")[:-60],
        ZIP[:60] + bytes(255 - byte for byte in ZIP[60:80]) + ZIP[80:],
        b"PK\x03\x04 is no zip",
    ],
    ids=["slip", "root", "backslash", "kind", "bomb", "columns", "cut", "bytes", "no zip"],
)
def test_fault_48_a_zip_that_is_none_of_gdelts_is_broken(server: FakeGdelt, content: bytes) -> None:
    """Read in memory: nothing is written anywhere."""
    server.arm(faults.answers(200, content, "application/zip"), f"/gdeltv2/{GKG}")
    answer = ask(GdeltNews, server, "nvidia", STAMP, STAMP)
    assert answer.outcome is Outcome.BROKEN


@pytest.mark.parametrize("where", ["lastupdate.txt", GKG, EXPORT])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.throttled("3"), Outcome.THROTTLED),
        (faults.page(), Outcome.BROKEN),
        (faults.page(503), Outcome.BROKEN),
        (faults.hung_up, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.redirected("file:///etc/passwd"), Outcome.BROKEN),
        (faults.answers(200, b"Sorry", "text/plain"), Outcome.BROKEN),
    ],
)
def test_each_failure_has_its_outcome(server: FakeGdelt, where: str, fault: Fault, outcome: Outcome) -> None:
    """Whichever file it hits; nothing of it is taken for no news."""
    server.arm(fault, f"/gdeltv2/{where}")
    answer = ask(GdeltNews, server, "nvidia")
    assert answer.outcome is outcome
    assert answer.items.is_empty()
