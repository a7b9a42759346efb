"""The tables of `docs/compilers.md`, made of a record."""

import re

from . import estimate
from .record import ROOT

PAGE = ROOT / "docs/compilers.md"
SHOWN = ("navi31", "gfx1201", "navi21", "vega10", "ampere", "dg2", "bmg", "m1")


def products(pipelines):
    return {name: found for name, found in pipelines.items() if "share" in found}


def percent(value):
    return f"{100 * value:.0f} %"


def between(values, form=str):
    values = sorted(values)
    if not values:
        return ""
    low, high = form(values[0]), form(values[-1])
    return low if low == high else f"{low} - {high}"


def summary(record):
    """A line per chip."""
    lines = [
        "| chip | pipelines | given | of these spill | occupancy of f32 products | share, dense | share, conv2d | unaligned | waits per slab |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for chip in record["chips"].values():
        done = {name: found for name, found in chip["pipelines"].items() if "error" not in found}
        given = {name: found for name, found in done.items() if found.get("given", True)}
        spilling = sum(bool(found["spills"] or found["scratch"]) for found in given.values())
        tiles = products(given)

        def shares(wanted):
            return between([found["share"] for name, found in tiles.items() if wanted(name)], percent)

        occupancy = between([found["occupancy"] for found in tiles.values()])
        lines.append(
            f"| {chip['title']} | {len(chip['pipelines'])} | {len(given)} | {spilling} | {occupancy} {chip['occupancy']} "
            f"| {shares(lambda name: name.startswith('dense'))} "
            f"| {shares(lambda name: name.startswith('conv2d') and 'ALIGNED=0' not in name)} "
            f"| {shares(lambda name: 'ALIGNED=0' in name)} "
            f"| {between([found['waits'] for found in tiles.values()], lambda value: f'{value:.0f}')} |"
        )
    return lines


def cell(found):
    if not found or "error" in found:
        return "refused" if found else ""
    spilled = f", **{found['spills']} spills**" if found["spills"] else ""
    waits = f", {found['waits']:g} wait{'s' if found['waits'] != 1 else ''}" if found["waits"] else ""
    mark = "" if found.get("given", True) else "("
    return f"{mark}{percent(found['share'])}, {found['registers']} r, {found['occupancy']}{waits}{spilled}{')' if mark else ''}"


def order(name):
    """Passes together, aligned ones first."""
    shader, *constants = name.split(",")
    return re.split(r"_(?=\d+x\d+)", shader)[0], "ALIGNED=0" in constants, shader


def kernels(record):
    """A line per product in f32, a column per chip."""
    chips = [record["chips"][name] for name in SHOWN if name in record["chips"]]
    # Chips of few registers keep loops as loops: the same product otherwise.
    rows = [
        {name.replace(",ROLLED=1", ""): found for name, found in products(chip["pipelines"]).items()} for chip in chips
    ]
    names = sorted(dict.fromkeys(name for own in rows for name in own), key=order)
    lines = ["| product | " + " | ".join(chip["title"] for chip in chips) + " |", "|---" * (len(chips) + 1) + "|"]
    for name in names:
        words = name.replace(",ALIGNED=1", "").replace(",ALIGNED=0", ", unaligned")
        lines.append(f"| `{words}` | " + " | ".join(cell(own.get(name)) for own in rows) + " |")
    return lines


def others(record):
    """The other pipelines: only what is worth a look, the most registers and what spills."""
    lines = ["| chip | other pipelines | most registers | least occupancy | spills |", "|---|---|---|---|---|"]
    for chip in record["chips"].values():
        rest = {
            name: found for name, found in chip["pipelines"].items() if "error" not in found and "share" not in found
        }
        most = max(rest, key=lambda name: rest[name]["registers"])
        least = min(rest, key=lambda name: rest[name]["occupancy"])
        spilling = [f"`{name}` {found['spills']}" for name, found in rest.items() if found["spills"] or found["scratch"]]
        lines.append(
            f"| {chip['title']} | {len(rest)} | {rest[most]['registers']} (`{most}`) "
            f"| {rest[least]['occupancy']} (`{least}`) | {', '.join(spilling[:4]) or 'none'}"
            f"{' and others' if len(spilling) > 4 else ''} |"
        )
    return lines


def tables(record, strata):
    parts = [
        f"Made on {record['date']} with Mesa {record['mesa']}.", "", *summary(record), "",
        "### Products in f32", "",
        "Share of multiply-adds, registers (r), occupancy, waits per slab and spills where there are any. In brackets: what a "
        "chip is not given by shape, only where `strata tune` finds it faster.", "",
        *kernels(record), "", "### Other pipelines", "", *others(record), "",
        "### What cards can do at most", "",
        "An estimate from this code, not a measurement; `scripts/gpu_compilers/estimate.py` lists what it assumes.", "",
        *estimate.tables(record, strata),
    ]
    return "\n".join(parts)


def drivers(made):
    """A line per software driver and precision."""
    lines = [
        "| driver | precision | pipelines | cold, all (s) | median (s) | slowest (s) | not compiled | checks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for driver in made["drivers"].values():
        for precision, found in driver["compiled"].items():
            checks = {precision: driver["checks"][precision]}
            if precision == "f32":
                checks |= {name: check for name, check in driver["checks"].items() if name not in driver["compiled"]}
            words = "; ".join(
                f"{name}: {check['cases'] - check['failed']} of {check['cases']} right in {check['seconds']:.0f} s"
                f"{', then broke off' if 'error' in check else ''}" for name, check in checks.items()
            )
            if "error" in found:
                lines.append(f"| {driver['title']} | {precision} | none | | | | {found['error']} | {words} |")
                continue
            left = ", ".join(f"`{name}`" for name in found["not_compiled"]) or "none"
            lines.append(
                f"| {driver['title']}, {found['driver']} | {precision} | {found['pipelines']} | {found['seconds']} "
                f"| {found['median_seconds']} | {found['slowest_seconds']} (`{found['slowest']}`) | {left} | {words} |"
            )
    return [f"Made on {made['date']}, with {made['memory_gib']:g} GiB per command.", "", *lines]


def put(name, lines):
    """Puts lines between the marks of a name on the page."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = PAGE.read_text().split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n\n{lines}\n\n{end}{after}")


def write(record, strata):
    put("tables of compile-gpus", tables(record, strata))


def write_drivers(made):
    put("table of drivers", "\n".join(drivers(made)))
