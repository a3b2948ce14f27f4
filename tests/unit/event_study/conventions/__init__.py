"""Unit tests of other programs' definitions, by hand and against the engine."""
