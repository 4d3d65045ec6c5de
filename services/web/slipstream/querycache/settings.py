"""SLIPSTREAM["QUERY_CACHE"] as one frozen object."""

from dataclasses import dataclass, field

__all__ = ["QueryCacheSettings", "current"]


@dataclass(frozen=True, kw_only=True)
class QueryCacheSettings:
    """SLIPSTREAM["QUERY_CACHE"]: where entries are, how long, how large, and which are left out.

    CACHE: alias in CACHES, of the entries and of the generations they depend on: both are read in
    one round trip. LOCATION: memcached at host:port, for a site whose CACHES lacks that alias.
    TABLE_TIMEOUT_SECONDS: per table, instead of TIMEOUT_SECONDS. READS: off, this process reads
    past the cache, and its writes still keep it true. EXCLUDE: tables that are never cached.
    REPLICAS: aliases of read replicas to cache all the same, though they lag behind.
    PURE_FUNCTIONS: your own database functions whose result depends on their arguments alone.
    FAST_INSTANCES: make instances without Model.__init__ where nothing can tell the difference.
    REUSE_SQL: compile queries that differ in their conditions' values alone only once.
    """

    CACHE: str = "default"
    LOCATION: str = ""
    TIMEOUT_SECONDS: int = 3600
    TABLE_TIMEOUT_SECONDS: dict[str, int] = field(default_factory=dict)
    MAX_ENTRY_BYTES: int = 512 * 1024
    COMPRESS_ABOVE_BYTES: int = 65536
    LEASE_WAIT_SECONDS: float = 0.0
    LEASE_SECONDS: int = 10
    AUTO_BYPASS: bool = True
    VERIFY: bool = False
    READS: bool = True
    EXCLUDE: tuple[str, ...] = ("django_session",)
    REPLICAS: tuple[str, ...] = ()
    PURE_FUNCTIONS: tuple[str, ...] = ()
    FAST_INSTANCES: bool = True
    REUSE_SQL: bool = True


def current() -> QueryCacheSettings:
    """Return the settings of this process."""
    from slipstream import config  # noqa: PLC0415 - config is made of this module's settings

    return config.current().query_cache
