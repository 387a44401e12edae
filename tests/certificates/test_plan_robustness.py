"""Whatever bytes stand in a Secret: an answer, nothing lost, and rest within a few calls."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT
from app.certificates.pem import key_pem
from app.names import CA_CERT, CA_KEY, DATA_HASH, TLS_CERT, TLS_KEY
from app.secret_data import SecretData, data_hash
from tests.certificates.scenario import (
    CONFIG,
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    World,
    authority_secret,
    new_world,
    other_signer,
    traditional,
)

SETTLED = new_world()
OTHER = other_signer("wz-ca-2")
LEAF = SETTLED.leaves[INDEXER]

#: Well-formed material in the wrong place is worse than noise.
MATERIAL = (
    SETTLED.active.pem.encode(),
    SETTLED.active.pem.encode() + OTHER.certificate.pem.encode(),
    OTHER.certificate.pem.encode(),
    SETTLED.certificate(INDEXER).pem.encode(),
    key_pem(OTHER.key),
    traditional(OTHER.key),
    LEAF.value(TLS_KEY) or b"",
)
ENCODED = st.one_of(
    st.binary(max_size=64).map(lambda raw: base64.b64encode(raw).decode()),
    st.sampled_from(MATERIAL).map(lambda raw: base64.b64encode(raw).decode()),
    st.text(max_size=20, alphabet=st.characters(codec="utf-8")),
)


@st.composite
def damaged(draw: st.DrawFn, secret: SecretData, keys: tuple[str, ...]) -> SecretData:
    """``secret`` with some keys replaced or removed; its digest fits, does not, or is absent."""
    data = dict(secret.data)
    for key in draw(st.sets(st.sampled_from(keys))):
        value = draw(st.none() | ENCODED)
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value
    annotations = dict(secret.annotations)
    digest = draw(st.sampled_from(("old", "absent", "fitting")))
    if digest == "absent":
        annotations.pop(DATA_HASH, None)
    elif digest == "fitting":
        annotations[DATA_HASH] = data_hash(data)
    return replace(
        secret, data=data, annotations=annotations, immutable=draw(st.integers(0, 5)) == 0
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A cluster with a damaged CA, damaged leaves, missing ones, at any time."""
    assert SETTLED.ca is not None
    ca_keys = (CA_CERT, CA_KEY, NEXT_CERT, NEXT_KEY, PREVIOUS_CERT)
    ca = draw(
        st.one_of(
            st.none(),
            st.just(SETTLED.ca),
            damaged(SETTLED.ca, ca_keys),
            damaged(authority_secret(OTHER), ca_keys),
        )
    )
    leaves = {
        name: draw(damaged(SETTLED.leaves[name], (CA_CERT, TLS_CERT, TLS_KEY)))
        for name in draw(st.sets(st.sampled_from(LEAF_SECRETS)))
    }
    return replace(
        SETTLED,
        ca=ca,
        leaves=leaves,
        config=draw(st.sampled_from((CONFIG, None))),
        now=SETTLED.now + timedelta(seconds=draw(st.integers(-(10**8), 10**8))),
        renew_request=draw(st.sampled_from((None, "1"))),
    )


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_any_content_gets_an_answer_and_comes_to_rest(world: World) -> None:
    """No observed Secret is missing from any answer; after four calls nothing is written."""
    for _ in range(4):
        answer = world.plan()
        emitted = [secret.name for _, secret in answer.secrets]
        assert len(emitted) == len(set(emitted))
        assert set(world.leaves) <= set(emitted)
        assert world.ca is None or NAMES.ca in emitted
        world = world.apply(answer)
    assert world.plan().rewritten == frozenset()


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_the_key_of_the_ca_is_never_changed_or_removed(world: World) -> None:
    """Whatever is wrong: it is the one thing that cannot be made again."""
    answer = world.plan()
    if world.ca is None:
        return
    emitted = next(secret for _, secret in answer.secrets if secret.name == NAMES.ca)
    for key in (CA_KEY, NEXT_CERT, NEXT_KEY, PREVIOUS_CERT):
        assert emitted.data.get(key) == world.ca.data.get(key)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_an_immutable_secret_is_never_changed(world: World) -> None:
    """The API server would refuse the write."""
    observed = {**world.leaves, **({} if world.ca is None else {NAMES.ca: world.ca})}
    for _, secret in world.plan().secrets:
        before = observed.get(secret.name)
        if before is not None and before.immutable:
            assert secret.data == before.data
