"""A cluster in its second or third call, for the tests of what is derived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from app.credentials import derived, index_security
from app.credentials.derived import Derived
from app.entropy import Entropy
from app.result import Manifest
from app.secret_data import SecretData
from tests import clusters
from tests.credentials.world import ENTROPY, NOW, World, encoded, manifest_of

SECURITY, WAZUH = "wz-indexer-security", "wz-dashboard-wazuh"
INDEXER, CONSOLE, API = "wz-indexer-credentials", "wz-dashboard-credentials", "wz-api-credentials"
OTHER: Final = Entropy(bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A cluster whose identity Secrets are observed, with further Secrets of ours."""

    world: World
    raw: dict[str, Any]

    def security(self, entropy: Entropy = ENTROPY) -> Derived:
        """The security plugin's files."""
        cluster = clusters.cluster(self.raw)
        observed = self.world.asked.observed
        return index_security.indexer_security(cluster, observed, now=NOW, entropy=entropy)

    def wazuh(self) -> Derived:
        """wazuh.yml."""
        cluster = clusters.cluster(self.raw)
        world = replace(self.world, spec=clusters.spec(self.raw))
        return derived.dashboard_wazuh(cluster, world.asked.observed, world.user, now=NOW)

    def with_secret(self, manifest: Manifest) -> Case:
        """The same with one more Secret of ours, or another one of its name."""
        name = manifest["metadata"]["name"]
        kept = self.world.without(name)
        return replace(self, world=replace(kept, secrets=(*kept.secrets, manifest)))

    def edited(self, name: str, **values: str) -> Case:
        """The same with other values in one Secret."""
        manifest = self.manifest(name)
        data = {**manifest["data"], **encoded({k.replace("_", "-"): v for k, v in values.items()})}
        return self.with_secret({**manifest, "data": data})

    def manifest(self, name: str) -> Manifest:
        """One observed Secret of ours."""
        found = next(one for one in self.world.secrets if one["metadata"]["name"] == name)
        return {**found, "metadata": dict(found["metadata"])}


def case(raw: dict[str, Any] | None = None, **world: Any) -> Case:
    """A cluster in its second call."""
    return Case(world=World(**world).applied(), raw=raw or {})


@cache
def hashed() -> SecretData:
    """The files as the second call makes them; a hash takes a quarter of a second."""
    made = case().security().secret
    assert made is not None
    return made


def third_call(**changes: Any) -> Case:
    """A cluster whose files are observed; ``changes`` replace fields of that Secret."""
    return case().with_secret({**manifest_of(hashed()), **changes})


def text(content: SecretData, key: str) -> str:
    """A value that must be there."""
    found = content.text(key)
    assert found is not None
    return found
