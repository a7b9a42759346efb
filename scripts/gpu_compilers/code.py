"""Compiled code as blocks of instructions, whatever the chip: its inner loop, and what the loop does.

A parser of a driver's dump gives blocks; here are the questions that are asked of all of them.
"""

import collections
import dataclasses

# What an instruction is: MULTIPLY_ADD and VECTOR take the vector unit, SCALAR runs beside it, FREE costs nothing.
MULTIPLY_ADD, VECTOR, SCALAR, FREE = "multiply-add", "vector", "scalar", "free"
LOAD, STORE, LOCAL, SPILL, BARRIER = "load", "store", "local", "spill", "barrier"

# Additions that a block needs to be the one that adds the sums of a run to the totals.
ADDITIONS = 16


@dataclasses.dataclass
class Instruction:
    kind: str
    # Multiply-adds of one lane.
    adds: int = 0
    # Whether it adds two numbers.
    addition: bool = False
    # Bytes that a lane loads.
    width: int = 0
    # The counter that a load raises, if loads are told apart.
    token: object = None
    # Loads that are awaited before it: those with these tokens, or all but the `left` last ones.
    awaits: frozenset = frozenset()
    left: int | None = None


@dataclasses.dataclass
class Block:
    name: object
    instructions: list
    successors: list


def loops(blocks):
    """Natural loops, as lists of blocks in their order; none without blocks."""
    if not blocks:
        return []
    by_name = {block.name: block for block in blocks}
    before = collections.defaultdict(set)
    for block in blocks:
        for after in block.successors:
            if after in by_name:
                before[after].add(block.name)
    order = [block.name for block in blocks]
    dominators = {name: set(order) for name in order}
    dominators[order[0]] = {order[0]}
    changed = True
    while changed:
        changed = False
        for name in order[1:]:
            known = [dominators[other] for other in before[name]]
            now = (set.intersection(*known) if known else set()) | {name}
            if now != dominators[name]:
                dominators[name], changed = now, True
    bodies = collections.defaultdict(set)
    for block in blocks:
        for head in block.successors:
            if head in dominators[block.name]:
                body, open_ends = {head}, [block.name]
                while open_ends:
                    name = open_ends.pop()
                    if name not in body:
                        body.add(name)
                        open_ends.extend(before[name])
                bodies[head] |= body
    return [[by_name[name] for name in order if name in body] for body in bodies.values()]


def adds(body):
    """The multiply-adds of some blocks."""
    return sum(instruction.adds for block in body for instruction in block.instructions)


def inner(found, sums=1):
    """Of some loops the innermost with a multiply-add for each of an invocation's `sums`, of several the one with the
    most. A loop that stores is not one: it says what becomes of the sums. None where there is no such loop."""
    def stores(body):
        return any(instruction.kind == STORE for block in body for instruction in block.instructions)

    found = [body for body in found if adds(body) >= sums and not stores(body)]
    names = [{block.name for block in body} for body in found]
    innermost = [body for body, own in zip(found, names) if not any(other < own for other in names)]
    return max(innermost, key=adds, default=None)


def around(found, body):
    """The smallest of some loops that has all blocks of `body` and more; none where there is none."""
    own = {block.name for block in body}
    larger = [loop for loop in found if own < {block.name for block in loop}]
    return min(larger, key=len, default=None)


def waits(instructions):
    """Waits for memory in one turn of a loop with no multiply-add between a load and its wait. A burst of loads that is
    awaited piece by piece counts once. The first of two turns only fills what the second one finds under way."""
    found, done, fresh, under_way = 0, 0, False, []
    for turn in range(2):
        for instruction in instructions:
            awaited, left = instruction.awaits, instruction.left
            retired = [load for load in under_way if load[0] in awaited]
            if left is not None:
                retired += under_way[: max(0, len(under_way) - left)]
            if retired:
                under_way = [load for load in under_way if load not in retired]
                if fresh and any(at == done for _, at in retired):
                    found, fresh = found + turn, False
            done += instruction.adds
            if instruction.kind == LOAD:
                under_way.append((instruction.token, done))
                fresh = True
    return found


def weights(body, slabs_in_a_run, slabs):
    """How often a turn of the loop meets each of its blocks: once, but for the one that adds a run's sums."""
    def of(block):
        adding = sum(instruction.addition for instruction in block.instructions)
        return slabs / slabs_in_a_run if adding >= ADDITIONS and adds([block]) == 0 else 1.0

    return [min(1.0, of(block)) for block in body]


@dataclasses.dataclass
class Loop:
    """What one slab of the inner loop of a product does, in instructions of one lane."""

    multiply_adds: float
    vector: float
    others: float
    local: float
    spills: float
    loads: dict
    waits: float

    def share(self, single_issue):
        """Multiply-adds among the instructions that take the vector unit's turns: all of them where a chip issues one
        at a time, else the vector unit's own."""
        beside = self.vector + (self.others + self.local + self.spills if single_issue else 0.0)
        return self.multiply_adds / (self.multiply_adds + beside)


def measure(blocks, product):
    """What a slab costs in the loop over the slabs of a product: `product` has the sums of a lane (`sums`), the `depth`
    of a slab and that of a `run`."""
    found = loops(blocks)
    body = inner(found, product["sums"])
    if body is None:
        return None
    # A compiler may have unrolled the loop over slabs, or have kept the one over the depths of a slab within it.
    slabs = adds(body) / (product["sums"] * product["depth"])
    within, turns = {block.name for block in body}, 1.0
    if slabs < 0.75 and (outer := around(found, body)):
        body, turns, slabs = outer, 1.0 / slabs, 1.0
    slabs = max(1, round(slabs))
    in_a_run = max(1.0, product["run"] / product["depth"])
    count, loads, fused = collections.Counter(), collections.Counter(), 0.0
    for block, weight in zip(body, weights(body, in_a_run, slabs)):
        weight *= turns if block.name in within else 1.0
        for instruction in block.instructions:
            fused += weight * instruction.adds
            kind = instruction.kind
            # A load or a store takes a turn, too.
            count[SCALAR if kind in (LOAD, STORE, BARRIER) else kind] += weight
            if kind == LOAD:
                loads[instruction.width] += weight
    flat = [instruction for block in body for instruction in block.instructions]
    return Loop(
        multiply_adds=fused / slabs,
        vector=count[VECTOR] / slabs,
        others=count[SCALAR] / slabs,
        local=count[LOCAL] / slabs,
        spills=count[SPILL] / slabs,
        loads={width: number / slabs for width, number in sorted(loads.items())},
        waits=waits(flat) / slabs,
    )
