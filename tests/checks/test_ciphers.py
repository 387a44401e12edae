"""Cipher lists of the enrolment service: those that OpenSSL would refuse, and those it takes."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checks.cipher_classes import selections
from app.checks.ciphers import check_ciphers, selects_something
from app.schema.ossec import DEFAULT_CIPHERS

PATH = "spec.manager.config.auth.ciphers"


@pytest.mark.parametrize(
    "ciphers",
    [
        DEFAULT_CIPHERS,
        "HIGH",
        "ALL",
        "DEFAULT",
        "DEFAULT:!AES256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256:FOO",
        "kEECDH+AESGCM",
        "FOO:AES128-SHA",
        "HIGH:-ALL:AES",
        "HIGH:!aNULL:@STRENGTH",
        "HIGH:+AES256",
        "HIGH!ADH",
        "HIGH::AES:",
        "SUITEB128",
        "ALL:!HIGH:eNULL",
        "aNULL",
    ],
)
def test_a_list_that_leaves_a_suite_is_accepted(ciphers: str) -> None:
    """One class or suite that is not excluded is enough."""
    assert check_ciphers(PATH, ciphers) == ()


@pytest.mark.parametrize(
    "ciphers",
    [
        "FOO",
        "high",
        "@STRENGTH",
        "-",
        "!",
        ":",
        "!ALL",
        "-HIGH",
        "+HIGH",
        "HIGH:!HIGH",
        "ALL:!aNULL:!ALL",
        "HIGH:!AES:!CAMELLIA:!ARIA:!CHACHA20",
        "HIGH:!ALL:AES",
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
        "kRSA+aECDSA",
        "AES128+AES256",
        "LOW",
        "3DES:RC4",
        "EXP",
        "HIGH:-",
        "HIGH:!",
        "HIGH:@FOO",
        "HIGH:@",
        "HIGH:DEFAULT:!HIGH",
        "FIPS+HIGH",
    ],
)
def test_a_list_that_leaves_nothing_is_refused(ciphers: str) -> None:
    """The message shows the list and what is allowed."""
    (fault,) = check_ciphers(PATH, ciphers)
    assert fault.path == PATH
    assert f'"{ciphers}" selects no TLS 1.2 cipher' in fault.message
    assert "allowed" in fault.message


def openssl_takes(ciphers: str) -> bool:
    """What the OpenSSL of this Python says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:
        return False
    return True


NAMES = st.sampled_from(
    ["HIGH", "ALL", "AES", "AES128", "AES256", "AESGCM", "CHACHA20", "ECDHE", "DHE", "kRSA", "RSA",
     "aRSA", "aECDSA", "aNULL", "eNULL", "SHA", "SHA256", "SHA384", "FOO", "AES128-SHA",
     "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256", "COMPLEMENTOFALL"]
)  # fmt: skip
ITEMS = st.tuples(st.sampled_from(["", "", "!", "-", "+"]), NAMES).map("".join)
JOINED = st.tuples(
    st.sampled_from(["", "!", "-"]), st.sampled_from(["kRSA", "ECDHE"]), st.just("+"),
    st.sampled_from(["AES", "AESGCM", "SHA256"])
).map("".join)  # fmt: skip


@given(st.lists(ITEMS | JOINED | st.just("@STRENGTH"), min_size=1, max_size=6).map(":".join))
def test_openssl_agrees(ciphers: str) -> None:
    """The real library takes exactly the lists that are accepted."""
    assert selects_something(ciphers) is openssl_takes(ciphers)


@given(st.text(alphabet="ABEFGHILS0128:!@+_-", max_size=24))
def test_no_list_of_any_form_is_accepted_that_openssl_refuses(ciphers: str) -> None:
    """A wrong refusal can be mended by the user, a wrong acceptance stops all daemons."""
    assert openssl_takes(ciphers) or not selects_something(ciphers)


@pytest.mark.parametrize("name", ["AES", "AESGCM", "ECDHE", "kRSA", "SHA384", "CHACHA20", "eNULL"])
def test_a_class_selects_the_suites_that_openssl_selects(name: str) -> None:
    """The table of suites is the library's, TLS 1.3 aside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(name)
    real = {cipher["name"] for cipher in context.get_ciphers()}
    assert {suite for suite in real if not suite.startswith("TLS_")} == selections()[name]
