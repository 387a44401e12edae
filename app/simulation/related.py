"""Related objects: what the customize hook asks for, read from caches of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.result import Manifest
from app.simulation.answers import AnswerError
from app.simulation.api_calls import Event, Key
from app.simulation.hook import TOO_MANY_REQUESTS, HookAnswer
from app.simulation.informers import Informers
from app.simulation.kinds import BY_RESOURCE, Kind
from app.simulation.timeline import Timeline

CACHE_SECONDS: Final = 1200.0
_OK: Final = 200

Rules = list[dict[str, Any]]
Customize = Callable[[Manifest], HookAnswer]


class NotFilledError(Exception):
    """A related informer was started just now: a silent back-off follows."""


class TooManyRequestsError(Exception):
    """The customize hook answered 429; ``retry_after`` in seconds."""

    def __init__(self, retry_after: float) -> None:
        """See the class."""
        super().__init__("429")
        self.retry_after = retry_after


class Related:
    """Answers of the customize hook by (uid, generation), and the caches behind them."""

    __slots__ = ("_answers", "_controller", "_customize", "_informers", "_timeline")

    def __init__(
        self,
        timeline: Timeline,
        informers: Informers,
        customize: Customize,
        controller: Manifest,
    ) -> None:
        """``informers``: not those of the children, with a lag of their own."""
        self._timeline = timeline
        self._informers = informers
        self._customize = customize
        self._controller = controller
        self._answers: dict[tuple[str, int], tuple[float, Rules]] = {}

    def restart(self) -> None:
        """Forget the answers; fill the caches again."""
        self._answers.clear()
        self._informers.restart()

    def of(self, parent: Manifest) -> dict[str, dict[str, Manifest]]:
        """Groups of related objects of ``parent``.

        AnswerError if the hook or a rule is wrong, NotFilledError at the first use of a kind.
        """
        rules = self._rules(parent)
        groups: dict[str, dict[str, Manifest]] = {}
        started = False
        for rule in rules:
            kind = _kind(rule)
            if not self._informers.started(kind.name):
                self._informers.start([kind.name])
                started = True
            group = groups.setdefault(kind.key, {})
            for item in self._informers.objects(kind.name):
                if matches(rule, item):
                    group[object_key(item)] = item
        if started:
            raise NotFilledError
        return groups

    def parents_of(self, event: Event, parents: list[Manifest]) -> list[Key]:
        """Keys of the parents one of whose rules matches an object before or after an event."""
        states = [state for state in (event.old, event.object) if state is not None]
        return [
            ("", parent["metadata"]["namespace"], parent["metadata"]["name"])
            for parent in parents
            if any(self._matches(parent, state) for state in states)
        ]

    def _matches(self, parent: Manifest, item: Manifest) -> bool:
        try:
            rules = self._rules(parent)
        except (AnswerError, TooManyRequestsError):
            return False
        return any(_kind(rule).name == item["kind"] and matches(rule, item) for rule in rules)

    def _rules(self, parent: Manifest) -> Rules:
        metadata = parent["metadata"]
        key = (metadata["uid"], metadata["generation"])
        known = self._answers.get(key)
        if known is not None and self._timeline.elapsed - known[0] < CACHE_SECONDS:
            return known[1]
        answer = self._customize({"controller": self._controller, "parent": parent})
        if answer.status == TOO_MANY_REQUESTS:
            raise TooManyRequestsError(answer.retry_after or 0.0)
        if answer.status != _OK or answer.body is None:
            raise AnswerError(f"customize: {answer.status} {answer.text}")
        if set(answer.body) - {"relatedResources"}:
            raise AnswerError("customize: unknown field")
        rules: Rules = answer.body.get("relatedResources") or []
        for rule in rules:
            _check(rule)
        self._answers = {k: v for k, v in self._answers.items() if k[0] != key[0]}
        self._answers[key] = (self._timeline.elapsed, rules)
        return rules


def matches(rule: Mapping[str, Any], item: Manifest) -> bool:
    """Whether a rule selects an object of its kind; a rule with nothing set selects all."""
    metadata = item["metadata"]
    if rule.get("namespace") and metadata.get("namespace") != rule["namespace"]:
        return False
    if rule.get("names"):
        return metadata["name"] in rule["names"]
    selector = rule.get("labelSelector")
    return selector is None or selects(selector, metadata.get("labels", {}))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector fits."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def object_key(item: Manifest) -> str:
    """Inner key of a hook v2 request."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _kind(rule: Mapping[str, Any]) -> Kind:
    kind = BY_RESOURCE.get((str(rule.get("apiVersion")), str(rule.get("resource"))))
    if kind is None:
        raise AnswerError(f"customize: {rule.get('resource')} is not served")
    return kind


def _check(rule: Mapping[str, Any]) -> None:
    """AnswerError for a rule that Metacontroller refuses."""
    _kind(rule)
    selectors = [key for key in ("labelSelector", "namespaceSelector") if rule.get(key)]
    if rule.get("names") and selectors:
        raise AnswerError("customize: names excludes selectors")
    if rule.get("namespace") and rule.get("namespaceSelector"):
        raise AnswerError("customize: namespace excludes namespaceSelector")
