#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images as Joule decodes and resizes them, beside Pillow: PNG and Netpbm bit for bit, JPEG within 2 levels (the
two may be linked to different versions of libjpeg-turbo), frames of them bit for bit.
$JOULE_BUILD/tests/image_peer is Joule's side.  The Python of scripts/setup.sh has Pillow."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy
    from PIL import Image, ImageOps
except ImportError as error:
    print(f"skipped: {error}; scripts/setup.sh test installs it")
    sys.exit(77)

PEER = Path(os.environ["JOULE_BUILD"]) / "tests" / "image_peer"


def picture(height, width, channels=3):
    """Slow changes and some noise, as a photograph has."""
    random = numpy.random.default_rng(7)
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    waves = 110 + 60 * numpy.sin(x / 9 + c) + 50 * numpy.cos(y / 7 - c)
    return numpy.clip(waves + random.normal(0, 12, waves.shape), 0, 255).astype(numpy.uint8).squeeze()


class Pillow(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def joule(self, path, *frame):
        done = subprocess.run([PEER, path, *frame], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        head, pixels = done.stdout.split(b" 255\n", 1)
        mark, width, height = head.split()
        shape = (int(height), int(width), 3) if mark == b"P6" else (int(height), int(width))
        return numpy.frombuffer(pixels, numpy.uint8).reshape(shape)

    def save(self, image, name, **options):
        path = Path(self.folder.name) / name
        image.save(path, **options)
        return path

    def compare(self, path, tolerance=0):
        """In colours, as torchvision's ImageFolder loads them."""
        mine = self.joule(path).astype(int)
        if mine.ndim == 2:
            mine = numpy.repeat(mine[:, :, None], 3, axis=2)
        with Image.open(path) as image:
            theirs = numpy.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
        self.assertEqual(mine.shape, theirs.shape)
        self.assertLessEqual(numpy.abs(mine - theirs).max(), tolerance, path)

    def test_png(self):
        colours = Image.fromarray(picture(37, 53))
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
            self.compare(self.save(colours.convert(mode), f"{mode}.png"))
        for bits in (1, 2, 4):
            self.compare(self.save(colours.quantize(2**bits), f"p{bits}.png", bits=bits))
        self.compare(self.save(colours.quantize(16), "transparent.png", transparency=3))

    def test_png_of_16_bits_is_scaled(self):
        wide = (numpy.arange(40 * 50) * 32).reshape(40, 50).astype(numpy.uint16)
        mine = self.joule(self.save(Image.fromarray(wide), "wide.png"))
        self.assertTrue((mine == numpy.floor(wide * (255 / 65535) + 0.5)).all())

    def test_netpbm(self):
        colours = Image.fromarray(picture(21, 34))
        for mode, suffix in (("RGB", "ppm"), ("L", "pgm"), ("1", "pbm")):
            self.compare(self.save(colours.convert(mode), f"x.{suffix}"))

    def test_jpeg(self):
        colours = Image.fromarray(picture(61, 83))
        for quality in (30, 75, 95):
            for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
                for progressive in (False, True):
                    path = self.save(colours, "x.jpg", quality=quality, subsampling=subsampling, progressive=progressive)
                    self.compare(path, 2)
        self.compare(self.save(colours.convert("L"), "grey.jpg"), 2)
        self.compare(self.save(colours.convert("CMYK"), "inks.jpg", quality=95), 2)

    def test_orientation(self):
        colours = Image.fromarray(picture(24, 40))
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            self.compare(self.save(colours, "x.jpg", exif=exif), 2)
            self.compare(self.save(colours, "x.png", exif=exif))

    def test_frames(self):
        for height, width in ((61, 83), (90, 40), (33, 33), (20, 300), (5, 7)):
            for channels in (1, 3):
                image = Image.fromarray(picture(height, width, channels))
                path = self.save(image, "x.png")
                for size in ((32, 32), (64, 64), (7, 100)):
                    theirs = image.resize(size[::-1], Image.BILINEAR)
                    mine = self.joule(path, "stretch", f"{size[0]}x{size[1]}")
                    self.assertTrue((mine == numpy.asarray(theirs)).all(), (height, width, size))
                for side in (8, 32, 64):  # torchvision's Resize(side), CenterCrop(side)
                    tall = height > width
                    longer = int(side * max(height, width) / min(height, width))
                    covering = (side, longer) if tall else (longer, side)
                    resized = image.resize(covering, Image.BILINEAR)
                    left, top = (round((n - side) / 2.0) for n in covering)
                    theirs = resized.crop((left, top, left + side, top + side))
                    mine = self.joule(path, "crop", f"{side}x{side}")
                    self.assertTrue((mine == numpy.asarray(theirs)).all(), (height, width, side))


if __name__ == "__main__":
    unittest.main()
