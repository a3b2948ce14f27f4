"""One address for one page: the canonical form of a URL, used to recognise an item and never to fetch it.

Only what is known not to choose another page is taken away. A parameter that nobody has listed stays, because a page
that is counted twice is a smaller mistake than two pages that are counted once.
"""

from __future__ import annotations

from typing import Final

import polars as pl

TRACKING: Final = (
    r"(?i)^(?:utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|mkt_tok"
    r"|_hsenc|_hsmi|hsctatracking|oly_enc_id|oly_anon_id|vero_id|cmpid|ncid|smid|guccounter|guce_referrer|guce_referrer_sig"
    r"|\.?tsrc|soc_src|soc_trk|at_medium|at_campaign|xtor|spm)(?:=|$)"
)
"""Parameters that say where a reader came from, by the tools that add them: Google, Meta, Microsoft, Mailchimp, HubSpot,
Marketo, Yahoo, the New York Times and others."""

_PARTS: Final = (
    r"(?is)^(?:https?:)?//(?:[^/?#@]*@)?(?<host>\[[^\]/?#]*\]|[^/?#:@\[\]]+?)\.*(?::(?<port>\d*))?"
    r"(?<path>/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$"
)
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


def canonical_url(url: pl.Expr) -> pl.Expr:
    """Return the canonical form of web addresses.

    The scheme is https; the host is in lower case without user, default port, ``www.``, ``m.``, ``mobile.`` or
    ``amp.``; parameters are sorted, without those of `TRACKING`; there is no trailing slash and no fragment, unless it
    is a page of its own (``#!``). Pages of arXiv, YouTube, X, Wikipedia and EDGAR that have several addresses get one.

    Parameters
    ----------
    url : Expr
        Text as a source gives it. What is no web address is only rid of control characters and outer blanks.

    Returns
    -------
    Expr
        Text; null for null. The canonical form of a canonical form is itself.
    """
    clean = url.str.replace_all(r"[\p{Cc}\p{Cf}]+", "").str.strip_chars().str.replace_all(r"\p{Z}", "%20")
    parts = clean.str.extract_groups(_PARTS).struct
    host = _host(parts.field("host"))
    port = pl.when(~parts.field("port").is_in(["", "80", "443"])).then(":" + parts.field("port")).fill_null("")
    path = parts.field("path").fill_null("").str.strip_chars_end("/")
    fragment = pl.when(parts.field("fragment").str.starts_with("!")).then("#" + parts.field("fragment")).fill_null("")
    address = "https://" + host + port + path + _query(parts.field("query")) + fragment
    for pattern, page in _PAGES:
        address = address.str.replace(pattern, page)
    return pl.coalesce(address, clean)


def _host(host: pl.Expr) -> pl.Expr:
    """Return the host without the part that chooses a device, unless a bare country domain would be left."""
    lower = host.str.to_lowercase()
    bare = lower.str.extract(_READER_HOST)
    return pl.when(bare.str.contains(_COUNTRY_DOMAIN)).then(lower).otherwise(pl.coalesce(bare, lower))


def _query(query: pl.Expr) -> pl.Expr:
    chosen = pl.element().filter((pl.element() != "") & ~pl.element().str.contains(TRACKING))
    kept = query.str.split("&").list.eval(chosen).list.sort().list.join("&")
    return pl.when(kept != "").then("?" + kept).otherwise(pl.lit(""))
