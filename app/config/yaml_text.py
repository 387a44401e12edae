"""YAML as OpenSearch and its dashboard read it: block style, the order given, no aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

#: No scalar is folded: a long name stays on its line.
_WIDTH: Final = 2**20


class Quoted(str):
    """Text that is written between double quotes, whatever it looks like."""

    __slots__ = ()


class _Dumper(yaml.CSafeDumper):
    """Safe dumper that repeats a value instead of pointing back at it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - signature of PyYAML
        """Never an alias: js-yaml and people read plain values."""
        return True


def _quoted(dumper: yaml.representer.BaseRepresenter, data: Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style='"')


_Dumper.add_representer(Quoted, _quoted)


def dump(document: Mapping[str, Any]) -> str:
    """YAML text of a mapping of plain values, keys in the order given."""
    return yaml.dump(
        dict(document),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=_WIDTH,
    )


def load(text: str) -> Mapping[str, Any] | None:
    """Mapping that an observed text holds, all scalars as strings; None if it holds none.

    The text may have been edited by hand, so whatever it does to the parser means None.
    """
    try:
        loaded = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - builds only str, list, dict
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
    return loaded if isinstance(loaded, dict) else None
