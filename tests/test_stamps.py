"""Digest and time of a Secret's data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.names import DATA_HASH, DATA_WRITTEN
from app.secret_data import SecretData, data_hash, encode
from app.stamps import is_proven, stamped

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
PLAIN = SecretData(name="wz-ca", data=encode({"a": b"1"}), annotations={"wazuh.com/x": "kept"})
OBSERVED = stamped(PLAIN, None, NOW)


def test_a_new_secret_gets_both_stamps_beside_its_annotations() -> None:
    """The time is that of the call."""
    assert OBSERVED.annotations == {
        "wazuh.com/x": "kept",
        DATA_HASH: data_hash(PLAIN.data),
        DATA_WRITTEN: "2026-03-01T12:00:00Z",
    }
    assert is_proven(OBSERVED)
    assert not is_proven(PLAIN)


def test_unchanged_data_keeps_both_stamps() -> None:
    """Also where the emitted Secret comes without them."""
    assert stamped(OBSERVED, OBSERVED, LATER) is OBSERVED
    assert stamped(PLAIN, OBSERVED, LATER) == OBSERVED


def test_changed_data_gets_new_stamps() -> None:
    """Digest and time together."""
    changed = replace(OBSERVED, data=encode({"a": b"2"}))
    result = stamped(changed, OBSERVED, LATER)
    assert is_proven(result)
    assert result.annotations[DATA_WRITTEN] == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    "annotations",
    [
        pytest.param({}, id="none"),
        pytest.param({DATA_WRITTEN: "2026-03-01T12:00:00Z"}, id="no digest"),
        pytest.param(
            {DATA_HASH: "0" * 64, DATA_WRITTEN: "2026-03-01T12:00:00Z"}, id="another digest"
        ),
    ],
)
def test_a_digest_that_is_missing_or_wrong_is_written_anew_with_the_time(
    annotations: dict[str, str],
) -> None:
    """Somebody else changed the data, so its age is not known."""
    observed = replace(PLAIN, annotations=annotations)
    result = stamped(observed, observed, LATER)
    assert is_proven(result)
    assert result.annotations[DATA_WRITTEN] == "2026-03-02T12:00:00Z"


def test_a_missing_time_stays_missing_where_the_digest_fits() -> None:
    """It counts as old enough; writing it would make every template wait."""
    annotations = {DATA_HASH: data_hash(PLAIN.data)}
    observed = replace(PLAIN, annotations=annotations)
    assert stamped(observed, observed, LATER) == observed
