"""Small files of every kind of picture but JPEG, for scripts/pictures: name -> (bytes, rule).

The rule is "pil" where strata gives PIL's pixels, "refused" where it refuses, and a function that gives the pixels
where docs/data.md names other ones.
"""

import io
import random
import struct
import zlib

from PIL import Image

W, H = 13, 7


def draw(seed, count, below=256):
    rng = random.Random(seed)
    return [rng.randrange(below) for _ in range(count)]


def photo(mode="RGB", seed=1, size=(W, H)):
    bands = len(mode)
    width, height = size
    noise = draw(seed, width * height * bands, 40)
    data = bytes(
        min(255, (x * 200 // width if band % 2 == 0 else y * 200 // height) + noise[(y * width + x) * bands + band])
        for y in range(height) for x in range(width) for band in range(bands)
    )
    return Image.frombytes(mode, size, data)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def packed(values, depth):
    """Values of one row in whole bytes."""
    if depth == 16:
        return b"".join(struct.pack(">H", v) for v in values)
    bits = "".join(format(v, f"0{depth}b") for v in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def rows(seed, depth, samples, width=W, height=H, below=None):
    values = draw(seed, width * height * samples, below or 1 << depth)
    return [values[y * width * samples : (y + 1) * width * samples] for y in range(height)]


# PNG


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(colour, depth, palette=None, trns=None, interlaced=False, extra=b"", before=b"", after=b"", below=None):
    samples = SAMPLES[colour]
    image = rows(colour * 32 + depth, depth, samples, below=below)
    if interlaced:
        lines = []
        for left, top, right, down in PASSES:
            for y in range(top, H, down):
                line = [v for x in range(left, W, right) for v in image[y][x * samples : (x + 1) * samples]]
                if line:
                    lines.append(line)
    else:
        lines = image
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, int(interlaced))) + extra
    if palette is not None:
        head += chunk(b"PLTE", bytes(palette))
    if trns is not None:
        head += chunk(b"tRNS", bytes(trns))
    data = zlib.compress(b"".join(b"\0" + packed(line, depth) for line in lines))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", data) + after + chunk(b"IEND", b"")


def high_bytes_of_png(depth_rows):
    return b"".join(bytes([v >> 8] * 3) for row in depth_rows for v in row)


def png_files():
    files = {}
    for depth in (1, 2, 4, 8):
        files[f"gray-{depth}"] = png(0, depth)
        files[f"gray-{depth}-transparent"] = png(0, depth, trns=[0, 1])
        files[f"gray-{depth}-interlaced"] = png(0, depth, interlaced=True)
        palette = draw(depth, 3 << depth)
        files[f"palette-{depth}"] = png(3, depth, palette)
        files[f"palette-{depth}-transparent"] = png(3, depth, palette, trns=[0, 128])
        files[f"palette-{depth}-interlaced"] = png(3, depth, palette, interlaced=True)
    files["palette-8-short"] = png(3, 8, draw(5, 60), below=20)
    for name, colour in (("gray-alpha", 4), ("rgb", 2), ("rgba", 6)):
        for depth in (8, 16):
            files[f"{name}-{depth}"] = png(colour, depth)
            files[f"{name}-{depth}-interlaced"] = png(colour, depth, interlaced=True)
    files["rgb-8-transparent"] = png(2, 8, trns=[0, 1, 0, 2, 0, 3])
    gamma = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cHRM", struct.pack(">8I", *range(1, 9)))
    files["rgb-8-gamma"] = png(2, 8, extra=gamma + chunk(b"sBIT", b"\5\6\5"))
    turn = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    files["rgb-8-exif-turned"] = png(2, 8, extra=chunk(b"eXIf", turn))
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    frame = lambda n: chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, W, H, 0, 0, 1, 10, 0, 0))
    second = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows(99, 8, 3)))
    animation = frame(1) + chunk(b"fdAT", struct.pack(">I", 2) + second)
    files["animated"] = png(2, 8, extra=control + frame(0), after=animation)
    files["animated-besides"] = png(2, 8, extra=control, after=frame(0) + chunk(b"fdAT", struct.pack(">I", 1) + second))
    files = {name: (data, "pil") for name, data in files.items()}
    for name, interlaced in (("gray-16", False), ("gray-16-interlaced", True)):
        files[name] = (png(0, 16, interlaced=interlaced), lambda: high_bytes_of_png(rows(16, 16, 1)))
    broken = bytearray(png(2, 8))
    broken[-20] ^= 1
    files["refused-damaged"] = (bytes(broken), "refused")
    files["refused-depth-3"] = (png(0, 3), "refused")
    return files


