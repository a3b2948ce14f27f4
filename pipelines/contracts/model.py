"""What a contract is: a table's grain, key and columns, stated once.

Write checks, typed empty frames, DDL, comments in the published file and expectation suites all derive from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipelines.errors import ContractError

DType = Literal["text", "date", "instant", "integer", "float", "boolean", "json"]

_POLARS: dict[DType, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "json": pl.String(),
}
_SQL: dict[DType, str] = {
    "text": "varchar",
    "date": "date",
    "instant": "timestamptz",
    "integer": "bigint",
    "float": "double",
    "boolean": "boolean",
    "json": "varchar",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, unit and meaning, and what a value may be.

    Attributes
    ----------
    unit : str
        Unit of the values ("decimal", "usd", "sessions" ...); empty where there is none.
    nullable : bool
        Whether a null is a legal value.
    minimum, maximum : float or None
        Inclusive bounds of a numeric column.
    allowed : tuple of str
        The only values a text column may take; empty for any.
    """

    name: str
    dtype: DType
    meaning: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()

    @property
    def polars(self) -> pl.DataType:
        """The column's Polars type."""
        return _POLARS[self.dtype]

    @property
    def sql(self) -> str:
        """The column's DuckDB type."""
        return _SQL[self.dtype]

    @property
    def comment(self) -> str:
        """Meaning, unit and the words that are allowed in one line, as it is stored in the published file."""
        unit = f" [{self.unit}]" if self.unit else ""
        allowed = f"; one of: {', '.join(self.allowed)}" if self.allowed else ""
        return f"{self.meaning}{unit}{allowed}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's contract: the grain in words, the key in columns, every column with its meaning."""

    name: str
    grain: str
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse a key that names a column the table does not have."""
        missing = set(self.key) - set(self.names)
        if missing:
            raise ContractError(f"contract {self.name}: key columns {sorted(missing)} are not among its columns")

    @property
    def comment(self) -> str:
        """Meaning, grain and key in one line, as it is stored in the published file."""
        return f"{self.meaning}. Grain: {self.grain}. Key: {', '.join(self.key)}."

    @property
    def names(self) -> list[str]:
        """Column names in the contract's order."""
        return [column.name for column in self.columns]

    @property
    def polars_schema(self) -> pl.Schema:
        """The contract as a Polars schema."""
        return pl.Schema({column.name: column.polars for column in self.columns})

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"contract {self.name} has no column {name!r}; it has {self.names}")

    def empty(self) -> pl.DataFrame:
        """Return a frame with the contract's columns and no rows."""
        return pl.DataFrame(schema=self.polars_schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with exactly the contract's columns, in its order and types.

        Raises
        ------
        ContractError
            If a column is missing or cannot be cast; columns the contract does not know are dropped.
        """
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise ContractError(
                f"table {self.name}: expected columns {self.names}, got {frame.columns}; missing {missing}"
            )
        try:
            return frame.select(pl.col(column.name).cast(column.polars) for column in self.columns)
        except pl.exceptions.PolarsError as error:
            raise ContractError(f"table {self.name}: a column has the wrong type: {error}") from error
