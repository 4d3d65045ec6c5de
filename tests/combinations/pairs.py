"""A few sets of optimizations in which every pair of levels of two factors occurs."""

from collections.abc import Sequence

from allpairspy import AllPairs

from slipstream.optimizations import FACTORS, OPTIMIZATIONS, by_name, select

__all__ = ["covering_array", "may_be_combined"]


def covering_array() -> list[tuple[str, ...]]:
    """Return the sets."""
    levels = [
        ["", *(row.name for row in OPTIMIZATIONS if row.factor == factor.name)]
        for factor in FACTORS
    ]
    rows = AllPairs(levels, filter_func=may_be_combined)
    return [select(name for name in row if name) for row in rows]


def may_be_combined(names: Sequence[str]) -> bool:
    """Say whether none of these, a set's first levels, excludes another."""
    found = [by_name[name] for name in names if name]
    return not any(row.excludes.keys() & set(names) for row in found)
