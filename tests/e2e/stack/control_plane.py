"""etcd, the API server, the controllers, the scheduler and kwok on loopback ports."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Final

import httpx

from tests.e2e.controlplane.build import Programs
from tests.e2e.stack.credentials import write_credentials
from tests.e2e.stack.processes import LOOPBACK, Process, ProcessError, free_ports

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
_AUDIT_POLICY: Final = Path(__file__).parent / "audit.yaml"
_ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_CONTROLLERS: Final = (
    "statefulset-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
    "cronjob-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "disruption-controller",
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
    "persistentvolume-protection-controller",
    "resourcequota-controller",
    "pod-garbage-collector-controller",
    "ttl-after-finished-controller",
)


class ControlPlane:
    """One control plane; everything it writes is in ``folder``."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        """Write the files; nothing is started yet."""
        ports = free_ports(6)
        self.server = f"https://{LOOPBACK}:{ports[0]}"
        self.kubeconfig = write_credentials(folder, self.server)
        self.audit_log = folder / "audit.log"
        self._folder = folder
        self._programs = programs
        self._etcd_url = f"http://{LOOPBACK}:{ports[1]}"
        self._etcd = self._process("etcd", self._etcd_flags(ports[2]))
        self._api = self._process("kube-apiserver", self._api_flags(ports[0]))
        self._clients = [
            self._process("kube-controller-manager", self._controller_flags(ports[3])),
            self._process("kube-scheduler", self._scheduler_flags(ports[4])),
            self._process("kwok", self._kwok_flags(ports[5])),
        ]

    def start(self) -> None:
        """Start all; returns when the API server is ready. ProcessError."""
        self._etcd.start()
        self._api.start()
        self._wait_ready()
        for process in self._clients:
            process.start()

    def check(self) -> None:
        """ProcessError if a part has ended by itself."""
        for process in (self._etcd, self._api, *self._clients):
            process.check()

    def stop(self) -> None:
        """Stop all. The API server would take a minute to end by itself, holding its port."""
        for process in reversed(self._clients):
            process.stop()
        self._api.stop(kill=True)
        self._etcd.stop()

    def _process(self, name: str, flags: list[str]) -> Process:
        return Process(name, self._folder, [self._programs.binaries[name], *flags])

    def _wait_ready(self) -> None:
        context = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        context.load_cert_chain(self._folder / "admin.crt", self._folder / "admin.key")
        end = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.server, verify=context, trust_env=False) as client:
            while time.monotonic() < end:
                self.check()
                try:
                    if client.get("/readyz", timeout=5.0).status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(POLL_SECONDS)
        raise ProcessError(f"the API server is not ready:\n{self._api.tail()}")

    # --- flags ------------------------------------------------------------------------
    def _etcd_flags(self, peer_port: int) -> list[str]:
        peer = f"http://{LOOPBACK}:{peer_port}"
        return [
            "--name=node0",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=node0={peer}",
            "--unsafe-no-fsync",
        ]

    def _api_flags(self, port: int) -> list[str]:
        """Loopback only, nothing throttled, and what only a kubelet would lift is left out.

        Scheduler and controller-manager wait for ever for the request-header part; a new Node would
        keep the taint that TaintNodesByCondition gives it.
        """
        folder = self._folder
        return [
            f"--etcd-servers={self._etcd_url}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'api-server'}",
            f"--tls-cert-file={folder / 'api.crt'}",
            f"--tls-private-key-file={folder / 'api.key'}",
            f"--client-ca-file={folder / 'ca.crt'}",
            "--service-cluster-ip-range=10.0.0.0/16",
            f"--service-account-issuer={_ISSUER}",
            f"--service-account-key-file={folder / 'sa.pub'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            f"--requestheader-client-ca-file={folder / 'ca.crt'}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            "--disable-admission-plugins=TaintNodesByCondition",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={_AUDIT_POLICY}",
            f"--audit-log-path={self.audit_log}",
            "--enable-priority-and-fairness=false",
            "--max-requests-inflight=0",
            "--max-mutating-requests-inflight=0",
        ]

    def _client_flags(self, port: int, name: str) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig}",
            f"--authentication-kubeconfig={self.kubeconfig}",
            f"--authorization-kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            f"--cert-dir={self._folder / name}",
        ]

    def _controller_flags(self, port: int) -> list[str]:
        return [
            *self._client_flags(port, "controller-manager"),
            f"--service-account-private-key-file={self._folder / 'sa.key'}",
            f"--root-ca-file={self._folder / 'ca.crt'}",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
            f"--controllers={','.join(_CONTROLLERS)}",
        ]

    def _scheduler_flags(self, port: int) -> list[str]:
        return [
            *self._client_flags(port, "scheduler"),
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        ]

    def _kwok_flags(self, port: int) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig}",
            f"--config={self._programs.stages}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            "--cidr=10.244.0.0/16",
            f"--node-ip={LOOPBACK}",
            f"--server-address={LOOPBACK}:{port}",
        ]
