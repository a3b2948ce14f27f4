"""Pairs of headlines that may be the same, without comparing each with each.

Headlines that are nearly alike share most of their words, and so nearly always two of their four longest. Each pair of
those four is a block, and within a block a headline is compared with the few that came just before it (sorted
neighbourhood, Hernandez and Stolfo 1995, doi:10.1145/223784.223807). So a headline has a bounded number of candidates,
however many there are and however alike they are. The choice of words looks at nothing but the headline itself.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

N_LONGEST: Final = 4
N_BEFORE: Final = 6
"""Headlines of a block that one is compared with. With six blocks it has at most 36 candidates."""

SPACED: Final = r"([\p{Han}\p{Hiragana}\p{Katakana}])"
"""Letters that are words of their own here, for their scripts set no blanks."""

Ints = NDArray[np.int64]


def candidate_pairs(titles: pl.Series, at: Ints, window: int) -> pl.DataFrame:
    """Return pairs of headlines that may be the same.

    Parameters
    ----------
    titles : Series
        Headlines in small letters with blanks between words, in the order of their time.
    at : array of int
        Their times, ascending.
    window : int
        Longest time between two headlines that are compared, in the unit of `at`.

    Returns
    -------
    DataFrame
        ``later``, ``earlier``: places in `titles`, each pair once, sorted.
    """
    codes = _longest_words(titles)
    blocks = [_block(codes, i, j) for i, j in combinations(range(N_LONGEST), 2)]
    block = np.concatenate([key for key, _ in blocks])
    place = np.concatenate([rows for _, rows in blocks])
    order = np.lexsort((place, block))
    return _neighbours(block[order], place[order], at, window)


def _longest_words(titles: pl.Series) -> Ints:
    """Return the numbers of the longest distinct words of each title (rows x N_LONGEST), -1 where it has fewer.

    Words are numbered from the longest to the shortest and by the alphabet, so that the numbers of a title sort as the
    words do, whatever other titles there are.
    """
    spaced = titles.str.replace_all(SPACED, " ${1} ")
    tokens = (
        pl.DataFrame({"word": spaced.str.strip_chars(" ").str.replace_all(r" +", " ").str.split(" ")})
        .with_row_index("row")
        .explode("word")
    )
    vocabulary = (
        tokens.select("word")
        .unique()
        .filter(pl.col("word") != "")
        .sort(pl.col("word").str.len_chars(), "word", descending=[True, False])
        .with_row_index("code")
    )
    coded = tokens.join(vocabulary, on="word").select(key=pl.col("row").cast(pl.Int64) * 2**32 + pl.col("code"))
    keys = _distinct(coded["key"].to_numpy())
    rows, codes = keys >> 32, keys & (2**32 - 1)
    starts = np.searchsorted(rows, np.arange(titles.len()))
    rank = np.arange(rows.size) - starts[rows]
    longest = np.full((titles.len(), N_LONGEST), -1, dtype=np.int64)
    is_long = rank < N_LONGEST
    longest[rows[is_long], rank[is_long]] = codes[is_long]
    return longest


def _block(codes: Ints, i: int, j: int) -> tuple[Ints, Ints]:
    """Return the blocks that two of the words make, and the titles in them; a title of one word has that word."""
    second = np.where((codes[:, 1] < 0) & (i == 0) & (j == 1), codes[:, 0], codes[:, j])
    rows = np.flatnonzero((codes[:, i] >= 0) & (second >= 0))
    return (codes[rows, i] << 31) | second[rows], rows


def _neighbours(block: Ints, place: Ints, at: Ints, window: int) -> pl.DataFrame:
    """Return each member of a block with the ones before it, if they are near in time."""
    found: list[Ints] = []
    for step in range(1, N_BEFORE + 1):
        later, earlier = place[step:], place[:-step]
        is_near = (block[step:] == block[:-step]) & (at[later] - at[earlier] <= window) & (later != earlier)
        found.append((later[is_near] << 32) | earlier[is_near])
    pairs = _distinct(np.concatenate(found))
    return pl.DataFrame({"later": pairs >> 32, "earlier": pairs & (2**32 - 1)})


def _distinct(keys: Ints) -> Ints:
    """Return the distinct keys, sorted. Faster than numpy.unique, which builds a hash table first."""
    ordered = np.sort(keys)
    is_new = np.ones(ordered.size, dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[is_new], dtype=np.int64)
