"""Wazuh on Kubernetes: a Metacontroller hook that renders a whole cluster from one WazuhCluster."""
