#!/usr/bin/env python3
"""Make data/fashion-mnist, the data set that is compiled into strata.

Reads the four official Fashion-MNIST files (Debian: apt install dataset-fashion-mnist) and
writes gzip IDX files: the first 600 training images of each class, in the order of the file,
and the whole test set. Needs nothing but Python's standard library.

Usage: scripts/make-default-data.py [SOURCE_FOLDER] [TARGET_FOLDER]
"""

import gzip
import struct
import sys
from pathlib import Path

PER_CLASS = 600
CLASSES = 10
IMAGES_MAGIC, LABELS_MAGIC = 0x803, 0x801


def read_pair(folder, stem):
    """Returns the rows, the columns, the pixels and the labels of one official pair of files."""
    images = gzip.decompress((folder / f"{stem}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{stem}-labels-idx1-ubyte.gz").read_bytes())
    magic, count, rows, columns = struct.unpack(">IIII", images[:16])
    label_magic, label_count = struct.unpack(">II", labels[:8])
    if (magic, label_magic) != (IMAGES_MAGIC, LABELS_MAGIC):
        sys.exit(f"{folder}/{stem}-*: not a pair of IDX files of bytes")
    if count != label_count or len(images) != 16 + count * rows * columns or len(labels) != 8 + count:
        sys.exit(f"{folder}/{stem}-*: the sizes do not agree with the headers")
    return rows, columns, images[16:], labels[8:]


def first_per_class(labels, per_class):
    """The indices, increasing, of the first `per_class` entries of each class."""
    seen = [0] * CLASSES
    kept = []
    for index, label in enumerate(labels):
        if seen[label] < per_class:
            seen[label] += 1
            kept.append(index)
    if min(seen) < per_class:
        sys.exit(f"a class has fewer than {per_class} images: {seen}")
    return kept


def write(path, payload):
    """Writes a gzip file whose bytes depend on the payload alone: no name, no time."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(payload)
    print(f"{path}: {path.stat().st_size} bytes, {len(payload)} unpacked")


def write_pair(folder, stem, rows, columns, pixels, labels, kept):
    size = rows * columns
    body = b"".join(pixels[i * size : (i + 1) * size] for i in kept)
    write(folder / f"{stem}-images-idx3-ubyte.gz", struct.pack(">IIII", IMAGES_MAGIC, len(kept), rows, columns) + body)
    write(folder / f"{stem}-labels-idx1-ubyte.gz", struct.pack(">II", LABELS_MAGIC, len(kept)) + bytes(labels[i] for i in kept))


def main():
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
    default = Path(__file__).resolve().parent.parent / "data" / "fashion-mnist"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else default
    target.mkdir(parents=True, exist_ok=True)
    train, test = read_pair(source, "train"), read_pair(source, "t10k")
    write_pair(target, "train", *train, first_per_class(train[3], PER_CLASS))
    write_pair(target, "t10k", *test, range(len(test[3])))


if __name__ == "__main__":
    main()
