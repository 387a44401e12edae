"""What a user brings: Secrets that a spec may name, and objects that pods may refer to.

``ADMINISTRATOR`` is filled from the index credentials of the cluster at hand, for the index knows
no other password.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from typing import Final

from app.names import Role
from tests.certificates.custom_objects import ROOT, ca_data, given_leaf, leaf_data
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import base64_of, steady

ADMINISTRATOR: Final = "administrator"
API_ACCOUNT: Final = "api-account"
WAZUH_ACCOUNT: Final = "wazuh-account"
REMOTE_ACCOUNT: Final = "remote-account"
MANAGERS_KEY: Final = "managers-key"
ENROLMENT: Final = "enrolment"
AGENTS_CA: Final = "agents-ca"
#: A CA of the user with its key, and a leaf of it.
CUSTOM_CA: Final = "custom-ca"
CUSTOM_LEAF: Final = "custom-leaf"
#: A Secret with several values of each kind.
SEVERAL: Final = "several"
#: ConfigMap, Secret, claim and ServiceAccount that pods may refer to; not watched.
EXTRA: Final = "extra"

PASSWORDS: Final[Mapping[str, str]] = {
    API_ACCOUNT: "Api.password-of-the-user1",
    WAZUH_ACCOUNT: "Wazuh.password-of-the-user2",
    REMOTE_ACCOUNT: "Remote.password-of-the-user3",
    ENROLMENT: "Enrolment.password-of-the-user4",
    MANAGERS_KEY: "0123456789abcdef0123456789ABCDEF",
}

#: ``Kind/name`` of all of them, for the checker of references.
EXTERNAL: Final = frozenset(
    {
        *(
            f"Secret/{name}"
            for name in (
                *(*PASSWORDS, ADMINISTRATOR, AGENTS_CA, SEVERAL, "pull-a", "pull-b", EXTRA),
                *(CUSTOM_CA, CUSTOM_LEAF),
            )
        ),
        f"ConfigMap/{EXTRA}",
        f"ServiceAccount/{EXTRA}",
    }
)


@cache
def _data() -> dict[str, dict[str, str]]:
    """Data of the Secrets, the usual keys and others; base64."""
    credentials = steady().child("Secret", NAMES.indexer_credentials)["data"]
    accounts = {
        API_ACCOUNT: base64_of("wazuh-wui"),
        WAZUH_ACCOUNT: base64_of("wazuh"),
        REMOTE_ACCOUNT: base64_of("somebody"),
    }
    found = {
        name: {"username": user, "password": base64_of(PASSWORDS[name])}
        for name, user in accounts.items()
    }
    found[ADMINISTRATOR] = {
        "username": credentials["admin-username"],
        "password": credentials["admin-password"],
    }
    for data in found.values():
        data |= {"user": data["username"], "word": data["password"]}
    for name in (MANAGERS_KEY, ENROLMENT):
        value = base64_of(PASSWORDS[name])
        found[name] = {"key": value, "password": value, "other": value}
    found[SEVERAL] = {
        "username": base64_of("wazuh-wui"),
        "other-username": base64_of("wazuh-api"),
        "password": base64_of(PASSWORDS[API_ACCOUNT]),
        "other-password": base64_of(PASSWORDS[REMOTE_ACCOUNT]),
        "key": base64_of(PASSWORDS[MANAGERS_KEY]),
        "other-key": base64_of(PASSWORDS[MANAGERS_KEY][::-1]),
    }
    ca = steady().child("Secret", NAMES.ca)["data"]["ca.crt"]
    found[AGENTS_CA] = {"ca.crt": ca, "key": ca, "other": ca}
    found[SEVERAL] |= {"ca.crt": ca, "other-ca.crt": ca}
    found[CUSTOM_CA] = ca_data(ROOT)
    called = NAMES.service_names(NAMES.service(Role.INDEXER))
    found[CUSTOM_LEAF] = leaf_data(given_leaf("Anybody", ROOT, dns_names=called))
    return found


def with_user_secrets(cluster: ClusterBuilder) -> ClusterBuilder:
    """``cluster`` with every Secret that the strategies' specs may name."""
    for name, data in _data().items():
        cluster.add_user_secret(name, data)
    return cluster


def secret_values() -> frozenset[str]:
    """Passwords and keys of the user that must stand nowhere but in Secrets."""
    password = base64.b64decode(_data()[ADMINISTRATOR]["password"]).decode()
    return frozenset({*PASSWORDS.values(), password})
