"""What a card can do at most with the code that its compiler makes: a bound, never a measurement.

Assumed is that

- a wait for memory that nothing hides costs 500 cycles of its wave, and everything else that waits is hidden;
- as many waves are there as registers and workgroup memory allow, and take turns without loss;
- workgroups are dealt evenly to the units of a card, each of which works off whole ones;
- an operation takes the longer of its arithmetic and its memory traffic, each tensor once and at the card's full rate;
- a dispatch costs two microseconds;
- clocks are those of the makers' peaks, and no workgroup memory bank is asked twice in a cycle.

What a tile computes beyond the edge of a result is not counted, so that layers that are smaller than a tile are
slower than this.
"""

import dataclasses
import json
import math
import subprocess

WAIT_CYCLES = 500
DISPATCH_SECONDS = 2e-6


@dataclasses.dataclass(frozen=True)
class Card:
    title: str
    # The chip whose code it runs, and its registers as `src/gpu/registers.rs` has them.
    chip: str
    registers: str
    # 10^12 multiplications and additions a second, and 10^9 bytes.
    tera: float
    gigabytes: float
    # Compute units, multiprocessors or cores.
    units: int
    note: str = ""


CARDS = (
    Card("RTX 4090", "ampere", "most", 82.6, 1008, 128, "with the code of Ampere, from which Ada's hardly differs"),
    Card("RX 7900 XTX", "navi31", "many", 61.4, 960, 96, "peak with dual issue"),
    Card("Arc A770", "dg2", "fewest", 19.7, 560, 32),
    Card("Apple M1", "m1", "fewest", 2.6, 68, 8),
    Card("H200", "ampere", "most", 66.9, 4800, 132, "with the code of Ampere"),
)
NETS = (("caffenet", 128), ("alexnet32", 128), ("resnet20", 128))


def cycles(card, found):
    """Cycles of one wave's slab for its multiply-adds, for all it issues, and how many waves share a scheduler."""
    adds = found["multiply_adds"]
    beside = found["vector"] + found["others"] + found["local"] + found["spilling"]
    occupancy = found["occupancy"]
    if card.chip.startswith("navi"):
        # A wave of 64 issues both halves of a multiply-add at once, and other vector instructions one after the other;
        # scalar ones run beside.
        halves = found["wave"] // 32
        return adds * halves / 2, adds * halves / 2 + found["vector"] * halves, occupancy
    if card.chip in ("ampere", "ada", "turing"):
        # Four schedulers a multiprocessor, an instruction of a warp each in a cycle.
        return adds, adds + beside, occupancy / 4
    if card.chip in ("dg2", "bmg"):
        # Eight lanes a cycle on DG2, of eight threads an engine.
        turns = found["wave"] / 8
        return adds * turns, (adds + beside) * turns, 8
    # Four schedulers a core, 32 lanes each.
    return adds, adds + beside, occupancy / 32 / 4


def efficiency(card, found):
    """The share of the card's peak that a product's inner loop can reach."""
    useful, issued, waves = cycles(card, found)
    with_waits = issued + found["waits"] * WAIT_CYCLES
    return min(useful / issued, max(1.0, waves) * useful / with_waits)


def operation(card, pipelines, planned):
    """Seconds of one operation of a plan."""
    memory = 4e-9 * planned["elements"] / card.gigabytes
    tiles = [(d, pipelines.get(d["pipeline"], {})) for d in planned["dispatches"]]
    tiles = [(d, found) for d, found in tiles if "share" in found]
    arithmetic = 0.0
    if planned["macs"] and tiles:
        dispatch, found = tiles[0]
        workgroups = sum(d["workgroups"] for d, _ in tiles)
        dealt = math.ceil(workgroups / card.units) * card.units / workgroups
        arithmetic = 2e-12 * planned["macs"] / card.tera / efficiency(card, found) * dealt
    return max(arithmetic, memory) + DISPATCH_SECONDS * len(planned["dispatches"])


def plan(strata, net, batch, registers):
    command = [strata, "compile", "--plan", net, "--batch", str(batch), "--registers", registers]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["operations"]


def base(name):
    """A product without the constants that chips differ in."""
    return name.split(",")[0]


def tables(record, strata):
    """The bounds of products, and the images a second of training."""
    cards = [card for card in CARDS if card.chip in record["chips"]]
    pipelines = {card.title: record["chips"][card.chip]["pipelines"] for card in cards}
    heads = "| " + " | ".join(card.title for card in cards) + " |"
    # Those that a card is given, with aligned channels.
    given = {
        title: {
            base(name): found for name, found in own.items()
            if "share" in found and "ALIGNED=0" not in name and found.get("given", True)
        }
        for title, own in pipelines.items()
    }
    names = dict.fromkeys(name for own in given.values() for name in own)
    lines = ["| product, % of peak at most " + heads, "|---" * (len(cards) + 1) + "|"]
    for name in names:
        found = [(card, given[card.title].get(name)) for card in cards]
        cells = (f"{100 * efficiency(card, own):.0f}" if own else "" for card, own in found)
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    lines += ["", "| training, images per second at most " + heads, "|---" * (len(cards) + 1) + "|"]
    for net, batch in NETS:
        seconds = [
            sum(operation(card, pipelines[card.title], one) for one in plan(strata, net, batch, card.registers))
            for card in cards
        ]
        lines.append(f"| {net}, {batch} | " + " | ".join(f"{batch / took:,.0f}" for took in seconds) + " |")
    peaks = "; ".join(
        f"{card.title} {card.tera:g} TFLOP/s, {card.gigabytes:g} GB/s, {card.units} units"
        f"{f' ({card.note})' if card.note else ''}" for card in cards
    )
    return [*lines, "", f"Peaks: {peaks}."]
