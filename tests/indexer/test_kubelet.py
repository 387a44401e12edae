"""Files of a pod as a kubelet would show them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from app.config.security import FILES
from app.names import Role
from tests.cluster_builder import NAMES
from tests.indexer.kubelet import Pod, data_of, project
from tests.indexer.rendered import Rendered
from tests.scenarios import at_rest

CONFIG = "/usr/share/wazuh-indexer/config"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """A cluster at rest."""
    return Rendered()


@pytest.fixture
def pod(rendered: Rendered, tmp_path: Path) -> Pod:
    """The second indexer, its files written."""
    pod = rendered.pod(Role.INDEXER, 1, tmp_path)
    pod.mount()
    return pod


def test_every_file_is_where_the_pod_has_it(pod: Pod, rendered: Rendered) -> None:
    """Byte for byte, and none that is not mounted."""
    text = pod.path(f"{CONFIG}/opensearch.yml").read_text(encoding="utf-8")
    assert text == rendered.opensearch_yml
    certs = data_of(rendered.child("Secret", NAMES.certs("indexer")))
    shown = {path.name: path.read_bytes() for path in _visible(pod.path(f"{CONFIG}/certs"))}
    assert shown == certs
    files = data_of(rendered.child("Secret", NAMES.indexer_security))
    security = {
        path.name: path.read_bytes() for path in _visible(pod.path(f"{CONFIG}/opensearch-security"))
    }
    assert security == {name: files[name] for name in FILES}
    assert files.keys() > FILES  # what is no file of the plugin's stays out of its folder
    assert pod.path("/var/lib/wazuh-indexer").is_dir()


def test_variables_are_the_pods(pod: Pod) -> None:
    """A field of the pod, and a text."""
    found = pod.environment()
    assert found["POD_NAME"] == NAMES.pod(Role.INDEXER, 1)
    assert "-Xmx" in found["OPENSEARCH_JAVA_OPTS"]


def test_a_variable_from_a_secret_has_its_value(rendered: Rendered, tmp_path: Path) -> None:
    """As Filebeat gets its password."""
    found = rendered.pod(Role.MANAGER_MASTER, 0, tmp_path).environment()
    wanted = rendered.secret(NAMES.indexer_credentials)["admin-password"]
    assert found["INDEXER_PASSWORD"] == wanted


def test_a_job_has_a_pod_too(rendered: Rendered, tmp_path: Path) -> None:
    """Its command, and of the Secret with the patch that one file."""
    changing = rendered.copy()
    changing.cluster.annotate(rotate_passwords="one")
    at_rest(changing.cluster)
    [job] = changing.cluster.jobs()
    assert rendered.cluster.jobs() == []
    pod = Pod(changing.objects, job["metadata"]["name"], name="job", root=tmp_path)
    pod.mount()
    assert pod.command == job["spec"]["template"]["spec"]["containers"][0]["command"]
    patch = pod.path(pod.environment()["PATCH"])
    assert [path.name for path in _visible(patch.parent)] == ["security-patch.json"]
    assert hashlib.sha256(patch.read_bytes()).hexdigest() == pod.command[-1]


def test_a_missing_secret_keeps_the_pod_from_starting(rendered: Rendered, tmp_path: Path) -> None:
    """As the kubelet waits for it."""
    name = NAMES.certs("indexer")
    objects = {key: one for key, one in rendered.objects.items() if key != ("Secret", name)}
    pod = Pod(objects, NAMES.workload(Role.INDEXER), name="x-0", root=tmp_path)
    with pytest.raises(KeyError, match=name):
        pod.mount()


def test_a_folder_is_swapped_as_a_whole_and_a_single_file_stays(
    pod: Pod, rendered: Rendered
) -> None:
    """The difference between a mount of a folder and one with subPath."""
    certs = pod.path(f"{CONFIG}/certs")
    former = (certs / "..data").resolve()
    name = NAMES.config_map(Role.INDEXER)
    changed = {
        ("Secret", NAMES.certs("indexer")): _with(
            rendered.child("Secret", NAMES.certs("indexer")),
            {"tls.crt": base64.b64encode(b"new").decode()},
        ),
        ("ConfigMap", name): _with(rendered.child("ConfigMap", name), {"opensearch.yml": "new"}),
    }
    pod.mount({**rendered.objects, **changed})
    assert (certs / "tls.crt").read_bytes() == b"new"
    assert (certs / "..data").resolve() != former
    assert not former.exists()
    text = pod.path(f"{CONFIG}/opensearch.yml").read_text(encoding="utf-8")
    assert text == rendered.opensearch_yml


def test_the_same_content_is_not_swapped(tmp_path: Path) -> None:
    """A kubelet leaves it alone."""
    folder = tmp_path / "shown"
    project({"a": b"1", "b": b"2"}, folder)
    first = (folder / "..data").resolve()
    project({"b": b"2", "a": b"1"}, folder)
    assert (folder / "..data").resolve() == first


def test_a_key_that_is_gone_is_no_file_any_more(tmp_path: Path) -> None:
    """And a new one appears."""
    folder = tmp_path / "shown"
    project({"a": b"1", "b": b"2"}, folder)
    project({"b": b"3", "c": b"4"}, folder)
    assert {path.name: path.read_bytes() for path in _visible(folder)} == {"b": b"3", "c": b"4"}
    assert (folder / "b").stat().st_mode & 0o777 == 0o440


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith("..")]


def _with(manifest: dict[str, object], data: dict[str, str]) -> dict[str, object]:
    former = manifest["data"]
    assert isinstance(former, dict)
    return {**manifest, "data": {**former, **data}}
