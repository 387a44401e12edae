"""Subject, lifetimes and keys of certificates, in values that fit each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies.values import some_of

_DN = st.sampled_from(["Oviedo", "Example 2.0-b", "a."])
_SANS = st.lists(
    st.sampled_from(["siem.Example.com", "*.siem.example.com", "192.0.2.7", "2001:db8::7"]),
    unique=True,
    max_size=2,
)


@st.composite
def cert_configs(draw: st.DrawFn, *, slow: bool) -> dict[str, Any]:
    """``spec.tls.certConfig``; ``slow``: RSA keys too."""
    found: dict[str, Any] = draw(
        some_of(
            {
                "country": st.sampled_from(["DE", "ES"]),
                "state": _DN,
                "locality": _DN,
                "organization": _DN,
                "organizationalUnit": _DN,
                "keyAlgorithm": st.sampled_from(
                    ["ECDSA-P256", "RSA-2048"] if slow else ["ECDSA-P256"]
                ),
                "extraSANs": some_of(
                    dict.fromkeys(("indexer", "managerMaster", "managerWorker", "dashboard"), _SANS)
                ),
            }
        )
    )
    days = st.integers(1, 729)
    if draw(st.booleans()):
        lifetime = draw(st.integers(2, 730))
        found |= {"validityDays": lifetime}
        found |= {"renewalThresholdDays": draw(st.integers(1, lifetime - 1))}
    if draw(st.booleans()):
        found |= {"caValidityDays": draw(st.integers(730, 7300))}
        found |= {"caRenewalThresholdDays": draw(days.filter(lambda day: day > 1))}
    return found
