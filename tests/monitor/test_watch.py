"""Images that arrive become reports, whatever becomes of them."""

from pinsharp.errors import ImageError
from pinsharp.monitor.intake import Arrival
from pinsharp.monitor.monitor import start
from pinsharp.monitor.rules import Rules
from pinsharp.monitor.watch import reports


def test_bad_images_cost_a_report_and_gone_ones_count_as_skipped(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"x")

    def measure(path):
        raise ImageError(f"{path}: expected an image")

    monitor = start(Rules())
    found = list(reports([Arrival(bad, 2, 1), Arrival(tmp_path / "gone.png", 0, 2)], measure, monitor))

    assert [report.measurement.verdict for _, report in found] == ["unreadable"]
    assert found[0][1].measurement.reason == "expected an image"  # the name is shown beside it
    assert (monitor.counts.arrived, monitor.counts.skipped) == (4, 3)
    assert monitor.counts.refused == {"unreadable": 1}
