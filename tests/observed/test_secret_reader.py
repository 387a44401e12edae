"""Values and ages of the Secrets that pods read: ours only as children, the user's by related."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from app.cluster import SecretKey
from app.names import Names
from app.observed.request import read, time_text
from app.observed.secret_reader import SecretReader
from app.result import Manifest
from tests.observed.requests import NAME, NAMESPACE, named, request

NAMES: Final = Names(cluster=NAME, namespace=NAMESPACE, domain="cluster.local")
STRONG: Final = SecretKey(name="wz-cluster-key", key="cluster-key")


def secret(name: str, **values: str) -> Manifest:
    """A Secret with these values."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return named(name, data=data)


def reader(children: tuple[Manifest, ...] = (), related: tuple[Manifest, ...] = ()) -> SecretReader:
    """Reader of a request that shows these Secrets."""
    body = request(related={"Secret.v1": {one["metadata"]["name"]: one for one in related}})
    body["children"]["Secret.v1"] = {one["metadata"]["name"]: one for one in children}
    return SecretReader(observed=read(body).observed, names=NAMES)


@pytest.mark.parametrize("name", NAMES.identity_secrets)
def test_an_identity_secret_counts_only_as_a_child(name: str) -> None:
    """Nothing is derived from one that was restored without our label."""
    one = secret(name, a="b")
    seen, owned = reader(related=(one,)), reader(children=(one,), related=(one,))
    assert (seen.is_there(name), seen.value(name, "a")) == (False, None)
    assert (owned.is_there(name), owned.value(name, "a")) == (True, b"b")


def test_a_secret_of_the_users_is_read_through_related() -> None:
    """Or is not there."""
    found = reader(related=(secret("mine", a="b"),))
    assert (found.is_there("mine"), found.value("mine", "a")) == (True, b"b")
    assert found.value("mine", "other") is None
    assert (found.is_there("yours"), found.value("yours", "a")) == (False, None)


def test_a_child_outranks_a_related_secret_of_its_name() -> None:
    """Both are the same object; the two informers may differ for a moment."""
    child, related = secret("wz-api-credentials", a="new"), secret("wz-api-credentials", a="old")
    assert reader((child,), (related,)).value("wz-api-credentials", "a") == b"new"


@pytest.mark.parametrize("data", [{"a": "not base64!"}, {"a": "YQ"}, {}, None])
def test_a_value_that_cannot_be_decoded_is_none(data: Any) -> None:
    """The API server lets none through; a request by hand might."""
    assert reader(related=(named("mine", data=data),)).value("mine", "a") is None


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z", id="as written"),
        pytest.param("yesterday", None, id="unreadable"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_our_secrets_say_when_they_were_written(
    annotation: str | None, expected: str | None
) -> None:
    """By their own annotation, whatever managedFields say of labels and owners."""
    one = secret("wz-ca", a="b")
    one["metadata"]["managedFields"] = [{"time": "2027-01-01T00:00:00Z"}]
    if annotation is not None:
        one["metadata"]["annotations"] = {"wazuh.com/data-written": annotation}
    found = reader((one,)).written("wz-ca")
    assert (None if found is None else time_text(found)) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            [
                {"time": "2026-11-24T08:00:00Z"},
                {"time": "2026-11-24T09:00:00Z"},
                {"time": "2026-11-24T07:00:00Z"},
            ],
            datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC),
            id="the newest",
        ),
        pytest.param([{"time": "x"}, {}, None, 7], None, id="unreadable"),
        pytest.param(
            [{"time": "x"}, {"time": "2026-11-24T08:00:00Z"}],
            datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC),
            id="one of them readable",
        ),
        pytest.param([], None, id="none"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_the_users_secrets_say_when_somebody_last_wrote_them(
    entries: Any, expected: datetime | None
) -> None:
    """They carry no annotation of ours; unknown counts as old enough."""
    one = secret("mine", a="b")
    one["metadata"]["managedFields"] = entries
    assert reader(related=(one,)).written("mine") == expected


def test_a_secret_that_is_not_there_was_never_written() -> None:
    """Neither ours nor the user's."""
    assert reader().written("wz-ca") is None
    assert reader().written("mine") is None


def test_digests_are_keyed_by_a_strong_secret() -> None:
    """Of no use for guessing a weak password without that key; the raw bytes enter."""
    found = reader(
        (secret("wz-cluster-key", **{"cluster-key": "K" * 32}),), (secret("u", p="pw\n"),)
    )
    digest = hmac.new(b"K" * 32, b"pw\n", hashlib.sha256).hexdigest()
    assert found.digests([SecretKey(name="u", key="p")], secret_key=STRONG) == {"u/p": digest}


@pytest.mark.parametrize(
    ("present", "keys"),
    [
        pytest.param(False, [], id="the strong secret is missing"),
        pytest.param(True, [SecretKey(name="u", key="p")], id="the Secret is missing"),
        pytest.param(True, [SecretKey(name="v", key="q")], id="the key is missing"),
        pytest.param(
            True,
            [SecretKey(name="v", key="p"), SecretKey(name="u", key="p")],
            id="one of two is missing",
        ),
    ],
)
def test_without_every_value_there_are_no_digests(keys: list[SecretKey], *, present: bool) -> None:
    """Then the observed hash is kept: half of the values would be another hash."""
    strong = secret("wz-cluster-key", **{"cluster-key": "K" * 32})
    found = reader((strong,) if present else (), (secret("v", p="pw"),))
    assert found.digests(keys, secret_key=STRONG) is None


def test_no_repr_of_a_reader_shows_a_value() -> None:
    """Dataclasses print their fields."""
    assert "pw" not in repr(reader(related=(named("mine", data={"p": "pw"}),)))
