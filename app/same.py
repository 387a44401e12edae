"""A value by identity, as a key of what was made from it.

Some values are kept and come back as they are in every sync: rendered templates, quiet plans. The
key keeps its value alive, so no other object can take its identity; such values are read only.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """Equal only to a key of the very same object."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        """``value`` must not change any more."""
        self.value = value

    def __hash__(self) -> int:
        """Of the identity."""
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the very same object."""
        return isinstance(other, Same) and self.value is other.value
