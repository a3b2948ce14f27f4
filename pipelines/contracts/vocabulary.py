"""The words that may stand in a coded column, each with its meaning."""

from __future__ import annotations

STATUSES = {
    "used": "the pair is in the study",
    "pending": "its window is not complete yet; a later run with more prices will use it",
    "excluded": "it cannot be used; the reason says why",
}

DAY0_RULES = {
    "in_session": "public while the exchange was open: that session",
    "pre_open": "public on a session's day before its open: that session",
    "after_close": "public at or after the close: the next session",
    "closed_day": "public on a weekend or holiday: the next session",
    "conservative": "the hour is not known and the same day may hold the news: the first session that surely does",
    "outcome_session": "an outcome names the session it happened in: that session",
    "outcome_next_session": "an outcome's date is no session here: the next one",
    "utc_day": "the market never closes: the UTC day",
    "date_session": "only a date was given, and it is a session: that session",
    "date_next_session": "only a date was given, and it is no session: the next one",
    "own_dates": "the exchange is not known, so the sessions are the dates of the security's own prices",
    "own_dates_conservative": "the exchange's close is not known, so an instant counts for the next date with a price",
    "none": "no day 0 could be found; the reason says why",
}

MODELS = {
    "market": "ordinary least squares of the security's return on the benchmark's",
    "market_adjusted": "the benchmark's return itself",
    "constant_mean": "the security's own mean return over the estimation window",
    "capm": "excess return on the market's excess return",
    "ff3": "excess return on the three factors of Fama and French (1993): mkt_rf, smb, hml",
    "carhart": "excess return on those three and momentum (Carhart 1997): mkt_rf, smb, hml, mom",
    "ff5": "excess return on the five factors of Fama and French (2015): mkt_rf, smb, hml, rmw, cma",
    "scholes_williams": "market model whose beta allows for nonsynchronous trading (Scholes and Williams 1977)",
    "dimson": "market model with leads and lags of the benchmark (Dimson 1979)",
    "garch": "market model whose residual variance follows a GARCH(1,1) (Bollerslev 1986)",
    "linear": "ordinary least squares on factors that are named by column",
}

MEASURES = {
    "return": "returns",
    "log_volume": "ln(1 + units traded)",
    "log_turnover": "ln(100 units traded / shares outstanding + 0.000255), Campbell and Wasley (1996)",
}

STANDARD_ERRORS = {
    "ols": "independent residuals of one variance",
    "hac": "autocorrelated and heteroskedastic residuals (Newey and West 1987)",
}

CONVENTIONS = {
    "textbook": "own non-missing days, exact prediction-error covariance, L1-k degrees of freedom",
    "estudy2": "the definitions of R package estudy2 0.10.0",
    "eventstudytools": "the definitions of R package EventStudy 0.50.0 and of eventstudytools.com",
}

TESTS = {
    "cross_sectional_t": "mean over its cross-sectional standard error, t(N-1)",
    "crude_dependence_t": "mean over the deviation of the group's mean in the estimation window, t(L1-1)",
    "brown_warner_t": "mean over the pooled deviations of the pairs' estimation windows, t(mean L1 - 1)",
    "lamb_t": "crude dependence test with the forecast error of the group's market model, N(0,1)",
    "patell_z": "sum of standardised (cumulative) abnormal returns, exact prediction-error covariance, N(0,1)",
    "patell_csar_z": "sum of the days' standardised abnormal returns over sqrt(L2), N(0,1)",
    "patell_z_adjusted": "patell_z corrected for cross-correlation (Kolari and Pynnonen 2010), N(0,1)",
    "bmp_t": "standardised cross-sectional test, t(N-1)",
    "bmp_t_adjusted": "bmp_t corrected for cross-correlation (Kolari and Pynnonen 2010), t(N-1)",
    "skewness_adjusted_t": "cross-sectional test corrected for skewness (Hall 1992), t(N-1)",
    "jackknife_t": "jackknife of the mean in units of its cross-sectional deviation, t(N-1)",
    "cluster_robust_t_date": "mean over its standard error clustered by event session, t(dates-1)",
    "cluster_robust_t_firm": "mean over its standard error clustered by security, t(securities-1)",
    "cluster_robust_t": "mean over its standard error clustered by event session and by security, t(fewer-1)",
    "calendar_time_t": "mean abnormal return of the calendar-time portfolio, t(days-1)",
    "sign_z": "share of positive values against one half, N(0,1)",
    "generalized_sign_z": "share of positive values against that of the estimation window (Cowan 1992), N(0,1)",
    "wilcoxon_w": "Wilcoxon signed-rank sum of the positive values, exact up to 50 pairs",
    "corrado_rank_z": "mean rank over estimation window and window (Corrado 1989; Cowan 1992), N(0,1)",
    "corrado_zivney_rank_z": "the same with ranks over the number of returns (Corrado and Zivney 1992), N(0,1)",
    "corrado_zivney_sign_z": "sign of the deviation from the median (Corrado and Zivney 1992), N(0,1)",
    "grank_t": "generalised rank test (Kolari and Pynnonen 2011), t(L1-1)",
    "grank_z": "generalised rank test for independent pairs (Kolari and Pynnonen 2011), N(0,1)",
    "volatility_z": "squared standardised abnormal returns against their expectation (Patell 1976), N(0,1)",
    "volatility_chi2": "cross-sectional variance against the forecast (Bialkowski et al. 2008), chi2((N-1) L2)",
    "wild_bootstrap_p": "cross-sectional t against its wild-bootstrap distribution",
    "pairs_bootstrap_p": "cross-sectional t against its bootstrap distribution",
    "skewness_bootstrap_p": "skewness-adjusted t against its bootstrap distribution (Lyon, Barber and Tsai 1999)",
    "permutation_p": "group mean against permutations of estimation and event days (Nguyen and Wolf 2023)",
    "placebo_p": "mean against that of the same pairs on earlier dates without an event",
}

