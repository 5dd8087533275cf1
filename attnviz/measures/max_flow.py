"""Maximum flow through a layered network, by push–relabel (Goldberg and Tarjan, 1988).

Nodes stand above, between and below the layers; the edges of a layer lead from the nodes above it
to those below. Flow goes from a source above the last layer to a sink below the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray

MIN_AMOUNT = 1e-15  # less excess, or less residual capacity, is rounding
FAR = np.iinfo(np.int64).max  # the label of nodes without a path to the sink


def max_flows(
    capacities: FloatArray,
    sources: Sequence[int],
    on_source: Callable[[int], object] = lambda n_done: None,
) -> FloatArray:
    """The maximum flow from each source to every sink, each pair on its own.

    `on_source` is called with the number of sources that are done.
    Shapes: capacities [layer, node above, node below] -> [source, sink]
    """
    flows = np.zeros((len(sources), capacities.shape[-1]))
    for row, source in enumerate(sources):
        reached = reachable_nodes(capacities, source)
        if len(capacities) == 1:
            flows[row] = capacities[0, source]
        else:
            nodes = np.flatnonzero(reached[:-1].any(0))
            preflow = Preflow(capacities[:-1, nodes], nodes, capacities[-1, source, nodes])
            # From the last sink on: under a causal mask the first ones need the longest paths.
            for sink in np.flatnonzero(reached[-1])[::-1]:
                flows[row, sink] = preflow.move_to(int(sink))
        on_source(row + 1)
    return flows


def reachable_nodes(capacities: FloatArray, source: int) -> BoolArray:
    """The nodes below each layer, the last one first, to which a path leads from a source.

    Shapes: [layer, node above, node below] -> [layer, node]
    """
    reached = [capacities[-1, source] > 0]
    for layer in capacities[-2::-1]:
        reached.append((layer[reached[-1]] > 0).any(0))
    return np.array(reached)


class Preflow:
    """A preflow from one source, which is moved from sink to sink.

    Nodes between two layers may have excess: more inflow than outflow. The flow to a sink is
    maximal when no path with residual capacity leads to it from a node with excess. For the next
    sink, the flow into this one becomes excess again and the rest stays, so that little is left
    to push. Levels are counted from below: level 0 is between the first layer and the second.
    Shapes: first, the capacities of the first layer [node, sink]; excess [level, node]; down and
    up, the residual capacities of the other edges and of their reverses, [level, node at the next
    level, node]
    """

    def __init__(self, capacities: FloatArray, nodes: IntArray, supply: FloatArray) -> None:
        """Push all that the source can: `supply` to these nodes at the highest level.

        Shapes: capacities of all layers but the last [layer, node, all nodes]; supply [node]
        """
        self.first = capacities[0]
        self.down = np.ascontiguousarray(capacities[1:, :, nodes])
        self.up = np.zeros_like(self.down)
        self.excess = np.zeros((len(capacities), len(nodes)))
        self.excess[-1] = supply

    def move_to(self, sink: int) -> float:
        """The maximum flow to a sink."""
        room = self.first[:, sink].copy()  # residual capacities of the edges to the sink
        while self.push_all(self.find_labels(room), room):
            pass
        inflow = self.first[:, sink] - room
        self.excess[0] += inflow
        return float(inflow.sum())

    def find_labels(self, room: FloatArray) -> IntArray:
        """The number of edges with residual capacity between each node and the sink.

        Nodes farther than all with excess are left out.    [node] -> [level, node]
        """
        labels = np.full(self.excess.shape, FAR)
        is_searched = self.excess > MIN_AMOUNT
        down, up = self.down > MIN_AMOUNT, self.up > MIN_AMOUNT
        label, found = 1, {0: room > MIN_AMOUNT}
        while found:
            fronts: dict[int, IntArray] = {}
            for level, is_found in found.items():
                nodes = (is_found & (labels[level] == FAR)).nonzero()[0]
                if nodes.size:
                    labels[level, nodes] = label
                    is_searched[level, nodes] = False
                    fronts[level] = nodes
            if not is_searched.any():
                break
            label, found = label + 1, {}
            for level, nodes in fronts.items():
                if level + 1 < len(labels):
                    found[level + 1] = found.get(level + 1, False) | down[level][:, nodes].any(1)
                if level > 0:
                    found[level - 1] = found.get(level - 1, False) | up[level - 1][nodes].any(0)
        return labels

    def push_all(self, labels: IntArray, room: FloatArray) -> bool:
        """Push excess along edges to the next smaller label; False where no excess has a label.

        Nodes with larger labels come first, so that what they push is pushed on.
        Shapes: labels [level, node]; room [node], which is changed
        """
        is_active = (labels < FAR) & (self.excess > MIN_AMOUNT)
        if not is_active.any():
            return False
        for label in range(int(labels[is_active].max()), 1, -1):
            has_label = (labels == label) & (self.excess > MIN_AMOUNT)
            for level in has_label.any(1).nonzero()[0]:
                self.push(labels, label, int(level), has_label[level].nonzero()[0])
        moved = np.minimum(self.excess[0], room)
        self.excess[0] -= moved
        room -= moved
        return True

    def push(self, labels: IntArray, label: int, level: int, nodes: IntArray) -> None:
        """Push the excess of nodes of one level along their edges to the next smaller label.

        Shapes: labels [level, node]; nodes [node]
        """
        column, next_label = nodes[:, None], label - 1
        n_below, capacities = 0, []
        if level > 0:
            below = (labels[level - 1] == next_label).nonzero()[0]
            n_below = len(below)
            capacities.append(self.down[level - 1][column, below])
        if level + 1 < len(labels):
            above = (labels[level + 1] == next_label).nonzero()[0]
            capacities.append(self.up[level][above, column])
        moved, self.excess[level, nodes] = share_out(
            self.excess[level, nodes], np.concatenate(capacities, 1)
        )
        if level > 0:
            part = moved[:, :n_below]
            self.down[level - 1][column, below] -= part
            self.up[level - 1][column, below] += part
            self.excess[level - 1, below] += part.sum(0)
        if level + 1 < len(labels):
            part = moved[:, n_below:]
            self.up[level][above, column] -= part
            self.down[level][above, column] += part
            self.excess[level + 1, above] += part.sum(0)


def share_out(excess: FloatArray, capacities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What each edge takes of the excess of its node, in proportion to capacity; and what is left.

    Shapes: [node], [node, edge] -> [node, edge], [node]
    """
    total = capacities.sum(1)
    part = np.divide(excess, total, out=np.zeros_like(excess), where=total > 0)
    return capacities * np.minimum(part, 1.0)[:, None], np.maximum(excess - total, 0.0)
