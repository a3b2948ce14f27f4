"""What programs define differently, one switch each; the defaults are the textbook's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window

MEAN_BHAR = "mean_bhar"
"""A mean that is explained beside the tests: the average buy-and-hold abnormal return of a group."""

ONE_DAY = 1

Reference = Literal["textbook", "mean_length", "normal"]


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions behind a statistic; each field is explained where it is used.

    Attributes
    ----------
    sigma : {"regression", "sample"}
        Residual deviation: sqrt(SSE/(L1 - k)), or the sample deviation with divisor L1 - 1.
    adjusted_sigma : {"about_zero", "about_mean"}
        The same for a model without parameters: sqrt(SSE/L1), or the sample deviation.
    adjusted_error : {"none", "mean"}
        Whether such a model has the prediction error of an estimated mean, 1 + 1/L1 and k = 1.
    market_moments : {"own_days", "full_window"}
        Days of the market's mean and Sxx: those of the security, or all of the window.
    bmp_error : {"forecast", "none"}
        Whether the standardised value of the BMP test has the forecast error in it.
    patell_length : {"own", "rows"}
        Length in Patell's (L - k)/(L - k - 2): usable days, or rows with the missing ones.
    window_form : {"exact", "daily_sum"}
        Standardised CAR: over the exact standard error, or the days' standardised returns summed over sqrt(L2).
    absent : {"left_out", "averaged", "zero"}
        Pairs without a return on a day: left out; counted with the mean of the others; counted with zero.
    positive_share : {"pairs", "pooled", "securities"}
        Expected share of positive returns: mean over pairs, pooled over all days, mean over securities.
    window_mean : {"complete_pairs", "daily_means"}
        Mean over several days: of the pairs with all of them, or of every day's own pairs.
    series_pairs : {"complete", "group"}
        Pairs in the average whose deviation over the estimation window is taken: those in the tested mean, or all.
    lamb_length : {"mean_of_inverses", "inverse_of_mean"}
        The term 1/L1 of Lamb's forecast error: mean of 1/L1, or one over the mean L1.
    rank_days : {"tested_window", "event_window"}
        Days that a pair's returns are ranked over, beside the estimation window.
    rank_size : {"own", "rows"}
        Ranks centred by the number of returns, or taken over the number of rows with the missing ones.
    rank_unit : {"pair", "security"}
        Whose returns are ranked together.
    rank_centre : {"own", "common"}
        Middle of the ranks over several days: each pair's own, or the mean of them.
    rank_divisor : {"days", "mean_length", "sample"}
        S: sum of squares over the days, over the mean number of returns, or the sample deviation about the mean.
    rank_sums : {"sums", "scaled_means"}
        Sum over the pairs of a day: as it is, or their mean times the number of all pairs.
    recycled : {"own_day", "first_day"}
        Whose statistic is reported on a day: its own, or that of the first day of the event window.
    correlation : {"calendar", "relative_day"}
        Days on which residuals are correlated.
    bhar_normal : {"model", "benchmark"}
        What the held return is compared with.
    bhar_compounding : {"by_return_type", "simple"}
        How returns are compounded.
    """

    sigma: Literal["regression", "sample"] = "regression"
    adjusted_sigma: Literal["about_zero", "about_mean"] = "about_zero"
    adjusted_error: Literal["none", "mean"] = "none"
    market_moments: Literal["own_days", "full_window"] = "own_days"
    bmp_error: Literal["forecast", "none"] = "forecast"
    patell_length: Literal["own", "rows"] = "own"
    window_form: Literal["exact", "daily_sum"] = "exact"
    absent: Literal["left_out", "averaged", "zero"] = "left_out"
    positive_share: Literal["pairs", "pooled", "securities"] = "pairs"
    window_mean: Literal["complete_pairs", "daily_means"] = "complete_pairs"
    series_pairs: Literal["complete", "group"] = "complete"
    lamb_length: Literal["mean_of_inverses", "inverse_of_mean"] = "mean_of_inverses"
    rank_days: Literal["tested_window", "event_window"] = "tested_window"
    rank_size: Literal["own", "rows"] = "own"
    rank_unit: Literal["pair", "security"] = "pair"
    rank_centre: Literal["own", "common"] = "own"
    rank_divisor: Literal["days", "mean_length", "sample"] = "days"
    rank_sums: Literal["sums", "scaled_means"] = "sums"
    recycled: Literal["own_day", "first_day"] = "own_day"
    correlation: Literal["calendar", "relative_day"] = "calendar"
    bhar_normal: Literal["model", "benchmark"] = "model"
    bhar_compounding: Literal["by_return_type", "simple"] = "by_return_type"


