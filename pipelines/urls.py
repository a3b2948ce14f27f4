"""One address for one page: the canonical form of a URL, used to recognise an item and never to fetch it.

Only what is known not to choose another page is taken away. A parameter that nobody has listed stays, because a page
that is counted twice is a smaller mistake than two pages that are counted once.
"""

from __future__ import annotations

from typing import Final

import polars as pl

TRACKING: Final = (
    r"(?i)&(?:utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|mkt_tok"
    r"|_hsenc|_hsmi|hsctatracking|oly_enc_id|oly_anon_id|vero_id|cmpid|ncid|smid|guccounter|guce_referrer"
    r"|guce_referrer_sig|\.?tsrc|soc_src|soc_trk|at_medium|at_campaign|xtor|spm)(?:=[^&]*)?&"
)
"""Parameters that say where a reader came from, by the tools that add them: Google, Meta, Microsoft, Mailchimp,
HubSpot, Marketo, Yahoo, the New York Times and others."""

_READER_HOST: Final = r"^(?:(?:www|m|mobile|amp)\.)+((?:[^.]+\.)+[^.]+)$"
_COUNTRY_DOMAIN: Final = r"^(?:ac|co|com|edu|gov|net|ne|or|org)\.[a-z]{2}$"

_PAGES: Final = (
    # Wikipedia puts its mobile mark behind the language.
    (r"^https://([a-z-]+)\.m\.wikipedia\.org(/|$)", "https://${1}.wikipedia.org${2}"),
    # arXiv: abstract, PDF and HTML of any version are one paper.
    (
        r"^https://(?:export\.)?arxiv\.org/(?:abs|pdf|html|format)/((?:[a-z-]+(?:\.[A-Z]{2})?/)?\d{4}[\d.]*\d)(?:v\d+)?(?:\.pdf)?"
        r"(?:\?.*)?$",
        "https://arxiv.org/abs/${1}",
    ),
    # YouTube: a video has a name of eleven characters, and five ways to write its page.
    (
        r"^https://(?:youtu\.be|(?:music\.)?youtube(?:-nocookie)?\.com/(?:shorts|live|embed|v))/([\w-]{11})(?:[?].*)?$",
        "https://youtube.com/watch?v=${1}",
    ),
    (r"^https://(?:music\.)?youtube\.com/watch\?(?:.*&)?v=([\w-]{11})(?:&.*)?$", "https://youtube.com/watch?v=${1}"),
    # X, formerly Twitter: the number names the post, whatever the user is called today.
    (r"^https://(?:twitter|x)\.com/\w+/status/(\d+)(?:[/?].*)?$", "https://x.com/i/status/${1}"),
    # EDGAR's viewer shows the document that it names.
    (r"^https://sec\.gov/ix\?doc=/(Archives/[^?&]+[^?&/])$", "https://sec.gov/${1}"),
)


def canonical_urls(urls: pl.Series) -> pl.Series:
    """Return the canonical form of web addresses.

    The scheme is https; the host is in lower case without user, default port, ``www.``, ``m.``, ``mobile.`` or
    ``amp.``; parameters are sorted, without those of `TRACKING`; there is no trailing slash and no fragment, unless it
    is a page of its own (``#!``). Pages of arXiv, YouTube, X, Wikipedia and EDGAR that have several addresses get one.

    Parameters
    ----------
    urls : Series
        Text as a source gives it. What is no web address is only rid of control characters and outer blanks.

    Returns
    -------
    Series
        Text; null for null. The canonical form of a canonical form is itself.
    """
    text = pl.col("url")
    clean = text.str.replace_all(r"[\p{Cc}\p{Cf}]+", "").str.strip_chars().str.replace_all(r"\p{Z}", "%20")
    frame = urls.alias("url").to_frame().select(clean=clean)
    frame = _split(frame, "clean", "#", "rest", "fragment")
    frame = _split(frame, "rest", "?", "location", "query")
    frame = frame.with_columns(address=pl.col("location").str.extract(r"(?s)^(?i:https?:)?//(.*)$"))
    frame = _split(frame, "address", "/", "authority", "path")
    frame = frame.with_columns(lower=_lower_host(), kept=_kept_query()).with_columns(host=_host())
    address = pl.concat_str(pl.lit("https://"), "host", _port(), _path(), _query(), _fragment())
    frame = frame.select("clean", "host", address=address)
    for pattern, page in _PAGES:
        frame = frame.with_columns(pl.col("address").str.replace(pattern, page))
    return frame.select(pl.when(pl.col("host") != "").then("address").otherwise("clean").alias(urls.name)).to_series()


def _split(frame: pl.DataFrame, column: str, mark: str, before: str, after: str) -> pl.DataFrame:
    """Return the frame with what stands before and after the first mark; null where there is no mark."""
    halves = pl.col(column).str.splitn(mark, 2).struct.rename_fields([before, after]).alias("halves")
    return frame.with_columns(halves).unnest("halves")


def _lower_host() -> pl.Expr:
    user = r"^.*@"
    return pl.col("authority").str.replace(user, "").str.replace(r"(?:\.|:\d*)+$", "").str.to_lowercase()


def _host() -> pl.Expr:
    """Return the host without the part that chooses a device, unless a bare country domain would be left."""
    bare = pl.col("lower").str.extract(_READER_HOST)
    return pl.when(bare.str.contains(_COUNTRY_DOMAIN)).then("lower").otherwise(pl.coalesce(bare, "lower"))


def _port() -> pl.Expr:
    port = pl.col("authority").str.extract(r":(\d+)\.*$")
    return pl.when(~port.is_in(["80", "443"])).then(":" + port).otherwise(pl.lit(""))


def _path() -> pl.Expr:
    path = pl.col("path").str.strip_chars_end("/")
    return pl.when(path != "").then("/" + path).otherwise(pl.lit(""))


def _kept_query() -> pl.Expr:
    """Return the parameters that may choose a page. Marks are doubled, for two that follow one another share one."""
    doubled = "&" + pl.col("query").str.replace_all("&", "&&", literal=True) + "&"
    return doubled.str.replace_all(TRACKING, "").str.replace_all(r"&+", "&").str.strip_chars("&")


def _query() -> pl.Expr:
    kept = pl.col("kept")
    return pl.when(kept != "").then("?" + kept.str.split("&").list.sort().list.join("&")).otherwise(pl.lit(""))


def _fragment() -> pl.Expr:
    return pl.when(pl.col("fragment").str.starts_with("!")).then("#" + pl.col("fragment")).otherwise(pl.lit(""))
