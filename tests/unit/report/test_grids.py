"""Tables of pages: what a cell holds, what its column says, and remarks that stand once below the rows."""

from __future__ import annotations

import polars as pl

from pipelines.report.grids import PRINTED_ROWS, Field, Grid, Link, cells, grid, remarked, whole

FIELDS = [Field("test", "test", "Test", glossary={"bmp_t": "standardised"}), Field("note", "long", "Remark")]
NOTHING = pl.DataFrame(schema={"test": pl.String, "note": pl.String})


def test_a_remark_stands_once_below_the_table() -> None:
    """Cells have numbers in the order in which remarks come up, and keep the sentence as the value that is copied."""
    rows = pl.DataFrame({"test": "bmp_t", "note": ["too few", None, "shared dates", "too few"]})
    sets, remarks = remarked({"a": cells(FIELDS, rows), "b": []}, 1)
    assert [row[1] for row in sets["a"]] == [
        ("too few", "1"),
        (None, "\u2013"),
        ("shared dates", "2"),
        ("too few", "1"),
    ]
    assert remarks == {"a": ["too few", "shared dates"], "b": []}
    assert Grid("tests", "Tests", FIELDS, sets, remarks=remarks, first="a").first_remarks == ["too few", "shared dates"]


def test_what_coded_words_mean_goes_with_their_column() -> None:
    """Once for the column, and not with every cell."""
    test, note = grid("tests", "Tests", FIELDS, NOTHING).record["columns"]
    assert test["glossary"] == {"bmp_t": "standardised"}
    assert "glossary" not in note


def test_a_table_that_is_read_whole_is_printed_whole() -> None:
    """Others are printed as far as they stand in the page."""
    assert grid("few", "Few", FIELDS, NOTHING).record["paper"] == 25
    assert grid("all", "All", FIELDS, NOTHING, is_printed_whole=True).record["paper"] == PRINTED_ROWS


def test_a_text_that_is_its_value_is_told_once() -> None:
    """A cell is shorter where both are the same, also with a link, and whole again for the template."""
    name = Field("name", "text", "Name", link=Link("key", lambda key: f"{key}.html" if key else None))
    share = Field("share", "share", "Share")
    frame = pl.DataFrame({"name": ["NVDA", "AMD", None], "key": ["n", None, "x"], "share": [0.25, None, 0.0]})
    rows = cells([name, share], frame)
    assert rows == [
        (("NVDA", 0, "n.html"), (0.25, "25.00%")),
        (("AMD",), (None, "\u2013")),
        ((None, "\u2013"), (0.0, "0.00%")),
    ]
    assert [whole(row[0]) for row in rows] == [("NVDA", "NVDA", "n.html"), ("AMD", "AMD"), (None, "\u2013")]