EVENT_KINDS = {
    "news": "something that became known",
    "outcome": "a market move that is studied itself and never used as news",
    "corporate_action": "a split, dividend or the like",
}

EVENT_THEMES = (
    "architectural_innovation",
    "vertical_integration",
    "software_abstraction",
    "efficiency_breakthrough",
    "manufacturing_democratisation",
    "scaling_laws",
    "demand",
    "regulation",
    "earnings",
    "macro",
)

PRECISIONS = ("minute", "hour", "day")
SIGNS = ("+", "-", "?")
VERIFIED = ("yes", "partial", "no")
RETURN_TYPES = ("simple", "log")
ASSET_CLASSES = ("equity", "etf", "index", "crypto", "unknown")
SEVERITIES = ("fail", "warn")
RUN_STATUSES = ("running", "published", "unchanged", "done", "partial", "gate_closed", "failed")
"""How a run ended; a backfill, which publishes nothing, is `done` or `partial`."""

BATCH_KINDS = {
    "full": "the whole history on one price basis; begins a vintage",
    "append": "sessions that the vintage did not have",
    "revision": "sessions of the vintage that the provider states otherwise now",
    "provisional": "bars of sessions that were not over; never final prices",
}

SYMBOL_REASONS = {
    "listing": "the security began to trade under the symbol",
    "rename": "the security took the symbol in place of another one",
    "reuse": "the security took a symbol that was another one's",
    "delisting": "the security stopped trading under the symbol and took no other",
    "default": "no change of the symbol is known",
}

LIVE_SOURCES = {
    "yahoo": "Yahoo Finance",
    "nasdaq": "nasdaq.com",
    "coinbase": "Coinbase",
    "binance": "Binance",
    "fred": "FRED of the Federal Reserve Bank of St. Louis",
}
"""Providers that are asked over the network; the raw table of one is called ``<word>_prices``."""

HOURLY_SOURCES = ("yahoo", "coinbase", "binance")
"""Those of them that have bars of an hour."""

FRENCH_DATASETS = {
    "ff3_daily": "three factors of Fama and French (1993) and the risk-free return",
    "ff5_daily": "five factors of Fama and French (2015) and the risk-free return",
    "mom_daily": "momentum of Carhart (1997) as the library builds it",
}
"""Daily files of the French data library; SMB of the five factors is another portfolio than SMB of the three."""

ACTION_KINDS = {
    "dividend": "cash per share",
    "capital_gain": "distribution of a fund, cash per share",
    "split": "new shares per old one",
}

OUTCOMES = {
    "ok": "bars came",
    "empty": "the provider says that there is nothing",
    "refused": "a bad request or an unknown symbol; asking again changes nothing",
    "throttled": "ask later; what there is was not measured",
    "broken": "truncated, a page instead of data, a time-out; ask again",
}

CHUNK_OUTCOMES = {
    **OUTCOMES,
    "quarantined": "the answer contradicts what is stored, and nothing of it was stored",
}

REJECTED = {
    "broken": "the answer could not be read",
    "quarantined": "it contradicts what is stored",
}

