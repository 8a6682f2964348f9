"""Figures for Prometheus, and the dashboard that shows them."""

import itertools
import json
import re
from pathlib import Path
from urllib.request import urlopen

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from pinsharp.errors import OutputError
from pinsharp.monitor import gauges as gauges_module
from pinsharp.monitor.baseline import width_of
from pinsharp.monitor.gauges import Gauges
from pinsharp.monitor.monitor import start
from pinsharp.monitor.rules import Rules
from watched import refused, widths

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "pinsharp-monitor.json"


@pytest.fixture
def seen(tmp_path):
    """Figures as Prometheus reads them, after a step of the width and a refusal; by name and labels."""
    monitor, gauges = start(Rules(limit=4.0)), Gauges()
    monitor.skip(5)
    for image in [*widths(120, factor=lambda index: 1 + 0.5 * (index >= 100)), refused(120)]:
        gauges.take(monitor, monitor.take(image))
    gauges.write(tmp_path / "pinsharp.prom")
    families = text_string_to_metric_families((tmp_path / "pinsharp.prom").read_text())
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}, monitor


def test_figures_are_those_of_the_monitor(seen):
    figures, monitor = seen

    assert figures["pinsharp_width_pixels",] == pytest.approx(width_of(monitor.history[-1].value))
    assert figures["pinsharp_smoothed_width_pixels",] == monitor.level
    assert figures["pinsharp_control_band_pixels", "high"] == monitor.band[1]
    assert figures["pinsharp_limit_pixels",] == 4.0
    assert figures["pinsharp_images_total", "skipped"] == 5
    assert figures["pinsharp_images_total", "restorable"] == 120
    assert figures["pinsharp_images_total", "no-texture"] == 1
    assert figures["pinsharp_alarms_total", "step"] == 1
    assert figures["pinsharp_alarms_total", "tilt"] == 0
    assert figures["pinsharp_alarm_held", "width"] == 1
    assert figures["pinsharp_measured_share",] == monitor.counts.share


def test_they_are_served_on_this_machine_alone():
    assert gauges_module.HOST == "127.0.0.1"


def test_a_port_that_is_taken_is_refused():
    import socket

    with socket.socket() as taken:
        taken.bind((gauges_module.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match=f"--prometheus {port}: expected a free port"):
            Gauges().serve(port)


def test_a_port_answers(monkeypatch):
    servers = []
    real = gauges_module.start_http_server
    monkeypatch.setattr(gauges_module, "start_http_server", lambda *a, **k: servers.append(real(*a, **k)))
    Gauges().serve(0)
    server, thread = servers[0]

    with urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
        assert b"pinsharp_alarms_total" in answer.read()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_dashboard_asks_for_figures_that_there_are(seen):
    figures, _ = seen
    asked = set(re.findall(r"\bpinsharp_\w+", DASHBOARD.read_text()))

    assert len(asked) > 8
    assert asked <= {name for name, *_ in figures}


def test_the_dashboard_is_one():
    board = json.loads(DASHBOARD.read_text())

    assert board["schemaVersion"] >= 39
    assert {"title", "uid", "panels", "templating", "time"} <= board.keys()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    variables = {one["name"] for one in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text())) <= variables | {"__rate_interval", "__all"}
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["targets"]
    for one, two in itertools.combinations([panel["gridPos"] for panel in board["panels"]], 2):
        assert any(one[a] + one[s] <= two[a] or two[a] + two[s] <= one[a] for a, s in (("x", "w"), ("y", "h")))
