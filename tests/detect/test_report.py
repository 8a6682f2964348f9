"""The report: one page that needs nothing else, shows the strongest differences, and is not fooled by names."""

import re
from unittest.mock import patch

import numpy as np
import pytest

from pages import Page
from pinsharp.detect.comparison import compare
from pinsharp.detect.particles import DetectorSettings, Inspection
from pinsharp.detect.report import MOST_CROPS, MOST_IMAGES, Entry, page, write_report
from pinsharp.detect.report_marks import LONGEST, Marks, legend, marked
from pinsharp.detect.report_parts import MOST_PINS
from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import OutputError

SETTINGS = DetectorSettings(minimum_per_pin=2)


def particle(row, column, strength=5.0, pin=None):
    return Particle(float(row), float(column), 6.0, float(strength), pin)


def entry(before=(), after=(), *, pins=(), images=None, name="a.png", shape=(60, 100), load=None, **options):
    """An image of which a detector is said to have found this before and after."""
    pixels = images or (np.full(shape, 80, np.uint8), np.full(shape, 90, np.uint8))
    found = [Inspection(tuple(each), tuple(pins), SETTINGS) for each in (before, after)]
    with patch("pinsharp.detect.comparison.inspect", side_effect=found):
        comparison = compare(*pixels, SETTINGS, name=name, **options)
    return Entry(comparison, load or (lambda: pixels))


def read(*entries):
    return Page(page(entries, {"before": "blurred", "after": "restored"}))


def test_it_needs_nothing_else():
    text = page([entry([particle(5, 5)], [particle(30, 30)])], {})

    shown = Page(text)
    assert shown.addresses
    shown.assert_needs_nothing_else()
    assert not re.search(r"https?:|url\(|@import", text)


def test_it_is_made_for_paper():
    text = page([entry()], {})

    assert "@page { size: A4" in text
    assert "@media print" in text


def test_counts_and_verdicts_are_all_there():
    pins = [Pin(11, 0, 0, 20, 100), Pin(12, 30, 0, 50, 100)]
    before = [particle(5, 5, pin=11), particle(35, 5, pin=12), particle(35, 50, pin=12)]
    after = [particle(5, 5, pin=11), particle(5, 50, pin=11), particle(5, 80, pin=11), particle(35, 5, pin=12)]

    words = read(entry(before, after, pins=pins)).text

    assert "3 → 4 detections before → after" in words
    assert "2 in both" in words
    assert "2 new: only after" in words
    assert "1 lost: only before" in words
    assert "1 → 1 pins that fail" in words
    assert "A pin needs 2 particles to pass. 2 of 2 pins change their verdict." in words
    assert "11 1 3 fail → pass" in words
    assert "12 2 1 pass → fail" in words
    assert "minimum per pin 2" in words
    assert "Against the truth" not in words


def test_the_truth_brings_figures_of_both_sides():
    truth = [particle(5, 5), particle(5, 50), particle(35, 5), particle(35, 50)]

    shown = read(entry(truth[:1], [*truth[:3], particle(50, 90)], truth=truth))

    assert "0.400 → 0.750 F1 against the truth" in shown.text
    assert "before 1 0 0 3 1.000 0.250 0.400 0.250 0.00 px" in shown.text
    assert "after 3 1 167 1 0.750 0.750 0.750" in shown.text
    assert "a particle : row 5.0, column 50.0" in shown.text
    assert "false alarm : row 50.0, column 90.0" in shown.text


def test_the_strongest_differences_are_shown_and_the_others_counted():
    many = [
        particle(row, column, strength=row + column / 100) for row in range(0, 60, 10) for column in range(0, 100, 10)
    ]

    shown = read(entry([], many), entry([], [particle(5, 5, strength=1000)], name="b.png"))

    assert "New: 61 found only after" in shown.text
    assert f"The {MOST_CROPS} strongest; {61 - MOST_CROPS} more are not shown." in shown.text
    assert len(shown.pictures("png")) == 2 * MOST_CROPS
    assert re.findall(r"strength ([\d.]+)", shown.text)[:2] == ["1000.0", "50.9"]
    assert "Lost: none found only before" in shown.text


