"""Factor returns of a run: whether they are what the settings say, and the table that a study reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import duckdb
import polars as pl

from pipelines.errors import ConfigurationError, SourceError
from pipelines.event_study import ReturnPanel, StudySpec
from pipelines.settings import Settings
from warehouse.workspace import read_frame

KNOWN_FACTORS = ("mkt_rf", "smb", "hml", "rmw", "cma", "mom")
"""Factors whose size is known: returns of a day. A user's own may be anything, and are judged if there is no other."""

RISK_FREE = "rf"
FAMILIES = {"ff5": "_ff5"}
"""End of the names of the factors that a model takes in place of those without it; `sql/core/staged_factors.sql`."""

LARGEST_MEDIAN = 0.05
"""Size of the median daily return, in decimals, above which the numbers are taken for percent: 5 % on most days."""

TABLE = """
    select factor_date, factor, value
    from core.factors
    where factor in (select factor from core.factors group by factor having count(value) > 0)
    order by factor_date, factor
"""
SIZES = "select factor, median(abs(value)) as size from core.factors group by factor having count(value) > 0 order by 1"
REJECTED = """
    select rule_id, count(*) as n, min(reason) as reason
    from core.factor_quarantine
    group by rule_id
    order by n desc, rule_id
"""


def read_factors(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame | None:
    """Return ``factor_date`` and a column per factor that has a value, in order of date; None if there is none."""
    rows = read_frame(connection, TABLE)
    if rows.is_empty():
        return None
    return rows.pivot("factor", index="factor_date", values="value").sort("factor_date")


def expect_sound_factors(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Refuse factor files without a sound value, and decimals that look like percent.

    Raises
    ------
    SourceError
        If factor files were given and no value of them can be used; the message names the rules that are broken.
    ConfigurationError
        If the unit is decimal and the median size of a factor is that of percent.
    """
    if not settings.factors:
        return
    sizes: dict[str, float] = dict(read_frame(connection, SIZES).iter_rows())
    if not sizes:
        raise SourceError(_why_none_is_sound(connection))
    judged = [name for name in sizes if name in KNOWN_FACTORS] or [name for name in sizes if name != RISK_FREE]
    large = [f"{name} {sizes[name]:.3g}" for name in judged if sizes[name] > LARGEST_MEDIAN]
    if settings.factor_unit == "decimal" and large:
        raise ConfigurationError(
            f"--factors: expected decimal returns of a day (0.01 is 1 %), got numbers that look like percent: the "
            f"median size is {', '.join(large)}, and a decimal {LARGEST_MEDIAN} would be {LARGEST_MEDIAN:.0%} on an "
            "ordinary day. If the files are in percent, as those of the French data library are, say "
            "--factor-unit percent"
        )


def panel_of(spec: StudySpec, panel: ReturnPanel) -> ReturnPanel:
    """Return the panel with the factors of the model's own family."""
    if panel.factors is None or spec.model not in FAMILIES:
        return panel
    return replace(panel, factors=panel.factors.of_family(FAMILIES[spec.model]))


def lacking_factors(spec: StudySpec, found: Collection[str]) -> str | None:
    """Say in one sentence which factors a study's model needs and does not have; None if it has all.

    Parameters
    ----------
    found : collection of str
        The factors that there are.
    """
    lacking = [name for name in spec.factor_names if name not in found]
    if not lacking:
        return None
    if len(lacking) == len(spec.factor_names):
        library = " or --factors-source ken_french" if {*lacking} <= {*KNOWN_FACTORS, RISK_FREE} else ""
        has = f"this source has none (give --factors FILE{library})"
    else:
        has = f"this source lacks {', '.join(lacking)} (add another --factors FILE)"
    needs = f"factor{'s' if len(spec.factor_names) > 1 else ''} {', '.join(spec.factor_names)}"
    return f"model {spec.model!r} needs the {needs}; {has}"


def _why_none_is_sound(connection: duckdb.DuckDBPyConnection) -> str:
    rules = read_frame(connection, REJECTED)
    found = "; ".join(f"{rule}: {n:,} rows, such as: {reason}" for rule, n, reason in rules.iter_rows())
    return (
        f"--factors: no value of the factor files can be used. {found or 'Every value is missing'}. Expected daily "
        "returns with dates YYYY-MM-DD or YYYYMMDD; another form of dates is named by factor_date_format in "
        "reaction.toml, or REACTION_FACTOR_DATE_FORMAT"
    )
