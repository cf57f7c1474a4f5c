#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""joule train on a folder of images, joule predict --image, joule data check and joule bench loading.  The images
are PPM and PNG files that this test writes."""

import csv
import os
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

JOULE = os.environ["JOULE"]
CLASSES = ("red", "green", "blue")


def png(width, height, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[3 * width * y : 3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def picture(label, number):
    """Of one colour that is brighter than the others, with a gradient."""
    width, height = 20 + number % 7, 24 - number % 5
    pixels = bytes(
        min(255, 20 + (170 if c == label else 3 * x) + (number * 5 + y) % 40)
        for y in range(height) for x in range(width) for c in range(3)
    )  # fmt: skip
    return png(width, height, pixels) if number % 2 else b"P6 %d %d 255\n" % (width, height) + pixels


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.data, cls.trained = cls.folder / "colours", cls.folder / "run"
        for half, count in (("train", 24), ("test", 6)):
            for label, name in enumerate(CLASSES):
                where = cls.data / half / name / "below"
                where.mkdir(parents=True)
                for number in range(count):
                    (where / f"{number}.image").write_bytes(picture(label, number))
        cls.training = cls.joule(
            "train", "--data", cls.data, "--image-size", "20", "--model", "small-cnn", "--lr", "0.01", "--epochs", "3",
            "--batch", "8", "--threads", "1", "--image-cache", "0", "--out", cls.trained)  # fmt: skip

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @staticmethod
    def joule(*arguments):
        return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True)

    def test_it_learns_colours(self):
        self.assertEqual(self.training.returncode, 0, self.training.stderr)
        self.assertIn("test accuracy 100.00 %", self.training.stdout)

    def test_predict_names_the_class_of_each_file(self):
        files = [self.data / "test" / name / "below" / "1.image" for name in CLASSES]
        done = self.joule("predict", "--model", self.trained, "--image", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line, file, name in zip(done.stdout.splitlines(), files, CLASSES, strict=True):
            self.assertRegex(line, rf"^{file}: {name} [0-9.]+ %$")
        out = self.folder / "p.csv"
        done = self.joule("predict", "--model", self.trained, "--image", *files, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(out.read_text().splitlines()))
        self.assertEqual([row["class"] for row in rows], list(CLASSES))
        self.assertEqual([row["predicted"] for row in rows], ["2", "1", "0"])  # blue, green, red
        self.assertTrue(all(0.34 < float(row["probability"]) <= 1 for row in rows))

    def test_predict_and_the_test_images_agree(self):
        self.assertEqual(self.joule("predict", "--model", self.trained, "--out", self.folder / "all.csv").returncode, 0)
        rows = list(csv.DictReader((self.folder / "all.csv").read_text().splitlines()))
        self.assertEqual(len(rows), 18)
        self.assertTrue(all(row["label"] == row["predicted"] for row in rows))

    def test_the_same_with_a_cache_and_more_threads(self):
        other = self.folder / "other"
        done = self.joule("train", "--config", self.trained / "config.json", "--image-cache", "100", "--out", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((other / "model.safetensors").read_bytes(), (self.trained / "model.safetensors").read_bytes())

    def test_errors(self):
        bad = self.folder / "bad.jpg"
        bad.write_bytes(b"text")
        for arguments, code, text in (
            (("predict", "--model", self.trained, "--image", bad), 3,
             f"{bad}: no image that Joule reads, expected JPEG, PNG, PPM, PGM or PBM"),
            (("predict", "--model", self.trained), 2, "predict: expected --out, the file to write, or --image"),
            (("train", "--data", "synthetic", "--image-size", "9", "--out", self.folder / "x"), 2,
             "image_size: the images of synthetic are all 28x28 and stay as they are"),
            (("train", "--data", self.data, "--image-fit", "region", "--out", self.folder / "x"), 2,
             "image fit: region is only for gtsrb, which states the region of interest of its images"),
            (("data", "check", "synthetic"), 2, "synthetic: it is made, there are no files to check"),
        ):  # fmt: skip
            done = self.joule(*arguments)
            self.assertEqual((done.returncode, done.stderr), (code, f"joule: {text}\n"))

    def test_check_reads_every_image(self):
        done = self.joule("data", "check", self.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  train  72 of 72 images can be read\n", done.stdout)
        file = self.data / "train" / "red" / "below" / "3.image"
        whole = file.read_bytes()
        try:
            file.write_bytes(whole[:-30])
            done = self.joule("data", "check", self.data)
        finally:
            file.write_bytes(whole)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(
            done.stderr,
            f"^joule: {file}: a damaged PNG file: the file is truncated: a chunk has \\d+ bytes, there are \\d+\n$",
        )
        self.assertIn("  train  71 of 72 images can be read\n", done.stdout)

    def test_check_compares_with_what_was_published(self):
        folder = self.folder / "mnist"
        folder.mkdir(exist_ok=True)
        for half in ("train", "t10k"):
            (folder / f"{half}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, 20, 2, 2) + bytes(80))
            labels = bytes([5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9])
            (folder / f"{half}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 20) + labels)
        done = self.joule("data", "check", folder)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"  FAULT  {folder}: 20 training and 20 test images, published 60000 and 10000\n", done.stdout)
        self.assertIn(f"  FAULT  {folder}/train-images-idx3-ubyte: md5 of what is in it ", done.stdout)
        self.assertIn(" (and 4 more faults)\n", done.stderr)

    def test_bench_loading(self):
        done = self.joule("bench", "loading", "--data", self.data, "--image-size", "20", "--batch", "8", "--batches", "2",
                          "--workers", "0,2")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("loader alone, 0 threads", "loader alone, 2 threads", "training steps of small-cnn", "both at once"):
            self.assertIn(line, done.stdout)


if __name__ == "__main__":
    unittest.main()
