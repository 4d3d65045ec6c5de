"""What four workers hold in memory, with and without preload, and that a pool is safe with it."""

import re
from concurrent.futures import ThreadPoolExecutor

from .replica import Replica

WORKERS = {"WEB_WORKERS": "4", "WEB_THREADS": "4"}
PLAIN = ["connection-pool", "cached-templates"]
PRELOADED = [*PLAIN, "preload"]
MOST_OF_PLAIN = 0.65
PROPORTIONAL = "cat /proc/[0-9]*/smaps_rollup 2>/dev/null"
VISITS = 40
VISITOR = re.compile(r'">(\w+)</a>\s*<form method="post"')


def proportional_bytes(replica: Replica, profiles: list[str]) -> int:
    """PSS of all of web's processes, after pages were rendered by every worker."""
    replica.up(profiles, **WORKERS)
    session = replica.login()
    for _ in range(VISITS):
        assert replica.get("/people/", session).status_code == 200
    rollups = replica.compose("exec", "-T", "web", "sh", "-c", PROPORTIONAL).stdout
    sizes = [line.split()[1] for line in rollups.splitlines() if line.startswith("Pss:")]
    assert len(sizes) > int(WORKERS["WEB_WORKERS"])  # and their parent
    return 1024 * sum(map(int, sizes))


def test_four_preloaded_workers_take_at_most_65_percent_of_plain_ones(replica: Replica) -> None:
    plain = proportional_bytes(replica, PLAIN)
    preloaded = proportional_bytes(replica, PRELOADED)
    print(f"PSS: {preloaded / plain:.2f} of {plain / 2**20:.0f} MiB")
    assert preloaded <= MOST_OF_PLAIN * plain


def test_preloaded_workers_with_a_pool_each_answer_only_their_own_visitors(
    replica: Replica,
) -> None:
    replica.up(PRELOADED, **WORKERS)
    sessions = {number: replica.login(number) for number in range(8)}

    def wrong(number: int) -> int:
        pages = [replica.get("/dashboard/", sessions[number]) for _ in range(8)]
        return sum(VISITOR.findall(page.text) != [f"student{number:06d}"] for page in pages)

    with ThreadPoolExecutor(len(sessions)) as threads:
        assert sum(threads.map(wrong, sessions)) == 0
