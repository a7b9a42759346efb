"""Holds numbers against those of a report: its results.json, and the text of its page."""

import html.parser
import itertools
import re

import numpy as np

NOT_OF_RUNS = ["beside", "configuration", "curves", "alike", "confusions", "filters", "preserved-by-the-authors"]


def compare(mine, theirs, path, wrong):
    """Compares all numbers; one of theirs that has no counterpart is wrong, too. Returns how many there were."""
    if isinstance(theirs, bool) or isinstance(theirs, str):
        return 0
    if isinstance(theirs, dict) and isinstance(mine, dict):
        return sum(compare(mine.get(key), value, f"{path}.{key}", wrong) for key, value in theirs.items())
    if isinstance(theirs, list) and isinstance(mine, list) and len(mine) == len(theirs):
        return sum(compare(m, t, f"{path}[{i}]", wrong) for i, (m, t) in enumerate(zip(mine, theirs)))
    if isinstance(theirs, (dict, list)) and mine is None and not any(numbers(theirs)):
        return 0
    if mine is None or theirs is None or isinstance(theirs, (dict, list)):
        wrong += [f"{path}: {mine} here, {theirs} there"] if mine is not theirs else []
        return 0
    if not np.isclose(mine, theirs, rtol=1e-5, atol=1e-15 if path.endswith(".p") else 2e-8):
        wrong.append(f"{path}: {mine} here, {theirs} there")
    return 1


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return itertools.chain(*map(numbers, value))
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


class Words(html.parser.HTMLParser):
    """The text of a page, without pictures, and without the sections that show no statistics of runs."""

    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link", "br"):
            name = dict(attributes).get("id", "") if tag == "section" else ""
            self.open.append((tag, tag in ("svg", "style", "pre") or any(name.endswith(end) for end in NOT_OF_RUNS)))

    def handle_endtag(self, tag):
        while tag not in ("br", "meta", "link") and self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if not any(skipped for _, skipped in self.open):
            self.texts.append(text)


def printed(value):
    """A number as a page may print it. What lies halfway may go either way, since runs.csv has nine decimals."""
    texts = set()
    for near in (abs(float(value)) + nudge for nudge in (-2e-9, 0, 2e-9)):
        small = re.sub(r"e-0*(\d)", r"e-\1", f"{abs(float(value)):.1e}")
        texts |= {f"{near:.2f}".lstrip("-"), f"{near:.3f}".lstrip("-"), small, f"{near:.6g}"}
    return texts


def quoted(value):
    """The means and half intervals of all estimates with one decimal, as the sentence quotes them."""
    texts = set()
    if isinstance(value, dict):
        if {"mean", "low", "high"} <= set(value) and value["low"] is not None:
            for number in (abs(value["mean"]), (value["high"] - value["low"]) / 2):
                texts |= {f"{number + nudge:.1f}" for nudge in (-2e-9, 0, 2e-9)}
        elif value.get("mean") is not None and "units" in value:
            texts |= {f"{abs(value['mean']) + nudge:.1f}" for nudge in (-2e-9, 0, 2e-9)}
        value = list(value.values())
    return texts.union(*map(quoted, value)) if isinstance(value, list) else texts
