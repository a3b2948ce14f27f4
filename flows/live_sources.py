"""Make the live source that a word names, by the settings."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from urllib.parse import urlsplit

from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.live import BarsSource
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.retry import Retries

OWN_RATE = Rate(1000.0, 50)
"""Requests that a server of one's own on the loopback device bears."""


def live_source(name: str, settings: Settings, hosts: Hosts = HOSTS) -> BarsSource:
    """Return a source that is to be closed after use.

    Parameters
    ----------
    name : str
        A word of LIVE_SOURCES.
    hosts : Hosts
        Limiters and breakers, and the clock.

    Raises
    ------
    ConfigurationError
        If there is no such source, or its address is none.
    """
    if name not in LIVE_SOURCES:
        raise ConfigurationError(f"live source: expected one of {', '.join(LIVE_SOURCES)}, got {name!r}")
    address = base_url(name, settings)
    match name:
        case "yahoo":
            from pipelines.sources.yahoo_prices import YahooPrices
            from pipelines.sources.yahoo_source import MANNERS as YAHOO

            return YahooPrices(address, manners=manners(YAHOO, address), hosts=hosts)
        case "nasdaq":
            from pipelines.sources import nasdaq_prices as nasdaq

            at = address or nasdaq.BASE_URL
            return nasdaq.NasdaqPrices(at, manners=manners(nasdaq.MANNERS, address), hosts=hosts)
        case "coinbase":
            from pipelines.sources import coinbase_prices as coinbase

            at = address or coinbase.BASE_URL
            return coinbase.CoinbasePrices(at, manners=manners(coinbase.MANNERS, address), hosts=hosts)
        case "binance":
            from pipelines.sources import binance_prices as binance

            at = address or binance.BASE_URL
            return binance.BinancePrices(at, manners=manners(binance.MANNERS, address), hosts=hosts)
    from pipelines.sources import fred_prices as fred

    return fred.FredPrices(address or fred.BASE_URL, manners=manners(fred.MANNERS, address), hosts=hosts)


def base_url(name: str, settings: Settings) -> str | None:
    """Return the address that takes a provider's place; None for the provider's own.

    Raises
    ------
    ConfigurationError
        If it is no address.
    """
    address: str | None = getattr(settings, f"{name}_base_url")
    if address is not None and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname):
        raise ConfigurationError(f"{name}_base_url: expected http://host[:port] or https://host, got {address!r}")
    return address


def manners(polite: Manners, address: str | None) -> Manners:
    """Return the manners towards a provider; a server on the loopback device needs no patience."""
    if address is None or not _is_loopback(urlsplit(address).hostname or ""):
        return polite
    retries = Retries(polite.retries.attempts, 0.01, 0.05)
    return replace(polite, rate=OWN_RATE, retries=retries)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
