"""Scripts of the managers: they run, keep the password to themselves and touch one account."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.config.manager_scripts import api_users_sh, permissions_sh

PASSWORD = "Secret-Password.1"
BASH = shutil.which("bash") or "/bin/bash"

#: A stand-in for Wazuh's ORM that writes down what is asked of it.
ORM = """
import json
import os


def note(*call):
    with open(os.environ["CALLS"], "a", encoding="utf-8") as calls:
        calls.write(json.dumps(call) + "\\n")


def check_database_integrity():
    note("check_database_integrity")


class AuthenticationManager:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        note("exit")

    def get_user(self, username):
        note("get_user", username)
        return {"id": 1, "username": username} if os.environ["USER_EXISTS"] == "yes" else False

    def check_user(self, username, password):
        note("check_user", username, password)
        return os.environ["IS_SET"] == "yes"

    def update_user(self, user_id, password):
        note("update_user", user_id, password)
        if os.environ["UPDATE"] == "raises":
            raise ValueError(f"(sqlite3.Error) parameters: {password}")
        return os.environ["UPDATE"] == "works"
"""


def run(folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script against the stand-in; its result and the calls of the ORM, as JSON lines."""
    package = folder / "wazuh" / "rbac"
    package.mkdir(parents=True)
    (folder / "wazuh" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "orm.py").write_text(ORM, encoding="utf-8")
    calls = folder / "calls"
    calls.touch()
    python = shutil.which("python3")
    assert python is not None
    script = api_users_sh().replace("/var/ossec/framework/python/bin/python3", python)
    defaults = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CALLS": str(calls),
        "USER_EXISTS": "yes",
        "IS_SET": "no",
        "UPDATE": "works",
        "WAZUH_ADMIN_PASSWORD": PASSWORD,
    }
    done = subprocess.run(  # noqa: S603 - the script under test
        [BASH, "-c", script],
        env={**defaults, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done, calls.read_text(encoding="utf-8").splitlines()


def test_the_account_gets_the_password_of_the_environment(tmp_path: Path) -> None:
    """The database is checked first, then the one account is set."""
    done, calls = run(tmp_path)
    assert done.returncode == 0
    assert calls == [
        '["check_database_integrity"]',
        '["get_user", "wazuh"]',
        f'["check_user", "wazuh", "{PASSWORD}"]',
        f'["update_user", 1, "{PASSWORD}"]',
        '["exit"]',
    ]


def test_an_account_that_has_its_password_is_not_written(tmp_path: Path) -> None:
    """A start without a change writes nothing to the database."""
    done, calls = run(tmp_path, IS_SET="yes")
    assert done.returncode == 0
    assert not [call for call in calls if "update_user" in call]


@pytest.mark.parametrize(
    "environment",
    [{"USER_EXISTS": "no"}, {"UPDATE": "fails"}, {"UPDATE": "raises"}],
    ids=["no such account", "not updated", "an error of the database"],
)
def test_a_failure_is_said_by_the_exit_status(tmp_path: Path, environment: dict[str, str]) -> None:
    """And on stderr, in one line."""
    done, _ = run(tmp_path, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("10-api-users: account wazuh not set: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("update", ["works", "fails", "raises"])
def test_the_password_is_never_printed(tmp_path: Path, update: str) -> None:
    """Not even where an error of the database quotes it."""
    done, _ = run(tmp_path, UPDATE=update)
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("password", ["a'b\"c$d`e\\f", "-n", "p w"])
def test_a_password_is_never_read_by_the_shell(tmp_path: Path, password: str) -> None:
    """It arrives as it is, whatever a shell would make of it."""
    done, calls = run(tmp_path, WAZUH_ADMIN_PASSWORD=password, IS_SET="yes")
    assert done.returncode == 0
    assert ["check_user", "wazuh", password] in [json.loads(call) for call in calls]


def test_without_a_password_nothing_is_touched(tmp_path: Path) -> None:
    """An empty variable must not become an empty password."""
    done, calls = run(tmp_path, WAZUH_ADMIN_PASSWORD="")
    assert done.returncode == 0
    assert calls == []


def test_the_folder_of_multigroups_is_handed_to_the_daemons(tmp_path: Path) -> None:
    """Owner root, group wazuh, mode 770, on the folder alone."""
    folder = tmp_path / "multigroups"
    tools = tmp_path / "bin"
    tools.mkdir()
    chown = tools / "chown"
    chown.write_text(f'#!/bin/sh\necho "$*" > {tmp_path}/owner\n', encoding="utf-8")
    chown.chmod(0o755)
    script = permissions_sh().replace("/var/ossec/var/multigroups", str(folder))
    assert str(folder) in script
    subprocess.run(  # noqa: S603 - the script under test
        [BASH, "-c", script], env={"PATH": f"{tools}:/usr/bin:/bin"}, check=True, timeout=60
    )
    assert folder.stat().st_mode & 0o7777 == 0o770
    assert (tmp_path / "owner").read_text(encoding="utf-8") == f"root:wazuh {folder}\n"


@pytest.mark.parametrize("text", [permissions_sh(), api_users_sh()], ids=["00", "10"])
def test_a_script_is_plain_text_for_bash(text: str) -> None:
    """The image runs it with bash; other line ends or characters would break it."""
    assert text.startswith("#!/bin/bash\n")
    assert text.isascii()
    assert "\r" not in text
    assert text.endswith("\n")
