"""The page of methods: ``docs/methods.md`` as it is, with an anchor for every test."""

from __future__ import annotations

import re
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from pipelines.contracts.vocabulary import TESTS
from pipelines.errors import ConfigurationError
from pipelines.home import PROJECT

FILES = (PROJECT / "docs" / "methods.md", PROJECT / "pipelines" / "report" / "assets" / "methods.md")
"""Where the text lies in a checkout, and where an installed package has it."""

_LINK = re.compile(r"\[([^\]]*)\]\((?!https?://)[^)]*\)")


def methods_text() -> str:
    """Return the text of the methods.

    Raises
    ------
    ConfigurationError
        If the package was installed without it.
    """
    for file in FILES:
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise ConfigurationError(f"the text of the methods is missing: expected {FILES[0]}; install the package again")


def methods_context(text: str) -> dict[str, Any]:
    """Return what the template shows; raw HTML of the text is escaped."""
    # Links to files of the repository lead nowhere from here: their words stay.
    plain = _LINK.sub(r"\1", text.split("\n", maxsplit=1)[1])
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(plain)
    for test in TESTS:
        html = html.replace(f"<td><code>{test}</code></td>", f'<td id="{test}"><code>{test}</code></td>', 1)
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    html = html.replace("<th>", '<th scope="col">').replace("<th style", '<th scope="col" style')
    html = re.sub(r' style="text-align:(\w+)"', r' class="\1"', html)
    return {"title": "Methods", "body": Markup(html), "charts": {}, "grids": {}}  # noqa: S704 - rendered with html off
