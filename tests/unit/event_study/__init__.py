"""Unit tests of the event-study engine, one file per module."""
