#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The colours of page.css, which pages and SVG files draw lines and bars in, told apart also without red or green cones.

Distances are those of CIE 1976 L*a*b*; colour-blind vision is simulated by Machado, Oliveira and Fernandes 2009, "A
Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
"""

import math
import re
import unittest
from pathlib import Path

CSS = (Path(__file__).parents[2] / "report/page.css").read_text()
VISION = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
LEAST = {"full": 25, "protanopia": 12, "deuteranopia": 12}


def linear(color):
    for i in (1, 3, 5):
        value = int(color[i : i + 2], 16) / 255
        yield value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def seen(color, vision):
    rgb = list(linear(color))
    return [min(1, max(0, sum(a * b for a, b in zip(row, rgb)))) for row in VISION[vision]]


def lab(rgb):
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, rgb)) / white for row, white in zip(matrix, (0.9505, 1, 1.089))]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def luminance(color):
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(color)))


class Palette(unittest.TestCase):
    def test_colours_are_told_apart(self):
        palettes = re.findall(r"--series-(\d): (#[0-9a-f]{6})", CSS)
        self.assertEqual([int(index) for index, _ in palettes], [*range(8), *range(8)])
        backs = re.findall(r"--back: (#[0-9a-f]{6})", CSS)
        for colors, back in zip(([c for _, c in palettes[:8]], [c for _, c in palettes[8:]]), backs, strict=True):
            for vision, least in LEAST.items():
                for i, first in enumerate(colors):
                    for second in colors[:i]:
                        distance = math.dist(lab(seen(first, vision)), lab(seen(second, vision)))
                        self.assertGreaterEqual(distance, least, (vision, first, second))
            for color in colors:  # WCAG 2.1, 1.4.11: graphical objects
                low, high = sorted((luminance(color), luminance(back)))
                self.assertGreaterEqual((high + 0.05) / (low + 0.05), 3, color)


if __name__ == "__main__":
    unittest.main()
