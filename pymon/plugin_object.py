"""A plugin's object out of its file, or out of the module of an installed package.

The module of a file is loaded again each time, so that a reload takes up changes, and leaves no
``__pycache__`` in the plugins' directory. That of a package is Python's own, imported once.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType

from pymon.contract.plugin import Plugin
from pymon.errors import PluginError


class _Uncached(SourceFileLoader):
    """Reads the source each time, and writes no byte code."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def plugin_in(path: str) -> Plugin:
    """The one plugin that a Python file makes. Raises PluginError, and whatever the file raises."""
    return _only_plugin(module_of(path))


def module_of(path: str) -> ModuleType:
    """The module that a Python file makes, loaded again. Raises PluginError, and whatever the file raises."""
    name = "pymon_plugin_file_" + re.sub(r"\W", "_", path)
    spec = importlib.util.spec_from_file_location(name, path, loader=_Uncached(name, path))
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def plugin_at(target: str) -> tuple[Plugin, str]:
    """The plugin at ``MODULE:OBJECT``, and the file of its module.

    Raises PluginError, and whatever the module raises.
    """
    name, _, path = target.partition(":")
    if not name or not path:
        raise PluginError(f"{target!r} is not of the form MODULE:OBJECT")
    module = importlib.import_module(name)
    value: object = module
    for part in path.split("."):
        if not hasattr(value, part):
            raise PluginError(f"{target}: there is no {part!r}")
        value = getattr(value, part)
    if not _is_plugin(value):
        raise PluginError(f"{target} is no Monitor or Alert, but {value!r:.80}")
    assert isinstance(value, Plugin)  # noqa: S101  # for the type checker
    return value, getattr(module, "__file__", None) or ""


def reason(error: BaseException) -> str:
    """Why a plugin could not be loaded, in a line."""
    text = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def _only_plugin(module: ModuleType) -> Plugin:
    found = {id(value): value for value in vars(module).values() if _is_plugin(value)}
    if len(found) != 1:
        raise PluginError(f"a plugin file makes one Monitor or Alert object; this one makes {len(found) or 'none'}")
    plugin: Plugin = next(iter(found.values()))
    return plugin


def _is_plugin(value: object) -> bool:
    return not isinstance(value, type | ModuleType) and isinstance(value, Plugin)
