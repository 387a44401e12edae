r"""spec.manager.config: the parts of ossec.conf that are fields.

Texts hold printable ASCII without ``& < > " ' \`` and line breaks: Wazuh's reader decodes no
entities, and a backslash before ``<`` destroys the file.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from app.names import Role
from app.schema.base import Duration, Host, Model, PasswordKeyRef, Port, SecretKeyRef

_MAILBOX: Final = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+"
MAILBOX: Final = rf"^{_MAILBOX}$"
MAILBOXES: Final = rf"^{_MAILBOX}( *, *{_MAILBOX}){{0,9}}$"
CIPHERS: Final = r"^[A-Za-z0-9:!@+_-]+$"
RELATIVE_PATH: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
DEFAULT_CIPHERS: Final = "HIGH:!ADH:!EXP:!MD5:!RC4:!3DES:!CAMELLIA:@STRENGTH"

Level = Annotated[StrictInt, Field(ge=0, le=16)]
RelativePath = Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=RELATIVE_PATH)]


class GlobalConfig(Model):
    """<global>."""

    jsonout_output: StrictBool = Field(
        default=True,
        description="Only true: Filebeat ships that file. Default: true.",
    )
    alerts_log: StrictBool = Field(
        default=True,
        description="Whether alerts.log is written. Default: true.",
    )
    log_all: StrictBool = Field(
        default=False,
        description="Whether all events are archived as text. Default: false.",
    )
    log_all_json: StrictBool = Field(
        default=False,
        description="Whether all events are archived as JSON. Default: false.",
    )
    email_notification: StrictBool = Field(
        default=False,
        description="Whether alerts are mailed; needs smtpServer, emailFrom, emailTo. "
        "Default: false.",
    )
    smtp_server: Host | None = Field(
        default=None, description="Mail server. Default: not rendered."
    )
    email_from: Annotated[StrictStr, Field(max_length=254, pattern=MAILBOX)] | None = Field(
        default=None, description="Address of the sender. Default: not rendered."
    )
    email_to: Annotated[StrictStr, Field(max_length=2600, pattern=MAILBOXES)] | None = Field(
        default=None, description="Up to 10 addresses, comma-separated. Default: not rendered."
    )
    email_max_per_hour: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = Field(
        default=12, description="Mails per hour. Default: 12."
    )
    email_log_source: Literal["alerts.log", "alerts.json"] = Field(
        default="alerts.log", description="File that mails are made from. Default: alerts.log."
    )
    agents_disconnection_time: Duration = Field(
        default="10m",
        description="When an agent counts as disconnected, at least 1s. Default: 10m.",
    )
    agents_disconnection_alert_time: Duration = Field(
        default="0", description="When a disconnected agent raises an alert. Default: 0."
    )


class AlertsConfig(Model):
    """<alerts>."""

    log_alert_level: Level = Field(
        default=3, description="Lowest level that is logged. Default: 3."
    )
    email_alert_level: Level = Field(
        default=12, description="Lowest level that is mailed. Default: 12."
    )


class LoggingConfig(Model):
    """<logging>."""

    log_format: Literal["plain", "json", "plain,json"] = Field(
        default="plain", description="Form of the daemons' logs. Default: plain."
    )


class RemoteConfig(Model):
    """<remote>: where agents send their events."""

    connection: Literal["secure"] = Field(
        default="secure", description="Only secure: the agents' listener. Default: secure."
    )
    port: Port = Field(
        default=1514, description="Port of events; not 1515, 1516, 55000. Default: 1514."
    )
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="Protocol. Default: tcp.")
    queue_size: Annotated[StrictInt, Field(ge=1, le=262_144)] = Field(
        default=131_072, description="Length of the queue of events. Default: 131072."
    )


class AuthConfig(Model):
    """<auth>: enrolment of agents."""

    disabled: StrictBool = Field(
        default=False,
        description="Whether enrolment is off. Default: false.",
    )
    port: Port = Field(
        default=1515, description="Port of enrolment; not 1516, 55000, remote.port. Default: 1515."
    )
    use_source_ip: StrictBool = Field(
        default=False,
        alias="useSourceIP",
        description="Whether an agent is bound to its source address. Default: false.",
    )
    purge: StrictBool = Field(
        default=True,
        description="Whether keys of removed agents are deleted. Default: true.",
    )
    use_password: StrictBool = Field(
        default=False,
        description="Whether enrolment asks for a password. Default: false.",
    )
    password_secret_ref: PasswordKeyRef | None = Field(
        default=None,
        description="Password of enrolment, as manager.authdPasswordSecretRef; one of the two. "
        "Default: generated.",
    )
    ciphers: Annotated[StrictStr, Field(min_length=1, max_length=512, pattern=CIPHERS)] = Field(
        default=DEFAULT_CIPHERS, description=f"OpenSSL cipher list. Default: {DEFAULT_CIPHERS}."
    )
    ssl_agent_ca_secret_ref: SecretKeyRef | None = Field(
        default=None,
        alias="sslAgentCASecretRef",
        description="CA of the agents' certificates: agents must show one. Default: none.",
    )
    ssl_verify_host: StrictBool = Field(
        default=False,
        description="Whether the certificate must name the agent's source address. Default: false.",
    )
    ssl_manager_cert: RelativePath = Field(
        default="etc/sslmanager.cert",
        description="Other certificate, of an extra mount, with sslManagerKey. "
        "Default: etc/sslmanager.cert.",
    )
    ssl_manager_key: RelativePath = Field(
        default="etc/sslmanager.key",
        description="Other key, of an extra mount, with sslManagerCert. "
        "Default: etc/sslmanager.key.",
    )
    ssl_auto_negotiate: StrictBool = Field(
        default=False,
        description="Whether older TLS versions are allowed. Default: false.",
    )
    enabled_on_master_only: StrictBool = Field(
        default=True,
        description="Whether workers do not enrol agents. Default: true.",
    )

    def runs_on(self, role: Role) -> bool:
        """Whether managers of ``role`` run the enrolment service."""
        is_reached = role is Role.MANAGER_MASTER or not self.enabled_on_master_only
        return is_reached and not self.disabled


class ManagerConfig(Model):
    """Fields of ossec.conf, the same for both roles."""

    global_: GlobalConfig = Field(
        default_factory=GlobalConfig, alias="global", description="Section global."
    )
    alerts: AlertsConfig = Field(default_factory=AlertsConfig, description="Section alerts.")
    logging: LoggingConfig = Field(default_factory=LoggingConfig, description="Section logging.")
    remote: RemoteConfig = Field(
        default_factory=RemoteConfig, description="Section remote: events of agents."
    )
    auth: AuthConfig = Field(
        default_factory=AuthConfig, description="Section auth: enrolment of agents."
    )
    local_internal_options: Annotated[StrictStr, Field(max_length=16_384)] = Field(
        default="",
        description="local_internal_options.conf: lines key=value with a number. Default: empty.",
    )
