"""The page of a monitor."""

import re
from xml.etree import ElementTree

import pytest

from pinsharp.monitor.monitor import start, take_all
from pinsharp.monitor.page import chart, page
from pinsharp.monitor.rules import Rules
from watched import refused, seen, widths


def monitored(images, **rules):
    monitor = start(Rules(**rules))
    take_all(monitor, images)
    return monitor


def test_every_image_has_a_point_and_every_alarm_a_mark():
    monitor = monitored(widths(120, factor=lambda index: 1 + 0.5 * (index >= 100)), limit=2.5)

    drawing = ElementTree.fromstring(chart(monitor))

    words = [each.text for each in drawing.iter("text")]
    assert len(list(drawing.iter("circle"))) == 120
    assert "step" in words
    assert "limit 2.50 px" in words
    assert "in control" in words


def test_wider_is_higher_and_later_is_further_right():
    drawing = ElementTree.fromstring(chart(monitored([seen(0, 1.0), seen(1, 2.0), seen(2, 3.0)])))

    points = [(float(each.get("cx")), float(each.get("cy"))) for each in drawing.iter("circle")]
    assert [x for x, _ in points] == sorted({x for x, _ in points})
    assert [y for _, y in points] == sorted({y for _, y in points}, reverse=True)


@pytest.mark.parametrize("count", [0, 1, 60])
def test_everything_lies_within_the_drawing(count):
    monitor = monitored(widths(count, scatter=1.0))
    if count == 0:
        assert "No image" in chart(monitor)
        return

    drawing = ElementTree.fromstring(chart(monitor))

    for each in drawing.iter("circle"):
        assert 0 <= float(each.get("cx")) <= 900
        assert 0 <= float(each.get("cy")) <= 360


def test_only_greys_are_drawn():
    colours = re.findall(r'(?:fill|stroke)="#([0-9a-f]+)"', chart(monitored(widths(120), limit=2.0)))

    assert colours
    assert all(len(set(re.findall("..", colour))) == 1 for colour in colours if len(colour) == 6)


def test_names_are_escaped_and_counts_are_there():
    shown = page(monitored([refused(0, name="<script>alert(1)</script>")]), "in/<b>")

    assert "<script>" not in shown
    assert "in/&lt;b&gt;" in shown
    assert "<td>no-texture</td><td>1</td>" in shown
    assert 'http-equiv="refresh"' in shown
