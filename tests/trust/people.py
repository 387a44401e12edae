"""What happens to a cluster: one step of a history, in words that can be played again.

write <object> · see <kind> · roll <tier> · wait <seconds> · an event of the pool
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from app.certificates.renewal import margin_start
from app.names import ROTATE_CA, TIERS, Role
from app.schema.tls import ExtraSans
from app.secret_data import SecretData
from tests.certificates.scenario import CONFIG, LEAF_SECRETS, NAMES, edited
from tests.trust import properties
from tests.trust.cluster import KINDS, Standing, Workload, kind_of
from tests.trust.world import World, bundle_of

_OTHER_NAMES = CONFIG.model_copy(
    update={"extra_sans": ExtraSans(indexer=("siem.example.org",))},
)
_SHORTER = CONFIG.model_copy(update={"validity_days": 90})


def options(world: World) -> tuple[list[str], list[str]]:
    """Steps that may change something now: writes of the hook, and everything else."""
    cluster = world.cluster
    writes = [f"write {name}" for name in world.answer().writes if _may_write(world, name)]
    others = [f"see {kind}" for kind in KINDS if len(cluster.queues[kind]) > 1]
    for role in TIERS:
        one = cluster.workload(role)
        if one is not None and one.standing is not Standing.READY and role not in world.stuck:
            others.append(f"roll {role}")
    if world.answer().due is not None or any(cluster.former.values()):
        others += ["wait 30", "wait 90"]
    left = Counter(world.setting.pool)
    left.subtract(world.happened)
    others += [event for event, count in left.items() if count > 0]
    return writes, others


def do(world: World, step: str) -> bool:
    """Make one step; False if there is nothing to it now. BrokenError if a property breaks."""
    verb, _, rest = step.partition(" ")
    match verb:
        case "write":
            done = _write(world, rest)
        case "see":
            done = world.cluster.deliver(rest)
        case "roll":
            done = Role(rest) not in world.stuck and world.cluster.finish(Role(rest))
        case "wait":
            world.cluster.pass_time(world.cluster.now + timedelta(seconds=int(rest)))
            world.note_ends()
            done = True
        case _:
            name, _, argument = step.partition(":")
            done = EVENTS[name](world, argument)
            if done:
                world.happened.append(step)
    if done:
        properties.check(world)
    return done


def _may_write(world: World, name: str) -> bool:
    queue = world.cluster.queues[kind_of(name)]
    return all(one.get(name) == queue[0].get(name) for one in queue)


def _write(world: World, name: str) -> bool:
    answer = world.answer()
    new = answer.writes.get(name)
    if new is None or not _may_write(world, name):
        return False
    properties.check_write(world, answer, name, new)
    before = world.cluster.seen.get(name)
    world.cluster.write(name, new)
    world.reasons.update(one.reason for one in answer.plan.reissues if one.secret == name)
    if isinstance(new, Workload):
        if isinstance(before, Workload) and before.hash != new.hash:
            world.rolls[Role(name)] += 1
    elif name == NAMES.ca:
        properties.note_ca(world, before if isinstance(before, SecretData) else None, new)
    else:
        properties.note_leaf(world, name, before if isinstance(before, SecretData) else None, new)
    return True


# --- events -------------------------------------------------------------------------------------
def _next_value(world: World, event: str) -> str:
    return f"{event}-{len(world.happened)}"


def _rotate(world: World, _: str) -> bool:
    world.wishes.rotate = _next_value(world, "r")
    return True


def _renew(world: World, _: str) -> bool:
    world.wishes.renew = _next_value(world, "n")
    return True


def _template(world: World, _: str) -> bool:
    if world.wishes.config is None:
        return False
    world.wishes.template += 1
    return True


def _names(world: World, _: str) -> bool:
    if world.wishes.config is None:
        return False
    world.wishes.config = CONFIG if world.wishes.config == _OTHER_NAMES else _OTHER_NAMES
    return True


def _shorter(world: World, _: str) -> bool:
    if world.wishes.config in (None, _SHORTER):
        return False
    world.wishes.config = _SHORTER
    return True


def _invalid(world: World, _: str) -> bool:
    world.wishes.config = CONFIG if world.wishes.config is None else None
    return True


def _dashboard(world: World, _: str) -> bool:
    if world.wishes.config is None:
        return False
    world.wishes.has_dashboard = not world.wishes.has_dashboard
    if not world.wishes.has_dashboard and world.cluster.workload(Role.DASHBOARD) is not None:
        world.cluster.store(Role.DASHBOARD, None)
    return True


def _delete(world: World, leaf: str) -> bool:
    name = NAMES.certs(leaf)
    if world.cluster.secret(name) is None:
        return False
    world.cluster.store(name, None)
    return True


def _delete_ca(world: World, _: str) -> bool:
    stored = world.cluster.secret(NAMES.ca)
    if stored is None:
        return False
    world.backup, world.is_spent = stored, world.wishes.recreate is not None
    world.cluster.store(NAMES.ca, None)
    return True


def _restore(world: World, _: str) -> bool:
    return _put_back(world, world.backup)


def _old_backup(world: World, _: str) -> bool:
    return _put_back(world, world.first)


def _put_back(world: World, backup: SecretData | None) -> bool:
    if backup is None or world.cluster.secret(NAMES.ca) is not None or not world.is_quiet():
        return False
    annotations = dict(backup.annotations)
    if world.wishes.rotate is not None:
        annotations[ROTATE_CA] = world.wishes.rotate
    world.cluster.store(NAMES.ca, replace(backup, annotations=annotations))
    return True


def recreate(world: World, _: str = "") -> bool:
    """The person follows the condition: the value it names."""
    hold = world.answer().plan.hold
    found = None if hold is None else re.search(r"recreate-ca=(\S+)", hold.message)
    if found is None or not world.is_quiet():
        return False
    world.wishes.recreate, world.is_spent = found[1], False
    return True


def _lose_key(world: World, _: str) -> bool:
    return _drop(world, "ca.key")


def _lose_next_key(world: World, _: str) -> bool:
    return _drop(world, "next.key")


def _drop(world: World, key: str) -> bool:
    stored = world.cluster.secret(NAMES.ca)
    if stored is None or key not in stored.data:
        return False
    world.lost_keys[key] = stored.data[key]
    world.cluster.store(NAMES.ca, edited(stored, **{key.replace(".", "_"): None}))
    return True


def with_value(secret: SecretData, key: str, value: str) -> SecretData:
    """A Secret with one value put back by hand."""
    return replace(secret, data={**secret.data, key: value})


def _stick(world: World, role: str) -> bool:
    world.stuck.add(Role(role))
    return True


def _lose_a_pod(world: World, role: str) -> bool:
    return world.cluster.lose_a_pod(Role(role))


def _time(world: World, _: str) -> bool:
    """Go on to the next moment at which something comes due, or ends, once all is quiet."""
    if not world.is_quiet():
        return False
    cluster, made = world.cluster, world.answer().plan
    moments = [] if made.next_due is None else [made.next_due]
    secrets = [one for name in LEAF_SECRETS if (one := cluster.secret(name)) is not None]
    authorities = [ca for leaf in secrets for ca in bundle_of(leaf)]
    for certificate in (*authorities, *made.leaf_facts.values()):
        moments.append(margin_start(certificate))
        moments.append(certificate.not_after + timedelta(seconds=1))
    due = min((moment for moment in moments if moment > cluster.now), default=None)
    if due is None:
        return False
    cluster.pass_time(due)
    world.note_ends()
    return True


EVENTS: dict[str, Callable[[World, str], bool]] = {
    "rotate": _rotate,
    "renew": _renew,
    "template": _template,
    "names": _names,
    "shorter": _shorter,
    "invalid": _invalid,
    "dashboard": _dashboard,
    "delete": _delete,
    "delete ca": _delete_ca,
    "restore": _restore,
    "old backup": _old_backup,
    "recreate": recreate,
    "lose ca.key": _lose_key,
    "lose next.key": _lose_next_key,
    "stick": _stick,
    "lose a pod": _lose_a_pod,
    "time": _time,
}
