"""Hash of the code that produced a record: the replicate function and all project code that it reaches.

The hash follows names, function by function, through the modules of the project, so that a change invalidates exactly
the records that it could have touched.  Functions count by their bytecode, which is what runs even if the file has been
edited since; comments, layout and docstrings do not count.  Libraries count by version, loaded or not yet.  What has
been remembered so far (cached properties, the environment) does not count; an object whose class names ``_identity``
counts by those attributes.
"""

from __future__ import annotations

import ast
import dis
import functools
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import numpy as np

__all__ = ["fingerprint"]

#: Raised when the derivation of seeds or the layout of records changes.
SCHEME = 2
_PROJECT = ("rmtsym", "theory", "__main__")
_LIBRARIES = {"numpy": "numpy", "scipy": "scipy", "sklearn": "scikit-learn"}  # and what installs them


def fingerprint(function: Any) -> str:
    """Hexadecimal hash of a function and the project code that it reaches.

    >>> def double(x):
    ...     return 2 * x
    >>> fingerprint(double) == fingerprint(double)
    True
    """
    root = (getattr(_unwrap(function), "__module__", None) or "").partition(".")[0]
    walker = _Walker({*_PROJECT, root} - {""})
    walker.parts.add(walker.visit(function))
    digest = hashlib.blake2b(digest_size=16)
    for line in sorted(walker.parts):
        digest.update(line.encode() + b"\0")
    versions = [f"{name} {version(home)}" for name, home in _LIBRARIES.items() if name in walker.libraries]
    digest.update(repr((SCHEME, np.__version__, versions)).encode())
    return digest.hexdigest()


def _unwrap(function: Any) -> Any:
    while isinstance(function, functools.partial) or hasattr(function, "__wrapped__"):
        function = function.func if isinstance(function, functools.partial) else function.__wrapped__
    return function


@dataclass(frozen=True)
class _Import:
    """An import inside a function, which may not have run yet."""

    module: str
    name: str = ""


class _Walker:
    def __init__(self, packages: set[str]) -> None:
        self.packages = packages
        self.parts: set[str] = set()
        self.libraries: set[str] = set()
        self.seen: set[int] = set()

    def visit(self, item: Any) -> str:
        """Record what an object depends on; return a token that stands for it in what refers to it."""
        if isinstance(item, (types.FunctionType, type)):
            if not self._ours(item.__module__):
                self._library(item.__module__)
                return f"{item.__module__}.{item.__qualname__}"
            if id(item) not in self.seen:
                self.seen.add(id(item))
                if isinstance(item, type):
                    self._class(item)
                else:
                    self._function(item)
            return f"{item.__module__}.{item.__qualname__}"
        if isinstance(item, types.MethodType):
            return f"{self.visit(item.__self__)}.{self.visit(item.__func__)}"
        if isinstance(item, functools.partial):
            return f"partial({self.visit(item.func)},{self.visit(item.args)},{self.visit(item.keywords)})"
        if isinstance(item, types.ModuleType):
            self._library(item.__name__)
            return item.__name__
        if isinstance(item, _Import):
            return self._imported(item)
        if item is os.environ:
            return "os.environ"
        if isinstance(item, np.ndarray):
            return (
                f"array({item.dtype},{item.shape},{hashlib.blake2b(np.ascontiguousarray(item).tobytes()).hexdigest()})"
            )
        if item is None or isinstance(item, (bool, int, float, complex, str, bytes, Fraction, np.generic)):
            return repr(item)
        if isinstance(item, (tuple, list)):
            return "[" + ",".join(self.visit(v) for v in item) + "]"
        if isinstance(item, (set, frozenset)):
            return "{" + ",".join(sorted(self.visit(v) for v in item)) + "}"
        if isinstance(item, Mapping):
            return "{" + ",".join(sorted(f"{self.visit(k)}:{self.visit(v)}" for k, v in item.items())) + "}"
        if callable(item) and hasattr(item, "__wrapped__"):
            return self.visit(item.__wrapped__)
        return self._instance(item)

    def _ours(self, module: str | None) -> bool:
        return module is not None and module.partition(".")[0] in self.packages

    def _imported(self, item: _Import) -> str:
        """What a function imports when it runs: ours counts by content, the rest by name."""
        if not self._ours(item.module):
            self._library(item.module)
            return f"{item.module}.{item.name}"
        found: Any = importlib.import_module(item.module)
        if item.name and not hasattr(found, item.name):  # a module of the package that is not loaded yet
            importlib.import_module(f"{item.module}.{item.name}")
        found = getattr(found, item.name) if item.name else found
        if item.name and isinstance(found, types.ModuleType) and self._ours(found.__name__):
            self._whole(found)
        return self.visit(found)

    def _whole(self, module: types.ModuleType) -> None:
        """A module under a local name: what is read of it cannot be told from the code, so all of it counts."""
        if id(module) in self.seen:
            return
        self.seen.add(id(module))
        for name, value in sorted(vars(module).items()):
            if getattr(value, "__module__", None) == module.__name__:
                self.parts.add(f"{module.__name__}.{name} = {self.visit(value)}")

    def _library(self, module: str | None) -> None:
        if module:
            self.libraries.add(module.partition(".")[0])

    def _instance(self, item: Any) -> str:
        kind = type(item)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not self._ours(kind.__module__):
            self._library(kind.__module__)
            text = repr(item)  # of a sympy expression, say; an address is not content
            return name if " at 0x" in text else f"{name} {text}"
        self.visit(kind)
        if id(item) in self.seen:
            return name
        self.seen.add(id(item))
        state = getattr(item, "__dict__", {})
        remembered = {k for k in state if isinstance(getattr(kind, k, None), functools.cached_property)}
        counted = getattr(kind, "_identity", None) or sorted(state.keys() - remembered)
        return f"{name}({ {k: self.visit(state.get(k)) for k in counted} })"

    def _written(self, module: str | None, name: str) -> str | None:
        """How a global container is written in its module: its contents may be a cache that changes as it is used."""
        if not self._ours(module):
            return None
        name = name.rpartition(".")[2]
        for node in _statements(module or ""):
            if isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return self._written(node.module, alias.name)
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if value is not None and any(isinstance(t, ast.Name) and t.id == name for t in targets):
                known = vars(sys.modules[module or ""])
                used = sorted({n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in known} - {name})
                return f"{ast.dump(value)} {[self.visit(known[n]) for n in used]}"
        return None

    def _class(self, item: type) -> None:
        name = f"{item.__module__}.{item.__qualname__}"
        for base in item.__bases__:
            self.parts.add(f"class {name} of {self.visit(base)}")
        for attribute, member in sorted(vars(item).items()):
            inside = (getattr(member, part, None) for part in ("__func__", "fget", "func", "__wrapped__"))
            function = next((f for f in (member, *inside) if isinstance(f, types.FunctionType)), None)
            if function is not None:
                if id(function) not in self.seen and self._ours(function.__module__):
                    self.seen.add(id(function))
                    self._function(function)
            elif not attribute.startswith("__"):
                self.parts.add(f"{name}.{attribute} = {self.visit(member)}")

    def _function(self, item: types.FunctionType) -> None:
        name = f"{item.__module__}.{item.__qualname__}"
        self.parts.add(f"function {name} {_bytecode(item.__code__)}")
        self.parts.add(f"defaults {name} {self.visit(item.__defaults__)} {self.visit(item.__kwdefaults__)}")
        self._references(item, name)
        inner = getattr(item, "__wrapped__", None)
        if inner is not None:
            self.visit(inner)

    def _references(self, item: types.FunctionType, owner: str) -> None:
        for name, (module, value) in sorted(_globals_used(item).items(), key=lambda pair: pair[0]):
            if name == "__file__":  # where the code lies is not what it does
                continue
            written = self._written(module, name) if isinstance(value, (list, dict, set)) else None
            self.parts.add(f"{owner} uses {name} = {self.visit(value) if written is None else written}")
        for name, cell in zip(item.__code__.co_freevars, item.__closure__ or (), strict=True):
            try:
                self.parts.add(f"{owner} closes over {name} = {self.visit(cell.cell_contents)}")
            except ValueError:  # an empty cell: a function that refers to itself while it is being defined
                pass


