"""Windows of relative days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipelines.errors import SpecError

_WINDOW: Final = re.compile(r"\s*\[?\s*([+-]?\d+)\s*,\s*([+-]?\d+)\s*\]?\s*")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Relative days from `start` to `end`, both included."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a window that ends before it starts."""
        if self.start > self.end:
            raise SpecError(f"window {self} ends before it starts; write the earlier day first")

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read a window from "-10,10" or "[-10,10]".

        Raises
        ------
        SpecError
            If the text is not two whole numbers with a comma between them.
        """
        match = _WINDOW.fullmatch(text)
        if match is None:
            raise SpecError(f"a window is two relative days such as -10,10; got {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def length(self) -> int:
        """Number of days in the window."""
        return self.end - self.start + 1

    @property
    def days(self) -> range:
        """The relative days of the window."""
        return range(self.start, self.end + 1)

    def contains(self, other: Window) -> bool:
        """Tell whether every day of `other` is a day of this window."""
        return self.start <= other.start and other.end <= self.end

    def __str__(self) -> str:
        """Write the window as "[-10,10]"."""
        return f"[{self.start},{self.end}]"
