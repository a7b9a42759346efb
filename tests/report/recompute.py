#!/usr/bin/env python3
"""Computes every statistic of a report again, from its runs.csv alone, with NumPy and SciPy.

Usage: recompute.py FOLDER, where `strata report --out FOLDER` wrote runs.csv, results.json and report.html. Prints how
many numbers agree, or those that do not, and then exits with 1. Every number in the statistics of results.json must be
among those that were computed here, and so must every decimal number on the page, but for the sections that show what
is no statistic of runs: curves, confusions, similarities, filters, other people's numbers, the configuration.
"""

import csv
import itertools
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from against import Words, compare, numbers, printed, quoted
from scipy import stats

WITH_N = ["BnB", "BnB+", "AnB", "AnB+", "random-caffe", "random-he", "random-moments", "BnB-preserve1", "BnB-preserve2"]
WITH_N += ["AnB-preserve1", "AnB-preserve2", "BnB-probe", "AnB-probe", "continue"]
ALL = ["base", "BnB", "BnB+", "AnB", "AnB+", "restart"] + WITH_N[4:-1] + ["base-2x", "continue"]
OWN_FIGURES = ("preserve", "probe")
PAIRS = ["man-made-natural", "listed", "other-data"]
LEVEL, LIMIT = 0.05, 0.2
mean = lambda values: float(np.mean(values)) if len(values) else None
sd = lambda values: float(np.std(values, ddof=1)) if len(values) > 1 else None


class Row(dict):
    """A row of runs.csv; an accuracy that is not there does not count."""

    def __init__(self, row):
        number = lambda key, kind=float: kind(row[key]) if row[key] else None
        super().__init__(row, n=number("n", int), size=number("train_size", int), value=number("top1_percent"))
        self.update(last=number("last_percent"), two_thirds=number("two_thirds_percent"), chance=number("chance_percent"))
        self.update(seconds=number("seconds"), work=number("tera_macs"), stuck=row["at_chance"] == "yes")
        self.key = (row["split"], row["replicate"], row["target"])


class Sample(list):
    """Observations (row, n, value, whether a run behind it was at chance), and their unit."""

    def __init__(self, seen, unit):
        super().__init__(seen)
        self.unit = unit

    def only(self, which):
        return Sample([o for o in self if which(o)], self.unit)

    def pooled(self):
        return mean([o[2] for o in self])

    def clusters(self):
        """One value a unit: replicates, then n, then targets are averaged."""
        tree = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for row, n, value, _ in self:
            tree[row[self.unit]][row["split"], row["target"]][n].append(value)
        of_unit = lambda targets: mean([mean([mean(values) for values in by_n.values()]) for by_n in targets.values()])
        return {unit: of_unit(tree[unit]) for unit in sorted(tree)}

    def estimate(self):
        values = list(self.clusters().values())
        if not values:
            return None
        ends = [None, None]
        if len(values) > 1:
            ends = [mean(values)] * 2
            if sd(values) > 0:
                ends = stats.t.interval(0.95, len(values) - 1, mean(values), stats.sem(values))
        targets = {(row["split"], row["target"]) for row, *_ in self}
        return {"mean": mean(values), "low": ends[0], "high": ends[1], "units": len(values), "targets": len(targets),
                "runs": len(self), "at_chance": sum(o[3] for o in self)}


def student(values):
    if len(values) < 2:
        return None
    if sd(values) == 0:
        return {"t": 0.0 if mean(values) == 0 else None, "df": len(values) - 1, "p": float(mean(values) == 0)}
    test = stats.ttest_1samp(values, 0)
    return {"t": float(test.statistic), "df": len(values) - 1, "p": float(test.pvalue)}


