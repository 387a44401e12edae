"""Settings of the server, from ``WAZUH_HOOK_*`` variables; nothing here changes what is rendered.

Time limits follow the caller: Metacontroller gives up after 10 s and keeps idle connections for
90 s, so a request that is not complete long before 10 s is lost anyway, and a server that closed
idle connections before 90 s would answer some calls with a reset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.edge.tls import Part, TlsFileError, TlsFiles

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
    probe_port: int | None = Field(default=None, ge=0, le=65535)
    """A second port, without TLS, for /healthz, /readyz and /metrics alone."""
    log_level: LogLevel = "info"
    bearer_token_file: Path | None = None
    """File with one accepted token a line; read again when it changes, so tokens can overlap."""

    tls_certificate_file: Path | None = None
    """PEM: the server's certificate, then its chain. With it ``port`` speaks TLS only."""
    tls_key_file: Path | None = None
    """PEM, unencrypted: the key of the certificate."""
    tls_client_ca_file: Path | None = None
    """PEM: every client must have a certificate of one of these CAs (mutual TLS)."""
    tls_reload_seconds: float = Field(default=5.0, gt=0, le=10)
    """How often the three files are looked at; new connections get what changed."""

    max_body_bytes: int = Field(default=8 * MIB, ge=1024)
    max_header_bytes: int = Field(default=16 * 1024, ge=1024)
    max_buffered_bytes: int = Field(default=64 * MIB, ge=1024)
    """All bodies together that are being received or wait; above it calls are told to retry."""
    max_requests: int = Field(default=128, ge=1)
    """Calls of the hook that may be received, queued or answered at one time."""
    max_heavy_requests: int = Field(default=4, ge=1)
    """Of these, calls that make bcrypt hashes or RSA keys: queued or at work.

    Each takes up to a second of a core, and all must be answered within the caller's 10 s on a
    busy machine too. Metacontroller's default of 5 workers are told to retry above it.
    """
    max_connections: int = Field(default=1024, ge=2)
    reuse_max_bytes: int = Field(default=64 * MIB, ge=0)
    """Answers of clusters at rest, kept in memory to answer the same bytes again; 0 keeps none."""
    decoded_max_bytes: int = Field(default=16 * MIB, ge=0)
    """Text of observed objects that are kept decoded, since most come again as they were; 0 none.
    Decoded, they take about three times as much."""
    heavy_threads: int = Field(default=2, ge=1, le=64)

    header_timeout_seconds: float = Field(default=4.0, gt=0)
    """From the connection (or the first byte of a later request) to the end of the header.

    A TLS handshake has the same time, and not beside that of the header: together with the body
    a client is gone before 10 s.
    """
    body_timeout_seconds: float = Field(default=5.0, gt=0)
    """From the header to the last byte of the body."""
    keep_alive_seconds: int = Field(default=95, ge=1)
    stop_delay_seconds: float = Field(default=1.0, ge=0)
    """After SIGTERM: not ready, but still serving, until endpoints have been withdrawn."""
    shutdown_seconds: int = Field(default=10, ge=0)
    """Then: how long requests in flight may take."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Settings that need each other. Raises an error that names the variable."""
        certificate, key = self.tls_certificate_file, self.tls_key_file
        if certificate is None and (key or self.tls_client_ca_file):
            raise _fault("tls_certificate_file", "is needed beside the other files of TLS")
        if certificate is not None and key is None:
            raise _fault("tls_key_file", "is needed beside the certificate")
        if self.probe_port is not None and self.port == self.probe_port != 0:
            raise _fault("probe_port", "must differ from the other port")
        return self

    @property
    def tls_files(self) -> TlsFiles | None:
        """The files of TLS; None: plain HTTP."""
        if self.tls_certificate_file is None or self.tls_key_file is None:
            return None
        return TlsFiles(
            certificate=self.tls_certificate_file,
            key=self.tls_key_file,
            client_ca=self.tls_client_ca_file,
        )


def read_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Settings from the environment, ``overrides`` (field to value) before it.

    Files of TLS are read once for that. Raises SettingsError with one line that names every
    unusable variable.
    """
    try:
        settings = Settings(**(overrides or {}))  # type: ignore[arg-type]  # validated by pydantic
    except ValidationError as error:
        raise SettingsError("; ".join(map(_text, error.errors()))) from None
    if settings.tls_files is not None:
        try:
            settings.tls_files.load()
        except TlsFileError as error:
            raise SettingsError(f"{variable_of(error.part)}: {error.text}") from None
    return settings


def variable_of(part: Part) -> str:
    """Variable that names a file of TLS."""
    return _name((f"tls_{part}_file",))


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


def _text(fault: ErrorDetails) -> str:
    """One fault with its variable, which those between variables name themselves."""
    return f"{_name(fault['loc'])}: {fault['msg']}" if fault["loc"] else fault["msg"]


def _fault(field: str, text: str) -> PydanticCustomError:
    return PydanticCustomError("settings", "{text}", {"text": f"{_name((field,))}: {text}"})


def _name(location: tuple[int | str, ...]) -> str:
    """Variable of a pydantic location."""
    return PREFIX + "_".join(str(part) for part in location).upper()
