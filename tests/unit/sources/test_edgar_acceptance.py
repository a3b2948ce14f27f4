"""EDGAR's clock and the days on which it disseminates."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.sources.edgar_acceptance import (
    disseminated_at,
    earliest_claim,
    federal_holidays,
    from_claim,
    from_header,
    from_index,
    is_business_day,
    next_business_day,
)
from pipelines.sources.web.judge import ShapeError

ACCESSION = "0001045810-25-000228"


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
        (2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"),
        (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
    ],
)
def test_federal_holidays_are_those_of_the_personnel_office(year: int, days: str) -> None:
    """Columbus and Veterans Day are holidays of EDGAR and not of the exchange; Juneteenth is one since 2021."""
    assert sorted(federal_holidays(year)) == [date.fromisoformat(f"{year}-{day}") for day in days.split()]


def test_the_next_business_day_skips_weekends_and_holidays() -> None:
    """Friday before Columbus Day is followed by Tuesday."""
    assert next_business_day(date(2025, 10, 10)) == date(2025, 10, 14)
    assert next_business_day(date(2021, 12, 30)) == date(2022, 1, 3)
    assert not is_business_day(date(2022, 1, 1))


@pytest.mark.parametrize(
    ("accepted", "public"),
    [
        ("2025-07-01 21:30:00", "2025-07-01 21:30:00"),  # 17:30 in New York, in summer
        ("2025-07-01 21:30:01", "2025-07-02 10:00:00"),
        ("2025-12-01 22:30:00", "2025-12-01 22:30:00"),  # and in winter
        ("2025-12-01 22:30:01", "2025-12-02 11:00:00"),
        ("2025-12-06 15:00:00", "2025-12-08 11:00:00"),  # a Saturday
        ("2025-12-05 05:15:00", "2025-12-05 11:00:00"),  # 00:15 in New York
        ("2025-03-08 03:00:00", "2025-03-10 10:00:00"),  # the clocks change before Monday
    ],
)
def test_dissemination_follows_new_york(accepted: str, public: str) -> None:
    """From 06:00 to 17:30 on business days at once, else from 06:00 of the next one."""
    at, by = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (accepted, public))
    assert disseminated_at(at, None) == by


def test_a_filing_date_tells_of_a_holiday_on_which_edgar_was_open_and_of_a_day_on_which_it_was_not() -> None:
    """What was filed on the day of its acceptance was public then; what was filed later was not public before."""
    holiday = datetime(2025, 10, 13, 16, 0, tzinfo=UTC)
    assert disseminated_at(holiday, date(2025, 10, 13)) == holiday
    assert disseminated_at(holiday, None) == datetime(2025, 10, 14, 10, 0, tzinfo=UTC)
    evening = datetime(2025, 1, 9, 0, 0, tzinfo=UTC)  # 19:00 before a day of mourning
    assert disseminated_at(evening, date(2025, 1, 10)) == datetime(2025, 1, 10, 11, 0, tzinfo=UTC)


def test_header_page_and_claim_are_new_york_s_clock() -> None:
    """The claim may be UTC as well, which is its earlier reading."""
    header = from_header(f"{ACCESSION}\n<ACCEPTANCE-DATETIME>20251119162044\n".encode(), ACCESSION)
    page = from_index(f'{ACCESSION} Accepted</div>\n<div class="info">2025-11-19 16:20:44</div>', ACCESSION)
    claim = from_claim("2025-11-19T16:20:44.000Z")
    assert header.instant == page.instant == claim.instant == datetime(2025, 11, 19, 21, 20, 44, tzinfo=UTC)
    assert [one.tz_status for one in (header, page, claim)] == ["verified", "verified", "unverified"]
    assert earliest_claim("2025-11-19T16:20:44.000Z") == datetime(2025, 11, 19, 16, 20, 44, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-11-19T16:20:44", "2025-11-19", "", "2025-13-19T16:20:44.000Z"])
def test_another_claim_is_refused(text: str) -> None:
    """Neither a day nor a time without Z is one."""
    with pytest.raises(ShapeError, match="expected a"):
        from_claim(text)
