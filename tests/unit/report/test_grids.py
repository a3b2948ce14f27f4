"""Tables of pages: what a cell holds, what its column says, and remarks that stand once below the rows."""

from __future__ import annotations

from pipelines.report.grids import PRINTED_ROWS, Field, Grid, cells, grid, remarked

FIELDS = [Field("test", "test", "Test", glossary={"bmp_t": "standardised"}), Field("note", "long", "Remark")]


def test_a_remark_stands_once_below_the_table() -> None:
    """Cells have numbers in the order in which remarks come up, and keep the sentence as the value that is copied."""
    rows = [{"test": "bmp_t", "note": note} for note in ("too few", None, "shared dates", "too few")]
    sets, remarks = remarked({"a": cells(FIELDS, rows), "b": []}, 1)
    assert [row[1] for row in sets["a"]] == [
        ["too few", "1"],
        [None, "\u2013"],
        ["shared dates", "2"],
        ["too few", "1"],
    ]
    assert remarks == {"a": ["too few", "shared dates"], "b": []}
    assert Grid("tests", "Tests", FIELDS, sets, remarks=remarks, first="a").first_remarks == ["too few", "shared dates"]


def test_what_coded_words_mean_goes_with_their_column() -> None:
    """Once for the column, and not with every cell."""
    test, note = grid("tests", "Tests", FIELDS, []).record["columns"]
    assert test["glossary"] == {"bmp_t": "standardised"}
    assert "glossary" not in note


def test_a_table_that_is_read_whole_is_printed_whole() -> None:
    """Others are printed as far as they stand in the page."""
    assert grid("few", "Few", FIELDS, []).record["paper"] == 25
    assert grid("all", "All", FIELDS, [], is_printed_whole=True).record["paper"] == PRINTED_ROWS
