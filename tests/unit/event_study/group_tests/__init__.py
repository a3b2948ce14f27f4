"""Tests of groups, one file per family of statistics; numbers are worked by hand."""
