"""Where things lie: the package, its SQL, and the folder of the warehouse and the published marts.

Apart from the other settings, because commands that only read the marts need nothing else, and start faster so.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pipelines.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[1]
"""Folder that holds the packages and ``sql/``: the checkout, or site-packages when installed as a wheel."""

SQL = PROJECT / "sql"
SEEDS = SQL / "seeds"
CONFIG_FILE = Path("reaction.toml")
MARTS_FILE = Path("published") / "marts.duckdb"
"""The published database, from the home folder."""

REPORT_FOLDER = Path("report")
"""Folder of reports, from the home folder: one for each limit."""

REPORT_INDEX = REPORT_FOLDER / "all" / "index.html"
"""First page of the report of everything, from the home folder."""

REPORT_CACHE = Path("cache") / "report"
"""Folder of compiled charts, from the home folder."""


def find_home() -> Path:
    """Return the home folder: ``REACTION_HOME``, else ``home`` in ``reaction.toml``, else `default_home`.

    Raises
    ------
    ConfigurationError
        If ``reaction.toml`` cannot be read, or its ``home`` is no text.
    """
    if os.environ.get("REACTION_HOME"):
        return Path(os.environ["REACTION_HOME"])
    if CONFIG_FILE.is_file():
        try:
            home = tomllib.loads(CONFIG_FILE.read_text(encoding="utf-8")).get("home")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{CONFIG_FILE} cannot be read as TOML: {error}") from error
        if home is not None and not isinstance(home, str):
            raise ConfigurationError(f"{CONFIG_FILE}: home: expected the path of a folder, got {home!r}")
        if home:
            return Path(home)
    return default_home()


def default_home() -> Path:
    """Return ``warehouse/data`` in a checkout, else the user's data folder."""
    if (PROJECT / "pyproject.toml").is_file():
        return PROJECT / "warehouse" / "data"
    from platformdirs import user_data_path

    return user_data_path("market-reaction")