def joint_sign_flip(members):
    """p of each member: how often, over all flips of whole units, the largest |t| of the family reaches its own."""
    able = [2 / 2 ** len(member) <= LEVEL for member in members]
    families = [[i for i, ok in enumerate(able) if ok]] + [[i] for i, ok in enumerate(able) if not ok]
    ps = {}
    for family in (family for family in families if family):
        units = sorted(set(itertools.chain(*(members[i] for i in family))))
        values = np.array([[members[i].get(unit, 0.0) for unit in units] for i in family])
        counts = np.array([len(members[i]) for i in family])
        signs = np.array(list(itertools.product([1, -1], repeat=len(units))))
        share = (signs @ values.T) ** 2 / np.maximum(counts * (values**2).sum(1), 1e-300)
        # 1 / (1 + t^2), which is finite also where t is not.
        rank = (1 - share) / np.maximum(1 - share + (counts - 1) * share, 1e-300)
        extreme = rank.min(1)
        for column, i in enumerate(family):
            ps[i] = (float((extreme <= rank[0, column] + 1e-12).mean()), len(family))
    return [ps[i] for i in range(len(members))]


def family(samples):
    """The contrasts of a family, None for a sample without observations."""
    present = [sample.clusters() for sample in samples if sample]
    joint = iter(joint_sign_flip(present))
    contrasts = []
    for sample in samples:
        if not sample:
            contrasts.append(None)
            continue
        values, (p, size) = list(sample.clusters().values()), next(joint)
        test = {"student": student(values), "joint_p": p, "smallest_p": min(1, 2 / 2 ** len(values)), "family": size}
        contrasts.append({"estimate": sample.estimate(), "test": test})
    return contrasts


def single(sample):
    return family([sample])[0]


class Sheet:
    """The runs of one experiment with one size of the training set."""

    def __init__(self, rows, size, unit):
        self.rows, self.unit = [row for row in rows if row["size"] == size and row["value"] is not None], unit
        self.bases = defaultdict(list)
        for row in self.of("base"):
            self.bases[row.key].append(row)
        self.ns = sorted({row["n"] for row in self.rows if row["n"] is not None})

    def of(self, arm):
        return [row for row in self.rows if row["arm"] == arm]

    def levels(self, arm, ns=range(10**6)):
        return Sample([(r, r["n"] or 0, r["value"], r["stuck"]) for r in self.of(arm) if (r["n"] or 0) in ns], self.unit)

    def minus(self, arm, others, ns):
        seen = []
        for row in self.of(arm):
            found = [other for other in others(row)]
            if (row["n"] or 0) in ns and found:
                value = row["value"] - mean([other["value"] for other in found])
                seen.append((row, row["n"] or 0, value, row["stuck"] or any(other["stuck"] for other in found)))
        return Sample(seen, self.unit)

    def deltas(self, arm, ns=range(10**6)):
        return self.minus(arm, lambda row: self.bases[row.key], ns)

    def matched(self, arm, other, ns=range(10**6)):
        same = lambda row, o: o.key == row.key and o["n"] in (None, row["n"])
        return self.minus(arm, lambda row: [o for o in self.of(other) if same(row, o)], ns)

    def losses(self, arm, ns=range(10**6), then=lambda sample: sample):
        return then(self.matched(arm, "continue", ns)) or then(self.deltas(arm, ns))


def change(low, high):
    def of(sample):
        units = defaultdict(list)
        for o in sample:
            units[o[0].key].append(o)
        seen = []
        for some in units.values():
            below, above = [o for o in some if o[1] in low], [o for o in some if o[1] in high]
            if below and above:
                value = mean([o[2] for o in above]) - mean([o[2] for o in below])
                seen.append((some[0][0], 0, value, any(o[3] for o in below + above)))
        return Sample(seen, sample.unit)

    return of


def single_case(cases, controls, splits):
    difference = mean(cases) - mean(controls)
    found = {"difference": difference, "cases": len(cases), "controls": len(controls), "splits": splits}
    found.update(low=None, high=None, t=None, p=None)
    if splits > 1 and len(controls) > 1:
        error, df = sd(controls) * np.sqrt(1 / len(cases) + 1 / min(splits, len(controls))), splits - 1
        half, t = stats.t.ppf(0.975, df) * error, difference / error
        found.update(low=difference - half, high=difference + half, t=t, p=2 * stats.t.sf(abs(t), df))
    return found


def by_n(arm, ns, sample):
    found = zip(ns, family([sample(arm, [n]) for n in ns]))
    return [{"arm": arm, "n": n, **contrast} for n, contrast in found if contrast]


