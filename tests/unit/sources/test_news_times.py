"""Times as sources write them: what each text says, what it does not say, and that nothing is dated too early."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.vocabulary import PRECISIONS, TIME_BASES
from pipelines.sources.news_times import ZONES, later_reading, read_epoch, read_time


def utc(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SEEN = utc("2026-01-01 00:00:00")


@pytest.mark.parametrize(
    ("text", "instant", "basis"),
    [
        ("Mon, 27 Jan 2025 09:30:00 -0500", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 2025 14:30:00 GMT", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 2025 14:30:00 UT", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 2025 14:30:00 +0000", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 2025 14:30:00 Z", "2025-01-27 14:30:00", "offset"),
        ("27 Jan 2025 14:30 +0530", "2025-01-27 09:00:00", "offset"),
        ("27 January 2025 14:30 UTC", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 25 14:30:00 GMT", "2025-01-27 14:30:00", "offset"),
        ("Fri, 27 Jan 95 14:30:00 GMT", "1995-01-27 14:30:00", "offset"),
        ("Tue, 27 Jan 2025 14:30:00 GMT", "2025-01-27 14:30:00", "offset"),
        ("  Mon,  27 Jan\n2025 14:30:00 GMT ", "2025-01-27 14:30:00", "offset"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31 23:59:59", "offset"),
        ("2025-01-27T14:30:00Z", "2025-01-27 14:30:00", "offset"),
        ("2025-01-27t14:30:00z", "2025-01-27 14:30:00", "offset"),
        ("2025-01-27T09:30:00-05:00", "2025-01-27 14:30:00", "offset"),
        ("2025-01-27 09:30:00.123 -0500", "2025-01-27 14:30:00", "offset"),
        ("2025-01-27T14:30Z", "2025-01-27 14:30:00", "offset"),
        ("20250127T143000Z", "2025-01-27 14:30:00", "offset"),
        ("Mon, 27 Jan 2025 09:30:00 ET", "2025-01-27 14:30:00", "zone_name"),
        ("Mon, 28 Jul 2025 09:30:00 ET", "2025-07-28 13:30:00", "zone_name"),
        ("Mon, 27 Jan 2025 09:30:00 EST", "2025-01-27 14:30:00", "zone_name"),
        ("Mon, 28 Jul 2025 09:30:00 EDT", "2025-07-28 13:30:00", "zone_name"),
        ("2025-01-27 09:30 ET", "2025-01-27 14:30:00", "zone_name"),
        ("Mon, 27 Jan 2025 06:30:00 PST", "2025-01-27 14:30:00", "zone_name"),
        ("Mon, 28 Jul 2025 14:30:00 BST", "2025-07-28 13:30:00", "zone_name"),
    ],
)
def test_a_text_with_a_zone_is_an_instant(text: str, instant: str, basis: str) -> None:
    """RFC 2822 and ISO 8601, with offsets and names; a weekday that is wrong does not matter."""
    reading = read_time(text)
    assert (reading.instant, reading.basis, reading.precision) == (utc(instant), basis, "minute")
    assert reading.text == text
    assert reading.available_at(SEEN) == reading.instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Mon, 28 Jul 2025 09:30:00 EST", "2025-07-28 14:30:00"),
        ("Mon, 27 Jan 2025 09:30:00 EDT", "2025-01-27 14:30:00"),
        ("Mon, 27 Jan 2025 09:30:00 BST", "2025-01-27 09:30:00"),
        ("Mon, 28 Jul 2025 09:30:00 CET", "2025-07-28 08:30:00"),
    ],
)
def test_a_zone_that_is_not_kept_on_that_day_gives_the_later_reading(text: str, instant: str) -> None:
    """EST in July is Eastern time to some and its offset to others, an hour apart."""
    reading = read_time(text)
    assert (reading.instant, reading.basis, reading.precision) == (utc(instant), "zone_name_off_season", "hour")


def test_of_the_hour_that_comes_twice_the_later_counts() -> None:
    """On 2 November 2025 it is 01:30 twice in New York; names tell the two apart, ET does not."""
    assert read_time("2 Nov 2025 01:30 EDT").instant == utc("2025-11-02 05:30:00")
    assert read_time("2 Nov 2025 01:30 EST").instant == utc("2025-11-02 06:30:00")
    either = read_time("2 Nov 2025 01:30 ET")
    assert (either.instant, either.precision) == (utc("2025-11-02 06:30:00"), "hour")
    left_out = later_reading(datetime.fromisoformat("2025-03-09 02:30:00"), "America/New_York")
    assert left_out == (utc("2025-03-09 07:30:00"), False)


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("Mon, 27 Jan 2025 09:30:00", "no_zone"),
        ("2025-01-27T09:30:00", "no_zone"),
        ("2025-01-27 09:30:00 XYZ", "no_zone"),
        ("Mon, 27 Jan 2025 09:30:00 -2500", "no_zone"),
        ("Mon, 27 Jan 2025 24:00:00 GMT", "no_zone"),
        ("Mon, 27 Jan 2025 09:61:00 GMT", "no_zone"),
        ("Mon, 27 Jan 2025", "date"),
        ("27-Jan-2025", "date"),
        ("2025-01-27", "date"),
        ("20250127", "date"),
    ],
)
def test_a_text_without_a_zone_is_a_day_that_is_over_everywhere_before_it_counts(text: str, basis: str) -> None:
    """Guessing UTC would shift a headline across the open; of the day only its end is sure."""
    reading = read_time(text)
    assert (reading.day, reading.instant, reading.precision) == (date(2025, 1, 27), None, "day")
    assert reading.basis == basis
    assert reading.surely_by == utc("2025-01-28 12:00:00")
    assert reading.available_at(utc("2025-01-27 18:00:00")) == utc("2025-01-27 18:00:00")
    assert reading.available_at(SEEN) == utc("2025-01-28 12:00:00")


def test_midnight_to_the_second_is_a_day_unless_the_source_s_stamps_lie_on_a_grid() -> None:
    """Corporate blogs write days so; the day ends a day after its beginning, in the zone that is named."""
    reading = read_time("Mon, 27 Jan 2025 00:00:00 -0500")
    assert (reading.basis, reading.precision, reading.instant) == ("midnight", "day", utc("2025-01-27 05:00:00"))
    assert reading.surely_by == utc("2025-01-28 05:00:00")
    exact = read_time("20250127T000000Z", is_midnight_a_day=False)
    assert (exact.basis, exact.precision, exact.surely_by) == ("offset", "minute", utc("2025-01-27 00:00:00"))


@pytest.mark.parametrize(
    "text",
    [
        "1737988200",
        "lun, 27 ene 2025 09:30:00 GMT",
        "Mon, 32 Jan 2025 09:30:00 GMT",
        "2025-02-30T09:30:00Z",
        "27/01/2025",
        "01/27/2025 09:30 ET",
        "yesterday",
        "0",
        "2025",
        "\u0662\u0660\u0662\u0665-01-27",
        "2025-01-27T09:30:00Z; rm -rf",
    ],
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    """Epochs where none are documented, names of other languages, days that there are not."""
    reading = read_time(text)
    assert (reading.basis, reading.precision, reading.instant, reading.day) == ("unreadable", None, None, None)
    assert reading.available_at(SEEN) == SEEN


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_no_text_is_no_time(text: str | None) -> None:
    """What was seen was public by then."""
    reading = read_time(text)
    assert (reading.basis, reading.surely_by, reading.available_at(SEEN)) == ("none", None, SEEN)


def test_an_epoch_of_a_source_that_documents_it_is_an_instant() -> None:
    """Seconds since 1970."""
    reading = read_epoch(1737988200)
    assert (reading.instant, reading.basis, reading.text) == (utc("2025-01-27 14:30:00"), "epoch", "1737988200")
    assert read_epoch(1e30).basis == "unreadable"
    assert read_epoch(float("nan")).basis == "unreadable"


def test_a_time_ahead_of_the_clock_says_nothing() -> None:
    """An embargo, or a clock that is wrong: what was seen was public by then."""
    seen = utc("2025-01-27 12:00:00")
    assert read_time("Mon, 27 Jan 2025 14:30:00 GMT").available_at(seen) == seen
    assert read_time("9999-12-31").available_at(seen) == seen


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Whatever a feed sends, the reading uses the words of the vocabulary."""
    reading = read_time(text)
    assert reading.basis in TIME_BASES
    assert reading.precision in (None, *PRECISIONS)
    assert reading.available_at(SEEN) <= SEEN


@given(
    st.datetimes(min_value=datetime.fromisoformat("1990-01-01"), max_value=datetime.fromisoformat("2035-01-01")),
    st.sampled_from([*ZONES, "GMT", "Z", "+0530", "-0800"]),
)
def test_no_reading_is_earlier_than_what_the_zone_s_clock_allows(clock: datetime, zone: str) -> None:
    """With any zone an instant lies within half a day of its digits, and never before the offset that is named."""
    reading = read_time(f"{clock:%d %b %Y %H:%M:%S} {zone}", is_midnight_a_day=False)
    digits = clock.replace(tzinfo=UTC, microsecond=0)
    assert reading.instant is not None
    assert abs(reading.instant - digits) <= timedelta(hours=12)
    hours = ZONES.get(zone, ("", None))[1]
    if hours is not None:
        assert reading.instant >= digits - timedelta(hours=hours)
