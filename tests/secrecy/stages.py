"""Every step of a call, found in the hook's own modules, so that each can be made to fail."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from app.hook import answer, customize, finalize, frozen, heavy, sync

#: The modules that put a call together.
COMPOSITION: Final = (sync, frozen, finalize, answer, customize, heavy)

Stage = tuple[ModuleType, str]


def stages() -> list[Stage]:
    """Module and attribute of everything of ours that the composition calls, each once."""
    found = {
        (module.__name__, name): (module, name)
        for composed in COMPOSITION
        for module, name in _called(composed)
        if not _is_exception(getattr(module, name))
    }
    return [found[key] for key in sorted(found)]


def _called(module: ModuleType) -> Iterator[Stage]:
    tree = ast.parse(inspect.getsource(module))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "app"
        for alias in node.names
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in (one for function in functions for one in ast.walk(function)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in imported:
                yield module, name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if (
                name in imported
            ):
                target = getattr(module, name)
                if isinstance(target, ModuleType):
                    yield importlib.import_module(target.__name__), attribute
            case _:
                pass


def _is_exception(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseException)
