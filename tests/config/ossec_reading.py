"""Raw specs of ``spec.manager.config`` and a reader of the ossec.conf made from them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from app.config.ossec import ossec_conf
from app.names import Role
from tests.clusters import cluster

AGENT_CA = {"name": "agents", "key": "ca.crt"}
ON_ALL_NODES = {"enabledOnMasterOnly": False}

Raw = dict[str, Any]


def config(**sections: Any) -> Raw:
    """Raw spec with ``spec.manager.config``."""
    return {"manager": {"config": sections}}


def tree(text: str) -> ET.Element:
    """All roots of a file below one."""
    return ET.fromstring(f"<all>{text}</all>")  # noqa: S314 - our own text


def texts(raw: Raw, role: Role, path: str) -> list[str]:
    """Texts of the elements at ``path`` below the roots."""
    found = tree(ossec_conf(cluster(raw), role)).findall(f"ossec_config/{path}")
    return [element.text or "" for element in found]