def claims(sheet):
    last = max(sheet.ns, default=0)
    low, middle, high, every = range(1, 3), range(3, max(last, 1)), range(4, last + 1), range(1, last + 1)
    recovery = sheet.matched("BnB+", "restart", middle) or sheet.matched("BnB+", "base-2x", middle)
    drop = sheet.losses("AnB", every, change(low, high))
    questions = [sheet.losses("BnB", middle), recovery or sheet.deltas("BnB+", middle), drop]
    contrasts = family(questions + [sheet.matched("AnB+", "BnB+", every)])
    units = lambda contrast: contrast["estimate"]["units"] if contrast else 0
    found = [{"number": n, "units": units(c), "contrast": c, "case": None} for n, c in zip(range(2, 6), contrasts)]
    # Numbers that only the sentences of claims hold.
    more = [sheet.losses("BnB", high), sheet.matched("AnB", "BnB", high), sheet.losses("AnB", low), sheet.deltas("restart")]
    more += [sheet.deltas("base-2x")] + [sheet.matched("AnB+", control, every) for control in ("restart", "base-2x")]
    pooled = [(sheet.deltas(arm, every).pooled(), sheet.levels(arm, every).pooled()) for arm in ("AnB+", "BnB+")]
    bases = sheet.levels("base").pooled()
    pooled = [[paired, None if level is None or bases is None else level - bases] for paired, level in pooled]
    return [{"number": 1, "units": 0, "contrast": None, "case": None}] + found, [single(s) for s in more] + pooled


def shared(sheet):
    entries = []
    for n in sheet.ns:
        arms = [arm for arm in WITH_N if not any(word in arm for word in OWN_FIGURES) and sheet.deltas(arm, [n])]
        covered = [{o[0].key[::2] for o in sheet.deltas(arm, [n])} for arm in arms]
        common = set.intersection(*covered) if covered else set()
        if all(own == common for own in covered):
            continue
        inside = lambda o: o[0].key[::2] in common
        bases = sheet.levels("base").only(inside).pooled()
        cells = []
        for arm, own in zip(arms, covered):
            level = sheet.levels(arm, [n]).only(inside).pooled()
            paper = None if level is None or bases is None else level - bases
            estimate = sheet.deltas(arm, [n]).only(inside).estimate()
            cells.append({"arm": arm, "own_targets": len(own), "estimate": estimate, "paper": paper})
        entries.append({"n": n, "cells": cells})
    return entries


def costs(rows):
    groups = defaultdict(list)
    for row in rows:
        if row["state"] == "done" and row["seconds"] > 0:
            groups[ALL.index(row["arm"]), row["n"]].append(row)
    found = []
    for (arm, n), some in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        total, known = sum(row["seconds"] for row in some), [row for row in some if row["work"] is not None]
        time, work = sum(row["seconds"] for row in known), [row["work"] for row in known]
        found.append({"arm": ALL[arm], "n": n, "runs": len(some), "tera_macs": mean(work), "seconds": total / len(some),
                      "total_seconds": total, "giga_macs_a_second": sum(work) * 1e3 / time if time else None})
    return found


