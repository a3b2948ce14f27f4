"""Write a report: read the marts once, render the pages whose data have changed, leave the others as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from flows.progress import announce
from pipelines.errors import ConfigurationError
from pipelines.home import REPORT_CACHE
from pipelines.report.marts import Marts, Scope
from pipelines.report.site import INDEX, Compiled, Page, Renderer, charts_key, design_key, plan
from pipelines.settings import Settings
from warehouse.publish import generation_before
from warehouse.report_marts import read_report_marts

MANIFEST = "manifest.json"
"""File beside the pages: the digest of each page's data."""

_KEPT = ("index.html", "event-", "security-", "theme-", "methods.html")


@dataclass(frozen=True, slots=True)
class Report:
    """What a call of `write_report` did.

    Attributes
    ----------
    folder : Path
        Where the pages are.
    start : Path
        The page to open.
    written, unchanged, removed : tuple of str
        Files.
    """

    folder: Path
    start: Path
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def write_report(marts_file: Path, folder: Path, cache: Path, scope: Scope | None = None) -> Report:
    """Bring the pages of a folder up to the published marts.

    Parameters
    ----------
    cache : Path
        Folder that keeps the compiled charts from one report to the next.
    scope : Scope, optional
        What the report is limited to.

    Raises
    ------
    NothingPublishedError
        If there are no published marts.
    ConfigurationError
        If the scope names what the marts do not have, or the folder cannot be written or is not a report's.
    """
    scope = scope or Scope()
    announce("read marts", 0, 1)
    marts = Marts(**read_report_marts(marts_file, generation_before(marts_file.parent))).within(scope)
    design = design_key() + _libraries()
    pages = plan(marts, design)
    before = _manifest(folder)
    stale = [page for page in pages if before.get(page.file) != page.digest or not (folder / page.file).is_file()]
    _write_pages(folder, stale, cache)
    removed = sorted(set(before) - {page.file for page in pages})
    try:
        for file in removed:
            (folder / file).unlink(missing_ok=True)
        _write(folder / MANIFEST, json.dumps({page.file: page.digest for page in pages}, indent=1) + "\n")
    except OSError as error:
        raise _unwritable(folder, error) from error
    written = tuple(page.file for page in stale)
    unchanged = tuple(page.file for page in pages if page.file not in set(written))
    return Report(folder, folder / _start(pages, scope), written, unchanged, tuple(removed))


def write_report_of_run(settings: Settings) -> Report:
    """Bring the report of the home up to what its run has published."""
    return write_report(settings.marts_file, settings.report_index.parent, settings.home / REPORT_CACHE)


def _write_pages(folder: Path, pages: list[Page], cache: Path) -> None:
    if not pages:
        return
    announce("charts", 0, len(pages))
    renderer = Renderer(_compiled(cache))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, page in enumerate(pages):
            announce(page.file.removesuffix(".html")[:16], done, len(pages))
            _write(folder / page.file, renderer.html(page))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _start(pages: list[Page], scope: Scope) -> str:
    """Return the page that a report of one event or theme opens with."""
    kind = "event" if scope.event else "theme" if scope.theme else "overview"
    return next((page.file for page in pages if page.kind == kind), INDEX)


def _write(file: Path, text: str) -> None:
    """Write a file that is either the old or the new one, whenever a reader or a kill comes."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _manifest(folder: Path) -> Mapping[str, str]:
    """Return the digests of the pages that a report has left in the folder."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ConfigurationError(f"--out: expected a folder, got the file {folder}")
    file = folder / MANIFEST
    if not file.is_file():
        if (folder / INDEX).exists():
            raise ConfigurationError(
                f"--out: {folder} has an {INDEX} that no report wrote (there is no {MANIFEST}); name another folder"
            )
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # cut short by a crash: every page is written anew
    known = found if isinstance(found, dict) else {}
    # Names are followed into the folder when a page is removed: only names that a report makes are taken.
    return {name: str(key) for name, key in known.items() if name.startswith(_KEPT) and Path(name).name == name}


def _compiled(cache: Path) -> Compiled:
    """Return the compiled charts, made once for each version of their code and its libraries."""
    file = cache / f"charts-{charts_key()[:16]}-{_libraries()}.json"
    if file.is_file():
        try:
            return Compiled(json.loads(file.read_text(encoding="utf-8")))
        except ValueError:
            file.unlink(missing_ok=True)  # cut short by a crash
    from pipelines.report.charts import compile_kinds

    compiled = Compiled(compile_kinds())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob("charts-*.json"):
            old.unlink(missing_ok=True)
        _write(file, json.dumps(compiled.specs))
    except OSError as error:
        raise _unwritable(cache, error) from error
    return compiled


def _libraries() -> str:
    return "-".join(version(name) for name in ("altair", "vl-convert-python", "jinja2"))


def _unwritable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"--out: {folder} cannot be written: {error.strerror}")
