"""What each service may do, how it is checked, and that it comes back by itself."""

import subprocess
from pathlib import Path

import pytest

from slipstream.optimizations import OPTIMIZATIONS, recommended

from .replica import Replica, wait_until

SERVICES = ["web", "postgres", *sorted({name for row in OPTIMIZATIONS for name in row.services})]
DATABASE_SERVICES = ("pgbouncer", "web")
UNHEALTHY_SECONDS = 10


@pytest.fixture(scope="module")
def all_services(replica: Replica) -> Replica:
    replica.up(recommended())
    return replica


def status_of_main_process(replica: Replica, service: str) -> dict[str, str]:
    pid = replica.container(service)["State"]["Pid"]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = Path(f"/proc/{children[0]}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_no_rights_that_it_does_not_need(all_services: Replica, service: str) -> None:
    host = all_services.container(service)["HostConfig"]

    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Init"]
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"] == "10m"


@pytest.mark.parametrize("service", SERVICES)
def test_service_runs_as_nobody_special_without_capabilities(
    all_services: Replica, service: str
) -> None:
    status = status_of_main_process(all_services, service)

    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", SERVICES)
def test_root_file_system_refuses_a_write(all_services: Replica, service: str) -> None:
    done = all_services.compose("exec", "-T", service, "touch", "/written", COMPOSE_PROFILES="*")
    assert done.returncode != 0
    assert "Read-only" in done.stdout


def test_ports_are_published_on_loopback_only(all_services: Replica) -> None:
    published = {
        binding["HostIp"]
        for service in SERVICES
        for bindings in all_services.container(service)["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    assert published == {"127.0.0.1"}


def test_a_stopped_postgres_turns_its_users_unhealthy_and_they_recover(
    all_services: Replica,
) -> None:
    for service in DATABASE_SERVICES:
        wait_until(lambda s=service: all_services.health(s) == "healthy", 60, f"{service} healthy")

    all_services.compose("stop", "postgres")
    for service in DATABASE_SERVICES:
        took = wait_until(
            lambda s=service: all_services.health(s) == "unhealthy",
            UNHEALTHY_SECONDS,
            f"{service} unhealthy",
        )
        print(f"{service}: unhealthy {took:.1f} s after Postgres was down")
    answer = all_services.get("/-/health/ready")
    assert answer.status_code == 503
    assert "database" in answer.json()["failing"]

    all_services.compose("start", "postgres")
    for service in DATABASE_SERVICES:
        took = wait_until(
            lambda s=service: all_services.health(s) == "healthy", 60, f"{service} healthy again"
        )
        print(f"{service}: healthy {took:.1f} s after Postgres was started")
    assert all_services.get("/colleges/").status_code == 200


def test_a_killed_postgres_comes_back_and_the_site_with_it(all_services: Replica) -> None:
    all_services.kill("postgres")

    wait_until(lambda: all_services.health("postgres") == "healthy", 60, "postgres healthy")
    wait_until(lambda: all_services.get("/colleges/").status_code == 200, 60, "the site answers")


def passwords(replica: Replica) -> dict[str, str]:
    names = ("postgres-app", "postgres-health", "postgres-monitor", "redis-web", "redis-health")
    found = {name: replica.secret(f"{name}.password") for name in names}
    return found | {"django": replica.secret("django-secret-key")}


def test_no_password_is_in_inspect_logs_history_or_the_repository(all_services: Replica) -> None:
    secrets = passwords(all_services)
    names = ["--filter", f"label=com.docker.compose.project={all_services.project}"]
    ids = subprocess.check_output(["docker", "ps", "-aq", *names], text=True).split()
    services = ("postgres", "pgbouncer", "redis", "memcached", "secrets")
    images = [f"slipstream-{name}" for name in services]
    commands = [
        ["docker", "inspect", *ids],
        *(["docker", "history", "--no-trunc", image] for image in [*images, "slipstream-web:5.2"]),
        *(["docker", "inspect", image] for image in images),
        *(["docker", "logs", container] for container in ids),
    ]
    said = "".join(
        subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        ).stdout
        for command in commands
    )
    tracked = subprocess.check_output(["git", "grep", "-h", "-I", "-e", ""], text=True)

    assert len(said) > 10_000
    assert [name for name, value in secrets.items() if value in said or value in tracked] == []
