"""Forms of EDGAR: those that move prices, those that are dated before anybody could read them, and items of 8-K."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MARKET_FORMS: Final = frozenset(
    form + suffix
    for form in (
        *("8-K", "8-K12B", "6-K", "10-K", "10-KT", "10-Q", "20-F", "40-F"),
        *("SC 13D", "SCHEDULE 13D", "SC TO-T", "SC 14D9", "DEFM14A", "425"),
        *("S-1", "S-3", "S-4", "F-1", "F-3", "F-4", "424B4", "424B5"),
    )
    for suffix in ("", "/A")
)
"""Reports of companies, their offers and takeovers; those on insiders and funds are left out unless asked for."""

LETTERS: Final = frozenset({"UPLOAD", "CORRESP"})
"""Letters between the SEC and filers: they carry the letter's date and appear weeks later, so they are never news."""

ITEMS: Final = {
    "1.01": "entry into a material agreement",
    "1.02": "termination of a material agreement",
    "1.03": "bankruptcy or receivership",
    "1.04": "mine safety",
    "1.05": "material cybersecurity incident",
    "2.01": "completion of an acquisition or disposal",
    "2.02": "results of operations",
    "2.03": "direct financial obligation",
    "2.04": "event that accelerates an obligation",
    "2.05": "costs of exit or disposal",
    "2.06": "material impairment",
    "3.01": "notice of delisting or transfer",
    "3.02": "unregistered sale of equity",
    "3.03": "change of rights of holders",
    "4.01": "change of accountant",
    "4.02": "earlier statements are not to be relied on",
    "5.01": "change of control",
    "5.02": "directors and officers",
    "5.03": "change of charter or bylaws",
    "5.04": "suspension of trading under benefit plans",
    "5.05": "change of the code of ethics",
    "5.06": "change of shell company status",
    "5.07": "votes of shareholders",
    "5.08": "nominations of directors",
    "7.01": "Regulation FD disclosure",
    "8.01": "other events",
    "9.01": "exhibits",
}
"""What an item of Form 8-K reports, in short."""

_EXHIBITS = "9.01"


def filing_title(form: str, name: str, items: Sequence[str]) -> str:
    """Return a headline such as "8-K NVIDIA CORP: results of operations"."""
    words = [ITEMS.get(item, f"item {item}") for item in items if item != _EXHIBITS]
    return f"{form} {name}" + (f": {'; '.join(words)}" if words else "")
