"""Settings of the server, from ``WAZUH_HOOK_*`` variables; nothing here changes what is rendered.

Time limits follow the caller: Metacontroller gives up after 10 s and keeps idle connections for
90 s, so a request that is not complete long before 10 s is lost anyway, and a server that closed
idle connections before 90 s would answer some calls with a reset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "WAZUH_HOOK_"
MIB = 1024 * 1024

LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(Exception):
    """A variable holds what cannot be used; the text names it without its value."""


class Settings(BaseSettings):
    """Settings of one server process. Sizes are bytes, times seconds, unless a name says more."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on. A response holds private keys: other hosts must be asked for."""
    port: int = Field(default=8080, ge=0, le=65535)
    """TCP port; 0 takes a free one."""
    log_level: LogLevel = "info"
    bearer_token_file: Path | None = None
    """File with one accepted token a line; read again when it changes, so tokens can overlap."""

    max_body_bytes: int = Field(default=8 * MIB, ge=1024)
    max_header_bytes: int = Field(default=16 * 1024, ge=1024)
    max_buffered_bytes: int = Field(default=64 * MIB, ge=1024)
    """All bodies together that are being received or wait; above it calls are told to retry."""
    max_requests: int = Field(default=128, ge=1)
    """Calls of the hook that may be received, queued or answered at one time."""
    max_heavy_requests: int = Field(default=16, ge=1)
    """Of these, calls that make bcrypt hashes or RSA keys: queued or at work."""
    max_connections: int = Field(default=1024, ge=2)
    heavy_threads: int = Field(default=2, ge=1, le=64)

    header_timeout_seconds: float = Field(default=5.0, gt=0)
    """From the connection (or the first byte of a later request) to the end of the header."""
    body_timeout_seconds: float = Field(default=8.0, gt=0)
    """From the header to the last byte of the body."""
    keep_alive_seconds: int = Field(default=95, ge=1)
    stop_delay_seconds: float = Field(default=1.0, ge=0)
    """After SIGTERM: not ready, but still serving, until endpoints have been withdrawn."""
    shutdown_seconds: int = Field(default=10, ge=0)
    """Then: how long requests in flight may take."""


def read_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Settings from the environment, ``overrides`` (field to value) before it.

    Raises SettingsError with one line that names every unusable variable.
    """
    try:
        return Settings(**(overrides or {}))  # type: ignore[arg-type]  # validated by pydantic
    except ValidationError as error:
        faults = (f"{_name(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise SettingsError("; ".join(faults)) from None


def undefined_variables(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """``WAZUH_HOOK_*`` names that are no setting, sorted: most likely misspelt."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return tuple(
        sorted(
            name
            for name in environment
            if name.upper().startswith(PREFIX) and name.upper() not in known
        )
    )


def _name(location: tuple[int | str, ...]) -> str:
    """Variable of a pydantic location."""
    return PREFIX + "_".join(str(part) for part in location).upper()
