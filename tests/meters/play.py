#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the files of a case in real time, for tools other than Joule.

  with Player(folder_of_the_case, root) as player:   # writes root/class/powercap/..., and keeps them going
      player.wait_until(5)                            # seconds since the beginning
      ...

Errors of reading cannot be played to a process of root, nor a suspend, a stream, a recording, or counters that move a
part of a millisecond apart: such a case is not `playable`.  The format is told in docs/energy.md.
"""

import json
import math
import os
import threading
import time
from pathlib import Path


class Counter:
    def __init__(self, told):
        self.told = {"start": 0, "unit_j": 1e-6, "every_s": 0.001, "late_s": 0, "wraps_at": 0, **told}
        self.joules, self.since, self.watts, self.start = 0.0, 0.0, told["watts"], self.told["start"]

    def go_to(self, t):
        self.joules += self.watts * (t - self.since)
        self.since = t

    def text(self, t):
        every, late = self.told["every_s"], self.told["late_s"]
        moved = math.floor((t - late) / every + 1e-9) * every + late
        joules = self.joules + self.watts * (max(moved, 0) - self.since)
        ticks = self.start + math.floor(joules / self.told["unit_j"])
        return str(ticks % self.told["wraps_at"] if self.told["wraps_at"] else ticks)


class Player:
    def __init__(self, case, root):
        self.case = json.loads((Path(case) / "case.json").read_text())
        self.answer = json.loads((Path(case) / "answer.json").read_text())
        self.root = Path(root)
        self.counters = {c["file"]: Counter(c) for c in self.case.get("counters", [])}
        self.events = sorted(self.case.get("events", []), key=lambda event: event["at_s"])
        self.stop = threading.Event()

    @property
    def playable(self):
        errors = [e for e in self.events if "suspend_s" in e or e.get("error", "ENOENT") != "ENOENT"]
        close = [c for c in self.counters.values() if c.told["late_s"] > 0]
        return not errors and not close and "stream" not in self.case and "trace" not in self.case

    def place(self, file):
        """Where it lies: zones as the kernel nests them, and links to them side by side."""
        path = self.root / file
        zone = path.parent.name
        if not zone.startswith("intel-rapl"):
            path.parent.mkdir(parents=True, exist_ok=True)
            return path
        powercap, kind = path.parent.parent, zone.split(":")[0]
        nested = powercap / kind / ":".join(zone.split(":")[:2])
        if zone.count(":") == 2:
            nested = nested / zone
        nested.mkdir(parents=True, exist_ok=True)
        if not path.parent.is_symlink():
            path.parent.symlink_to(nested.relative_to(powercap))
        return nested / path.name

    def write(self, texts):
        """All of them at once, as nearly as may be; no reader sees half of one."""
        ready = []
        for file, text in texts.items():
            path = self.place(file)
            temporary = path.with_name(path.name + ".tmp")
            temporary.write_text(text + "\n")
            ready.append((temporary, path))
        for temporary, path in ready:
            os.replace(temporary, path)

    def happen(self, event):
        file, t = event["file"], event["at_s"]
        counter = self.counters.get(file)
        if counter:
            counter.go_to(t)
            counter.watts = event.get("watts", counter.watts)
            counter.joules += event.get("jump_j", 0)
            if event.get("reset"):
                counter.joules, counter.start = 0.0, 0

    def shown(self, file, t):
        """What the file shows now; none if it is gone."""
        for event in reversed(self.events):
            if event["file"] == file and event["at_s"] <= t < event["at_s"] + event.get("for_s", 1e9):
                if "error" in event:
                    return None
                if "text" in event:
                    return event["text"]
        return self.counters[file].text(t)

    def run(self):
        left = list(self.events)
        while not self.stop.is_set():
            t = self.now()
            while left and left[0]["at_s"] <= t:
                self.happen(left.pop(0))
            texts = {file: self.shown(file, t) for file in self.counters}
            for file in [file for file, text in texts.items() if text is None]:
                (self.root / file).unlink(missing_ok=True)
                del texts[file]
            self.write(texts)
            self.stop.wait(0.005)

    def now(self):
        return time.monotonic() - self.begin

    def wait_until(self, t):
        time.sleep(max(0, t - self.now()))

    def __enter__(self):
        self.write(self.case.get("files", {}))
        self.write({file: counter.text(0) for file, counter in self.counters.items()})
        self.begin = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
