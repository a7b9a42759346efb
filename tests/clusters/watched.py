"""Shows `strata status --watch` in terminals of 80 and 200 columns while three workers run and one is killed.

watched.py STRATA FOLDER ARGUMENTS-OF-THE-STUDY...
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

strata, folder, *study = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
study = ["solver.max_iter=4000" if word.startswith("solver.max_iter=") else word for word in study]
start = lambda: subprocess.Popen(
    [strata, "reproduce", *study, "--runs", folder, "--jobs", "1"],
    env={**os.environ, "STRATA_CLAIM_AGE": "30000"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
workers = [start() for _ in range(3)]
while sum(name.startswith("claim-") for _, _, names in os.walk(folder) for name in names) < 2:
    time.sleep(0.1)


def capture(columns, rows, seconds, environment):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(environment)
        os.execv(strata, [strata, "status", f"{folder}/default", "--watch", "--every", "1"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    raw = b""
    end = time.time() + seconds
    while time.time() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            data = os.read(terminal, 65536)
            raw += data
            stream.feed(data)
    text = "\n".join(line.rstrip() for line in screen.display).rstrip()
    os.write(terminal, b"q")
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    return raw, text


time.sleep(4)
for columns, environment in [(80, {"LC_ALL": "C.UTF-8"}), (200, {"LC_ALL": "C.UTF-8"})]:
    print(f"--- {columns} columns, three workers\n{capture(columns, 20, 3, environment)[1]}\n")
workers[0].send_signal(signal.SIGKILL)
workers[0].wait()
for columns, environment in [(80, {"LC_ALL": "C", "NO_COLOR": "1"}), (200, {"LC_ALL": "C.UTF-8"})]:
    raw, text = capture(columns, 20, 3, environment)
    print(f"--- {columns} columns, one of three killed\n{text}\n")
    if "NO_COLOR" in environment:
        assert text.isascii() and not re.search(rb"\x1b\[3[0-9]", raw), "a colour or a character that is not ASCII"
for worker in workers[1:]:
    worker.terminate()
    worker.wait()
