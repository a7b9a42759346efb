"""Reads the events of a study with TensorBoard's own reader and compares them with its records.

tensorboard_reads.py EVENTS RUN-DIRECTORY
"""
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events, runs = map(pathlib.Path, sys.argv[1:])
networks = scalars = 0
for folder in sorted(path for path in events.glob("*/*") if path.is_dir()):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    records = [json.loads(line) for line in (runs / folder.name / "log.jsonl").read_text().splitlines()]
    for tag, key in [("train/loss", "train_loss"), ("test/loss", "loss"), ("test/top1", "top1"), ("test/top5", "top5")]:
        found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        expected = [(record["step"], struct.unpack("f", struct.pack("f", record[key]))[0]) for record in records]
        assert found == expected, (folder, tag, found, expected)
        scalars += len(found)
    networks += 1
assert networks > 0
print(f"{scalars} scalars of {networks} networks equal their records")
