"""The command line ``reaction``. Heavy modules are imported inside the commands, so that help is quick."""

from __future__ import annotations

from flows.cli.app import main

__all__ = ["main"]
