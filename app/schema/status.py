"""Structural schema of ``status``, which the hook writes and nobody else."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

PHASES: Final = ("Pending", "Creating", "Running", "Updating", "Upgrading", "Failed", "Deleting")
TIER_PHASES: Final = (
    "Pending",
    "Creating",
    "Updating",
    "Held",
    "Running",
    "Degraded",
    "Disabled",
)
CONDITIONS: Final = (
    "Ready",
    "Available",
    "Progressing",
    "Degraded",
    "CertificatesReady",
    "SpecValid",
)
CA_STAGES: Final = ("Steady", "Trust", "Reissue", "Prune")

_MESSAGE_CHARACTERS: Final = 32768


def status_schema() -> Schema:
    """Schema of ``status``: what was found in the observed children."""
    tier = _tier()
    return _object(
        "What was found at the last sync.",
        {
            "phase": _enum("State of the whole cluster.", PHASES),
            "observedGeneration": _number("Generation of the spec that the status speaks of."),
            "version": _text("Version that all tiers run.", 64),
            "conditions": _conditions(),
            "indexer": tier | {"description": "The indexers."},
            "manager": tier
            | {
                "description": "The managers: the worse phase and the sums of both roles.",
                "properties": tier["properties"]
                | {
                    "master": tier | {"description": "The master."},
                    "workers": tier | {"description": "The workers."},
                },
            },
            "dashboard": tier | {"description": "The dashboard."},
            "nextCertificateExpiry": _time("Earliest end of a certificate, the CA included."),
            "certificates": _certificates(),
            "certificateAuthority": _authority(),
            "rollout": _rollout(),
            "requests": {
                "type": "object",
                "description": "Annotations that act once: the last value acted upon.",
                "additionalProperties": {"type": "string", "maxLength": 1024},
                "maxProperties": 64,
            },
        },
    ) | {"nullable": True}


def _object(description: str, properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "description": description}
    if required:
        schema["required"] = list(required)
    return schema | {"properties": properties}


def _text(description: str, characters: int = 253) -> Schema:
    return {"type": "string", "description": description, "maxLength": characters}


def _enum(description: str, values: tuple[str, ...]) -> Schema:
    return _text(description, max(len(value) for value in values)) | {"enum": list(values)}


def _time(description: str) -> Schema:
    return {
        "type": "string",
        "description": description,
        "format": "date-time",
        "maxLength": 32,
    }


def _number(description: str) -> Schema:
    return {"type": "integer", "description": description, "format": "int64", "minimum": 0}


def _tier() -> Schema:
    """ComponentStatus."""
    return _object(
        "A tier.",
        {
            "phase": _enum("State of the tier.", TIER_PHASES),
            "replicas": _number("Pods that are wanted."),
            "readyReplicas": _number("Pods that are ready."),
            "version": _text("Version that runs.", 256),
            "message": _text("What it waits for.", _MESSAGE_CHARACTERS),
        },
    )


def _conditions() -> Schema:
    condition = _object(
        "One statement.",
        {
            "type": _enum("What is stated.", CONDITIONS),
            "status": _enum("Whether it holds.", ("True", "False", "Unknown")),
            "reason": _text("Why, in one word.", 1024),
            "message": _text("Why, in sentences.", _MESSAGE_CHARACTERS),
            "lastTransitionTime": _time("When the status last changed."),
            "observedGeneration": _number("Generation of the spec that it speaks of."),
        },
        ("type", "status", "reason", "message", "lastTransitionTime"),
    )
    return {
        "type": "array",
        "description": "Statements by type.",
        "items": condition,
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }


def _certificates() -> Schema:
    certificate = _object(
        "One certificate.",
        {
            "name": _text("Name of the Secret."),
            "component": _text("Who uses it.", 63),
            "notBefore": _time("Begin of validity."),
            "notAfter": _time("End of validity."),
            "renewalTime": _time("When it is renewed."),
            "serialNumber": _text("Serial number in hex.", 64),
            "issuerFingerprint": _text("SHA-256 of the issuer in hex.", 64),
            "fingerprint": _text("SHA-256 in hex.", 64),
        },
        ("name",),
    )
    return {
        "type": "array",
        "description": "Observed certificates by Secret.",
        "items": certificate,
        "maxItems": 32,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }


def _authority() -> Schema:
    return _object(
        "The certificate authority.",
        {
            "name": _text("Name of the Secret."),
            "fingerprint": _text("SHA-256 of the certificate in hex.", 64),
            "notBefore": _time("Begin of validity."),
            "notAfter": _time("End of validity."),
            "renewalTime": _time("When its rotation begins."),
            "stage": _enum("Stage of its rotation.", CA_STAGES),
            "nextFingerprint": _text("SHA-256 of the coming CA in hex.", 64),
            "previousFingerprint": _text("SHA-256 of the former CA in hex.", 64),
        },
    )


def _rollout() -> Schema:
    return _object(
        "What is in progress: the first tier that is not settled.",
        {
            "tier": _text("Which tier.", 63),
            "reason": _text("Why it changes.", 1024),
            "waitingFor": _text("What it waits for.", _MESSAGE_CHARACTERS),
        },
    )
