"""What the text of a query says about its base table: whether one row of it decides the result.

Found in the compiled query, once per text (`plans.py`): the texts of two queries are the same only
where all that is said here holds for both.
"""

import re
from typing import Any

from slipstream.generations.catalog import Catalog
from slipstream.generations.tags import bare

__all__ = ["reads_its_base_once"]

READING_WORDS = re.compile(r"\b(?:select|table)\b", re.IGNORECASE)


def reads_its_base_once(query: Any, sql: str, catalog: Catalog) -> bool:
    """Say whether rows of the base table come into the result by the first of its joins alone.

    Not where it is joined to itself or to a view over it: another row of it is in the result then.
    """
    if len(READING_WORDS.findall(sql)) != 1 or query.extra_tables or not query.alias_map:
        return False
    # Whether they are referred to or not: compiling forgets its own references.
    base, *others = (bare(table.table_name) for table in query.alias_map.values())
    return base not in catalog.read(others)
