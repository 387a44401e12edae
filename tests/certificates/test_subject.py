"""Subjects: their order, and common names that are too long."""

from __future__ import annotations

from app.certificates.subject import COMMON_NAME_MAX, Subject, shortened, x509_name
from app.schema.tls import CertConfig


def test_the_encoded_order_is_fixed() -> None:
    """C, L, O, OU, CN: OpenSearch compares the reverse of it."""
    attributes = Subject.of(CertConfig(organization="Acme")).attributes("admin")
    assert [name for name, _ in attributes] == ["C", "L", "O", "OU", "CN"]
    assert dict(attributes)["O"] == "Acme"


def test_a_state_stands_between_country_and_town() -> None:
    """Only where the user asks for one."""
    attributes = Subject.of(CertConfig(state="Bavaria")).attributes("admin")
    assert [name for name, _ in attributes] == ["C", "ST", "L", "O", "OU", "CN"]


def test_the_x509_name_has_the_same_order() -> None:
    """What is encoded is what was planned."""
    attributes = Subject.of(CertConfig(state="Bavaria")).attributes("admin")
    encoded = [(item.rfc4514_attribute_name, item.value) for item in x509_name(attributes)]
    assert encoded == list(attributes)


def test_a_common_name_of_64_characters_is_kept() -> None:
    """The bound itself is legal."""
    assert shortened("a" * COMMON_NAME_MAX) == "a" * COMMON_NAME_MAX


def test_longer_common_names_are_cut_and_stay_different() -> None:
    """A hash of the whole takes the place of the end."""
    first, second = shortened("a" * 70 + "x"), shortened("a" * 70 + "y")
    assert len(first) == len(second) == COMMON_NAME_MAX
    assert first != second
