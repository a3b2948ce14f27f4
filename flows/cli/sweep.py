"""``reaction check --sources``: hold stored history against what the providers state now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.verifying import Verified

SHOWN = 20
"""Differences that a table shows; JSON has all."""


def sweep(sample: int, *, as_json: bool) -> None:
    """Run the sweep, and print what the providers have revised.

    Raises
    ------
    ConfigurationError
        If the sample is not positive.
    SourceError
        If not one symbol could be held against its provider.
    """
    from flows.cli.progress import progress
    from flows.verifying import verify
    from pipelines.errors import ConfigurationError, SourceError
    from pipelines.settings import load_settings

    if sample < 1:
        raise ConfigurationError(f"--sample: expected a number of symbols from 1 on, got {sample}")
    with progress("asking", show=not as_json):
        found = verify(load_settings(), sample=sample)
    if as_json:
        _print_json(found)
    else:
        for part in found:
            _print(part)
    asked = [result for part in found for result in part.results]
    if asked and sum(part.n_unmeasured for part in found) == len(asked):
        raise SourceError(f"none of {len(asked)} symbols could be verified: {asked[0].symbol}: {asked[0].reason}")


def _print_json(found: list[Verified]) -> None:
    from flows.cli.output import print_json

    print_json(
        [
            {
                "source": part.provider,
                "symbols_stored": part.n_stored,
                "symbols_asked": len(part.results),
                "symbols": [
                    {
                        "symbol": result.symbol,
                        "state": str(result.state),
                        "verdict": str(result.judgement.verdict) if result.judgement else None,
                        "is_alert": result.judgement.is_alert if result.judgement else False,
                        "reason": result.reason,
                    }
                    for result in part.results
                ],
                "differences": part.differences.to_dicts(),
            }
            for part in found
        ]
    )


def _print(part: Verified) -> None:
    from flows.cli.output import plain, print_table

    as_stored = len([result for result in part.results if not result.reason])
    n_bars = sum(result.judgement.n_overlap for result in part.results if result.judgement)
    print(
        f"{plain(part.provider)}: {len(part.results):,} of {part.n_stored:,} symbols asked for, {n_bars:,} bars "
        f"compared; {as_stored:,} symbols are as stored, {part.differences.height:,} bars are stated otherwise now"
    )
    told = [(result.symbol, str(result.state), result.reason) for result in part.results if result.reason]
    if told:
        print_table(["symbol", "state", "what was found"], told)
    if part.differences.height:
        shown = part.differences.drop("source").head(SHOWN)
        more = f" ({part.differences.height - SHOWN} more not shown)" if part.differences.height > SHOWN else ""
        formats = {"close_change": "{:+.4%}"}
        print_table(shown.columns, shown.rows(), title=f"stated otherwise now{more}", formats=formats)
        print("stored beside what was known; `reaction run` publishes with them")
