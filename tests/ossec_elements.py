"""What the readers of ossec.conf know, for the checker: sections, elements, first version."""

from __future__ import annotations

from typing import Final, TypeAlias

#: Element name to the minor version that brought it and the elements below it.
Elements: TypeAlias = "dict[str, tuple[int, Elements]]"

#: Elements below that are not looked at.
ANY: Final[Elements] = {}

SECTIONS: Final = frozenset(
    [
        "active-response",
        "agent-upgrade",
        "agentless",
        "alerts",
        "auth",
        "client",
        "client_buffer",
        "cluster",
        "command",
        "database_output",
        "email_alerts",
        "fluent-forward",
        "gcp-bucket",
        "gcp-pubsub",
        "github",
        "global",
        "indexer",
        "integration",
        "labels",
        "localfile",
        "logging",
        "ms-graph",
        "office365",
        "remote",
        "reports",
        "rootcheck",
        "rule_test",
        "ruleset",
        "sca",
        "socket",
        "syscheck",
        "syslog_output",
        "task-manager",
        "vulnerability-detection",
        "vulnerability-detector",
        "wdb",
        "wodle",
    ]
)

#: Sections of a complete file and how often each stands in it.
NAMED_TOGETHER: Final = {
    "global": 2,
    "alerts": 1,
    "logging": 1,
    "remote": 1,
    "vulnerability-detection": 1,
    "indexer": 1,
    "ruleset": 1,
    "rule_test": 1,
    "command": 7,
    "wodle": 1,
    "sca": 1,
    "syscheck": 1,
    "rootcheck": 1,
    "auth": 1,
    "cluster": 1,
    "localfile": 1,
}


def _always(names: str) -> Elements:
    return dict.fromkeys(names.split(), (9, ANY))


ELEMENTS: Final[dict[str, Elements]] = {
    "global": _always(
        "agents_disconnection_alert_time agents_disconnection_time alerts_log "
        "custom_alert_output email_from email_idsname email_log_source email_maxperhour "
        "email_notification email_reply_to email_to helo_server host_information "
        "integrity_checking jsonout_output limits logall logall_json max_output_size memory_size "
        "rotate_interval smtp_server stats update_check white_list"
    ),
    "alerts": _always("email_alert_level log_alert_level use_geoip"),
    "logging": _always("log_format"),
    "remote": _always(
        "agents allowed-ips connection connection_overtake_time denied-ips ipv6 local_ip port "
        "protocol queue_size rids_closing_time"
    ),
    "vulnerability-detection": _always("enabled feed-update-interval index-status offline-url"),
    "indexer": {
        "enabled": (9, ANY),
        "hosts": (9, _always("host")),
        "ssl": (
            9,
            _always("certificate key") | {"certificate_authorities": (9, _always("ca"))},
        ),
    },
    "ruleset": _always(
        "decoder_dir decoder_exclude decoder_include list rule_dir rule_exclude rule_include"
    ),
    "rule_test": _always("enabled max_sessions session_timeout threads"),
    "command": _always("executable expect extra_args name timeout_allowed"),
    "wodle": _always(
        "disabled hardware hotfixes interval network os packages ports processes scan_on_start "
        "synchronization"
    )
    | dict.fromkeys(("browser_extensions", "groups", "services", "users"), (14, ANY)),
    "sca": _always("day enabled interval policies scan_on_start skip_nfs time wday"),
    "syscheck": _always(
        "alert_new_files auto_ignore directories disabled frequency ignore max_eps nice "
        "process_priority scan_on_start skip_dev skip_nfs skip_proc skip_sys synchronization"
    ),
    "rootcheck": _always(
        "check_dev check_files check_if check_pids check_ports check_sys check_trojans disabled "
        "frequency ignore rootkit_files rootkit_trojans skip_nfs"
    ),
    "auth": _always(
        "ciphers disabled ipv6 port purge remote_enrollment ssl_agent_ca ssl_auto_negotiate "
        "ssl_manager_cert ssl_manager_key ssl_verify_host use_password use_source_ip"
    )
    | {
        "force": (
            9,
            _always("after_registration_time disconnected_time enabled key_mismatch"),
        )
    },
    "cluster": _always("bind_addr disabled hidden key name node_name node_type port")
    | {"nodes": (9, _always("node"))},
    "localfile": _always("alias command frequency location log_format"),
}
