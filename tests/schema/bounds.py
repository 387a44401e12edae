"""A row of the table of bounds, and rows of the kinds that occur often."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Bound(NamedTuple):
    """Values that are allowed and refused at ``path``."""

    path: str
    allowed: tuple[Any, ...]
    refused: tuple[Any, ...]


_BOOLEANS: Final[tuple[tuple[Any, ...], tuple[Any, ...]]] = ((True, False), ("true", 1, 0, [], {}))
NOT_WHOLE: Final[tuple[Any, ...]] = (1.5, "3", True, [1], {}, 10**30)
_LONG: Final = "a" * 254

#: Fields of ours that hold Kubernetes' own types.
CORE: Final = (
    "affinity",
    "containerSecurityContext",
    "egress",
    "env",
    "envFrom",
    "extraVolumeMounts",
    "extraVolumes",
    "ingress",
    "resources",
    "securityContext",
    "tolerations",
    "topologySpreadConstraints",
)


def enum(path: str, *values: str) -> Bound:
    """One of ``values`` and nothing like it."""
    return Bound(path, values, ("", values[0].lower() + "x", f"{values[0]}\n", 1, True, [], {}))


def whole(path: str, least: int, most: int, *extra: int) -> Bound:
    """A whole number from ``least`` to ``most``; ``extra`` are refused too."""
    return Bound(path, (least, most), (least - 1, most + 1, *extra, *NOT_WHOLE))


def boolean(path: str) -> Bound:
    """True or false."""
    return Bound(path, *_BOOLEANS)


def subdomain(path: str) -> Bound:
    """A DNS-1123 subdomain."""
    return Bound(path, ("a", "a.b-c", "0"), ("", "A", "a_b", "-a", "a-", "a..b", "a\n", _LONG, 1))


def reference(path: str) -> Bound:
    """A SecretKeyRef."""
    good = {"name": "a", "key": "b.c_D-1"}
    bad: tuple[Any, ...] = (
        {},
        {"name": "a", "key": ""},
        {"name": "A", "key": "b"},
        {"name": "a", "key": "b/c"},
    )
    return Bound(path, (good,), (*bad, {"name": "a", "key": None}, "a", []))


def credentials(path: str) -> Bound:
    """A CredentialsRef."""
    good = ({"secretName": "a"}, {"secretName": "a", "usernameKey": "u", "passwordKey": "p"})
    bad: tuple[Any, ...] = (
        {},
        {"secretName": ""},
        {"secretName": "a", "usernameKey": "u u"},
        "a",
        {"name": "a"},
    )
    return Bound(path, good, bad)
