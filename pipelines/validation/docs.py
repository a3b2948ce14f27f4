"""Data Docs: the suites and their results as pages, written on request."""

from __future__ import annotations

import html
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.validation.gate import GateResult
from pipelines.validation.suites import quiet, quiet_context

_REMOTE_LOGO = re.compile(r"https://great-expectations-web-assets[^\"')\s]*")
"""The pages load their logo from the maker's server, with the time of the page as a parameter."""


def write_data_docs(results: Iterable[GateResult], folder: Path) -> Path:
    """Write Great Expectations' pages on the given gates.

    A page per gate, table and run lists every expectation with what was observed. The pages take their style from
    public servers; without a network they can be read, unstyled.

    Parameters
    ----------
    results : iterable of GateResult
        Decisions to show.
    folder : Path
        Where the pages go; made if missing. The index shows the given gates; other files in the folder stay.

    Returns
    -------
    Path
        The page to open, index.html in the folder.
    """
    results = list(results)
    if not results:
        raise ConfigurationError("expected at least one gate result to write pages for, got none; run a gate first")
    # Building empties the site's folder, so it happens in one of its own.
    with quiet() as gx, TemporaryDirectory(prefix="data_docs_") as built:
        context = quiet_context(gx)
        _add_results(context, results)
        for site in list(context.variables.data_docs_sites or {}):
            context.delete_data_docs_site(site)
        context.add_data_docs_site("gates", _site(Path(built)))
        context.build_data_docs()
        _use_local_logo(Path(built))
        _copy_into(Path(built), folder)
    return folder.resolve() / "index.html"


def _site(folder: Path) -> dict[str, object]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _add_results(context: Any, results: list[GateResult]) -> None:
    """Put every suite's result into the context's store, under its gate's run."""
    from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    for result in results:
        run = RunIdentifier(run_name=result.run_id, run_time=result.checked_at)
        for validation in result.validations:
            suite = validation["suite_name"]
            key = ValidationResultIdentifier(
                expectation_suite_identifier=ExpectationSuiteIdentifier(suite), run_id=run, batch_identifier="rows"
            )
            context.validation_results_store.set(key, expectationSuiteValidationResultSchema.load(_escaped(validation)))


def _copy_into(built: Path, folder: Path) -> None:
    """Copy the pages beside whatever the folder holds, and leave the folder's own mode as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in built.iterdir():
        if item.is_dir():
            shutil.copytree(item, folder / item.name, dirs_exist_ok=True)
        else:
            shutil.copy(item, folder / item.name)


def _escaped(value: Any) -> Any:
    """Return a copy whose text is no markup: the pages print values and messages as they are."""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value


def _use_local_logo(folder: Path) -> None:
    """Point every page at the logo in the folder, so that opening it tells nobody."""
    for page in [*folder.rglob("*.html"), *folder.rglob("*.css")]:
        logo = Path(os.path.relpath(folder / "static" / "images" / "logo-long.png", page.parent)).as_posix()
        page.write_text(_REMOTE_LOGO.sub(logo, page.read_text(encoding="utf-8")), encoding="utf-8")
