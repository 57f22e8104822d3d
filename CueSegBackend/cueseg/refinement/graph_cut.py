"""Cut a network in two by its graph: what depends on refined parameters, and everything before it."""

import logging
import warnings
from collections.abc import Collection
from typing import Any

from torch import Tensor, fx, nn

from cueseg.refinement.sampled_norms import SampledNorm

__all__ = ["GraphCut", "cut_graph"]

_log = logging.getLogger(__name__)

# What tracing raises for control flow and for modules that look into their tensors.
_UNTRACEABLE = (
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    NameError,
    LookupError,
    AssertionError,
    ArithmeticError,
)


class _Tracer(fx.Tracer):
    """Takes sampled normalisations as one operation, as torch's own are taken."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, SampledNorm) or super().is_leaf_module(m, module_qualified_name)


class GraphCut:
    """Trunk and tail as two graphs over the same modules.

    Args:
        module: the network; its modules and parameters are shared, not copied.
        graph: of the whole network.
        refined: its parameters that are refined.
    """

    def __init__(self, module: nn.Module, graph: fx.Graph, refined: Collection[Tensor]) -> None:
        self._graph = graph  # knows how an exported network packs its input and output
        late = _dependent_nodes(module, graph, {id(parameter) for parameter in refined})
        crossing = [node for node in graph.nodes if _crosses(node, late)]
        self._trunk = fx.GraphModule(module, _trunk_graph(graph, crossing))
        self._tail = fx.GraphModule(module, _tail_graph(graph, late, crossing))
        total = sum(node.op.startswith("call") for node in graph.nodes)
        tail = sum(node.op.startswith("call") for node in late)
        self.description = (
            f"cut by the network's graph: {total - tail} of its {total} operations run once per window, "
            f"{tail} in every iteration"
        )

    def trunk(self, x: Tensor) -> list[Any]:
        """The values that the refined part takes from the frozen part."""
        return list(self._trunk(*self._graph.process_inputs(x)))

    def tail(self, features: list[Any]) -> Any:
        """What the network puts out."""
        return self._graph.process_outputs(self._tail(*features))


def cut_graph(module: nn.Module, refined: Collection[Tensor]) -> tuple[GraphCut | None, str]:
    """Cut by torch.fx, or say why that is impossible."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = module.graph if isinstance(module, fx.GraphModule) else _Tracer().trace(module)
            return GraphCut(module, graph, refined), ""
    except _UNTRACEABLE as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
        _log.info("the network cannot be traced (%s)", reason)
        return None, reason


def _dependent_nodes(module: nn.Module, graph: fx.Graph, refined: set[int]) -> dict[fx.Node, None]:
    """Nodes whose value depends on a refined parameter, and the output, in order."""
    late: dict[fx.Node, None] = {}
    for node in graph.nodes:
        own = node.op in ("call_module", "get_attr") and _holds(_attribute(module, node.target), refined)
        if own or node.op == "output" or any(source in late for source in node.all_input_nodes):
            late[node] = None
    return late


def _attribute(module: nn.Module, path: str) -> Any:
    value: Any = module
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _holds(value: Any, refined: set[int]) -> bool:
    if isinstance(value, nn.Module):
        return any(id(parameter) in refined for parameter in value.parameters())
    return id(value) in refined


def _crosses(node: fx.Node, late: dict[fx.Node, None]) -> bool:
    return node not in late and node.op != "get_attr" and any(user in late for user in node.users)


def _trunk_graph(graph: fx.Graph, crossing: list[fx.Node]) -> fx.Graph:
    needed = set(crossing)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    trunk, copies = fx.Graph(), {}
    for node in graph.nodes:
        if node in needed or node.op == "placeholder":
            copies[node] = trunk.node_copy(node, copies.__getitem__)
    trunk.output(tuple(copies[node] for node in crossing))
    return trunk


def _tail_graph(graph: fx.Graph, late: dict[fx.Node, None], crossing: list[fx.Node]) -> fx.Graph:
    tail = fx.Graph()
    copies = {node: tail.placeholder(f"feature_{number}") for number, node in enumerate(crossing)}

    def copy_of(node: fx.Node) -> fx.Node:
        if node not in copies:  # a frozen parameter that the tail uses
            copies[node] = tail.node_copy(node, copy_of)
        return copies[node]

    for node in late:
        if node.op == "output":
            tail.output(fx.node.map_arg(node.args[0], copy_of))
        elif node not in copies:
            copies[node] = tail.node_copy(node, copy_of)
    return tail
