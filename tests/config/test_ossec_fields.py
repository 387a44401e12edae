"""Every field of ``spec.manager.config`` reaches its element of ossec.conf."""

from __future__ import annotations

import pytest

from app.config.ossec import ossec_conf
from app.names import MANAGERS, Role
from tests.clusters import cluster
from tests.config.ossec_reading import AGENT_CA, ON_ALL_NODES, Raw, config, texts
from tests.ossec_checker import problems

#: Field, raw spec, path below the root, text there (a list: several elements).
FIELDS = [
    ("global.alertsLog", config(**{"global": {"alertsLog": False}}), "global/alerts_log", "no"),
    ("global.logAll", config(**{"global": {"logAll": True}}), "global/logall", "yes"),
    ("global.logAllJson", config(**{"global": {"logAllJson": True}}), "global/logall_json", "yes"),
    (
        "global.emailNotification",
        config(
            **{
                "global": {
                    "emailNotification": True,
                    "smtpServer": "mail.example.org",
                    "emailFrom": "a@example.org",
                    "emailTo": "b@example.org",
                }
            }
        ),
        "global/email_notification",
        "yes",
    ),
    (
        "global.smtpServer",
        config(**{"global": {"smtpServer": "mail.example.org"}}),
        "global/smtp_server",
        "mail.example.org",
    ),
    (
        "global.emailFrom",
        config(**{"global": {"emailFrom": "a@example.org"}}),
        "global/email_from",
        "a@example.org",
    ),
    (
        "global.emailTo",
        config(**{"global": {"emailTo": "a@example.org,b@example.org"}}),
        "global/email_to",
        ["a@example.org", "b@example.org"],
    ),
    (
        "global.emailMaxPerHour",
        config(**{"global": {"emailMaxPerHour": 7}}),
        "global/email_maxperhour",
        "7",
    ),
    (
        "global.emailLogSource",
        config(**{"global": {"emailLogSource": "alerts.json"}}),
        "global/email_log_source",
        "alerts.json",
    ),
    (
        "global.agentsDisconnectionTime",
        config(**{"global": {"agentsDisconnectionTime": "15m"}}),
        "global/agents_disconnection_time",
        "15m",
    ),
    (
        "global.agentsDisconnectionAlertTime",
        config(**{"global": {"agentsDisconnectionAlertTime": "1h"}}),
        "global/agents_disconnection_alert_time",
        "1h",
    ),
    (
        "alerts.logAlertLevel",
        config(alerts={"logAlertLevel": 5}),
        "alerts/log_alert_level",
        "5",
    ),
    (
        "alerts.emailAlertLevel",
        config(alerts={"emailAlertLevel": 0}),
        "alerts/email_alert_level",
        "0",
    ),
    (
        "logging.logFormat",
        config(logging={"logFormat": "plain,json"}),
        "logging/log_format",
        "plain,json",
    ),
    ("remote.port", config(remote={"port": 2514}), "remote/port", "2514"),
    ("remote.protocol", config(remote={"protocol": "udp"}), "remote/protocol", "udp"),
    ("remote.queueSize", config(remote={"queueSize": 262144}), "remote/queue_size", "262144"),
    ("auth.port", config(auth={"port": 2515}), "auth/port", "2515"),
    ("auth.useSourceIP", config(auth={"useSourceIP": True}), "auth/use_source_ip", "yes"),
    ("auth.purge", config(auth={"purge": False}), "auth/purge", "no"),
    ("auth.usePassword", config(auth={"usePassword": True}), "auth/use_password", "yes"),
    ("auth.ciphers", config(auth={"ciphers": "HIGH:!MD5"}), "auth/ciphers", "HIGH:!MD5"),
    (
        "auth.sslVerifyHost",
        config(auth={"sslVerifyHost": True, "sslAgentCASecretRef": AGENT_CA, **ON_ALL_NODES}),
        "auth/ssl_verify_host",
        "yes",
    ),
    (
        "auth.sslManagerCert",
        config(auth={"sslManagerCert": "etc/a.pem", "sslManagerKey": "etc/b.pem"}),
        "auth/ssl_manager_cert",
        "etc/a.pem",
    ),
    (
        "auth.sslManagerKey",
        config(auth={"sslManagerCert": "etc/a.pem", "sslManagerKey": "etc/b.pem"}),
        "auth/ssl_manager_key",
        "etc/b.pem",
    ),
    (
        "auth.sslAutoNegotiate",
        config(auth={"sslAutoNegotiate": True}),
        "auth/ssl_auto_negotiate",
        "yes",
    ),
]


@pytest.mark.parametrize("role", MANAGERS)
@pytest.mark.parametrize(
    ("raw", "path", "expected"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_a_field_reaches_its_element_on_both_roles(
    raw: Raw, path: str, expected: str | list[str], role: Role
) -> None:
    """And it says something else than the default does."""
    wanted = [expected] if isinstance(expected, str) else expected
    assert texts(raw, role, path) == wanted
    assert texts({}, role, path) != wanted


@pytest.mark.parametrize("role", MANAGERS)
@pytest.mark.parametrize("raw", [row[1] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_the_independent_checker_accepts_every_field(raw: Raw, role: Role) -> None:
    """Whatever a user sets, the file stays one that starts."""
    assert problems(ossec_conf(cluster(raw), role), cluster().version) == []
