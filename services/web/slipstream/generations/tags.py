"""The names of what can be written, as one space of items knows them.

A tag is a plain string: everything of the database, a table, all rows of a table, or one row.
"""

__all__ = ["EVERYTHING", "all_rows", "bare", "guard_of", "in_order", "row", "table"]

EVERYTHING = "*"
"""What every entry depends on: schema changes and statements that weren't understood touch it."""


def bare(name: str) -> str:
    """Return a model's `db_table` as catalogs name it: in lower case, without quotes and schema.

    A schema is smuggled in by quotes: 'public"."person' becomes "public"."person".
    """
    return name.rpartition('"."')[2].strip('"').lower()


def table(name: str) -> str:
    """Return the tag that any write to the table touches."""
    return f"t:{name}"


def all_rows(name: str) -> str:
    """Return the tag that writes touch which can't name their rows."""
    return f"a:{name}"


def row(name: str, key: str) -> str:
    """Return the tag of the row with this primary key."""
    return f"r:{name}:{key}"


def guard_of(tag: str) -> str | None:
    """Return the table's tag for a tag of its rows, which every writer marks before that one."""
    kind, _, rest = tag.partition(":")
    if kind == "r":
        return table(rest.rpartition(":")[0])
    return table(rest) if kind == "a" else None


def in_order(tags: "set[str] | frozenset[str]") -> list[str]:
    """Return the order in which a writer marks: what guards comes before what it guards."""
    return sorted(tags, key=lambda tag: (guard_of(tag) is not None, tag))
