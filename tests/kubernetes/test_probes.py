"""Probes, and the shell script that looks for living daemons."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.kubernetes import probes

DAEMONS = ("wazuh-remoted", "wazuh-analysisd", "wazuh-db", "wazuh-modulesd", "wazuh-clusterd")
CLUSTERD = "/var/ossec/framework/python/bin/python3 /var/ossec/framework/scripts/wazuh_clusterd.py"


class Manager:
    """Pid files and processes of a manager, below a folder."""

    def __init__(self, root: Path) -> None:
        """Nothing runs yet."""
        self.run = root / "run"
        self.proc = root / "proc"
        self.run.mkdir()
        self.proc.mkdir()

    def start(self, daemon: str, pid: int, command: str | None = None) -> None:
        """Pid file and process, whose arguments end in zero bytes as in /proc."""
        (self.run / f"{daemon}-{pid}.pid").write_text(f"{pid}\n", encoding="utf-8")
        (self.proc / str(pid)).mkdir()
        arguments = (command or f"/var/ossec/bin/{daemon}").replace(" ", "\0") + "\0"
        (self.proc / str(pid) / "cmdline").write_text(arguments, encoding="utf-8")

    def die(self, pid: int) -> None:
        """Take the process away; its pid file stays."""
        (self.proc / str(pid) / "cmdline").unlink()
        (self.proc / str(pid)).rmdir()

    def is_alive(self) -> bool:
        """Run the probe on these folders."""
        script = probes.DAEMONS_ALIVE.replace("/var/ossec/var/run", str(self.run))
        script = script.replace("/proc/", f"{self.proc}/")
        done = subprocess.run(  # noqa: S603 - our own script
            ["/bin/sh", "-c", script], check=False, capture_output=True, timeout=30
        )
        assert done.stderr == b""
        return done.returncode == 0


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    """A manager with all needed daemons."""
    found = Manager(tmp_path)
    for pid, daemon in enumerate(DAEMONS, start=100):
        found.start(daemon, pid, CLUSTERD if daemon == "wazuh-clusterd" else None)
    return found


def test_a_manager_with_all_needed_daemons_is_alive(manager: Manager) -> None:
    """Optional daemons that are off do not matter."""
    assert manager.is_alive()


@pytest.mark.parametrize("number", range(len(DAEMONS)))
def test_the_death_of_any_needed_daemon_is_seen(manager: Manager, number: int) -> None:
    """Nobody in the image restarts it."""
    manager.die(100 + number)
    assert not manager.is_alive()


def test_a_pid_that_another_process_got_does_not_count(manager: Manager) -> None:
    """A stale file with a reused number looks alive otherwise."""
    manager.die(102)
    (manager.run / "wazuh-db-102.pid").unlink()
    manager.start("wazuh-db", 102, "/usr/bin/filebeat -e")
    assert not manager.is_alive()


def test_a_stale_pid_file_beside_a_good_one_does_no_harm(manager: Manager) -> None:
    """A daemon that was started again leaves the old file behind."""
    manager.start("wazuh-db", 900)
    manager.die(900)
    assert manager.is_alive()


def test_a_child_of_a_daemon_is_not_the_daemon(manager: Manager) -> None:
    """Children of clusterd have files of another name."""
    manager.die(104)
    manager.start("wazuh-clusterd_child_0", 905, CLUSTERD)
    assert not manager.is_alive()


def test_readiness_of_a_worker_follows_the_protocol() -> None:
    """Nothing can connect to a udp port."""
    assert probes.worker_probes("tcp")["readinessProbe"]["tcpSocket"] == {"port": "agent-events"}
    udp = probes.worker_probes("udp")["readinessProbe"]
    assert udp == {
        "exec": {"command": ["/bin/sh", "-c", probes.DAEMONS_ALIVE]},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }


def test_indexers_are_ready_when_their_security_index_is_loaded() -> None:
    """Never when they are green: one replica without a place would end all endpoints."""
    assert probes.indexer_probes() == {
        "startupProbe": {
            "tcpSocket": {"port": "rest"},
            "periodSeconds": 10,
            "failureThreshold": 60,
        },
        "readinessProbe": {
            "httpGet": {
                "path": "/_plugins/_security/health",
                "port": "rest",
                "scheme": "HTTPS",
            },
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            "tcpSocket": {"port": "rest"},
            "periodSeconds": 20,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
    }


def test_a_dashboard_lives_by_its_port_and_is_ready_by_its_page() -> None:
    """A page depends on the indexer, and no restart mends that."""
    found = probes.dashboard_probes()
    assert found["livenessProbe"]["tcpSocket"] == {"port": "https"}
    assert found["readinessProbe"]["httpGet"] == {
        "path": "/app/login",
        "port": "https",
        "scheme": "HTTPS",
    }


def test_managers_have_a_quarter_of_an_hour_to_start_and_patience_after() -> None:
    """Owner repair walks the volume; an API restart stops all daemons for a minute or more."""
    found = probes.master_probes()
    assert found["startupProbe"]["periodSeconds"] * found["startupProbe"]["failureThreshold"] == 900
    liveness = {key: value for key, value in found["livenessProbe"].items() if key != "exec"}
    assert liveness == {"periodSeconds": 30, "timeoutSeconds": 10, "failureThreshold": 6}
    assert found["readinessProbe"]["tcpSocket"] == {"port": "api"}