# BMP


def bmp(bits, body, size=40, compression=0, masks=b"", palette=b"", colours=0, height=H, width=W, at=None, planes=1):
    if size == 12:
        head = struct.pack("<IHHHH", 12, width, height, planes, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", size, width, height, planes, bits, compression, len(body), 0, 0, colours, 0)
        head += masks if size > 40 else b""
        head = head.ljust(size, b"\0") + (masks if size == 40 else b"")
    offset = 14 + len(head) + len(palette) if at is None else at
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + palette + body


def lines(seed, bits):
    line = (W * bits + 31) // 32 * 4
    values = draw(seed, H * (W * bits // 8 + 1))
    step = len(values) // H
    return b"".join(bytes(values[y * step : y * step + (W * bits + 7) // 8]).ljust(line, b"\0") for y in range(H))


def runs(seed, bits, width=W, height=H):
    """Runs, literals, jumps and ends of lines; the last row is whole."""
    rng, out = random.Random(seed), b""
    for y in range(height):
        x = 0
        while x < width:
            kind, left = rng.randrange(4), width - x
            if kind == 0 and left >= 3:
                count = rng.randrange(3, left + 1)
                data = packed([rng.randrange(1 << bits) for _ in range(count)], bits)
                out += bytes([0, count]) + data + b"\0" * (len(data) % 2)
            elif kind == 1 and y < height - 1 and left > 2:
                count = rng.randrange(1, 3)
                out += bytes([0, 2, count, 0])
            else:
                count = rng.randrange(1, left + 1)
                out += bytes([count, rng.randrange(256)])
            x += count
        out += b"\0\0" if y < height - 1 else b""
    return out + b"\0\1"


def bmp_files():
    files = {}
    entries = lambda count, size=4, seed=3: bytes(v for i in range(count) for v in (draw(seed + i, 3) + [0])[:size])
    for bits in (1, 4, 8):
        files[f"palette-{bits}"] = bmp(bits, lines(bits, bits), palette=entries(1 << bits))
        files[f"palette-{bits}-os2"] = bmp(bits, lines(bits, bits), 12, palette=entries(1 << bits, 3))
        files[f"palette-{bits}-from-top"] = bmp(bits, lines(bits, bits), palette=entries(1 << bits), height=-H)
    files["palette-8-short"] = bmp(8, lines(8, 8), palette=entries(100), colours=100)
    gray = bytes(v for i in range(256) for v in (i, i, i, 0))
    files["gray-8"] = bmp(8, lines(9, 8), palette=gray)
    files["black-and-white"] = bmp(1, lines(9, 1), palette=b"\0\0\0\0\xff\xff\xff\0")
    files["white-and-black"] = bmp(1, lines(9, 1), palette=b"\xff\xff\xff\0\0\0\0\0")
    files["runs-8"] = bmp(8, runs(1, 8), compression=1, palette=entries(256))
    files["runs-4"] = bmp(4, runs(2, 4), compression=2, palette=entries(16))
    files["runs-8-gray"] = bmp(8, runs(4, 8), compression=1, palette=gray)
    files["16"] = bmp(16, lines(16, 16))
    word = lambda *masks: b"".join(struct.pack("<I", mask) for mask in masks)
    files["16-masks-565"] = bmp(16, lines(16, 16), compression=3, masks=word(0xF800, 0x7E0, 0x1F))
    files["16-masks-555"] = bmp(16, lines(16, 16), compression=3, masks=word(0x7C00, 0x3E0, 0x1F))
    files["16-masks-565-v4"] = bmp(16, lines(16, 16), 108, 3, word(0xF800, 0x7E0, 0x1F, 0))
    files["24"] = bmp(24, lines(24, 24))
    files["24-os2"] = bmp(24, lines(24, 24), 12)
    files["24-from-top"] = bmp(24, lines(25, 24), height=-H)
    files["24-v5"] = bmp(24, lines(24, 24), 124)
    files["32"] = bmp(32, lines(32, 32))
    sets = [(0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0), (0xFF000000, 0xFF00, 0xFF, 0),
            (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000, 0xFF000000), (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
            (0xFF000000, 0xFF00, 0xFF, 0xFF0000), (0, 0, 0, 0)]
    for number, masks in enumerate(sets):
        files[f"32-masks-{number}"] = bmp(32, lines(33, 32), 108 if number % 2 else 124, 3, word(*masks))
    files["32-masks-v3"] = bmp(32, lines(33, 32), compression=3, masks=word(0xFF0000, 0xFF00, 0xFF))
    files = {name: (data, "pil") for name, data in files.items()}
    refused = {
        "masks": bmp(16, lines(16, 16), compression=3, masks=word(0xF00, 0xF0, 0xF)),
        "png-inside": bmp(24, lines(24, 24), compression=5),
        "runs-cut": bmp(8, runs(1, 8)[:30] + b"\0\1", compression=1, palette=entries(256)),
        "cut": bmp(24, lines(24, 24)[:-8]),
        "header": bmp(24, lines(24, 24), 41),
        "2": bmp(2, lines(2, 2), palette=entries(4)),
    }
    files.update({f"refused-{name}": (data, "refused") for name, data in refused.items()})
    return files


# GIF


def lzw(indices, bits):
    """Codes of one size: the table is cleared before it grows."""
    clear, size, out, held, count = 1 << bits, bits + 1, bytearray(), 0, 0
    codes = []
    for at, value in enumerate(indices):
        if at % (max(2, clear - 2) // 2 or 1) == 0:
            codes.append(clear)
        codes.append(value)
    for code in codes + [clear + 1]:
        held |= code << count
        count += size
        while count >= 8:
            out.append(held & 255)
            held >>= 8
            count -= 8
    if count:
        out.append(held & 255)
    blocks = b"".join(bytes([len(out[i : i + 255])]) + bytes(out[i : i + 255]) for i in range(0, len(out), 255))
    return bytes([bits]) + blocks + b"\0"


def gif(frames, screen=(W, H), palette=None, background=0, version=b"89a"):
    flags = 0x80 | ((len(palette) // 3).bit_length() - 2) if palette else 0
    out = b"GIF" + version + struct.pack("<HHBBB", *screen, flags, background, 0) + bytes(palette or [])
    for frame in frames:
        (left, top, width, height) = frame.get("place", (0, 0, W, H))
        own, clear = frame.get("palette"), frame.get("transparent")
        if clear is not None or "dispose" in frame:
            out += b"!\xf9\4" + bytes([frame.get("dispose", 0) << 2 | (clear is not None), 10, 0, clear or 0, 0])
        bits = frame.get("bits", 4)
        values = draw(frame.get("seed", 1), width * height, frame.get("below", 1 << bits))
        if frame.get("interlaced"):
            order = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)]
            values = [v for y in order for v in values[y * width : (y + 1) * width]]
        own_flags = 0x80 | ((len(own) // 3).bit_length() - 2) if own else 0
        flags = own_flags | (0x40 if frame.get("interlaced") else 0)
        out += b"," + struct.pack("<HHHHB", left, top, width, height, flags) + bytes(own or []) + lzw(values, bits)
    return out + b";"


def gif_files():
    sixteen = draw(7, 48)
    files = {
        "plain": gif([{}], palette=sixteen),
        "plain-87a": gif([{}], palette=sixteen, version=b"87a"),
        "interlaced": gif([{"interlaced": True}], palette=sixteen),
        "local-palette": gif([{"palette": draw(8, 48)}], palette=sixteen),
        "local-palette-only": gif([{"palette": draw(8, 48)}]),
        "short-palette": gif([{}], palette=sixteen[:24]),
        "transparent": gif([{"transparent": 3}], palette=sixteen),
        "frame-inside": gif([{"place": (3, 2, 5, 4)}], palette=sixteen, background=9),
        "frame-inside-transparent": gif([{"place": (3, 2, 5, 4), "transparent": 6}], palette=sixteen, background=9),
        "frame-beyond": gif([{"place": (5, 4, 12, 6), "transparent": 6}], palette=sixteen),
        "animated": gif([{}, {"seed": 2, "place": (2, 1, 4, 4)}], palette=sixteen),
        "animated-transparent": gif([{"transparent": 2, "dispose": 2}, {"seed": 2, "transparent": 2}], palette=sixteen),
        "two-colours": gif([{"bits": 2, "below": 2}], palette=[9, 8, 7, 250, 251, 252]),
        "gray-ramp": gif([{"bits": 8}], palette=[v for i in range(256) for v in (i, i, i)]),
        "by-pil": saved(photo().quantize(64), "GIF"),
    }
    files = {name: (data, "pil") for name, data in files.items()}
    files["refused-no-palette"] = (gif([{}]), "refused")
    files["refused-no-frame"] = (gif([], palette=sixteen), "refused")
    return files


# PNM


def pnm_files():
    files, text = {}, lambda values: b"\n".join(b" ".join(b"%d" % v for v in row) for row in values)
    head = lambda kind, most=None: b"P%d\n# made up\n%d %d\n" % (kind, W, H) + (b"%d\n" % most if most else b"")
    files["bits-text"] = head(1) + text(rows(1, 1, 1))
    files["bits-text-dense"] = head(1) + b"".join(b"%d" % v for row in rows(2, 1, 1) for v in row) + b"\n"
    files["bits-text-comments"] = head(1) + b"#x\n".join(b"%d " % v for row in rows(2, 1, 1) for v in row)
    files["bits"] = head(4) + b"".join(packed(row, 1) for row in rows(3, 1, 1))
    for most in (1, 15, 200, 255):
        files[f"gray-text-{most}"] = head(2, most) + text(rows(4, 8, 1, below=most + 1))
        files[f"gray-{most}"] = head(5, most) + b"".join(bytes(row) for row in rows(5, 8, 1, below=most + 1))
    for most in (1, 15, 200, 255, 256, 1000, 65535):
        wide = 16 if most > 255 else 8
        files[f"colour-text-{most}"] = head(3, most) + text(rows(6, 8, 3, below=most + 1))
        files[f"colour-{most}"] = head(6, most) + b"".join(packed(row, wide) for row in rows(7, 8, 3, below=most + 1))
    files["gray-100-above"] = head(5, 100) + b"".join(bytes(row) for row in rows(8, 8, 1))
    files["colour-one-line"] = b"P6 %d %d 255 " % (W, H) + bytes(draw(9, W * H * 3))
    files = {name: (data, "pil") for name, data in files.items()}

    def spread(seed, most):
        return b"".join(bytes([round(v / most * 255)] * 3) for row in rows(seed, 8, 1, below=most + 1) for v in row)

    for most in (1000, 65535):
        data = head(5, most) + b"".join(packed(row, 16) for row in rows(10, 8, 1, below=most + 1))
        files[f"gray-{most}"] = (data, lambda most=most: spread(10, most))
        data = head(2, most) + text(rows(11, 8, 1, below=most + 1))
        files[f"gray-text-{most}"] = (data, lambda most=most: spread(11, most))
    refused = {
        "pfm": b"Pf\n2 2\n-1.0\n" + struct.pack("<4f", 0, 0.5, 1, 2),
        "pfm-colour": b"PF\n1 1\n-1.0\n" + struct.pack("<3f", 0, 0.5, 1),
        "pam": b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n\1\2\3",
        "most-0": b"P5 1 1 0\n\0",
        "most-65536": b"P5 1 1 65536\n\0\0",
        "above-most": b"P2 1 1 9\n10\n",
        "word": b"P2 1 1 9\nx\n",
        "bit-2": b"P1 1 1\n2\n",
        "cut": b"P6 2 2 255\n" + bytes(11),
        "cut-text": b"P3 2 2 255\n1 2 3 4 5 6 7 8 9 10 11",
    }
    files.update({f"refused-{name}": (data, "refused") for name, data in refused.items()})
    return files


# WebP


def webp_files():
    turning = [photo(seed=s, size=(W, H)) for s in (1, 2)]
    see_through = photo("RGBA", 4, (19, 14))
    files = {
        "lossless": saved(photo(seed=3), "WEBP", lossless=True),
        "lossless-alpha": saved(photo("RGBA", 4), "WEBP", lossless=True, exact=True),
        "lossless-few-colours": saved(photo(seed=5).quantize(5).convert("RGB"), "WEBP", lossless=True),
        "lossless-large": saved(photo(seed=6, size=(150, 90)), "WEBP", lossless=True, method=6),
        "lossy": saved(photo(seed=7, size=(19, 14)), "WEBP", quality=60),
        "lossy-large": saved(photo(seed=8, size=(75, 52)), "WEBP", quality=30),
        "lossy-best": saved(photo(seed=9, size=(33, 17)), "WEBP", quality=100),
        "lossy-alpha": saved(see_through, "WEBP", quality=70, exact=True),
        "lossy-one-pixel": saved(photo(size=(1, 1)), "WEBP", quality=70),
        "animated": saved(turning[0], "WEBP", save_all=True, append_images=turning[1:], lossless=True),
        "animated-lossy": saved(turning[0], "WEBP", save_all=True, append_images=turning[1:], quality=70),
        "animated-alpha": saved(see_through, "WEBP", save_all=True, append_images=[photo("RGBA", 5, (19, 14))], lossless=True, exact=True),
    }
    files = {name: (data, "pil") for name, data in files.items()}
    files["refused-cut"] = (saved(photo(), "WEBP", lossless=True)[:-30], "refused")
    return files


# TIFF


def tiff(strips, bits, kind, order="<", big=False, samples=None, tags=(), tile=None, rows_per_strip=H, size=(W, H), pages=1):
    """A file of one page, or of more with the same pixels: every tag of more than a word lies after the strips."""
    samples = samples or len(bits)
    head = struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
    out = bytearray((b"II" if order == "<" else b"MM") + head)
    places = []
    for strip in strips:
        places.append(len(out))
        out += strip
    entries = {256: (4, [size[0]]), 257: (4, [size[1]]), 258: (3, list(bits)), 259: (3, [1]), 262: (3, [kind]), 277: (3, [samples])}
    if tile:
        entries |= {322: (3, [tile[0]]), 323: (3, [tile[1]]), 324: (4, places), 325: (4, [len(s) for s in strips])}
    else:
        entries |= {273: (4, places), 278: (4, [rows_per_strip]), 279: (4, [len(s) for s in strips])}
    for tag, form, values in tags:
        entries[tag] = (form, values)
    code, room = {1: "B", 3: "H", 4: "I"}, 8 if big else 4
    link = 8 if big else 4
    for page in range(pages):
        placed = []
        for tag, (form, values) in sorted(entries.items()):
            data = b"".join(struct.pack(order + code[form], v) for v in values)
            if len(data) > room:
                out += b"\0" * (len(out) % 2)
                place, data = len(out), out.extend(data) or b""
                data = struct.pack(order + ("Q" if big else "I"), place)
            placed.append(struct.pack(order + ("HHQ" if big else "HHI"), tag, form, len(values)) + data.ljust(room, b"\0"))
        out += b"\0" * (len(out) % 2)
        struct.pack_into(order + ("Q" if big else "I"), out, link, len(out))
        out += struct.pack(order + ("Q" if big else "H"), len(placed)) + b"".join(placed)
        link = len(out)
        out += bytes(8 if big else 4)
    return bytes(out)


def samples_of(lines_of_values, depth, order="<"):
    if depth < 16:
        return b"".join(packed(line, depth) for line in lines_of_values)
    return b"".join(struct.pack(order + "H", v) for line in lines_of_values for v in line)


def predicted(lines_of_values, samples, depth):
    most = (1 << depth) - 1
    return [[(v - (line[i - samples] if i >= samples else 0)) & most for i, v in enumerate(line)] for line in lines_of_values]


def run_bytes(data):
    return b"".join(bytes([len(data[i : i + 128]) - 1]) + data[i : i + 128] for i in range(0, len(data), 128))


def tiff_files():
    ours, files = {}, {}
    gray = lambda depth, seed=1: rows(seed, depth, 1)
    for depth in (1, 2, 4, 8):
        for name, kind in (("gray", 1), ("gray-white-is-0", 0)):
            files[f"{name}-{depth}"] = tiff([samples_of(gray(depth), depth)], [depth], kind)
            files[f"{name}-{depth}-big-endian"] = tiff([samples_of(gray(depth), depth)], [depth], kind, ">")
        map_of = (320, 3, [v * 257 for v in draw(depth, 3 << depth)])
        files[f"palette-{depth}"] = tiff([samples_of(gray(depth), depth)], [depth], 3, tags=[map_of])
        files[f"palette-{depth}-big-endian"] = tiff([samples_of(gray(depth), depth)], [depth], 3, ">", tags=[map_of])
        lzw_data = zlib.compress(samples_of(gray(depth), depth))
        files[f"palette-{depth}-deflate"] = tiff([lzw_data], [depth], 3, tags=[map_of, (259, 3, [8])])
    odd_map = (320, 3, draw(44, 768, 65536))
    files["palette-8-low-bytes"] = tiff([samples_of(gray(8), 8)], [8], 3, tags=[odd_map])
    files["palette-8-bigtiff"] = tiff([samples_of(gray(8), 8)], [8], 3, big=True, tags=[odd_map])
    files["palette-8-lzw"] = saved(photo().quantize(200), "TIFF", compression="tiff_lzw")
    high = lambda white: b"".join(bytes([(v ^ 0xFFFF if white else v) >> 8] * 3) for row in gray(16) for v in row)
    for order, end in (("<", ""), (">", "-big-endian")):
        ours[f"gray-16{end}"] = (tiff([samples_of(gray(16), 16, order)], [16], 1, order), lambda: high(False))
        colour = rows(2, 16, 3)
        files[f"rgb-16{end}"] = tiff([samples_of(colour, 16, order)], [16] * 3, 2, order)
        files[f"rgba-16{end}"] = tiff([samples_of(rows(3, 16, 4), 16, order)], [16] * 4, 2, order, tags=[(338, 3, [2])])
        files[f"rgb-8{end}"] = tiff([samples_of(rows(4, 8, 3), 8)], [8] * 3, 2, order)
        planes = [samples_of([line[band::3] for line in rows(5, 8, 3)], 8) for band in range(3)]
        files[f"rgb-8-planes{end}"] = tiff(planes, [8] * 3, 2, order, tags=[(284, 3, [2])])
    ours["gray-white-is-0-16"] = (tiff([samples_of(gray(16), 16)], [16], 0), lambda: high(True))
    colour = rows(6, 8, 3)
    files["rgb-8-bigtiff"] = tiff([samples_of(colour, 8)], [8] * 3, 2, big=True)
    files["rgb-8-strips"] = tiff([samples_of(colour[i : i + 3], 8) for i in range(0, H, 3)], [8] * 3, 2, rows_per_strip=3)
    files["rgb-8-two-pages"] = tiff([samples_of(colour, 8)], [8] * 3, 2, pages=2)
    for orientation in range(1, 9):
        files[f"rgb-8-orientation-{orientation}"] = tiff([samples_of(colour, 8)], [8] * 3, 2, tags=[(274, 3, [orientation])])
    files["palette-8-orientation-6"] = tiff([samples_of(gray(8), 8)], [8], 3, tags=[odd_map, (274, 3, [6])])
    for name, extra in (("rgba-8", 2), ("rgbx-8", 0), ("rgba-8-multiplied", 1)):
        values = rows(7, 8, 4)
        files[name] = tiff([samples_of(values, 8)], [8] * 4, 2, tags=[(338, 3, [extra])])
    files["rgba-16-multiplied"] = tiff([samples_of(rows(8, 16, 4), 16)], [16] * 4, 2, tags=[(338, 3, [1])])
    files["gray-alpha-8"] = tiff([samples_of(rows(9, 8, 2), 8)], [8] * 2, 1, tags=[(338, 3, [2])])
    files["gray-extra-8"] = tiff([samples_of(rows(9, 8, 2), 8)], [8] * 2, 1, tags=[(338, 3, [0])])
    files["cmyk-8"] = tiff([samples_of(rows(10, 8, 4), 8)], [8] * 4, 5)
    planes = [samples_of([line[band::4] for line in rows(10, 8, 4)], 8) for band in range(4)]
    files["cmyk-8-planes"] = tiff(planes, [8] * 4, 5, tags=[(284, 3, [2])])
    for name, method, press in (("packbits", 32773, run_bytes), ("deflate", 8, zlib.compress), ("old-deflate", 32946, zlib.compress)):
        files[f"rgb-8-{name}"] = tiff([press(samples_of(colour, 8))], [8] * 3, 2, tags=[(259, 3, [method])])
        files[f"gray-1-{name}"] = tiff([press(samples_of(gray(1), 1))], [1], 1, tags=[(259, 3, [method])])
    files["rgb-8-lzw"] = saved(photo(size=(60, 41)), "TIFF", compression="tiff_lzw")
    files["gray-1-group4"] = saved(photo(size=(60, 41)).convert("1"), "TIFF", compression="group4")
    predictor = [(259, 3, [8]), (317, 3, [2])]
    press = lambda values, samples, depth: zlib.compress(samples_of(predicted(values, samples, depth), depth))
    files["gray-8-predictor"] = tiff([press(gray(8), 1, 8)], [8], 1, tags=predictor)
    files["rgb-8-predictor"] = tiff([press(colour, 3, 8)], [8] * 3, 2, tags=predictor)
    files["rgb-16-predictor"] = tiff([press(rows(2, 16, 3), 3, 16)], [16] * 3, 2, tags=predictor)
    files["rgba-8-predictor"] = tiff([press(rows(7, 8, 4), 4, 8)], [8] * 4, 2, tags=[*predictor, (338, 3, [2])])
    files["rgb-8-lzw-predictor"] = saved(photo(size=(60, 41)), "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    wide = rows(11, 8, 3, 40, 20)

    def tiles(values, samples):
        out = []
        for top in range(0, 20, 16):
            for left in range(0, 40, 16):
                part = [line[left * samples : (left + 16) * samples] for line in values[top : top + 16]]
                part += [[]] * (16 - len(part))
                out.append(b"".join(bytes(line).ljust(16 * samples, b"\0") for line in part))
        return out

    files["rgb-8-tiles"] = tiff(tiles(wide, 3), [8] * 3, 2, tile=(16, 16), size=(40, 20))
    files["gray-8-tiles"] = tiff(tiles(rows(12, 8, 1, 40, 20), 1), [8], 1, tile=(16, 16), size=(40, 20))
    files["palette-8-tiles"] = tiff(tiles(rows(12, 8, 1, 40, 20), 1), [8], 3, tile=(16, 16), size=(40, 20), tags=[odd_map])
    refused = {
        "predictor-extra": tiff([press(rows(7, 8, 4), 4, 8)], [8] * 4, 2, tags=[*predictor, (338, 3, [0])]),
        "bit-order": tiff([samples_of(gray(1), 1)], [1], 1, tags=[(266, 3, [2])]),
        "group3": saved(photo().convert("1"), "TIFF", compression="group3"),
        "jpeg-inside": saved(photo(), "TIFF", compression="jpeg"),
        "float": tiff([bytes(4 * W * H)], [32], 1, tags=[(339, 3, [3])]),
        "32": tiff([bytes(4 * W * H)], [32], 1),
        "signed": tiff([samples_of(gray(16), 16)], [16], 1, tags=[(339, 3, [2])]),
        "lab": tiff([samples_of(colour, 8)], [8] * 3, 8),
        "palette-short": tiff([samples_of(gray(8), 8)], [8], 3, tags=[(320, 3, [1] * 300)]),
        "palette-missing": tiff([samples_of(gray(8), 8)], [8], 3),
        "cut": tiff([samples_of(colour, 8)], [8] * 3, 2)[:150],
    }
    files = {name: (data, "pil") for name, data in files.items()} | ours
    files.update({f"refused-{name}": (data, "refused") for name, data in refused.items()})
    return files


def files():
    formats = {"png": png_files, "bmp": bmp_files, "gif": gif_files, "pnm": pnm_files, "webp": webp_files, "tiff": tiff_files}
    return {f"{kind}/{name}": file for kind, make in formats.items() for name, file in make().items()}
