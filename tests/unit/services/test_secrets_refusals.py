"""What the secrets service refuses: in one line, with the remedy, without the secret, and before
it writes anything."""

import pytest

from services.secrets.credentials import __main__ as service
from services.secrets.credentials.errors import RefusedError

from .conftest import Volume


def refusal(volume: Volume) -> str:
    """Run, expect a refusal that wrote nothing, and return its one line."""
    before = volume.texts()
    with pytest.raises(RefusedError) as caught:
        volume.run()
    assert volume.texts() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"hidden" * 200, "has 1200 characters"),
        (b"hidden\xc3\xa4", "position 7"),
        (b"hidden\r\n", "position 7"),
        (b"hidden\n\n", "position 7"),
        (b"hidden\0", "position 7"),
        (b"hid\x7fden", "position 4"),
    ],
)
def test_unusable_secret_is_refused(volume: Volume, text: bytes, fact: str) -> None:
    volume.give("redis-web.password", text)
    line = refusal(volume)
    assert "'redis-web.password'" in line
    assert fact in line
    assert "hid" not in line


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("postgres-app.pasword", "did you mean 'postgres-app.password'?"),
        ("redis_web.password", "did you mean 'redis-web.password'?"),
        ("postgres-app.verifier", "did you mean 'postgres-app.password'?"),
        ("zzz", "it may be one of django-secret-key, "),
    ],
)
def test_unknown_file_is_refused_with_the_likely_name(
    volume: Volume, name: str, remedy: str
) -> None:
    volume.give(name, "hidden")
    assert remedy in refusal(volume)


def test_folder_in_the_place_of_a_secret_is_refused(volume: Volume) -> None:
    (volume.given / "redis-web.password").mkdir()
    assert "'redis-web.password' can't be read ('Is a directory')" in refusal(volume)


def test_link_that_leads_nowhere_is_refused(volume: Volume) -> None:
    (volume.given / "redis-web.password").symlink_to("/nowhere/at/all")
    assert "'redis-web.password' can't be read" in refusal(volume)


def test_one_bad_secret_keeps_the_good_ones_from_being_written(volume: Volume) -> None:
    volume.run()
    volume.give("postgres-app.password", "good")
    volume.give("redis-web.password", "")
    refusal(volume)


@pytest.mark.parametrize("name", [".gitignore", "README", "README.md"])
def test_files_that_explain_the_folder_are_left_alone(volume: Volume, name: str) -> None:
    volume.give(name, b"\xff\n\n")
    volume.run()
    assert name not in volume.texts()


@pytest.mark.parametrize("value", ["yes", "true", "01", " 1"])
def test_rotate_takes_a_plain_yes_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.setenv("ROTATE", value)
    assert service.main() == 1
    line = capsys.readouterr().err
    assert line.startswith(f"secrets: ROTATE is {value!r}")
    assert line.count("\n") == 1


def test_volume_that_cant_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ROTATE", raising=False)
    monkeypatch.setattr(service, "SECRETS", "/nowhere")
    assert service.main() == 1
    assert "can't write '/nowhere'" in capsys.readouterr().err
