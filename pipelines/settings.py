"""Settings: defaults, then ``reaction.toml``, then ``REACTION_*`` environment variables.

Relative paths in ``reaction.toml`` are read from the folder the command runs in. Secrets come from the environment
alone.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from pipelines.errors import ConfigurationError
from pipelines.home import CONFIG_FILE, MARTS_FILE, REPORT_INDEX, find_home

NewsWord = Literal["edgar", "gdelt", "feeds", "hackernews", "huggingface", "arxiv", "yahoo_news", "yahoo_earnings"]


class Settings(BaseSettings):
    """All settings of a run; see ``README.md`` for a table of them."""

    model_config = SettingsConfigDict(
        env_prefix="REACTION_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        toml_file=CONFIG_FILE,
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(default_factory=find_home, description="folder of the warehouse and the published marts")
    source: Literal["sample", "files", "yahoo", "nasdaq", "coinbase", "binance"] = Field(
        "sample", description="where prices come from"
    )
    symbols: tuple[str, ...] = Field((), description="symbols of a live source, or files of them; empty for all known")
    start: date = Field(
        date(2011, 7, 1), description="first day of a live source; covers the catalogue's first event of 2012-09-30"
    )
    compare_with: Literal["yahoo", "nasdaq", "coinbase", "binance"] | None = Field(
        None, description="second live source whose closes are held against those of the first"
    )
    hourly: bool = Field(False, description="keep bars of an hour of the live source too, for fct_hourly_prices")
    hourly_start: date | None = Field(
        None, description="first day of hours; the default is two years back, or as far as the source has them"
    )
    series: tuple[str, ...] = Field((), description="series of FRED to keep beside the prices, such as VIXCLS")
    grace_minutes: float = Field(
        30.0, ge=0, description="minutes after the close of a session or hour from which on its bar is final"
    )
    yahoo_base_url: str | None = Field(None, description="server to ask in place of Yahoo Finance")
    nasdaq_base_url: str | None = Field(None, description="server to ask in place of nasdaq.com")
    coinbase_base_url: str | None = Field(None, description="server to ask in place of Coinbase")
    binance_base_url: str | None = Field(None, description="server to ask in place of Binance")
    fred_base_url: str | None = Field(None, description="server to ask in place of FRED")
    hackernews_base_url: str | None = Field(None, description="server to ask in place of Hacker News's search")
    huggingface_base_url: str | None = Field(None, description="server to ask in place of the Hugging Face Hub")
    arxiv_base_url: str | None = Field(None, description="server to ask in place of arXiv")
    gdelt_base_url: str | None = Field(None, description="server to ask in place of that of GDELT's files")
    gdelt_doc_base_url: str | None = Field(None, description="server to ask in place of GDELT's search")
    edgar_base_url: str | None = Field(None, description="server to ask in place of all hosts of EDGAR")
    ken_french_base_url: str | None = Field(None, description="server to ask in place of the French data library")
    sec_contact: SecretStr | None = Field(
        None, description="name and e-mail address for the SEC, which answers nobody without; sent to it alone"
    )
    share_counts: Literal["seed", "edgar"] = Field(
        "seed", description="where counts of shares come from: the seed, or the reports of filers at EDGAR beside it"
    )
    news_sources: tuple[NewsWord, ...] = Field((), description="sources of news that a run asks; none for no news")
    feeds: tuple[str, ...] = Field((), description="addresses of RSS and Atom feeds")
    hackernews_queries: tuple[str, ...] = Field(
        ("nvidia", "deepseek", "openai", "semiconductor"), description="words by which stories are searched"
    )
    arxiv_queries: tuple[str, ...] = Field(
        ("cat:cs.AR", "all:deepseek", "abs:mixture-of-experts"), description="searches of papers in arXiv's words"
    )
    huggingface_authors: tuple[str, ...] = Field(
        ("deepseek-ai", "Qwen", "meta-llama", "mistralai", "google", "openai", "nvidia", "moonshotai", "zai-org"),
        description="organisations whose models are followed",
    )
    gdelt_query: str = Field(
        "nvidia|deepseek|openai", description="names in pages of news, or doc: and a query of GDELT's search"
    )
    prices: tuple[Path, ...] = Field((), description="price files or folders of the source 'files'")
    events: tuple[Path, ...] = Field((), description="event files added to the catalogue")
    factors: tuple[Path, ...] = Field((), description="files of factor returns, or folders of them")
    factors_source: Literal["files", "ken_french"] = Field(
        "files", description="where factor returns come from: factor files, or the French data library"
    )
    factor_unit: Literal["decimal", "percent"] = Field("decimal", description="unit of the factor files")
    factor_date_format: str | None = Field(None, description="strptime format of text dates in factor files")
    studies: tuple[Path, ...] = Field((), description="study files added to the studies that ship")
    exchange: str | None = Field(None, description="exchange (MIC) of symbols that are not in the securities file")
    date_format: str | None = Field(None, description="strptime format of text dates in price files")
    columns: dict[str, str] = Field(default_factory=dict, description="column of a price file, by our name for it")
    layout: Literal["auto", "long", "wide"] = Field("auto", description="layout of price files")
    mover_threshold: float = Field(
        3.0, ge=2, description="smallest size of a standardised abnormal return of a session in fct_movers"
    )
    confounders_listed: int = Field(
        20, ge=1, description="most confounders of a kind that fct_confounders lists of an estimation window"
    )
    report: bool = Field(False, description="bring the report's pages up to date after each publication")
    accept_fewer_rows: bool = Field(False, description="publish even if far fewer returns come out than last time")
    lock_wait_seconds: float = Field(5.0, ge=0, description="how long to wait for another process's lock")

    @field_validator("home", mode="before")
    @classmethod
    def _empty_home_is_none(cls, value: object) -> object:
        return find_home() if value == "" else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, ``reaction.toml``."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def grace(self) -> timedelta:
        """Return how long after its close a session counts as over."""
        return timedelta(minutes=self.grace_minutes)

    @property
    def warehouse_file(self) -> Path:
        """Return the append-only database of raw versions and the record of runs."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Return the folder that always shows one whole generation of the marts."""
        return self.marts_file.parent

    @property
    def marts_file(self) -> Path:
        """Return the published database."""
        return self.home / MARTS_FILE

    @property
    def report_index(self) -> Path:
        """Return the first page of the report."""
        return self.home / REPORT_INDEX

    def published_as_of(self, instant: datetime) -> Path:
        """Return the folder of the marts as known at an instant."""
        utc = instant.astimezone(UTC)
        name = f"{utc:%Y%m%dT%H%M%S}" + (f".{utc:%f}" if utc.microsecond else "") + "Z"
        return self.published_as_of_folder / name / "published"

    @property
    def published_as_of_folder(self) -> Path:
        """Return the folder of all marts that were built as known at an instant."""
        return self.home / "as_of"

    @property
    def promoted_file(self) -> Path:
        """Return the event file of the candidates that were promoted."""
        return self.home / "events" / "promoted.yaml"

    @property
    def rejected_file(self) -> Path:
        """Return the file of the candidates that were rejected."""
        return self.home / "events" / "rejected.yaml"

    @property
    def build_folder(self) -> Path:
        """Return the scratch folder of a run."""
        return self.home / "build"

    @property
    def calendar_folder(self) -> Path:
        """Return the folder of built calendars."""
        return user_cache_path("market-reaction") / "calendars"

    @property
    def lock_file(self) -> Path:
        """Return the file whose lock says that a run is in progress."""
        return self.home / "run.lock"


def load_settings(**overrides: object) -> Settings:
    """Read the settings; arguments that are None do not override.

    Raises
    ------
    ConfigurationError
        If a value is not valid or ``reaction.toml`` cannot be read; every bad value is named.
    """
    given = {name: value for name, value in overrides.items() if value not in (None, ())}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, item['loc']))}: {item['msg']}, got {item['input']!r}" for item in error.errors()
        ]
        raise ConfigurationError(
            "settings are not valid (from options, REACTION_* or reaction.toml):\n" + "\n".join(lines)
        ) from error
    except SettingsError as error:
        raise ConfigurationError(
            f'{error}; in REACTION_* a list is JSON such as ["prices.csv"], a mapping such as {{"close": "PRC"}}'
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{CONFIG_FILE} is not valid TOML: {error}") from error
