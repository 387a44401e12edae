"""Reading a plan's answer: reasons, causes, and that nothing was changed."""

from __future__ import annotations

from app.certificates.plan import CertificatePlan
from app.schema.tls import CertConfig
from tests.certificates.scenario import World


def configured(**fields: object) -> CertConfig:
    """The spec's part with some fields set."""
    return CertConfig.model_validate(fields)


def reasons(answer: CertificatePlan) -> list[str]:
    """Reasons of the condition, in order."""
    return [str(finding.reason) for finding in answer.findings]


def causes(answer: CertificatePlan) -> set[tuple[str, str]]:
    """What is written, and why."""
    return {(item.secret, str(item.reason)) for item in answer.reissues}


def assert_unchanged(world: World, answer: CertificatePlan) -> None:
    """Everything observed is emitted byte for byte, and nothing else."""
    assert answer.rewritten == frozenset()
    assert answer.reissues == ()
    emitted = {secret.name: secret for _, secret in answer.secrets}
    expected = dict(world.leaves)
    if world.ca is not None:
        expected[world.ca.name] = world.ca
    assert emitted == expected


def assert_settles(world: World) -> World:
    """A second call on the applied result changes nothing."""
    final = world.settle()
    assert_unchanged(final, final.plan())
    return final


def hold_of(world: World) -> CertificatePlan:
    """The answer of a call that must hold."""
    answer = world.plan()
    assert_unchanged(world, answer)
    assert answer.hold is not None
    assert answer.findings[0] == answer.hold
    return answer
