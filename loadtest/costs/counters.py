"""What each service counts of its own work, and how it is asked: a row per service.

Opening the lines is in `books.py`, comparing the counts with the site's own in `check.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtest.costs.line import END

__all__ = ("SOURCES", "Counters", "Source")

Counters = Mapping[str, int]

DATABASE = "campus"
ECHO = f"\\echo {END}\n"

STATEMENTS = """
SELECT name, value FROM (
  SELECT kind AS name, sum(calls) AS value FROM (
    SELECT calls, CASE
      WHEN query = 'SELECT $1' THEN 'pings'
      WHEN query LIKE 'SELECT set_config(%' THEN 'set_up'
      WHEN query LIKE 'SELECT % FROM ONLY % FOR KEY SHARE OF x' THEN 'key_checks'
      WHEN query LIKE '%FROM pg_catalog.pg_%' OR query LIKE '%pg_is_in_recovery()%' THEN 'catalog'
      ELSE 'statements' END AS kind
    FROM pg_stat_statements
    WHERE userid = 'app'::regrole
      AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS of_web
  GROUP BY kind
  UNION ALL SELECT 'evicted', dealloc FROM pg_stat_statements_info
  UNION ALL SELECT 'resets', extract(epoch FROM stats_reset)::bigint FROM pg_stat_statements_info
) AS found;
"""
"""By the role that web logs in as, and nobody else of a running lab.

`statements`: what the site's code asks. Apart from them, since Server-Timing has none of these:
`pings` (Django's test of a kept connection, `SELECT 1` on the driver's own cursor), `set_up` (of a
new connection), `key_checks` (Postgres' own at COMMIT, for each foreign key that was written) and
`catalog` (the query cache's, past Django: which tables a view or a trigger touches).
BEGIN and COMMIT are in neither. SAVEPOINT is in Server-Timing alone, since
pg_stat_statements.track_utility is off: a site that nests transactions is flagged.
"""

KINDS = ("statements", "pings", "set_up", "key_checks", "catalog")

POOLER = "SHOW STATS;\n"
POOLER_COLUMNS = {
    "total_query_count": "queries",
    "total_xact_count": "transactions",
    "total_server_assignment_count": "assignments",
    "total_wait_time": "wait_us",
}
MEMCACHED_NAMES = ("cmd_get", "cmd_set", "get_hits", "get_misses", "cas_hits", "evictions")


@dataclass(frozen=True, kw_only=True)
class Source:
    """command: runs inside of the container, as root with its capabilities dropped."""

    command: tuple[str, ...]
    question: str
    read: Callable[[Sequence[str]], Counters]


def psql(port: int, database: str) -> tuple[str, ...]:
    """As the role that may read statistics and nothing else; its password stays in the container."""
    login = (
        f"host=127.0.0.1 port={port} user=monitor dbname={database} "
        "connect_timeout=5 gssencmode=disable"
    )
    read = "PGPASSWORD=$(cat /run/slipstream/secrets/postgres-monitor.password) || exit"
    options = "--no-psqlrc --quiet --no-align --field-separator=' '"
    return "sh", "-c", f'{read}; export PGPASSWORD; exec psql {options} "{login}"'


def pairs(lines: Sequence[str]) -> dict[str, int]:
    """`name value` lines; headings and footers aren't."""
    words = [line.split() for line in lines]
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdecimal()}  # noqa: PLR2004


def statements(lines: Sequence[str]) -> Counters:
    """A kind of which none was seen yet isn't listed."""
    return dict.fromkeys(KINDS, 0) | pairs(lines)


def pooler(lines: Sequence[str]) -> Counters:
    """The row of the site's database; names in the first line, newer releases have more of them."""
    names = lines[0].split()
    rows = {line.split()[0]: line.split() for line in lines[1:]}
    if DATABASE not in rows:  # nobody has asked yet
        return dict.fromkeys(POOLER_COLUMNS.values(), 0)
    row = dict(zip(names, rows[DATABASE], strict=True))
    return {ours: int(row[theirs]) for theirs, ours in POOLER_COLUMNS.items()}


def memcached(lines: Sequence[str]) -> Counters:
    found = pairs([line.removeprefix("STAT ") for line in lines])
    return {name: found[name] for name in MEMCACHED_NAMES}


SOURCES = {
    "postgres": Source(command=psql(5432, DATABASE), question=STATEMENTS + ECHO, read=statements),
    "pgbouncer": Source(command=psql(6432, "pgbouncer"), question=POOLER + ECHO, read=pooler),
    "memcached": Source(
        command=("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/11211; cat <&3 & cat >&3; kill $!"),
        question="stats\r\n",
        read=memcached,
    ),
}
