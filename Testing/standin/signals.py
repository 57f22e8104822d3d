"""`connect('signal(type)', function)` as in PythonQt, over PySide6; unknown signals raise.

Signals that carry MRML objects cannot have a C++ type here. A stand-in class declares them with
`Signal(object)` and names their real signatures in `slicer_signals`: signature -> attribute.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import shiboken6
from PySide6.QtCore import QMetaMethod, QMetaObject, QObject

from standin import errors, plain_access

_TABLE = "_pythonqt_slots"  # (signature, function) -> the wrapped functions that Qt knows


class UnknownSignalError(ValueError):
    """There is no such signal; PythonQt itself only prints a warning and leaves it unconnected."""


class BoundSignal:
    """A signal of an object, as attribute: `button.clicked`; calling it emits it."""

    def __init__(self, sender: QObject, signature: str) -> None:
        self._sender, self._signature = sender, signature

    def connect(self, function: Callable) -> bool:
        return connect(self._sender, self._signature, function)

    def disconnect(self, *function: Callable) -> bool:
        return disconnect(self._sender, self._signature, *function)

    def emit(self, *arguments: Any) -> None:
        name = qt_signature(type(self._sender), self._signature)
        types_ = name[name.index("(") + 1 : -1]
        signal = getattr(type(self._sender), name.split("(")[0]).__get__(self._sender)
        (signal[types_] if _is_overloaded(type(self._sender), name) else signal).emit(*arguments)

    __call__ = emit


@cache
def qt_signatures(cls: type) -> dict[str, list[str]]:
    """Name of each signal of Qt in `cls` -> its signatures, the longest first."""
    meta, found = cls.staticMetaObject, {}
    for index in range(meta.methodCount()):
        method = meta.method(index)
        if method.methodType() == QMetaMethod.MethodType.Signal:
            found.setdefault(bytes(method.name()).decode(), []).append(
                bytes(method.methodSignature()).decode()
            )
    return {name: sorted(signatures, key=len, reverse=True) for name, signatures in found.items()}


@cache
def declared(cls: type) -> dict[str, str]:
    """Real signature -> attribute, for all stand-in classes that `cls` derives from."""
    merged: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        merged |= {normalized(key): value for key, value in vars(base).get("slicer_signals", {}).items()}
    return merged


@cache
def signal_names(cls: type) -> dict[str, str]:
    """Attribute -> the signature that it stands for."""
    hidden = set(declared(cls).values())
    names = {name: signatures[0] for name, signatures in qt_signatures(cls).items() if name not in hidden}
    for signature in reversed(declared(cls)):
        names[signature.split("(")[0]] = signature
    return names


def normalized(signature: str) -> str:
    """The signature as Qt writes it; ValueError if it is no signature at all."""
    if not (signature.endswith(")") and "(" in signature):
        raise UnknownSignalError(f"{signature!r} is not a signal: write it as 'name(types)'")
    return bytes(QMetaObject.normalizedSignature(signature)).decode()


def qt_signature(cls: type, signature: str) -> str:
    """What Qt calls the signal; raises UnknownSignalError."""
    wanted = normalized(signature)
    attribute = declared(cls).get(wanted)
    if attribute is not None:
        return qt_signatures(cls)[attribute][0]
    hidden = set(declared(cls).values())
    if wanted not in qt_signatures(cls).get(wanted.split("(")[0], []) or wanted.split("(")[0] in hidden:
        raise UnknownSignalError(f"{cls.__name__} has no signal {signature!r}")
    return wanted


def _is_overloaded(cls: type, signature: str) -> bool:
    return len(qt_signatures(cls)[signature.split("(")[0]]) > 1


def connect(sender: QObject, signature: Any, *target: Any) -> Any:
    """Connect to `function`, or to `receiver, 'slot(types)'`; raises UnknownSignalError and TypeError."""
    if not isinstance(signature, str) or signature[:1] == "2":
        return plain_access.read(sender, "connect")(
            signature, *target
        )  # PySide6 itself, e.g. in QTimer.singleShot
    function, real = _function(target), qt_signature(type(sender), signature)
    slot = _slot(
        function, 0 if normalized(signature).endswith("()") else normalized(signature).count(",") + 1
    )
    sender.__dict__.setdefault(_TABLE, {}).setdefault((real, _identity(function)), []).append(slot)
    return bool(plain_access.read(sender, "connect")("2" + real, slot))


def disconnect(sender: QObject, signature: Any, *target: Any) -> Any:
    """Undo `connect`; without a function, undo all of the signal. Returns whether there was one."""
    if not isinstance(signature, str) or signature[:1] == "2":
        return plain_access.read(sender, "disconnect")(signature, *target)
    real, table = qt_signature(type(sender), signature), sender.__dict__.get(_TABLE, {})
    keys = [(real, _identity(_function(target)))] if target else [key for key in table if key[0] == real]
    slots = [slot for key in keys for slot in table.pop(key, [])]
    for slot in slots:
        plain_access.read(sender, "disconnect")("2" + real, slot)
    return bool(slots)


def _function(target: tuple) -> Callable:
    if len(target) == 2 and isinstance(target[1], str):
        return getattr(target[0], target[1].split("(")[0])
    if len(target) != 1 or not callable(target[0]):
        raise TypeError(f"connect takes a function, or a receiver and its slot, not {target!r}")
    return target[0]


def _identity(function: Callable) -> Any:
    owner = getattr(function, "__self__", None)
    if isinstance(function, types.MethodType):
        return id(owner), function.__func__
    return (id(owner), function.__name__) if owner is not None else function


def _slot(function: Callable, count: int) -> Callable:
    """What Qt calls: hands on the first `count` values, or fewer if a python function takes fewer."""
    owner, taken = getattr(function, "__self__", None), _argument_count(function)

    def call(*values: Any) -> None:
        if isinstance(owner, QObject) and not shiboken6.isValid(owner):
            return
        function(*values[: count if taken is None else min(count, taken)])

    return errors.guard(call)


def _argument_count(function: Callable) -> int | None:
    """Values that a python function or method takes; None where PythonQt does not look either."""
    plain = getattr(function, "__func__", function)
    if not isinstance(plain, types.FunctionType) or plain.__code__.co_flags & 0x04:  # takes *arguments
        return None
    return plain.__code__.co_argcount - isinstance(function, types.MethodType)
