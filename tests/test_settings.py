"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.edge.settings import MIB, Settings, SettingsError, read_settings, undefined_variables


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WAZUH_HOOK_{name.upper()}", raising=False)


def test_defaults_are_safe_and_fit_the_caller() -> None:
    """Loopback only, 8 MiB, and idle connections above the 90 s of Metacontroller."""
    settings = read_settings()
    assert settings.host == "127.0.0.1"
    assert settings.max_body_bytes == 8 * MIB
    assert settings.keep_alive_seconds > 90
    assert max(settings.header_timeout_seconds, settings.body_timeout_seconds) < 10
    assert settings.bearer_token_file is None


def test_variables_set_them_and_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument is nearer to the person than the environment."""
    monkeypatch.setenv("WAZUH_HOOK_PORT", "9000")
    monkeypatch.setenv("WAZUH_HOOK_HOST", "0.0.0.0")  # noqa: S104 - a value to be replaced
    monkeypatch.setenv("WAZUH_HOOK_BEARER_TOKEN_FILE", "/run/token")
    settings = read_settings({"host": "::1"})
    assert (settings.host, settings.port) == ("::1", 9000)
    assert settings.bearer_token_file == Path("/run/token")


def test_all_faults_are_named_in_one_line_without_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A value may be a token that stands in the wrong variable."""
    monkeypatch.setenv("WAZUH_HOOK_PORT", "s3cret")
    monkeypatch.setenv("WAZUH_HOOK_LOG_LEVEL", "s3cret")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    text = str(raised.value)
    assert "WAZUH_HOOK_PORT: " in text
    assert "WAZUH_HOOK_LOG_LEVEL: " in text
    assert "s3cret" not in text
    assert "\n" not in text


def test_misspelt_variables_are_found() -> None:
    """Silence would leave a limit at its default."""
    environment = {"WAZUH_HOOK_PROT": "1", "WAZUH_HOOK_PORT": "1", "OTHER": "1"}
    assert undefined_variables(environment) == ("WAZUH_HOOK_PROT",)
