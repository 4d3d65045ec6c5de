"""Raw samples: what counts, what is kept, and that files of another kind are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtest.errors import StoreError
from loadtest.generator.server_timing import UNKNOWN, parse
from loadtest.samples import COLUMNS, Samples, load, save

HEADER = (
    'db;dur=12.5;desc="4", connect;dur=3.25;desc="1", template;dur=7;desc="2", '
    'cache;dur=0.5;desc="3", total;dur=42.125'
)


def row(start: float, latency: float, **content: Any) -> dict[str, Any]:
    facts = {"status": 200, "page": "dashboard", "error": "", "visitor": 1, "response_bytes": 10}
    return {"start_s": start, "latency_s": latency} | facts | UNKNOWN | content


def test_responses_count_when_they_arrive_within_the_phase() -> None:
    rows = [row(-0.2, 0.1), row(-0.2, 0.3), row(1.0, 0.5), row(1.9, 0.2)]
    assert Samples.of(rows, 2.0).counted.tolist() == [False, True, True, False]


def test_errors_count_as_requests_but_not_as_good_ones() -> None:
    samples = Samples.of([row(0, 0.1), row(0, 0.2, error="status", status=500)], 1.0)
    assert samples.counted.sum() == 2
    assert samples.latencies_ms.tolist() == pytest.approx([100])


def test_samples_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    rows = [row(0, 0.1, **parse(HEADER)), row(0.5, 0.25, page="post", error="status", status=503)]
    saved = Samples.of(rows, 1.5)
    save(tmp_path / "raw.npz", saved)
    found = load(tmp_path / "raw.npz")
    assert (found.pages, found.errors, found.seconds) == (
        ("dashboard", "post"),
        ("", "status"),
        1.5,
    )
    for name in COLUMNS:
        assert np.array_equal(found.columns[name], saved.columns[name]), name


def test_a_phase_without_any_response_can_be_kept(tmp_path: Path) -> None:
    save(tmp_path / "raw.npz", Samples.of([], 1.0))
    assert load(tmp_path / "raw.npz").good.sum() == 0


def test_server_timing_is_read_into_columns() -> None:
    assert parse(HEADER) == {
        "db_ms": 12.5,
        "queries": 4,
        "connect_ms": 3.25,
        "connections": 1,
        "template_ms": 7,
        "compiled": 2,
        "cache_ms": 0.5,
        "round_trips": 3,
        "jinja2": 0,
        "total_ms": 42.125,
    }


def test_what_jinja2_rendered_is_said_only_where_it_did() -> None:
    assert parse(HEADER.replace("total", 'jinja2;desc="1", total'))["jinja2"] == 1


def test_samples_of_a_lab_that_knew_fewer_columns_are_read(tmp_path: Path) -> None:
    save(tmp_path / "raw.npz", Samples.of([row(0, 0.1, **parse(HEADER))], 1.0))
    with np.load(tmp_path / "raw.npz") as file:
        older = {name: file[name] for name in file.files if name != "jinja2"}
    np.savez_compressed(tmp_path / "raw.npz", **older)
    assert load(tmp_path / "raw.npz").values("jinja2").size == 0
    assert load(tmp_path / "raw.npz").values("queries").tolist() == [4]


@pytest.mark.parametrize("header", ["", "miss", "db", 'other;dur=1;desc="9"'])
def test_what_server_timing_does_not_say_is_unknown(header: str) -> None:
    assert parse(header) == UNKNOWN


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_damaged_raw_file_is_answered_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "raw.npz"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="can't read raw samples") as caught:
        load(file)
    assert "\n" not in str(caught.value)
