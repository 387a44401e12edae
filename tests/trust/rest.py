"""P4: once nothing more happens and people do what the condition says, everything comes to rest."""

from __future__ import annotations

import re

from app.certificates.observation import NEXT_KEY
from app.certificates.request import Stage
from app.names import CA_CERT, CA_KEY, TIERS
from tests.certificates.scenario import CONFIG, LEAF_SECRETS, NAMES
from tests.trust import people
from tests.trust.cluster import KINDS, Standing
from tests.trust.contents import content, public_keys, verifies
from tests.trust.world import Answer, BrokenError, World

#: A rotation takes some 25 rounds of 90 s; a second may wait behind it.
_ROUNDS = 120


def come_to_rest(world: World) -> None:
    """Let the hook do all it wants, and people what it asks them for. BrokenError names P4."""
    world.stuck.clear()
    if world.wishes.config is None:
        world.wishes.config = CONFIG
    for _ in range(_ROUNDS):
        _deliver(world)
        is_idle = _writes(world) + _rolls(world) == 0
        if is_idle and world.answer().due is None:
            if not _help(world):
                _judge(world)
                return
            continue
        people.do(world, "wait 90")
    raise BrokenError("P4", f"does not come to rest: {world.answer().plan.findings}")


def _deliver(world: World) -> None:
    for kind in KINDS:
        while people.do(world, f"see {kind}"):
            pass


def _writes(world: World) -> int:
    """Every write of one answer; how many there were."""
    return sum(people.do(world, f"write {name}") for name in list(world.answer().writes))


def _rolls(world: World) -> int:
    _deliver(world)
    done = sum(people.do(world, f"roll {role}") for role in TIERS)
    _deliver(world)
    return done


def _help(world: World) -> bool:
    """What a person does who reads the condition; False if nothing is asked."""
    made = world.answer().plan
    if made.hold is not None:
        return people.recreate(world) or _give_back(world, NEXT_KEY)
    text = " ".join(one.message for one in made.findings)
    found = re.search(r"rotate-ca=(\S+)", text)
    if found is None or world.wishes.rotate == found[1]:
        return False
    world.wishes.rotate = found[1]
    world.happened.append("rotate")
    return True


def _give_back(world: World, key: str) -> bool:
    """A key from the backup."""
    stored, backup = world.cluster.secret(NAMES.ca), world.lost_keys.get(key)
    if stored is None or backup is None or key in stored.data:
        return False
    world.cluster.store(NAMES.ca, people.with_value(stored, key, backup))
    return True


def _judge(world: World) -> None:
    answer: Answer = world.answer()
    made, cluster = answer.plan, world.cluster
    if made.stage is not Stage.STEADY or made.hold is not None or made.is_waiting:
        raise BrokenError("P4", f"rests in {made.stage}: {made.findings}")
    if [one for one in made.findings if not one.warns]:
        raise BrokenError("P4", f"rests, and says {made.findings}")
    ca = cluster.secret(NAMES.ca)
    if ca is None or CA_KEY not in ca.data:
        raise BrokenError("P4", "rests without a CA that can sign")
    active = public_keys(ca.data[CA_CERT])
    for name in LEAF_SECRETS:
        leaf = cluster.secret(name)
        if leaf is None or not verifies(content(leaf).leaf, ca.data[CA_CERT]):
            raise BrokenError("P4", f"rests, and {name} is not signed by the active CA")
        if public_keys(leaf.data[CA_CERT]) != active:
            raise BrokenError("P4", f"rests, and the bundle of {name} is not clean")
    for role in world.roles:
        one = cluster.workload(role)
        wanted = (world.wishes.template, world.hash_of(cluster.stored, role))
        if one is None or one.standing is not Standing.READY or one.revision != wanted:
            raise BrokenError("P4", f"rests, and {role} is not settled")
