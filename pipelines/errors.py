"""Everything this project raises on purpose.

::

    ReactionError                 base: what was expected, what was got, what to do next
    ├── ConfigurationError        a setting or an option is missing or contradicts another
    ├── SourceError               a source could not be read
    │   └── SourceFormatError     it was read, and its columns or types are not as agreed
    ├── CatalogueError            an event or study definition is not valid
    ├── NewsRulesError            a name or a theme that news is read by is not valid
    ├── ContractError             a frame does not have the columns of its table's contract
    ├── SpecError                 a study's parameters contradict each other
    ├── WarehouseError            the database cannot be opened, written or read
    │   ├── WarehouseBusyError    another process holds it
    │   └── NothingPublishedError no marts have been published yet
    ├── QueryError                an ad hoc query was refused or failed
    └── GateClosedError           a gate refused to let data through
"""

from __future__ import annotations


class ReactionError(Exception):
    """Base of all errors that carry a message written for the user."""

    exit_code = 1


class ConfigurationError(ReactionError):
    """A setting or option is missing, unreadable or contradicts another one."""

    exit_code = 2


class SourceError(ReactionError):
    """A source could not be read at all."""


class SourceFormatError(SourceError):
    """A source was read, but its columns or types are not as agreed."""


class CatalogueError(ReactionError):
    """An event or study definition is not valid; the message lists every bad field."""


class NewsRulesError(ReactionError):
    """A file of names or themes that news is read by is not valid; the message lists every bad row."""


class ContractError(ReactionError):
    """A frame does not have the columns that its table's contract promises."""


class SpecError(ReactionError):
    """The parameters of a study contradict each other."""

    exit_code = 2


class WarehouseError(ReactionError):
    """The database cannot be opened, written or read."""


class WarehouseBusyError(WarehouseError):
    """Another process holds the warehouse; the message names it."""


class NothingPublishedError(WarehouseError):
    """A command needs the published marts, and there are none yet."""


class QueryError(ReactionError):
    """An ad hoc query was refused by the sandbox or failed."""


class GateClosedError(ReactionError):
    """A quality gate refused to let data through; the last published marts stay as they are."""