@pytest.mark.parametrize("row, column", [(30, 40), (0, 0), (59, 99), (29.6, 40.4)])
def test_a_crop_has_its_detection_in_the_middle(row, column):
    images = [np.full((60, 100), 20, np.uint8) for _ in range(2)]
    images[1][round(row), round(column)] = 200

    before, after = read(entry([], [particle(row, column)], images=images)).pictures("png")

    assert after.shape[0] % 2 == after.shape[1] % 2 == 1
    assert np.unravel_index(after.argmax(), after.shape) == (after.shape[0] // 2, after.shape[1] // 2)
    assert after.max() == 255
    assert before[after.shape[0] // 2, after.shape[1] // 2] == 0


def test_both_halves_of_a_crop_have_one_black_and_one_white():
    images = [np.full((60, 100), 100, np.uint8), np.full((60, 100), 180, np.uint8)]

    before, after = read(entry([], [particle(30, 40)], images=images)).pictures("png")

    assert (before.max(), after.min()) == (0, 255)


def test_noise_is_not_shown_as_structure():
    flat = np.full((60, 100), 100, np.uint8)
    noisy = flat + np.random.default_rng(0).integers(0, 2, flat.shape, np.uint8)

    for half in read(entry([], [particle(30, 40)], images=(flat, noisy))).pictures("png"):
        assert np.ptp(half) < 20


def test_dark_images_are_shown_brighter_and_alike():
    images = [np.full((60, 100), level, np.uint16) for level in (2000, 4000)]

    shown = read(entry(images=images))

    assert "before, shown 16 times brighter" in shown.text
    before, after = (float(np.median(picture)) for picture in shown.pictures("jpeg"))
    assert after == pytest.approx(2 * before, rel=0.05)


@pytest.mark.parametrize("dtype, white", [("uint8", 255), ("uint16", 65535), ("float32", 1)])
@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_images_of_every_kind_are_shown(dtype, white, channels):
    image = np.full((60, 100, *channels), white // 2 if white > 1 else 0.5, dtype)

    for picture in read(entry(images=(image, image))).pictures("jpeg"):
        assert picture.shape == (60, 100)
        assert np.median(picture) == pytest.approx(128, abs=3)


def test_a_mark_lies_on_its_particle():
    plane = np.zeros((50, 80), np.float32)

    drawn = marked(plane, Marks((particle(10, 20),), (), ()), (5, 8, 45, 78))

    # A circle begins at its leftmost point; a pixel's centre is half a pixel inside of it.
    [x, y, radius] = map(float, re.search(r'class="agreed" d="M(\S+) ([\d.]+)a([\d.]+)', drawn).groups())
    assert (x + radius, y) == pytest.approx((20.5 - 8, 10.5 - 5))


def test_marks_outside_of_a_part_are_left_out():
    drawn = marked(np.zeros((50, 80), np.float32), Marks((), (particle(2, 20),), ()), (5, 8, 45, 78))

    assert 'class="extra"' not in drawn


def test_large_images_are_shown_smaller_with_their_marks():
    drawn = marked(np.zeros((100, 4 * LONGEST), np.float32), Marks((), (), (particle(50, 4000),)), (0, 0, 100, 6400))

    assert f'viewBox="0 0 {LONGEST} 25"' in drawn
    x = float(re.search(r'class="missed" d="M([\d.]+) ', drawn).group(1))
    assert x == pytest.approx(1000, abs=0.5)


def test_kinds_of_marks_differ_in_shape_not_only_in_colour():
    paths = {re.search(r'd="([^"]+)"', legend(kind)).group(1) for kind in ("agreed", "extra", "missed")}

    assert len(paths) == 3


def test_the_detail_is_where_most_differences_are():
    crowd = [particle(row, column) for row in range(300, 340, 8) for column in range(600, 660, 10)]

    drawn = page([entry([], [particle(5, 5), *crowd], shape=(400, 800))], {})

    detail = drawn[drawn.index("Where they differ most") :]
    assert f"0 agreed, {len(crowd) + 1} extra" in detail
    assert re.search(r'class="extra" d="([^"]+)"', detail).group(1).count("M") == len(crowd)


def test_small_images_have_no_detail():
    assert "Where they differ most" not in read(entry(shape=(60, 100))).text


def test_of_many_images_those_with_the_most_differences_are_shown():
    loaded = []
    image = np.zeros((60, 100), np.uint8)

    def numbered(number):
        new = [particle(5, 10 * i, strength=1 + number) for i in range(number)]
        return entry([], new, name=f"{number}.png", load=lambda: loaded.append(number) or (image, image))

    shown = read(*(numbered(number) for number in range(10)))

    assert f"follow of the {MOST_IMAGES} with the most differences" in shown.text
    assert len(shown.pictures("jpeg")) == 2 * MOST_IMAGES
    assert "9.png 0 9 0 9 0 0" in shown.text
    assert "0.png 0 0 0 0 0 0" in shown.text
    assert set(loaded) == {4, 5, 6, 7, 8, 9}


def test_many_pins_are_bounded_and_those_that_change_come_first():
    pins = [Pin(number, 4 * number, 0, 4 * number + 3, 100) for number in range(300)]
    after = [particle(4 * 250 + 1, column, pin=250) for column in (10, 40)]

    text = page([entry([], after, pins=pins, shape=(1200, 100))], {})

    assert f"{300 - MOST_PINS} more pins are not shown" in text
    assert re.search(r'<tr class="set-off"><td>(\d+)</td>', text).group(1) == "250"


def test_images_without_pins_and_without_particles_have_a_page_too():
    shown = read(entry(truth=[]))

    assert "The images show no pins, so nothing is judged." in shown.text
    assert "New: none found only after" in shown.text
    assert "none paired" in shown.text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.png", "a\" onerror='x'.png", "&amp;.png", "caf\udce9.png"])
def test_names_are_text_whatever_they_are(name):
    entries = [entry([], [particle(30, 30)], name=name), entry(name="b.png")]

    shown = Page(page(entries, {"before": name, "after": name}))

    shown.assert_needs_nothing_else()
    assert name.encode("utf-8", "replace").decode() in " ".join(shown.words)


def test_the_page_is_written_into_a_new_folder(tmp_path):
    write_report(tmp_path / "deep" / "report.html", [entry()], {})

    assert (tmp_path / "deep" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="expected"):
        write_report(tmp_path / "file" / "report.html", [entry()], {})
