"""CPU time and memory of a control group, in both versions of the kernel's interface."""

from pathlib import Path

import pytest

from loadtest.costs.cgroups import Account, Usage
from loadtest.costs.meter import Meter

V1 = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n"
V2 = "0::/system.slice/docker-abc.scope\n"


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Its process 7 is of version 1, 8 of version 2, 9 in a group that can't be seen."""
    for pid, text in {"7": V1, "8": V2, "9": "0::/../elsewhere\n"}.items():
        write(tmp_path / "proc" / pid, cgroup=text)
    root = tmp_path / "cgroup"
    write(root / "cpuacct/docker/abc", cpuacct__usage="2500000000\n")
    write(
        root / "memory/docker/abc",
        memory__usage_in_bytes="1000\n",
        memory__max_usage_in_bytes="5000\n",
        memory__stat="cache 1\nrss 2\nshmem 3\ntotal_cache 600\ntotal_shmem 250\n",
    )
    write(
        root / "system.slice/docker-abc.scope",
        cpu__stat="usage_usec 2500000\nuser_usec 1\n",
        memory__current="1000\n",
        memory__stat="anon 300\nfile 600\nshmem 250\n",
    )
    return tmp_path


def account(machine: Path, pid: int) -> Account | None:
    return Account.of(pid, root=machine / "cgroup", proc=machine / "proc")


@pytest.mark.parametrize(("pid", "peak"), [(7, 5000), (8, None)])
def test_files_cache_is_left_out_and_shared_memory_counted(
    machine: Path, pid: int, peak: int | None
) -> None:
    found = account(machine, pid)
    assert found is not None
    assert found.read() == Usage(cpu_ms=2500, memory_bytes=650, peak_bytes=peak)


@pytest.mark.parametrize("pid", [9, 10])
def test_a_group_that_cannot_be_read_is_unknown(machine: Path, pid: int) -> None:
    assert account(machine, pid) is None


def test_a_meter_gives_what_was_spent_between_its_ends(machine: Path) -> None:
    found = account(machine, 7)
    assert found is not None
    meter = Meter.of({"web": found.as_dict()})
    meter.begin()
    write(machine / "cgroup/cpuacct/docker/abc", cpuacct__usage="2530000000\n")
    sum(range(200_000))
    meter.end()
    costs = meter.costs(10)
    assert costs["cpu_ms"] == {"web": pytest.approx(30)}
    assert costs["memory_bytes"] == {"web": 650}
    assert costs["requests"] == 10
    assert 0 < costs["generator_cpu_ms"] < 10_000


def test_a_container_that_is_gone_is_left_out(machine: Path) -> None:
    found = account(machine, 7)
    assert found is not None
    meter = Meter.of({"web": found.as_dict()})
    meter.begin()
    (machine / "cgroup/cpuacct/docker/abc/cpuacct.usage").unlink()
    meter.end()
    assert meter.costs(10)["cpu_ms"] == {}
