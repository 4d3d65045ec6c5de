"""What each secret file holds: from what exists, what was given and whether to rotate.

Pure: texts in, texts out; files are read in `given` and written in `files`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from . import scram
from .table import GIVABLE, GROUPS, POSTGRES_ROLES

# What django-redis needs for sessions, what redis-py sends to greet, transactions for saves that
# meet, and INFO and DBSIZE as evidence. No scripts, no KEYS, no FLUSH, no CONFIG: whoever holds this
# password can't run code in Redis, read its settings or empty it at once.
WEB_COMMANDS = (
    "get mget set setex psetex getex exists del unlink touch renamenx "
    "watch unwatch multi exec discard "
    "ttl pttl expire pexpire persist scan dbsize "
    "ping info select hello client|setinfo client|setname client|getname client|id"
)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A file's text, and how it came to be: generated, kept, copied or rotated."""

    text: str
    origin: str


def contents(
    current: Mapping[str, str], given: Mapping[str, str], *, rotate: bool
) -> dict[str, Secret]:
    """The text of every file of the table, by name; computed ones follow their passwords."""
    made = {name: _source(name, current, given, rotate=rotate) for name in GIVABLE}
    for role in POSTGRES_ROLES:
        name = f"postgres-{role}.verifier"
        text = _verifier(current.get(name, ""), made[f"postgres-{role}.password"].text)
        made[name] = _derived(name, text, current)
    made["pgbouncer-userlist.txt"] = _derived("pgbouncer-userlist.txt", _userlist(made), current)
    made["redis-users.acl"] = _derived("redis-users.acl", _acl(made), current)
    return {name: made[name] for name in GROUPS}


def _source(
    name: str, current: Mapping[str, str], given: Mapping[str, str], *, rotate: bool
) -> Secret:
    known = current.get(name)
    if name in given:
        return Secret(text=given[name], origin="kept" if given[name] == known else "copied")
    if known is None or rotate:
        fresh = secrets.token_urlsafe(48 if name == "django-secret-key" else 32)
        return Secret(text=fresh, origin="generated" if known is None else "rotated")
    return Secret(text=known, origin="kept")


def _derived(name: str, text: str, current: Mapping[str, str]) -> Secret:
    known = current.get(name)
    if known is None:
        return Secret(text=text, origin="generated")
    return Secret(text=text, origin="kept" if text == known else "rotated")


def _verifier(known: str, password: str) -> str:
    # The salt is random: a new verifier for the same password would make Postgres and
    # PgBouncer differ until both had restarted.
    return known if scram.verifies(known, password) else scram.verifier(password)


def _userlist(made: Mapping[str, Secret]) -> str:
    """PgBouncer's auth_file: the very verifiers that Postgres stores.

    With the same salt and keys on both sides PgBouncer logs in to Postgres with what the
    client proved to it, and needs no password of its own.
    """
    pairs = ((role, made[f"postgres-{role}.verifier"].text) for role in POSTGRES_ROLES)
    return "".join(f"{_quoted(role)} {_quoted(text)}\n" for role, text in pairs)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _acl(made: Mapping[str, Secret]) -> str:
    web = " ".join(f"+{command}" for command in WEB_COMMANDS.split())
    return (
        "user default off\n"
        f"user web on #{_sha256(made['redis-web.password'])} ~* -@all {web}\n"
        f"user health on #{_sha256(made['redis-health.password'])} -@all +ping\n"
    )


def _sha256(secret: Secret) -> str:
    return hashlib.sha256(secret.text.encode("ascii")).hexdigest()