NEWS_SOURCES = {
    "edgar": "filings at the SEC",
    "gdelt": "GDELT's index of news pages",
    "feeds": "RSS and Atom feeds",
    "hackernews": "Hacker News",
    "huggingface": "models on the Hugging Face Hub",
    "arxiv": "papers on arXiv",
    "yahoo_news": "news of Yahoo Finance",
    "yahoo_earnings": "dates of results in Yahoo Finance's calendar",
}
"""Sources of news; ``news_id`` is ``<word>:<item_id>``."""

NEWS_KINDS = {
    "filing": "a document filed with a regulator",
    "headline": "a news article",
    "story": "a page that readers submitted and discuss",
    "model_release": "a repository of a model",
    "paper": "a scientific paper",
    "release": "a release of software, or of a company to the press",
    "calendar": "a date that is announced beforehand, such as that of results; it says nothing of what will come",
}

TIME_BASES = {
    "offset": "the text names its offset from UTC, Z and GMT included",
    "zone_name": "the text names a zone, such as ET, that stands for one offset on that day",
    "zone_name_off_season": "the text names an offset that its zone has not on that day; the later reading counts",
    "zone_documented": "the text names no zone, and the source documents which it is in",
    "zone_unverified": "the text names a zone that its source does not keep to; the latest reading counts",
    "epoch": "seconds since 1970 by the source's own documentation",
    "crawl": "when the source collected it, an upper bound of when it was published",
    "schedule": "when the source announces what was submitted by then",
    "midnight": "midnight to the second, which is how a day without a time is often written; counts as a day",
    "fixed_clock": "the same time of day on every day of a feed, which a system put there; counts as a day",
    "no_zone": "a time of day in no known zone, or one that no clock shows; counts as a day",
    "date": "a day without a time",
    "unreadable": "there is a text, and no time could be read from it",
    "first_seen": "the source's time says nothing of when it was public; our own first sight counts",
    "none": "the source names no time",
}
"""How a time of a news item was read."""

NEWS_LINK_RULES = {
    "source": "the source itself names the security",
    "cik": "the filer's number at the SEC",
    "cashtag": "a ticker behind a dollar, or in brackets behind the name of its exchange",
    "word": "a name that is no other word, in any spelling",
    "cased": "a name in exactly this spelling",
    "word_in_context": "a name in any spelling, by the words that stand with it",
    "cased_in_context": "a name in exactly this spelling, by the words that stand with it",
}
"""Why an item is linked to a security, the surest first; aliases are in ``sql/seeds/news_aliases.csv``."""

REACTIONS_OF_EVENTS = {
    "mover": "the abnormal return of day 0 passes mover_threshold",
    "quiet": "it does not: an event without a reaction",
    "not_measured": "day 0 has no return, or too few sessions before it",
}

CONFOUNDER_KINDS = {
    "own": "another event that names the security",
    "earnings": "results that the security is named in: an event, an 8-K with item 2.02, or a date of the calendar",
    "macro": "an event of the theme macro",
    "peer": "an event of the same theme, or one that names a security which the event itself names beside this one",
    "ex_date": "a split or distribution of the security",
}
"""What else may have moved a security; an outcome is a move of the market and none of these."""

CANDIDATE_KINDS = {
    "results": "results of a quarter",
    "agreement": "a material agreement begun or ended, an acquisition or a disposition",
    "officers": "directors or officers who come or leave",
    "disclosure": "what a company discloses to everybody at once, often a press release",
    "other_event": "what a company thinks important",
    "distress": "impairment, delisting, restatement, bankruptcy, an attack on its systems",
    "results_date": "a date on which results will come",
    "model_release": "a release of a model",
    "paper": "a scientific paper",
    "burst": "a theme that much more was written about than is usual",
}

CANDIDATE_RULES = {
    "form_8k_item": "an 8-K with an item of sql/seeds/form_8k_items.csv; the item of the lowest rank says the kind",
    "results_calendar": "a date of results of a linked security",
    "linked_release": "a model release that is linked to a security or has a theme",
    "linked_paper": "a paper that is linked to a security or has a theme",
    "attention_burst": "the first day of a burst of attention to a theme; its most told story",
}

CANDIDATE_STATUSES = {
    "candidate": "nothing was decided, or its facts have changed since it was rejected",
    "linked": "an event of the catalogue says the same",
    "promoted": "it was made an event",
    "rejected": "it was rejected, and its facts are as they were",
}

DECISIONS = ("promoted", "rejected")
