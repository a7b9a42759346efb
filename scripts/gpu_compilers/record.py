"""What compilers say of every pipeline, as a record: made, read, written and held against another one."""

import json
import pathlib
import re
import subprocess

from . import code, dump

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDS = ROOT / "benches/records"
# Depth of a run, after which its sums are added to the totals: `RUN` and `WEIGHT_RUN` of `src/ops/product`.
RUN, WEIGHT_RUN = 256, 32
# A share is held to the recorded one but for the digits that are not written.
DIGITS = 3


def product(pipeline):
    """Sums of a lane, depth of a slab and of a run, where a pipeline is a product in tiles of f32."""
    sizes = pipeline.get("sizes") or {}
    if "ROWS" not in sizes or "MATRIX" in sizes:
        return None
    run = WEIGHT_RUN if "dense_backward_weight" in pipeline["name"] else RUN
    sums = sizes["ROWS"] * sizes["COLUMNS"] / sizes["INVOCATIONS"]
    return {"sums": sums, "depth": sizes["DEPTH"], "run": run}


def row(chip, lines, pipeline):
    """What one pipeline became."""
    reads = chip.reads
    found = reads.statistics(lines, chip)
    if pipeline["error"] or found is None:
        return {"error": pipeline["error"] or "the driver printed no statistics"}
    measures = product(pipeline)
    loop = code.measure(reads.blocks(lines), measures) if measures else None
    if loop:
        found |= {
            "share": round(loop.share(reads.SINGLE_ISSUE), DIGITS),
            "waits": round(loop.waits, 2),
            "multiply_adds": round(loop.multiply_adds, 1),
            "vector": round(loop.vector, 1),
            "others": round(loop.others, 1),
            "local": round(loop.local, 1),
            "spilling": round(loop.spills, 1),
            "loads": {str(width): round(number, 2) for width, number in loop.loads.items()},
        }
    if pipeline.get("given") is False:
        found["given"] = False
    return found


class Failed(Exception):
    """A driver that did not end as it should."""


def known(last, made, chip):
    """The rows of a chip in the last record that are still true: of shaders that have not changed since, by the same
    version of the compiler."""
    if not last or last["mesa"] != made["mesa"] or chip not in last["chips"]:
        return {}
    same = {name for name, digest in made["shaders"].items() if last["shaders"].get(name) == digest}
    rows = last["chips"][chip]["pipelines"]
    return {name: found for name, found in rows.items() if re.split("[,/]", name)[0] in same and "error" not in found}


PRECISIONS = ("f32", "mixed", "f16x3")


def of_chip(chip, folder, strata, only, kept, precisions=PRECISIONS):
    """Every pipeline on one chip, in every precision that its driver offers, but for those whose rows are `kept`."""
    arguments = [word for text in only for word in ("--only", text)]
    arguments += [word for name in kept for word in ("--skip", name)]
    pipelines, about = {}, None
    for precision in precisions:
        # The first device says whether there are others.
        if about and not about["matrices"]:
            break
        dumps, report, status, rest = dump.compile_for(chip, folder, strata, ["--precision", precision, *arguments])
        if report is None:
            last = next(reversed(dumps), "the device")
            raise Failed(f"{chip.name}: ended with {status} at {last}: {' '.join(rest[-3:])}")
        about = about or report
        for pipeline in report["pipelines"]:
            name = pipeline["name"]
            pipelines[name] = kept[name] if pipeline["skipped"] else row(chip, dumps.get(name, []), pipeline)
    return {
        "title": chip.title, "adapter": about["adapter"], "driver": about["driver"],
        "matrices": about["matrices"], "occupancy": chip.occupancy, "pipelines": pipelines,
    }


def shaders(strata):
    """The digests of the shaders that a program has."""
    said = subprocess.run([strata, "compile", "--list"], capture_output=True, text=True, check=True).stdout
    return json.loads(said)["shaders"]


def newest():
    """The last record, and where it is."""
    found = sorted(RECORDS.glob("compilers-*.json"))
    return (json.loads(found[-1].read_text()), found[-1]) if found else (None, None)


def write(record, path):
    """One line per pipeline, so that a change is seen as such."""
    lines = ["{"]
    lines += [f" {json.dumps(key)}: {json.dumps(record[key])}," for key in ("date", "mesa")]
    digests = (f"  {json.dumps(name)}: {json.dumps(digest)}" for name, digest in sorted(record["shaders"].items()))
    lines += [' "shaders": {', ",\n".join(digests), " },", ' "chips": {']
    chips = []
    for name, chip in record["chips"].items():
        head = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in chip.items() if key != "pipelines")
        rows = (f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in chip["pipelines"].items())
        chips.append(f'  {json.dumps(name)}: {{ {head},\n   "pipelines": {{\n' + ",\n".join(rows) + "\n  } }")
    lines += [",\n".join(chips), " }", "}"]
    path.write_text("\n".join(lines) + "\n")


def faults(chip, pipelines, recorded=None):
    """What no chip should do with a pipeline that it is given: spill, take scratch memory, or be refused. What the record
    says already is no news, unless it has grown."""
    for name, found in pipelines.items():
        then = (recorded or {}).get(name, {})
        if "error" in found:
            yield f"{chip}: {name}: {found['error']}"
        elif found.get("given", True):
            grown = [what for what in ("spills", "scratch") if found[what] > then.get(what, 0)]
            if grown:
                yield f"{chip}: {name}: {found['spills']} spills, {found['scratch']} of scratch memory"


def losses(chip, pipelines, recorded):
    """What was better before, by the same version of the same compiler."""
    for name in sorted(pipelines.keys() & recorded.keys()):
        now, then = pipelines[name], recorded[name]
        if "error" in now or "error" in then:
            continue
        for what, worse in (("share", -1), ("occupancy", -1), ("waits", 1), ("spills", 1)):
            if what in now and what in then and worse * (now[what] - then[what]) > 0:
                yield f"{chip}: {name}: {what} {now[what]} instead of {then[what]}"
