"""Plain values out of a MONAI bundle's configuration; nothing in it is executed."""

import ast
from typing import Any

from cueseg.networks.formats.monai_networks import MONAI_NETWORKS

__all__ = ["find_target", "network_arguments", "plain", "short_target"]

_DEPTH = 20  # of references to references


def plain(value: Any, config: dict[str, Any], depth: int = 0) -> Any:
    """The value with references ("@key", "@key#inner") and literal expressions ("$[1, 2]") replaced.

    Raises:
        ValueError: an expression that would have to be executed, or a reference that leads nowhere.
    """
    if depth > _DEPTH:
        raise ValueError("references in configs/inference.json lead in a circle: correct it")
    if isinstance(value, dict):
        return {key: plain(item, config, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, config, depth + 1) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith("@"):
        return plain(_referred(value, config), config, depth + 1)
    if value.startswith("$"):
        try:
            literal = ast.literal_eval(value[1:].strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(
                f"configs/inference.json has the expression {value[:80]!r}, which is not executed: write its value "
                "instead"
            ) from error
        return list(literal) if isinstance(literal, tuple) else literal
    if value.startswith("%"):
        raise ValueError(
            f"configs/inference.json refers to another file, {value[:80]!r}: copy the value into it"
        )
    return value


def _referred(reference: str, config: dict[str, Any]) -> Any:
    found: Any = config
    for key in reference[1:].replace("::", "#").split("#"):
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise ValueError(
                f"configs/inference.json refers to {reference!r}, which it does not have: correct it"
            )
    return found


def short_target(value: Any) -> str:
    """Last part of `_target_`, "" if there is none."""
    target = value.get("_target_", "") if isinstance(value, dict) else ""
    return target.rsplit(".", 1)[-1] if isinstance(target, str) else ""


def find_target(value: Any, name: str) -> dict[str, Any] | None:
    """The first object with this target, at any depth."""
    if isinstance(value, dict):
        if short_target(value) == name:
            return value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = find_target(item, name)
            if found is not None:
                return found
    return None


def network_arguments(config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Architecture and arguments of the network that a bundle defines.

    Raises:
        ValueError: no definition, one that is not allowed, or arguments that are no plain values.
    """
    definition = next((config[key] for key in ("network_def", "network", "net") if key in config), None)
    for _ in range(_DEPTH):
        if isinstance(definition, str) and definition.startswith("@"):
            definition = _referred(definition, config)
    target = definition.get("_target_", "") if isinstance(definition, dict) else ""
    allowed = ", ".join(MONAI_NETWORKS)
    name = short_target(definition)
    parts = str(target).split(".")
    if name not in MONAI_NETWORKS or not (len(parts) == 1 or parts[:3] == ["monai", "networks", "nets"]):
        raise ValueError(
            f"configs/inference.json defines the network {target or definition!r}, and only {allowed} of "
            "monai.networks.nets are built, without executing the bundle: export it as unfrozen TorchScript with a card"
        )
    arguments = {
        key: plain(value, config) for key, value in definition.items() if not (key[:1] == "_" == key[-1:])
    }
    if "_target_" in str(arguments):
        raise ValueError(
            f"network_def has objects among its arguments {arguments}: only plain values are taken"
        )
    return MONAI_NETWORKS[name], arguments
