"""Unit tests of the normal-return models, one file per module."""