def study(rows):
    kind = rows[0]["kind"]
    unit = "replicate" if kind not in ("random", "all-classes", "reduced") and len({row["split"] for row in rows}) == 1 else "split"
    sheet = Sheet(rows, None, unit)
    bases, ns = sheet.levels("base"), sheet.ns
    level = {"mean": bases.pooled(), "sd": sd([o[2] for o in bases]), "estimate": bases.estimate()} if bases else None
    minus_bases = lambda sample: sample.pooled() - bases.pooled() if sample and bases else None
    paper = []
    for arm, n in itertools.product(WITH_N, ns):
        if sample := sheet.levels(arm, [n]):
            spread = sd([o[2] for o in sample])
            paper.append({"arm": arm, "n": n, "runs": len(sample), "mean": sample.pooled(), "sd": spread,
                          "delta": minus_bases(sample), "level": sample.estimate()})
    boosts = []
    for start in (start for start in (1, 3, 5) if ns and start <= ns[-1]):
        some = range(start, ns[-1] + 1)
        transfer, selffer = sheet.levels("AnB+", some), sheet.levels("BnB+", some)
        gains = lambda arm: {"over_base": single(sheet.deltas(arm, some)),
                             "over_restart": single(sheet.matched(arm, "restart", some)),
                             "over_double": single(sheet.matched(arm, "base-2x", some))}
        boost = {"from": start, "to": ns[-1], "paper_over_base": minus_bases(transfer),
                 "paper_over_selffer": transfer.pooled() - selffer.pooled() if transfer and selffer else None,
                 "transfer_runs": sheet.deltas("AnB+", some).pooled(), "selffer_runs": sheet.deltas("BnB+", some).pooled(),
                 "transfer": gains("AnB+"), "selffer": gains("BnB+"), "matched": single(sheet.matched("AnB+", "BnB+", some))}
        if any(boost[key] is not None for key in ("paper_over_base", "transfer_runs", "selffer_runs")):
            boosts.append(boost)
    targets = []
    for target in sorted({row["target"] for row in sheet.rows}) if kind in PAIRS else []:
        for arm, n in itertools.product(["base", "BnB", "AnB"], [0] + ns):
            own = lambda sample: sample.only(lambda o: o[0]["target"] == target).estimate()
            if found := own(sheet.levels(arm, [n])):
                delta = None if arm == "base" else own(sheet.deltas(arm, [n]))
                targets.append({"target": target, "arm": arm, "n": n, "level": found, "delta": delta})
    sizes, every = [], sorted({row["size"] for row in rows}, key=lambda size: size or 10**9)
    sheets = {size: Sheet(rows, size, unit) for size in every}
    for size in every if every != [None] else []:
        for arm, n in itertools.product(ALL, [0] + sheets[size].ns):
            if found := sheets[size].levels(arm, [n]):
                delta = None if arm == "base" else sheets[size].deltas(arm, [n]).estimate()
                sizes.append({"train_size": size, "arm": arm, "n": n, "level": found.estimate(), "delta": delta})
    rose = [(r, 0, r["last"] - r["two_thirds"], r["stuck"]) for r, *_ in bases if None not in (r["last"], r["two_thirds"])]
    judged, more = claims(sheet)
    stuck = [row for row in rows if row["stuck"] and row["value"] is not None]
    specific = lambda arm, some: sheet.matched(arm, "BnB", some)
    of_all = sheet.matched("BnB", "continue")
    co = (lambda arm, some: sheet.matched(arm, "continue", some)) if of_all else sheet.deltas
    loss = (lambda arm, some: sheet.matched(arm, "continue", some)) if sheet.matched("AnB", "continue") else sheet.deltas
    each = lambda sample: [{"run": o[0]["run"], "n": o[1], "value": o[2]} for o in sample]
    results = {"margin": float(rows[0]["margin_points"]), "base": level, "paper": paper, "ns": ns,
               "paired": [row for arm in WITH_N for row in by_n(arm, ns, sheet.deltas)], "shared": shared(sheet),
               "restart": single(sheet.deltas("restart")), "double": single(sheet.deltas("base-2x")),
               "co_adaptation": by_n("BnB", ns, co), "co_adaptation_runs": each(co("BnB", range(10**6))),
               "loss": by_n("AnB", ns, loss), "specificity": by_n("AnB", ns, specific), "specificity_runs": each(specific("AnB", range(10**6))),
               "targets": targets, "sizes": sizes, "boosts": boosts, "claims": judged, "costs": costs(rows),
               "plateau": {"gain": Sample(rose, unit).estimate(), "limit": LIMIT},
               "at_chance": [{"run": r["run"], "top1": r["value"], "chance": r["chance"]} for r in stuck]}
    paper_of = lambda row: row["value"] - bases.pooled() if bases and row["size"] is None and row["value"] else None
    own = {row["run"]: mean([b["value"] for b in sheets[row["size"]].bases[row.key]]) for row in rows}
    both = lambda a, b: None if a is None or b is None else a - b
    results["runs"] = [{"run": r["run"], "top1": r["value"], "delta_paper": paper_of(r), "seconds": r["seconds"],
                        "base": own[r["run"]] if r["value"] is not None else None, "tera_macs": r["work"],
                        "delta": both(r["value"], own[r["run"]]), "chance": r["chance"], "last": r["last"],
                        "two_thirds": r["two_thirds"]} for r in rows]
    return results, more, sheet