def _globals_used(function: types.FunctionType) -> dict[str, tuple[str | None, Any]]:
    """Global names that a function reads, with the module that defines each; attributes of modules are resolved."""
    found: dict[str, tuple[str | None, Any]] = {}

    def scan(code: types.CodeType) -> None:
        instructions, parent = _instructions(code), ""
        for position, step in enumerate(instructions):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in function.__globals__:
                module, name, value = function.__module__, step.argval, function.__globals__[step.argval]
                for after in instructions[position + 1 :]:
                    if after.opname not in ("LOAD_ATTR", "LOAD_METHOD") or not isinstance(value, types.ModuleType):
                        break
                    module, value = value.__name__, getattr(value, after.argval, None)
                    name = f"{name}.{after.argval}"
                found[name] = (module, value)
            elif step.opname == "IMPORT_NAME":
                parent = _absolute(step.argval, instructions[position - 2].argval, function)
                found[f"import {parent}"] = (None, _Import(parent))
            elif step.opname == "IMPORT_FROM":
                found[f"from {parent} import {step.argval}"] = (None, _Import(parent, step.argval))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                scan(constant)

    scan(function.__code__)
    return found


def _absolute(name: str, level: Any, function: types.FunctionType) -> str:
    """Full name of an imported module; a relative import has as many dots as its level."""
    dots = "." * level if isinstance(level, int) else ""
    return importlib.util.resolve_name(dots + name, function.__globals__.get("__package__")) if dots else name


@functools.lru_cache(maxsize=4096)
def _instructions(code: types.CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(dis.get_instructions(code))


def _statements(module: str) -> list[ast.stmt]:
    try:
        return _parsed(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError, SyntaxError):
        return []


@functools.lru_cache(maxsize=64)
def _parsed(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


def _bytecode(code: types.CodeType) -> str:
    constants = code.co_consts
    if not code.co_name.startswith("<") and constants and isinstance(constants[0], str):
        constants = constants[1:]  # the docstring
    parts = [_constant(c) for c in constants]
    return f"{code.co_code.hex()} {code.co_exceptiontable.hex()} {code.co_names} {code.co_varnames} {parts}"


def _constant(constant: Any) -> str:
    if isinstance(constant, types.CodeType):
        return _bytecode(constant)
    if isinstance(constant, frozenset):  # its order depends on Python's hash seed
        return f"frozenset{sorted(map(repr, constant))}"
    if isinstance(constant, tuple):
        return f"({','.join(map(_constant, constant))})"
    return repr(constant)
