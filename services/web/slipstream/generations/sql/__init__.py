"""What a statement does, from its text alone: `analyse(sql, vendor)`.

Safe to over-report, never to under-report. What a database adds to that (views, triggers,
cascades, functions of its own) is `slipstream.generations.catalog`'s.
"""

from slipstream.generations.sql.analysis import analyse
from slipstream.generations.sql.contents import names_a_moment
from slipstream.generations.sql.functions import PURE_FUNCTIONS
from slipstream.generations.sql.statement import Kind, Statement

__all__ = ["PURE_FUNCTIONS", "Kind", "Statement", "analyse", "names_a_moment"]
