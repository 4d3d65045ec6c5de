"""The names in the table of counters; its model is in models.py."""

COLUMNS = ("v0", "v1", "v2", "v3")
"""One for each writer, so that all of them write every row and each knows what it wrote."""

TABLE = "races_counter"
CREATE = f"""
CREATE TABLE {TABLE} (
  id bigint PRIMARY KEY, name varchar(20) NOT NULL UNIQUE,
  {", ".join(f"{column} bigint NOT NULL DEFAULT 0" for column in COLUMNS)}
)
"""


KINDS = ("autocommit", "save", "raw", "atomic", "savepoint", "rollback")
"""Of writes; writes.py says what each is."""

MOST_STEPS = 128
"""Of one write that are counted; a longer one counts as this long."""


def name_of(pk: int) -> str:
    return f"row {pk}"
