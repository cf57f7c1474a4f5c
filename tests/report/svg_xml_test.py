#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The charts of tests/report/svg, which svg_test.cpp holds to_svg() to, as an XML parser and a ruler see them."""

import re
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

FOLDER = Path(__file__).parent / "svg"
SVG = "{http://www.w3.org/2000/svg}"


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


class Chart:
    def __init__(self, name):
        self.root = ElementTree.parse(FOLDER / name).getroot()
        self.texts = [(t.text, float(t.get("x")), float(t.get("y")), t.get("text-anchor")) for t in self.root.iter(SVG + "text")]

    def ruler(self, anchor):
        """What turns a value into pixels, from the labels of an axis: those at the left end at their right edge."""
        at = {float(text): (x if anchor == "middle" else y - 5) for text, x, y, a in self.texts
              if a == anchor and re.fullmatch(r"-?[\d.]+", text)}  # fmt: skip
        low, high = min(at), max(at)
        for value, pixel in at.items():  # the axis is linear
            assert abs(pixel - at[low] - (at[high] - at[low]) * (value - low) / (high - low)) < 0.02
        return lambda value: at[low] + (at[high] - at[low]) * (value - low) / (high - low)


class Svg(unittest.TestCase):
    def test_points_lie_where_the_axes_say(self):
        chart = Chart("lines.svg")
        x, y = chart.ruler("middle"), chart.ruler("end")
        lines = [p for p in chart.root.iter(SVG + "path") if p.get("stroke-linejoin")]
        drawn = {p.get("stroke"): numbers(p.get("d")) for p in lines}
        for stroke, points in (("#0969da", [(1, 2), (2, 1), (3, 3)]), ("#bc4c00", [(1, 0), (3, 4)])):
            expected = [place for point in points for place in (x(point[0]), y(point[1]))]
            self.assertEqual(len(drawn[stroke]), len(expected))
            for found, wanted in zip(drawn[stroke], expected):
                self.assertAlmostEqual(found, wanted, delta=0.5)
        self.assertIsNotNone(lines[0].get("stroke-dasharray"))  # the second line is drawn first
        self.assertIsNone(lines[1].get("stroke-dasharray"))
        # The bar of spread of the first point goes from 1.5 to 2.5.
        bar = next(p for p in chart.root.iter(SVG + "path") if p.get("stroke-width") == "1.5")
        for found, wanted in zip(numbers(bar.get("d")), (x(1), y(1.5), y(2.5))):
            self.assertAlmostEqual(found, wanted, delta=0.5)

    def test_bars_are_as_long_as_their_values(self):
        chart = Chart("bars.svg")
        x = chart.ruler("middle")
        bars = [r for r in chart.root.iter(SVG + "rect") if r.get("y") and float(r.get("height")) > 12.5]
        self.assertEqual(len(bars), 4)
        for bar, value in zip(bars, (1.5, 2, 1, 1)):
            self.assertAlmostEqual(float(bar.get("x")), x(0), delta=0.5)
            self.assertAlmostEqual(float(bar.get("x")) + float(bar.get("width")), x(value), delta=0.5)
        self.assertEqual([b.get("fill") for b in bars], ["#0969da", "#0969da", "#bc4c00", "#bc4c00"])

    def test_everything_lies_in_the_file_and_says_what_it_is(self):
        for name in ("lines.svg", "bars.svg"):
            chart = Chart(name)
            width, height = float(chart.root.get("width")), float(chart.root.get("height"))
            self.assertEqual(chart.root.get("viewBox"), f"0 0 {width:g} {height:g}")
            for _, x, y, _ in chart.texts:
                self.assertTrue(0 < x < width and 0 < y < height)
            self.assertEqual([child.tag for child in chart.root][:2], [SVG + "title", SVG + "desc"])
            self.assertEqual(chart.root.get("role"), "img")
            self.assertLess((FOLDER / name).stat().st_size, 4000)
        self.assertIn("one: 3 points from 1 to 3.", Chart("lines.svg").root[1].text)

    def test_the_legend_stands_above_the_data(self):
        for name, first in (("lines.svg", "one"), ("bars.svg", "training")):
            chart = Chart(name)
            data = [numbers(p.get("d"))[1] for p in chart.root.iter(SVG + "path") if p.get("stroke-width") == "1"]
            below = next(y for text, _, y, _ in chart.texts if text == first)
            self.assertLess(below, min(data))


if __name__ == "__main__":
    unittest.main()
