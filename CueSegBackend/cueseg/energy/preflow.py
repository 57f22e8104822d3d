"""Minimum cuts of graphs whose nodes have few neighbours: waves of pushes, then SciPy's maximum flow on what is left.

The waves are preflows of Goldberg and Tarjan (1988), all nodes of a distance at once, with exact distances before every
wave. They settle most of a grid in few passes of array operations; the rest of the flow is little but takes long ways.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

_FAR = np.iinfo(np.int32).max
_FEW = 0.02  # waves end when so small a share of the nodes has flow to give away,
_SMALL = 10_000  # or so few nodes are left, of which each pass costs more than it settles


@dataclass
class FlowNetwork:
    """A flow network, changed by the flow; its last node is no node, but what all missing neighbours refer to.

    Attributes:
        excess: int64 (n + 1), flow that a node has got above 0, flow that it can take below.
        neighbours: int32 (n + 1, 2K); column k ^ 1 leads back where column k led to.
        capacity: int64 (n + 1, 2K), left on the way to each neighbour; 0 where there is none.
    """

    excess: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    capacity: NDArray[np.int64]

    def __post_init__(self) -> None:
        ways = np.arange(self.neighbours.shape[1], dtype=np.int32)
        self.back = self.neighbours * np.int32(len(ways)) + (ways ^ 1)  # flat index of the way back

    def __len__(self) -> int:
        return len(self.excess) - 1

    def part(self, kept: NDArray[np.bool_]) -> "FlowNetwork":
        """The network of some nodes, bool (n), without the ways to others."""
        count = int(kept.sum())
        chosen = np.append(np.flatnonzero(kept), len(kept))
        number = np.full(len(kept) + 1, count, np.int32)
        number[chosen] = np.arange(count + 1)
        neighbours = number[self.neighbours[chosen]]
        return FlowNetwork(
            self.excess[chosen], neighbours, np.where(neighbours < count, self.capacity[chosen], 0)
        )


def nothing() -> None:
    """Watches over nothing."""


def sink_side(network: FlowNetwork, watch: Callable[[], None] = nothing) -> NDArray[np.bool_]:
    """Nodes on the sink's side of a minimum cut, bool (n).

    Args:
        network: its flow is changed. Capacities and what goes to or comes from a node must be below 2^31.
        watch: called before every wave; what it raises ends the work.
    """
    result = np.ones(len(network), bool)
    names = np.arange(len(network))
    while (network.excess > 0).any():
        watch()
        if len(names) <= _SMALL:
            result[names] = _by_scipy(network)
            break
        distance, levels = _levels(network)
        reaching = distance[:-1] < _FAR
        result[names[~reaching]] = False  # what they have got stays there
        network.excess[:-1][~reaching] = 0
        sources = network.excess[:-1] > 0
        if not sources.any():
            break
        few = sources.sum() <= _FEW * len(names)
        if few or 2 * reaching.sum() <= len(names):
            active = _reached(network, sources, reaching)
            network, names = network.part(active), names[active]
            if few:
                result[names] = _by_scipy(network)
                break
        else:
            _wave(network, distance, levels)
    return result


def _levels(network: FlowNetwork) -> tuple[NDArray[np.int32], list[NDArray[np.intp]]]:
    """Steps from every node to the nearest sink where capacity is left, and the nodes of each distance."""
    distance = np.full(len(network) + 1, _FAR, np.int32)
    distance[-1] = -1  # is never found
    front = np.flatnonzero(network.excess < 0)
    distance[front] = 0
    scratch = np.empty(len(network) + 1, np.intp)
    levels = []
    while len(front):
        levels.append(front)
        leads_here = network.capacity.take(network.back.take(front, axis=0)) > 0
        nodes = network.neighbours.take(front, axis=0)[leads_here]
        front = _once(nodes[distance.take(nodes) == _FAR], scratch)
        distance[front] = len(levels)
    return distance, levels


def _reached(
    network: FlowNetwork, sources: NDArray[np.bool_], within: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The nodes to which flow can come from a source."""
    closed = np.append(~within | sources, True)
    front = np.flatnonzero(sources)
    scratch = np.empty(len(network) + 1, np.intp)
    while len(front):
        nodes = network.neighbours.take(front, axis=0)[network.capacity.take(front, axis=0) > 0]
        front = _once(nodes[~closed.take(nodes)], scratch)
        closed[front] = True
    return closed[:-1] & within


def _once(nodes: NDArray[np.int32], scratch: NDArray[np.intp]) -> NDArray[np.int32]:
    """Every node once; faster than sorting."""
    turn = np.arange(len(nodes))
    scratch[nodes] = turn
    return nodes[scratch.take(nodes) == turn]


def _wave(network: FlowNetwork, distance: NDArray[np.int32], levels: list[NDArray[np.intp]]) -> None:
    """Push all excess as near to the sinks as it goes, from the farthest level on."""
    excess, flat = network.excess, network.capacity.reshape(-1)
    ways = np.arange(network.neighbours.shape[1])
    for level in range(len(levels) - 1, 0, -1):
        nodes = levels[level]
        nodes = nodes[excess.take(nodes) > 0]
        if not len(nodes):
            continue
        others = network.neighbours.take(nodes, axis=0)
        room = network.capacity.take(nodes, axis=0) * (distance.take(others) == level - 1)
        given = np.minimum(room.cumsum(axis=1), excess.take(nodes)[:, None])
        excess[nodes] -= given[:, -1]
        given[:, 1:] -= given[:, :-1].copy()
        used = given > 0
        amount = given[used]
        flat[(nodes[:, None] * len(ways) + ways)[used]] -= amount
        flat[network.back.take(nodes, axis=0)[used]] += amount
        np.add.at(excess, others[used], amount)


def _by_scipy(network: FlowNetwork) -> NDArray[np.bool_]:
    count = len(network)
    excess = network.excess[:-1]
    start, way = np.nonzero(network.capacity[:-1])
    giving, taking = np.flatnonzero(excess > 0), np.flatnonzero(excess < 0)
    source, sink = count, count + 1
    rows = np.concatenate([start, np.full(len(giving), source), taking])
    cols = np.concatenate([network.neighbours[start, way], giving, np.full(len(taking), sink)])
    amount = np.concatenate([network.capacity[start, way], excess[giving], -excess[taking]])
    graph = sparse.csr_matrix((amount.astype(np.int32), (rows, cols)), shape=(count + 2, count + 2))
    residual = graph - csgraph.maximum_flow(graph, source, sink).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    to_sink = csgraph.breadth_first_order(residual.T.tocsr(), sink, return_predecessors=False)
    result = np.zeros(count + 2, bool)
    result[to_sink] = True
    return result[:count]
