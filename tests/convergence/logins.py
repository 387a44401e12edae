"""Who can log in to the index: passwords of Secrets and pods against what it believes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Final

import bcrypt

from app.credentials.own_secrets import ADMINISTRATOR, DASHBOARD_SERVER, IndexAccount
from app.names import Role
from app.simulation.api_calls import Event
from app.simulation.engine import Engine
from app.simulation.workloads.pods import is_ready, role_of
from tests.cluster_builder import NAME, NAMES, NAMESPACE

#: Secret and keys of each user of the index.
ACCOUNTS: Final[Mapping[str, IndexAccount]] = {
    NAMES.indexer_credentials: ADMINISTRATOR,
    NAMES.dashboard_credentials: DASHBOARD_SERVER,
}
#: As whom the pods of a tier log in.
LOGINS: Final[Mapping[str, str]] = {
    Role.MANAGER_MASTER: NAMES.indexer_credentials,
    Role.MANAGER_WORKER: NAMES.indexer_credentials,
    Role.DASHBOARD: NAMES.dashboard_credentials,
}


def text(data: Mapping[str, str], key: str) -> str:
    """A value of a Secret."""
    return base64.b64decode(data[key]).decode()


def password(engine: Engine, secret: str) -> str:
    """The present password in a credentials Secret."""
    return text(engine.find("Secret", secret)["data"], ACCOUNTS[secret].password)


def accepts(engine: Engine, user: str, word: str) -> bool:
    """Whether the index lets ``user`` in by this password."""
    hashed = engine.controllers.indices.users[NAMESPACE, NAME][user].encode()
    return bcrypt.hashpw(word.encode(), hashed) == hashed


def locked_out(engine: Engine) -> list[str]:
    """Running pods that cannot log in, and Secrets whose present password the index refuses."""
    return [*_pods(engine), *_secrets(engine)]


def _pods(engine: Engine) -> Iterator[str]:
    for pod in engine.objects("Pod"):
        secret = LOGINS.get(role_of(pod))
        if secret is None or not is_ready(pod):
            continue
        loaded = engine.loaded(pod["metadata"]["name"])
        assert loaded is not None
        data, keys = loaded.secrets[secret], ACCOUNTS[secret]
        if not accepts(engine, text(data, keys.username), text(data, keys.password)):
            yield str(pod["metadata"]["name"])


def _secrets(engine: Engine) -> Iterator[str]:
    for secret, keys in ACCOUNTS.items():
        user = text(engine.find("Secret", secret)["data"], keys.username)
        if not accepts(engine, user, password(engine, secret)):
            yield secret


class Doorkeeper:
    """Asks after every write whether somebody who reads the Secrets can still log in.

    While a password changes the index has the present one or the coming one, never a third.
    """

    def __init__(self, engine: Engine) -> None:
        """Look on from now."""
        self.engine = engine
        self.shut: list[tuple[float, str]] = []
        engine.api.watch(self._seen)

    def _seen(self, _: Event) -> None:
        users = self.engine.controllers.indices.users.get((NAMESPACE, NAME))
        for secret, keys in ACCOUNTS.items():
            found = self.engine.api.find("Secret", NAMESPACE, secret)
            if users is None or found is None:
                continue
            data = found["data"]
            words = [text(data, key) for key in (keys.password, keys.next_password) if key in data]
            user = text(data, keys.username)
            if not any(accepts(self.engine, user, word) for word in words):
                self.shut.append((self.engine.elapsed, secret))
