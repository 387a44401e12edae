"""How many examples a property gets.

The profile ``normal`` gives the same examples in every run. More of them, and other ones each time:
``pytest tests/properties --hypothesis-profile=deep --timeout=0``.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

#: Number of examples for which a property's own number is meant.
_NORMAL = 100


def register() -> None:
    """Make both profiles known, and the normal one the default."""
    settings.register_profile(
        "normal",
        derandomize=True,
        deadline=None,
        max_examples=_NORMAL,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    settings.register_profile(
        "deep", settings.get_profile("normal"), derandomize=False, max_examples=10 * _NORMAL
    )
    settings.load_profile("normal")


def examples(count: int) -> settings:
    """``count`` examples under the profile ``normal``, in proportion under others.

    An example takes a tenth of a second or more, so a failing one is shrunk under other profiles
    only: there is no time for it within a test's time-out.
    """
    factor = settings().max_examples / _NORMAL
    phases = {Phase.explicit, Phase.reuse, Phase.generate}
    if factor > 1:
        phases.add(Phase.shrink)
    return settings(max_examples=max(1, int(count * factor)), phases=tuple(phases))