TEXTBOOK = Definitions()
"""The definitions of this project."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One difference between a program and the textbook.

    Attributes
    ----------
    name, value : str
        Switch of Definitions, and what the program sets it to.
    tests : tuple of str
        Tests it touches, words of TESTS (or MEAN_BHAR).
    textbook, convention : str
        What each of the two says.
    source : str
        Where the program says so.
    spans : {"days", "windows", "both"}
        Whether it touches tests of one day, of several, or both.
    models : tuple of str
        Models it touches; empty for all.
    """

    name: str
    value: str
    tests: tuple[str, ...]
    textbook: str
    convention: str
    source: str
    spans: Literal["days", "windows", "both"] = "both"
    models: tuple[str, ...] = ()

    def touches(self, test: str, window: Window, model: str) -> bool:
        """Tell whether it may change this test of this window."""
        spans = "days" if window.length == ONE_DAY else "windows"
        return test in self.tests and self.spans in {"both", spans} and (not self.models or model in self.models)

    def put(self, definitions: Definitions) -> Definitions:
        """Return the definitions with this one exchanged for the program's."""
        changes: dict[str, str] = {self.name: self.value}
        return replace(definitions, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where a program has a test, and what it refers it to if not to the textbook's distribution.

    Attributes
    ----------
    days, windows : bool
        Whether it has it for single days, and over several.
    models : tuple of str
        Models it has it for; empty for all.
    day_reference, window_reference : {"textbook", "mean_length", "normal"}
        Student's t with the mean L1 of all pairs less 1, or the standard normal.
    """

    days: bool = True
    windows: bool = False
    models: tuple[str, ...] = ()
    day_reference: Reference = "textbook"
    window_reference: Reference = "textbook"

    def reference(self, window: Window) -> Reference:
        """Return the distribution that the statistic of a window is referred to."""
        return self.day_reference if window.length == ONE_DAY else self.window_reference

    def has(self, window: Window, model: str) -> bool:
        """Tell whether the program has the test of this window and model."""
        is_spanned = self.days if window.length == ONE_DAY else self.windows
        return is_spanned and (not self.models or model in self.models)


@dataclass(frozen=True, slots=True)
class Convention:
    """A program's definitions.

    Attributes
    ----------
    name : str
        Word of CONVENTIONS.
    program : str
        Name and version, as it is said in notes.
    coverage : dict
        Test to where the program has it.
    definitions : tuple of Definition
        In the order in which their effects are told apart.
    """

    name: str
    program: str
    coverage: dict[str, Coverage]
    definitions: tuple[Definition, ...]

    def defines(self, test: str, window: Window, spec: StudySpec) -> bool:
        """Tell whether the program has this test of this window in a study."""
        found = self.coverage.get(test)
        return found is not None and spec.measure == "return" and found.has(window, spec.model)

    def differing(self, test: str, window: Window, spec: StudySpec) -> list[Definition]:
        """Return the definitions that may make a difference, in order."""
        return [each for each in self.definitions if each.touches(test, window, spec.model)]

    def applied(self, test: str, window: Window, spec: StudySpec) -> Definitions:
        """Return the program's definitions of one test."""
        return together(self.differing(test, window, spec))


def together(definitions: Sequence[Definition]) -> Definitions:
    """Return the textbook's definitions with some exchanged."""
    found = TEXTBOOK
    for each in definitions:
        found = each.put(found)
    return found