def together(studies, more):
    """The claims of all studies: those of the first of random halves, with what only several can say; adds to `more` the
    numbers that only their sentences hold."""
    sheets = {name: (rows[0], sheet) for name, (rows, _, sheet) in studies.items()}
    random = [name for name, (row, _) in sheets.items() if row["kind"] == "random"]
    if not sheets:
        return []
    first = random[0] if random else next(iter(sheets))
    row, controls = sheets[first]
    found, like = list(studies[first][1]["claims"]), []
    for other, sheet in sheets.values():
        if other["net"] == row["net"] and row["dataset"] in other["dataset"].split(" and "):
            like.append((other, sheet))
    whole = [sheet for other, sheet in like if other["kind"] == "all-classes"]
    if whole and whole[0].levels("base") and controls.levels("base"):
        bases = [[o[2] for o in sheet.levels("base")] for sheet in (whole[0], controls)]
        splits = len(controls.levels("base").clusters())
        found[0] = {"number": 1, "units": splits, "contrast": None, "case": single_case(*bases, splits)}
    orderings = []
    for other, sheet in like if random else []:
        both = sorted(set(sheet.ns) & set(controls.ns))
        if other["kind"] not in PAIRS or not both:
            continue
        pair = [s.matched("AnB", "continue", both[-1:]) for s in (sheet, controls)]
        if not all(pair):
            pair = [s.deltas("AnB", both[-1:]) for s in (sheet, controls)]
        values = [list(Sample(sample, "split").clusters().values()) for sample in pair]
        if all(values):
            case = single_case(*values, len(values[1]))
            orderings.append({"number": 6, "units": len(values[1]), "contrast": None, "case": case})
            more += [sample.estimate() for sample in pair]
    return found + (orderings or [{"number": 6, "units": 0, "contrast": None, "case": None}])


def main(folder):
    rows, names = defaultdict(list), []
    for row in csv.DictReader((folder / "runs.csv").open(newline="")):
        rows[row["experiment"]].append(Row(row))
    theirs = json.loads((folder / "results.json").read_text())
    studies = {name: (some, *study(some)[:1], study(some)[2]) for name, some in rows.items()}
    more = [study(some)[1] for some in rows.values()]
    wrong, compared, mine = [], 0, []
    for there in theirs["studies"]:
        here = studies[there["experiment"]][1] if there["experiment"] in studies else {}
        mine.append(here)
        for key in here:
            compared += compare(here[key], [{k: v for k, v in r.items() if k in here[key][0]} for r in there[key]]
                                if key == "runs" else there[key], f"{there['experiment']}.{key}", wrong)
    claims_here = together(studies, more)
    compared += compare(claims_here, theirs["claims"], "claims", wrong)
    known = set().union(*map(printed, numbers([mine, more, claims_here])), printed(1e-15), {"1e-15"})
    known |= set().union(*map(quoted, mine))
    # Names that hold points: versions, devices. Epochs are not in the table of runs.
    names = " ".join(str(there[key]) for there in theirs["studies"] for key in ("device", "version", "experiment", "dataset"))
    names += " ".join(f" {(there['trained'] or {}).get('epochs') or 0:.1f}" for there in theirs["studies"])
    words = Words()
    words.feed((folder / "report.html").read_text())
    seen = 0
    for text in words.texts:
        for number in re.findall(r"(?<![\w.])\d+\.\d+(?:e-?\d+)?(?![\w.]*\d)", text.replace("\u2212", "-")):
            seen += 1
            if number not in known and number not in names:
                wrong.append(f"the page has {number}, which was not computed: {text.strip()[:100]}")
    print("\n".join(wrong[:40]))
    print(f"{compared} numbers of results.json and {seen} of the page computed again, {len(wrong)} of them otherwise")
    sys.exit(1 if wrong or not compared or not seen else 0)


main(Path(sys.argv[1]))
