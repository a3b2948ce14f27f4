"""Contracts: the columns of every table, held once."""

from __future__ import annotations

from pipelines.contracts.audit import AUDIT, GENERATIONS, PUBLISHED_AUDIT, QUALITY_CHECKS, QUARANTINE, RUNS
from pipelines.contracts.dimensions import DIM_EVENTS, DIM_SECURITIES, DIM_SESSIONS, DIM_STUDIES, DIMENSIONS
from pipelines.contracts.facts import (
    FACTS,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_RETURNS,
    FCT_STUDY_SECURITIES,
    FCT_VALUE_IMPACT,
)
from pipelines.contracts.market import (
    FCT_CORPORATE_ACTIONS,
    FCT_PRICE_DIFFERENCES,
    FCT_PROVISIONAL_PRICES,
    MARKET,
)
from pipelines.contracts.model import Column, DType, Table
from pipelines.contracts.news import (
    FCT_NEWS_ATTENTION,
    FCT_NEWS_ITEMS,
    FCT_NEWS_LINKS,
    FCT_NEWS_THEMES,
    FEED_VALIDATORS,
    NEWS,
    NEWS_ITEMS,
    READ_NEWS,
)
from pipelines.contracts.raw import (
    BACKFILL_CHUNKS,
    BATCHES,
    BINANCE_PRICES,
    CATALOGUE_EVENTS,
    COINBASE_PRICES,
    EDGAR_SHARE_COUNTS,
    EDGAR_TICKERS,
    FILES_EVENTS,
    FILES_FACTORS,
    FILES_PRICES,
    FRED_PRICES,
    KEN_FRENCH_FACTORS,
    LIVE_PRICES,
    NASDAQ_PRICES,
    PRICE_ACTIONS,
    RAW,
    RAW_ROWS,
    REQUESTS,
    RUN_INPUTS,
    SAMPLE_PRICES,
    YAHOO_PRICES,
)

MARTS: tuple[Table, ...] = (*DIMENSIONS, *FACTS, *MARKET, *NEWS)
"""Data tables of the published database."""

PUBLISHED: tuple[Table, ...] = (*MARTS, *PUBLISHED_AUDIT)
"""Every table of the published database."""

__all__ = [
    "AUDIT",
    "BACKFILL_CHUNKS",
    "BATCHES",
    "BINANCE_PRICES",
    "CATALOGUE_EVENTS",
    "COINBASE_PRICES",
    "DIMENSIONS",
    "DIM_EVENTS",
    "DIM_SECURITIES",
    "DIM_SESSIONS",
    "DIM_STUDIES",
    "EDGAR_SHARE_COUNTS",
    "EDGAR_TICKERS",
    "FACTS",
    "FCT_ABNORMAL_RETURNS",
    "FCT_CORPORATE_ACTIONS",
    "FCT_EVENT_CARS",
    "FCT_EVENT_SECURITIES",
    "FCT_GROUP_TESTS",
    "FCT_NEWS_ATTENTION",
    "FCT_NEWS_ITEMS",
    "FCT_NEWS_LINKS",
    "FCT_NEWS_THEMES",
    "FCT_PRICE_DIFFERENCES",
    "FCT_PROVISIONAL_PRICES",
    "FCT_RETURNS",
    "FCT_STUDY_SECURITIES",
    "FCT_VALUE_IMPACT",
    "FEED_VALIDATORS",
    "FILES_EVENTS",
    "FILES_FACTORS",
    "FILES_PRICES",
    "FRED_PRICES",
    "GENERATIONS",
    "KEN_FRENCH_FACTORS",
    "LIVE_PRICES",
    "MARKET",
    "MARTS",
    "NASDAQ_PRICES",
    "NEWS",
    "NEWS_ITEMS",
    "PRICE_ACTIONS",
    "PUBLISHED",
    "PUBLISHED_AUDIT",
    "QUALITY_CHECKS",
    "QUARANTINE",
    "RAW",
    "RAW_ROWS",
    "READ_NEWS",
    "REQUESTS",
    "RUNS",
    "RUN_INPUTS",
    "SAMPLE_PRICES",
    "YAHOO_PRICES",
    "Column",
    "DType",
    "Table",
]
