"""What the secrets service writes, keeps, copies and rotates."""

import hashlib
import re
import stat
from pathlib import Path

import pytest

from services.secrets.credentials import files, scram
from services.secrets.credentials.table import GIVABLE, GROUPS, PASSWORDS, POSTGRES_ROLES

from .conftest import Volume, as_root

AWKWARD = "\"'$:@/#% \\"


def users(volume: Volume) -> dict[str, str]:
    """PgBouncer's list as PgBouncer reads it: a doubled quote is a quote."""
    lines = volume.texts()["pgbouncer-userlist.txt"].splitlines()
    pairs = (re.fullmatch(r'"((?:[^"]|"")*)" "((?:[^"]|"")*)"', line) for line in lines)
    return {found[1]: found[2].replace('""', '"') for found in pairs if found}


def test_first_run_generates_every_file(volume: Volume) -> None:
    assert volume.run() == [f"generated {name}" for name in GROUPS]
    assert set(volume.texts()) == set(GROUPS)


def test_second_run_keeps_every_file(volume: Volume) -> None:
    volume.run()
    before = volume.texts()
    assert volume.run() == [f"kept {name}" for name in GROUPS]
    assert volume.texts() == before


def test_generated_secrets_all_differ(volume: Volume) -> None:
    volume.run()
    values = [volume.texts()[name] for name in GIVABLE]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 43  # 256 bits in base 64


def test_postgres_and_pgbouncer_get_the_same_verifier(volume: Volume) -> None:
    volume.run()
    texts = volume.texts()
    assert users(volume) == {role: texts[f"postgres-{role}.verifier"] for role in POSTGRES_ROLES}
    for role, verifier in users(volume).items():
        assert scram.verifies(verifier, texts[f"postgres-{role}.password"])


def test_redis_users_hold_hashes_and_no_default(volume: Volume) -> None:
    volume.run()
    texts = volume.texts()
    default, web, health = texts["redis-users.acl"].splitlines()
    assert default == "user default off"
    assert hashlib.sha256(texts["redis-web.password"].encode()).hexdigest() in web
    assert hashlib.sha256(texts["redis-health.password"].encode()).hexdigest() in health
    assert health.endswith("-@all +ping")
    assert "@all" not in web.replace("-@all", "")


def test_given_secret_is_copied_and_all_that_follows_from_it_rewritten(volume: Volume) -> None:
    volume.run()
    volume.give("postgres-app.password", AWKWARD)
    said = volume.run()
    assert "copied postgres-app.password" in said
    assert "rotated postgres-app.verifier" in said
    assert "rotated pgbouncer-userlist.txt" in said
    assert "kept postgres-health.verifier" in said
    assert volume.texts()["postgres-app.password"] == AWKWARD
    assert scram.verifies(users(volume)["app"], AWKWARD)


@pytest.mark.parametrize(("text", "secret"), [("a", "a"), ("a\n", "a"), (" a ", " a ")])
def test_one_line_feed_at_the_end_is_no_part_of_a_secret(
    volume: Volume, text: str, secret: str
) -> None:
    volume.give("redis-web.password", text)
    volume.run()
    assert volume.texts()["redis-web.password"] == secret


def test_given_secret_that_is_unchanged_keeps_its_verifier(volume: Volume) -> None:
    volume.give("postgres-app.password", AWKWARD)
    volume.run()
    before = volume.texts()
    assert "kept postgres-app.password" in volume.run()
    assert volume.texts() == before


def test_given_secret_stays_when_its_file_leaves(volume: Volume) -> None:
    volume.give("postgres-app.password", AWKWARD)
    volume.run()
    (volume.given / "postgres-app.password").unlink()
    volume.run()
    assert volume.texts()["postgres-app.password"] == AWKWARD


def test_rotation_renews_every_generated_file(volume: Volume) -> None:
    volume.run()
    before = volume.texts()
    assert volume.run(rotate=True) == [f"rotated {name}" for name in GROUPS]
    assert not set(before.values()) & set(volume.texts().values())
    for role, verifier in users(volume).items():
        assert scram.verifies(verifier, volume.texts()[f"postgres-{role}.password"])


def test_rotation_leaves_given_secrets_alone(volume: Volume) -> None:
    volume.give("postgres-app.password", AWKWARD)
    volume.run()
    before = volume.texts()
    assert "kept postgres-app.verifier" in volume.run(rotate=True)
    assert volume.texts()["postgres-app.verifier"] == before["postgres-app.verifier"]


@pytest.mark.parametrize("lost", ["postgres-app.verifier", "pgbouncer-userlist.txt"])
def test_run_after_a_kill_half_way_completes_the_set(volume: Volume, lost: str) -> None:
    volume.run()
    (volume.folder / lost).unlink()
    (volume.folder / f".{lost}.tmp").write_text("half a")
    volume.run()
    assert set(volume.texts()) == set(GROUPS)
    assert users(volume)["app"] == volume.texts()["postgres-app.verifier"]


def test_password_changed_without_its_verifier_is_repaired(volume: Volume) -> None:
    volume.run()
    (volume.folder / "postgres-app.password").chmod(0o600)
    (volume.folder / "postgres-app.password").write_text("changed")
    volume.run()
    assert scram.verifies(users(volume)["app"], "changed")


def test_no_line_holds_a_secret(volume: Volume) -> None:
    for name in PASSWORDS:
        volume.give(name, f"given-{name}")
    lines = [*volume.run(), *volume.run(rotate=True)]
    assert not [line for line in lines for text in volume.texts().values() if text in line]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    def fails(*_: int) -> None:
        raise PermissionError

    (tmp_path / "redis-web.password").write_text("old")
    with pytest.raises(PermissionError):
        files.write(tmp_path / "redis-web.password", "new", 9009, chown=fails)
    assert (tmp_path / "redis-web.password").read_text() == "old"


def test_files_can_be_read_by_their_group_alone(volume: Volume) -> None:
    volume.run()
    modes = {stat.S_IMODE((volume.folder / name).stat().st_mode) for name in GROUPS}
    assert modes == {0o440}
    assert stat.S_IMODE(volume.folder.stat().st_mode) == 0o711


@pytest.mark.skipif(not as_root(), reason="only root may give a file to any group")
def test_each_file_belongs_to_a_group_of_its_own(volume: Volume) -> None:
    volume.run()
    owners = {name: (volume.folder / name).stat() for name in GROUPS}
    assert {name: status.st_gid for name, status in owners.items()} == GROUPS
    assert {status.st_uid for status in owners.values()} == {0}
    assert len(set(GROUPS.values())) == len(GROUPS)


def test_wrong_mode_is_repaired(volume: Volume) -> None:
    volume.run()
    (volume.folder / "redis-web.password").chmod(0o644)
    volume.run()
    assert stat.S_IMODE((volume.folder / "redis-web.password").stat().st_mode) == 0o440
