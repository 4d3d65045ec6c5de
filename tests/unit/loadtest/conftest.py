"""What several tests of the lab start from: rows of a small table, short settings, a run's plan."""

import gc
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from loadtest import validity
from loadtest.plan import Plan, make_plan
from loadtest.settings import Settings


@dataclass(frozen=True)
class FakeRow:
    name: str
    factor: str
    recommended: bool = True
    services: tuple[str, ...] = ()


ROWS = (FakeRow("alpha", "connections", services=("pooler",)), FakeRow("beta", "templates"))


def short(results: Path, blocks: int = 3, latency_seconds: float = 0.0) -> Settings:
    """Phases shorter than a user may choose them; no latency stage unless it is given a length."""
    given = {"visitors": "3", "warmup_seconds": "0", "one_query_warmup_seconds": "0", "seed": "7"}
    settings = Settings.parse(given | {"results": str(results)})
    return replace(
        settings,
        blocks=blocks,
        mix_seconds=0.2,
        one_query_seconds=0.1,
        latency_seconds=latency_seconds,
        given=(),
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One block."""
    return make_plan(short(tmp_path, blocks=1), ROWS)


@pytest.fixture(scope="module")
def any_machine() -> Iterator[None]:
    """Have windows count whatever else runs on the machine; what makes one invalid is tested apart."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("MAX_LAG_MS", "SATURATED"):
            patch.setattr(validity, limit, math.inf)
        yield


@pytest.fixture
def many_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep statsmodels from collecting garbage each time that it adjusts for comparisons."""
    monkeypatch.setattr(gc, "collect", lambda: 0)
