"""What the API server allots to a Service: cluster addresses and node ports."""

from __future__ import annotations

import random
from typing import Final

from app.result import Manifest

_NODE_PORTS: Final = (30000, 32767)
#: Second, third and last number of a cluster address.
_ADDRESS_SPANS: Final = ((96, 111), (0, 255), (1, 254))


class Addresses:
    """Allots at creation and keeps on update."""

    __slots__ = ("_rng",)

    def __init__(self, rng: random.Random) -> None:
        """``rng``: seeded."""
        self._rng = rng

    def assign(self, item: Manifest, old: Manifest | None) -> None:
        """Fill in a Service's addresses in place; other kinds are left alone."""
        if item["kind"] != "Service" or item["spec"].get("type") == "ExternalName":
            return
        spec, before = item["spec"], (old or {}).get("spec", {})
        if "clusterIP" not in spec:
            spec["clusterIP"] = before.get("clusterIP") or self._address()
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if spec["type"] in ("NodePort", "LoadBalancer"):
            self._node_ports(spec, before)
        else:
            for port in spec.get("ports", []):
                port.pop("nodePort", None)

    def _node_ports(self, spec: Manifest, before: Manifest) -> None:
        known = {port.get("port"): port.get("nodePort") for port in before.get("ports", [])}
        for port in spec.get("ports", []):
            if "nodePort" not in port:
                port["nodePort"] = known.get(port.get("port")) or self._rng.randint(*_NODE_PORTS)

    def _address(self) -> str:
        block, third, host = (self._rng.randint(*span) for span in _ADDRESS_SPANS)
        return f"10.{block}.{third}.{host}"
