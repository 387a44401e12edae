"""Objects of a request that nobody changes, so that what was read of one can stay with it.

Most objects of a request are those of the request before, byte for byte. The edge decodes such an
object once and hands the same one on; the core keeps its typed views in it. They live and go
together. An ordinary dictionary is read anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Unchanging(dict[str, Any]):
    """A decoded JSON object with what was read of it; neither it nor its parts may be changed."""

    __slots__ = ("views",)

    def __init__(self, content: dict[str, Any]) -> None:
        """``content``: as decoded."""
        super().__init__(content)
        self.views: dict[Hashable, Any] = {}


def kept(
    view: Callable[Concatenate[dict[str, Any], P], T],
) -> Callable[Concatenate[dict[str, Any], P], T]:
    """Make ``view(object, …)``, a pure function, read an `Unchanging` object only once.

    Further arguments must be hashable and positional. Two threads may both read it: either result
    is right.
    """

    @wraps(view)
    def read(content: dict[str, Any], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if type(content) is not Unchanging:
            return view(content, *args, **kwargs)
        key = (view, *args)
        views = content.views
        if key not in views:
            views[key] = view(content, *args, **kwargs)
        found: T = views[key]
        return found

    return read
