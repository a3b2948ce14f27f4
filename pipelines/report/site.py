"""The pages of a report: which there are, what each is made of, and its HTML. Nothing is read or written here."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.errors import ReactionError
from pipelines.home import REPORT_INDEX
from pipelines.report.marts import Marts, digest
from pipelines.report.pages.common import event_file, security_file, theme_file
from pipelines.report.pages.event import event_context
from pipelines.report.pages.event_data import EventData
from pipelines.report.pages.methods import methods_context, methods_text
from pipelines.report.pages.overview import OverviewPage
from pipelines.report.pages.security import SecurityPage
from pipelines.report.pages.theme import ThemePage
from pipelines.report.palette import DARK

HERE: Final = Path(__file__).parent
INDEX: Final = REPORT_INDEX.name
VEGA: Final = "vendor/vega-6.2.0.min.js"
INTERPRETER: Final = "vendor/vega-interpreter-2.2.1.js"

_IMPORT: Final = re.compile(r"^import \{ ascending, isString, DisallowedObjectProperties \} from 'vega-util';$", re.M)
_EXPORT: Final = re.compile(r"^export \{ expression as expressionInterpreter \};$", re.M)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What takes long to make and is the same for every page: the specification of each kind of chart."""

    specs: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Assets:
    """Scripts and styles that stand inside of each page."""

    theme: Markup
    css: Markup
    vega: Markup
    interpreter: Markup
    script: Markup
    licence: str

    @classmethod
    def read(cls) -> Assets:
        """Read the package's files."""
        return cls(
            theme=_script(_asset("theme.js")),
            css=_script(_asset("report.css")),
            vega=_script(_asset(VEGA)),
            interpreter=_script(_interpreter()),
            script=_script(_asset("report.js")),
            licence=f"Vega and vega-interpreter (BSD-3-Clause)\n\n{_asset('vendor/vega.LICENSE')}",
        )

    def policy(self, *, has_charts: bool) -> str:
        """Return the Content-Security-Policy of a page: its own scripts and styles by hash, and nothing else."""
        scripts = [self.theme, *((self.vega, self.interpreter) if has_charts else ()), self.script]
        return (
            f"default-src 'none'; script-src {' '.join(map(_hashed, scripts))}; style-src {_hashed(self.css)}; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'"
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page before it is rendered.

    Attributes
    ----------
    file : str
        Name of its file.
    kind : str
        Its template.
    digest : str
        Hash of the data it shows and of the code that shows them.
    context : callable
        Makes what the template shows; called only if the page has to be written.
    """

    file: str
    kind: str
    digest: str
    context: Callable[[], dict[str, Any]]


def plan(marts: Marts, design: str) -> list[Page]:
    """Return the pages of a report, the first one first.

    Parameters
    ----------
    design : str
        Key of the code that makes the pages; another one makes every page anew.

    Raises
    ------
    ReactionError
        If two pages would have the same file.
    """
    pages = [*_plan(marts, design)]
    files = [page.file for page in pages]
    twice = sorted({file for file in files if files.count(file) > 1})
    if twice:
        raise ReactionError(f"two pages of the report would be {twice[0]}; please report this as a defect")
    return pages


def _plan(marts: Marts, design: str) -> Iterator[Page]:
    # What a page says of the generation is not part of its digest: a page whose numbers are the same stays as it is.
    shared = digest(design, marts.studies)
    tables = (
        marts.events,
        marts.securities,
        marts.pairs,
        marts.latest,
        marts.since,
        marts.changes,
        marts.checks.drop("run_id", "checked_at"),
    )
    whole = digest(shared, *tables, marts.quarantine, _day_0(marts))
    yield Page(INDEX, "overview", whole, OverviewPage(marts).context)
    for event_id in marts.event_of:
        event = EventData(marts, event_id)
        own = digest(shared, marts.part("events", "event_id", event_id), *event.parts.values(), event.places)
        yield Page(event_file(event_id), "event", own, partial(event_context, event))
    for symbol in marts.security_of:
        frames = ("securities", "cars", "study_pairs", "pairs", "prices", "quarantine")
        own = digest(shared, *(marts.part(name, "symbol", symbol) for name in frames))
        yield Page(security_file(symbol), "security", own, SecurityPage(marts, symbol).context)
    for theme in marts.themes:
        view = ThemePage(marts, theme)
        parts = [marts.part("days", "event_id", event) for event in view.events["event_id"]]
        own = digest(shared, view.events, marts.group("theme", theme), view.path, *parts)
        yield Page(theme_file(theme), "theme", own, view.context)
    text = methods_text()
    yield Page("methods.html", "methods", digest(design, text), lambda: methods_context(text))


def _day_0(marts: Marts) -> pl.DataFrame:
    return marts.cars.filter(pl.col("window_start") == 0, pl.col("window_end") == 0)


class Renderer:
    """Render pages with the assets they all have."""

    def __init__(self, compiled: Compiled) -> None:
        self.specs = compiled.specs
        self.assets = Assets.read()
        # Made of hashes alone; half a megabyte is hashed for them, once for all pages.
        self.policies = {has: Markup(self.assets.policy(has_charts=has)) for has in (True, False)}  # noqa: S704
        self.environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            keep_trailing_newline=True,
        )

    def html(self, page: Page) -> str:
        """Return a page's HTML."""
        context = {"fingerprint": [], "charts": {}, "grids": {}, **page.context()}
        charts, grids = context["charts"], context["grids"]
        kinds = sorted({chart.kind for chart in charts.values()})
        data = {
            "charts": {name: chart.record for name, chart in charts.items()},
            "grids": {name: grid.record for name, grid in grids.items()},
            "specs": {kind: self.specs[kind] for kind in kinds},
            "dark": DARK if charts else {},
        }
        template = self.environment.get_template(f"{page.kind}.html.j2")
        return template.render(
            context,
            kind=page.kind,
            assets=self.assets,
            policy=self.policies[bool(charts)],
            data=_embedded(data),
        )


def design_key() -> str:
    """Return a hash of everything that decides how a page looks: code, templates, styles, scripts."""
    return _hash_of(path for path in HERE.rglob("*") if path.suffix in {".py", ".j2", ".css", ".js"})


def charts_key() -> str:
    """Return a hash of the code that the compiled charts come from."""
    return _hash_of([HERE / "charts.py", HERE / "palette.py"])


def _hash_of(files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(str(file.relative_to(HERE)).encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def _embedded(data: object) -> Markup:
    """Return data as JSON that no text inside of it can end or turn into markup."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=list)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - every character that markup is made of has just been escaped


def _script(text: str) -> Markup:
    """Return a script or style of the package for its element, which it cannot end."""
    if re.search(r"</(script|style)|<!--", text, re.I):
        raise ReactionError("a script of the report would end its own element; please report this as a defect")
    return Markup(text)  # noqa: S704 - text of the package and of its libraries


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def _interpreter() -> str:
    """Return Vega's interpreter, a module as published, as a plain script: a policy without eval needs it."""
    text, n_imports = _IMPORT.subn(
        "const { ascending, isString, DisallowedObjectProperties } = vega;", _asset(INTERPRETER)
    )
    text, n_exports = _EXPORT.subn("window.vegaInterpreter = expression;", text)
    if (n_imports, n_exports) != (1, 1):
        raise ReactionError(f"{INTERPRETER}: expected one import of vega-util and one export")
    return f"(() => {{\n{text}\n}})();"
