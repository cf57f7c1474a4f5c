#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule nas import and query: files that this test writes itself, with its own check sums and its own protobuf."""

import base64
import gzip
import json
import os
import sqlite3
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
OPS = {-1: "input", 0: "conv3x3-bn-relu", 1: "conv1x1-bn-relu", 2: "maxpool3x3", -2: "output"}
# EC-NAS's hash of a cell, its matrix and its operations.
HASH, MATRIX, LABELS = "001a6fcc8b38cbc515be788a86bdc804", "0110001000010000", [-1, 2, 2, -2]
CELL = ["--matrix", "0110;0010;0001;0000", "--ops", "maxpool3x3,maxpool3x3"]
KWH = 3.6e6


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def tfrecord(data):
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def varint(number):
    text = b""
    while number >= 0x80:
        text += bytes([number & 0x7F | 0x80])
        number >>= 7
    return text + bytes([number])


def double(field, number):
    return varint(field << 3 | 1) + struct.pack("<d", number)


def whole(field, number):
    return varint(field << 3) + varint(number)


def part(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def evaluation(epochs, accuracy, kwh=None):
    text = double(1, epochs) + double(2, 10 * epochs) + double(3, accuracy) + double(4, accuracy - 0.01)
    text += double(5, accuracy - 0.02)
    if kwh is not None:
        text += double(6, kwh) + double(7, 88 * kwh) + double(8, 88) + part(9, "2022-05-28 13:57:33")
    return text


def energy_run(half, end, last=0.6, extra=b""):
    predicted = double(11, 0.2) + double(12, 3) + double(13, 97) + double(14, 79.5)
    watts = part(1, double(1, 150.5)) + part(2, double(1, 3000.0)) + part(3, part(1, "a card"))
    return (part(1, evaluation(0, 0.1, 0.0625)) + part(1, evaluation(half, 0.3, 0.125))
            + part(1, evaluation(end, last, 0.25) + predicted) + whole(2, 1756298) + double(3, 154.5)
            + double(4, 0.5) + double(5, 44) + double(8, 88) + part(9, part(1, watts)) + extra)  # fmt: skip


def nasbench_run(epochs, accuracy):
    checkpoint = part(6, "gs://somewhere/model.ckpt-1")
    return b"".join(part(1, evaluation(e, a) + checkpoint)
                    for e, a in ((0, 0.1), (epochs / 2, 0.3), (epochs, accuracy))) + whole(2, 1756298) + double(3, 99)  # fmt: skip


def row(epochs, run, hash=HASH, matrix=MATRIX, labels=LABELS):
    ops = ",".join(OPS[label] for label in labels)
    # As Python's base64.encodebytes() writes it: in lines.
    return tfrecord(json.dumps([hash, epochs, matrix, ops, base64.encodebytes(run).decode()]).encode())


def line(repeat, kwh=0.015961, **changes):
    evaluations = [{"epochs": e, "training_time": 17.0 * e, "train_accuracy": a, "validation_accuracy": a,
                    "test_accuracy": a / 2, "energy_kwh": kwh * e / 4} for e, a in ((0, 0.1), (2, 0.2), (4, 0.4))]  # fmt: skip
    return {"hash": HASH, "repeat": repeat, "adjacency": [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
            "ops": LABELS, "trainable_parameters": 1756298, "total_time_s": 154.6, "total_energy_kwh": 0.018713,
            "gpu_w": [[150.8]], "cpu_w": [[54.2, 69.1]], "evaluations": evaluations} | changes  # fmt: skip


RESULTS = {
    "trainable_params": 1756298, "total_time": 154.6, "total_energy (kWh)": 0.5, "total_co2eq (g)": 1.6,
    "start_emission": "2022-05-28 13:57:33", "stop_emission": "2022-05-28 14:00:08", "avg_intensity (gCO2/kWh)": 88.0,
    "avg_power_usages:": {
        "gpu": {"avg_power_usages (W)": [[150.8]], "avg_energy_usages (J)": [[23312.3]], "devices": ["a card"]},
        "cpu": {"avg_power_usages (W)": [[54.2, 69.0]], "avg_energy_usages (J)": [[8384.5, 10674.0]],
                "devices": ["cpu:0", " cpu:1"]}},
    "evaluation_results": [
        {"epochs": e, "training_time": 18 * e, "training_steps": int(156 * e), "train_accuracy": 0.1 + e / 10,
         "validation_accuracy": 0.1 + e / 20, "test_accuracy": 0.1, "predict_time": 1.6, "energy (kWh)": e / 16,
         "co2eq (g)": 0.3 * e, "avg_intensity (gCO2/kWh)": 88.0, "start_emission": "2022-05-28 13:57:33",
         "stop_emission": "2022-05-28 13:58:14"} for e in (0.0, 1.0, 4.0)]}  # fmt: skip


def joule(*arguments):
    return subprocess.run([JOULE, "nas", *map(str, arguments)], capture_output=True, text=True)


class Tables(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.table = self.folder / "table.db"

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def does(self, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fails(self, code, *arguments):
        done = joule(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def imported(self, *paths):
        return self.does("import", *paths, "--out", self.table)

    def answers(self, *arguments):
        return json.loads(self.does("query", self.table, *arguments, "--json"))

    def values(self, *arguments):
        (answer,) = self.answers(*arguments)["answers"]
        return {(v["name"], v["checkpoint"]): v for v in answer["values"]}

    def test_a_tfrecord_table_of_ec_nas(self):
        self.imported(self.write("t.tfrecord", row(4, energy_run(2, 4)) + row(108, energy_run(2, 108))))
        values = self.values(*CELL, "--epochs", 4)
        self.assertEqual(values["energy", "end"]["number"], 0.25 * KWH)
        self.assertEqual(values["energy", "end"]["quality"], "measured")
        self.assertEqual(values["parameters", "run"]["number"], 1756298)
        self.assertEqual(values["validation accuracy", "end"]["number"], 0.6 - 0.01)
        self.assertEqual(values["gpu 0 power", "run"]["number"], 150.5)
        self.assertIn("a card", values["gpu 0 power", "run"]["source"])
        self.assertEqual(values["predicted energy", "end"]["number"], 0.2 * KWH)
        self.assertEqual(values["predicted energy", "end"]["quality"], "modelled")
        scaled = self.values(*CELL, "--epochs", 108)
        self.assertEqual(scaled["energy", "end"]["quality"], "modelled")
        self.assertIn("scaled linearly from a run of 4 epochs", scaled["energy", "end"]["source"])
        self.assertIsNone(scaled["total energy", "run"]["number"])
        self.assertIn("halfway", self.fails(2, "query", self.table, *CELL, "--epochs", 108, "--half"))

    def test_a_tfrecord_table_of_nas_bench_101(self):
        data = row(4, nasbench_run(4, 0.5)) + row(108, nasbench_run(108, 0.9)) + row(108, nasbench_run(108, 0.95))
        self.imported(self.write("n.tfrecord.gz", gzip.compress(data)))
        (answer,) = self.answers(*CELL, "--epochs", 108)["answers"]
        self.assertEqual(answer["trainings"], 2)
        self.assertAlmostEqual(self.values(*CELL, "--epochs", 108)["train accuracy", "end"]["number"], 0.925)
        self.assertEqual(self.values(*CELL, "--epochs", 108, "--repeat", 2)["train accuracy", "end"]["number"], 0.95)
        half = self.values(*CELL, "--epochs", 108, "--half")
        self.assertEqual(half["training time", "half"]["number"], 540)
        self.assertNotIn(("energy", "end"), self.values(*CELL, "--epochs", 4))

    def test_a_surrogates_table_is_modelled(self):
        path = self.write("energy_7V9E_surrogate.tfrecord", row(4, energy_run(2, 4)))
        self.imported(path)
        self.assertIn("surrogate", self.values(*CELL)["energy", "end"]["source"])
        self.does("import", path, "--out", self.table, "--energy", "measured")
        self.assertEqual(self.values(*CELL)["energy", "end"]["quality"], "measured")

    def test_json_lines(self):
        text = "".join(json.dumps(line(repeat, kwh)) + "\n" for repeat, kwh in ((1, 0.015961), (2, 0.013719)))
        for data in (text.encode(), gzip.compress(text.encode())):
            self.imported(self.write("m.jsonl", data))
            values = self.values("--hash", HASH)
            self.assertAlmostEqual(values["energy", "end"]["number"], (0.015961 + 0.013719) / 2 * KWH, places=6)
            low, high = values["energy", "end"]["interval"]
            self.assertLess(low, 0.013719 * KWH)
            self.assertGreater(high, 0.015961 * KWH)
            self.assertEqual(values["cpu 1 power", "run"]["number"], 69.1)
            once = self.values("--hash", HASH, "--repeat", 1)
            self.assertEqual(once["energy", "end"]["number"], 0.015961 * KWH)

    def test_results_of_a_folder(self):
        for repeat in (1, 2):
            self.write(f"4V9E/00/{HASH}/repeat_{repeat}/results.json", json.dumps(RESULTS))
        self.assertIn("2 records", self.imported(self.folder / "4V9E"))
        values = self.values(*CELL, "--repeat", 2)
        self.assertEqual(values["energy", "end"]["number"], 0.25 * KWH)
        self.assertEqual(values["gpu 0 energy", "run"]["number"], 23312.3)
        self.assertIn("cpu:1", values["cpu 1 power", "run"]["source"])
        self.assertEqual(values["co2eq", "end"]["unit"], "g")
        elsewhere = self.write("results.json", json.dumps(RESULTS))
        self.assertIn("<hash>/repeat_<n>/results.json", self.fails(3, "import", elsewhere, "--out", self.table))

    def test_cells_are_asked_for_in_many_ways(self):
        self.imported(self.write("m.jsonl", json.dumps(line(1))))
        cell = {"matrix": [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
                "ops": ["input", "maxpool3x3", "maxpool3x3", "output"]}  # fmt: skip
        path = self.write("cell.json", json.dumps(cell))
        expected = self.answers(*CELL)
        for way in (["--cell", path], ["--cell", "0110/0010/0001/0000:maxpool3x3,maxpool3x3"], ["--hash", HASH], ["--hash", HASH.upper()],
                    # With a vertex that leads nowhere.
                    ["--matrix", "01110;00100;00001;00000;00000", "--ops", "2,2,0"]):  # fmt: skip
            self.assertEqual(self.answers(*way), expected)
        text = self.does("query", self.table, "--hash", HASH)
        self.assertIn("57459.6 J", text)
        self.assertIn("Training instead: 4 epochs, 68 s, 57459.6 J", text)
        spent = self.answers("--hash", HASH, "--half")["spent"]
        self.assertEqual((spent["epochs"], spent["seconds"]), (2, 34))

    def test_info(self):
        self.imported(self.write("t.tfrecord", row(4, energy_run(2, 4)) + row(12, energy_run(2, 12))))
        info = json.loads(self.does("query", self.table, "--info", "--json"))
        self.assertEqual(info["points"], 2)
        self.assertEqual(info["vertices"], {"4": 1})
        self.assertEqual(info["budgets"], {"4": 1, "12": 1})
        self.assertEqual(info["operations"], {"maxpool3x3": 1})
        totals = {(t["epochs"], t["name"], t["quality"]): t["sum"] for t in info["totals"]}
        self.assertEqual(totals[4, "energy", "measured"], 0.25 * KWH)
        self.assertEqual(totals[12, "energy", "modelled"], 0.25 * KWH)
        self.assertIn("2 records of 1 cells", self.does("query", self.table, "--info"))

    def test_the_file_is_sqlite_that_people_read(self):
        self.imported(self.write("m.jsonl", json.dumps(line(1))))
        with sqlite3.connect(self.table) as db:
            found = db.execute('SELECT hash, epochs, "end energy (J)", "half training time (s)", "run parameters" '
                               "FROM point JOIN model ON model.id = point.model").fetchall()  # fmt: skip
            (quality,) = db.execute(
                "SELECT quality FROM point JOIN origins ON origins.id = point.origins JOIN metric ON metric.id = "
                "origins.metric JOIN origin ON origin.id = origins.origin WHERE name = 'energy' AND checkpoint = 'end'"
            ).fetchone()
        self.assertEqual(found, [(HASH, 4, 0.015961 * KWH, 34.0, 1756298.0)])
        self.assertEqual(quality, "measured")

    def test_bad_files_are_named_in_one_line(self):
        good = row(4, energy_run(2, 4))
        wrong_data = bytearray(good + row(12, energy_run(6, 12)))
        wrong_data[len(good) + 30] ^= 1
        other = "fff0c9c7d8826ddd949823a245927898"
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 613992864\n"
        unknown = part(1, evaluation(0, 0.1, 0.1) + double(16, 1)) + whole(2, 1)
        for data, text in (
            (good[:-1], "record at byte 0: the file ends within it"),
            (bytes(wrong_data), f"record at byte {len(good)}: the check sum of its data is wrong"),
            (b"\0" * 100, "the check sum of its length is wrong: damaged, or no TFRecord file"),
            (pointer, "Git LFS pointer, not the data: run `git lfs pull`"),
            (b"", "is empty"),
            (row(4, energy_run(2, 4), hash=other), f"the hash {other} is not that of its cell"),
            (row(12, energy_run(2, 4)), "the budget is 12 epochs, the last evaluation was after 4"),
            (row(4, energy_run(2, 4, extra=double(17, 1))), "field 17 of EcNasRun"),
            (row(4, unknown), "field 16 of EcNasEvaluation"),
            (row(4, b"\xff\xff"), "no protobuf message"),
            (row(4, energy_run(2, 4), matrix="0110101000010000"), "not upper triangular"),
            (row(4, energy_run(2, 4), matrix="011000100001000"), "matrix"),
            (tfrecord(b"[1, 2]"), "expected a JSON array of hash"),
            (tfrecord(b"{"), "expected a JSON array"),
            (json.dumps(line(1)) + "\n" + json.dumps(line(1)), "line 2: record of cell"),
            (json.dumps(line(1, hash=other)), "line 1: the hash"),
            (json.dumps(line(1, ops=[-1, 2, 7, -2])), "line 1"),
            (json.dumps(line(1, evaluations=[])), "line 1: there is no last evaluation"),
            (json.dumps(line(1))[:-5], "line 1"),
        ):
            path = self.write("bad", data)
            said = self.fails(3, "import", path, "--out", self.table)
            self.assertIn(str(path), said)
            self.assertIn(text, said)
            self.assertFalse(self.table.exists(), "nothing is written")
        self.assertIn("results.json", self.fails(3, "import", self.folder, "--out", self.table))

    def test_questions_out_of_the_domain_say_why(self):
        self.imported(self.write("m.jsonl", json.dumps(line(1))))
        for arguments, text in (
            (["--cell", "000/001/000:maxpool3x3"], "no way leads from the cell's input to its output\n"),
            (["--matrix", "01000;00100;00010;00001;00000", "--ops", "2,2,2"], "has 5 vertices, this table at most 4\n"),
            (["--matrix", "0111;0010;0001;0000", "--ops", "2,2"], "has 5 edges, this table at most 4\n"),
            (["--matrix", "0110;0010;0001;0000", "--ops", "2,conv5x5"], "conv5x5"),
            ([*CELL, "--epochs", "108"], "no record of 108 epochs of cell"),
            ([*CELL, "--epochs", "108"], "it has 4 epochs"),
            (["--hash", "0" * 32], "the table has no cell"),
            (["--hash", "xyz"], "xyz"),
            ([], "which cell?"),
            ([*CELL, "--repeat", "3"], "no repeat 3"),
        ):
            self.assertIn(text, self.fails(2, "query", self.table, *arguments))
        self.assertIn("no such file", self.fails(3, "query", self.folder / "none.db", *CELL))
        self.assertIn(str(self.table), self.imported(self.write("n.jsonl", json.dumps(line(1)))))
        self.assertIn("SQLite file", self.fails(3, "import", self.table, "--out", self.folder / "t.db"))


if __name__ == "__main__":
    unittest.main()
