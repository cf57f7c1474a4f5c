# SPDX-License-Identifier: MIT
"""Reads TensorBoard's event files without protobuf and without TensorBoard: records, check sums and messages as their formats say."""

import struct

SCALARS, HISTOGRAM, TENSOR = 2, 5, 8  # of Summary.Value


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def records(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (check,) = struct.unpack_from("<I", data, at + 8)
        assert check == masked(data[at : at + 8]), f"the length at {at}"
        body = data[at + 12 : at + 12 + length]
        (check,) = struct.unpack_from("<I", data, at + 12 + length)
        assert check == masked(body), f"the data at {at}"
        yield body
        at += 16 + length


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """{number: [values]}: varints as int, fixed ones as bytes of 4 or 8, the rest as bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            length = 8 if kind == 1 else 4
            if kind == 2:
                length, at = varint(data, at)
            value, at = data[at : at + length], at + length
            assert len(value) == length and kind in (1, 2, 5), (kind, at)
        found.setdefault(key >> 3, []).append(value)
    return found


def doubles(data):
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def histogram(data):
    f = fields(data)
    least, most, count, total, squares = (doubles(f.get(k, [bytes(8)])[0])[0] for k in (1, 2, 3, 4, 5))
    return {"min": least, "max": most, "num": count, "sum": total, "sum_squares": squares,
            "limits": doubles(f.get(6, [b""])[0]), "counts": doubles(f.get(7, [b""])[0])}  # fmt: skip


class Events:
    """What TensorBoard shows of a folder: `scalars`, `histograms` and `texts` by tag and step, the contents of `hparams` by tag."""

    def __init__(self, folder):
        self.files = sorted(path for path in folder.iterdir() if "tfevents" in path.name)
        self.scalars, self.histograms, self.texts, self.hparams = {}, {}, {}, {}
        self.starts, self.times = [], []
        for path in self.files:
            for number, data in enumerate(records(path.read_bytes())):
                self.add(number, fields(data))

    def add(self, number, event):
        step = event.get(2, [0])[0]
        self.times += doubles(event.get(1, [bytes(8)])[0])
        if number == 0:
            assert event[3] == [b"brain.Event:2"], event
        if 7 in event and fields(event[7][0]).get(1) == [1]:  # SessionLog, START
            self.starts.append(step)
            for values in (self.scalars, self.histograms, self.texts):
                for tag in values:
                    values[tag] = {s: v for s, v in values[tag].items() if s < step}
        for summary in event.get(5, []):
            for value in fields(summary).get(1, []):
                self.add_value(step, fields(value))

    def add_value(self, step, value):
        tag = value[1][0].decode()
        plugin = fields(fields(value[9][0])[1][0]) if 9 in value else {}
        if plugin.get(1) == [b"hparams"]:
            self.hparams[tag] = fields(plugin[2][0])
            return
        if SCALARS in value:
            to, what = self.scalars, struct.unpack("<f", value[SCALARS][0])[0]
        elif HISTOGRAM in value:
            to, what = self.histograms, histogram(value[HISTOGRAM][0])
        else:
            assert plugin[1] == [b"text"], plugin
            to, what = self.texts, fields(value[TENSOR][0])[8][0].decode()
        assert step not in to.setdefault(tag, {}), f"{tag} of step {step} twice"
        to[tag][step] = what
