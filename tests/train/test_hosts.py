"""Training over two hosts: network namespaces of their own that a pair of virtual Ethernet devices joins.

Nothing else can be reached from inside them, and nothing of this machine's network is touched. `make test-hosts` runs
this, as root; there it fails where it cannot run.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import pinsharp
from pinsharp.nets.registry import build_net
from pinsharp.train.loop import WEIGHTS, train
from pinsharp.train.state import read_log

IS_WANTED = bool(os.environ.get("PINSHARP_TEST_HOSTS"))
PATIENCE_S = 100
STEPS = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_WANTED, reason="`make test-hosts` runs this: it makes network namespaces, as root"),
]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20)


@dataclass(frozen=True)
class Host:
    """A namespace with one network device; addresses are of TEST-NET-1, which leads nowhere."""

    name: str
    device: str
    address: str


@pytest.fixture(scope="module")
def hosts():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.fail("two hosts need root and `ip` (apt install iproute2), to make network namespaces")
    pair = [Host(f"pinsharp-{os.getpid()}-{n}", f"ps{os.getpid()}{n}", f"192.0.2.{n}") for n in (1, 2)]
    with contextlib.ExitStack() as made:
        for host in pair:
            ip("netns", "add", host.name)
            made.callback(ip, "netns", "del", host.name)  # its devices go with it
        ends = [["name", host.device, "netns", host.name] for host in pair]
        ip("link", "add", *ends[0], "type", "veth", "peer", *ends[1])
        for host in pair:
            ip("-n", host.name, "addr", "add", f"{host.address}/30", "dev", host.device)
            for device in ("lo", host.device):
                ip("-n", host.name, "link", "set", device, "up")
        yield pair


class Job:
    """One training over both hosts, as torchrun starts it there; `kill` makes a host's processes go."""

    def __init__(self, hosts, config, job):
        self.hosts, self.config, self.job = hosts, config, job
        self.agents = {}
        for host in hosts:
            self.begin(host)

    def begin(self, host):
        first = self.hosts[0]
        rendezvous = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{first.address}:29400", "--rdzv-id", self.job]
        command = [
            *("ip", "netns", "exec", host.name, sys.executable, "-m", "torch.distributed.run"),
            *("--nnodes", "2", "--nproc-per-node", "1", "--max-restarts", "3", *rendezvous),
            *("--rdzv-conf", f"is_host={host is first},keep_alive_interval=1", "--local-addr", host.address),
            *("-m", "pinsharp", "train", str(self.config)),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(pinsharp.__file__).parents[1]),
            "OMP_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": host.device,
            # Without it a host that comes back is never told where the main process is (PyTorch 2.13).
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        }
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.agents[host] = subprocess.Popen(command, env=environment, start_new_session=True, **streams)

    def kill_worker(self, host):
        """As when memory runs out on a host; torchrun itself lives on there."""
        agent = self.agents[host].pid
        worker, *_ = Path(f"/proc/{agent}/task/{agent}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)

    def kill_host(self, host):
        """As when its power goes."""
        agent = self.agents.pop(host)
        children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
        for process in (agent.pid, *map(int, children)):
            os.kill(process, signal.SIGKILL)
        agent.communicate(timeout=PATIENCE_S)

    def wait_for(self, folder, step):
        """Until the log has come to a step."""
        until = time.monotonic() + PATIENCE_S
        while len(read_log(folder)) < step:
            assert time.monotonic() < until, f"still before step {step}"
            assert all(agent.poll() is None for agent in self.agents.values()), self.end()
            time.sleep(0.002)

    def end(self):
        """Exit statuses, and what was said."""
        said = [agent.communicate(timeout=PATIENCE_S) for agent in self.agents.values()]
        return [agent.returncode for agent in self.agents.values()], said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for agent in self.agents.values():
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGTERM)  # ends its workers, which are of other groups
                with contextlib.suppress(subprocess.TimeoutExpired):
                    agent.communicate(timeout=40)
                agent.kill()


@pytest.fixture
def shared_run(tiny_run, stages, as_toml, tmp_path, with_run):
    """Make a run, its file and its folder by a name."""
    stage = stages("deconv", steps=STEPS, batch=4, lr=1e-3, width_jitter=0.02, noise_jitter=0.1)
    data = replace(tiny_run.data, mono=0.0)

    def make(name):
        run = replace(tiny_run, name=name, data=data, stage=(stage,))
        run = with_run(run, folder=str(tmp_path / name), save_every=7)
        return run, as_toml(run)

    return make


def weights_of(run):
    return load_file(run.folder / WEIGHTS)


def test_a_run_over_two_hosts_ends_alike_however_its_hosts_die(hosts, shared_run, monkeypatch):
    """Bit for bit, in float32; and one process comes to nearly the same, as only the order of sums differs."""
    whole, file = shared_run("whole")
    with Job(hosts, file, "whole") as job:
        statuses, said = job.end()
    assert statuses == [0, 0], said
    assert sorted(out for out, _ in said) == ["", f"done: {whole.folder / WEIGHTS}\n"]

    killed, file = shared_run("killed")
    with Job(hosts, file, "killed") as job:
        job.wait_for(killed.folder, 10)
        job.kill_worker(hosts[1])
        job.wait_for(killed.folder, 30)
        job.kill_host(hosts[1])
        job.begin(hosts[1])
        statuses, said = job.end()
    assert statuses == [0, 0], said
    assert [line["step"] for line in read_log(killed.folder)] == list(range(1, STEPS + 1))

    alone, _ = shared_run("alone")
    monkeypatch.setattr("pinsharp.train.loop.save_pictures", lambda *_, **__: None)
    train(alone, quiet=True)

    shared, restarted, single = weights_of(whole), weights_of(killed), weights_of(alone)
    assert all(torch.equal(restarted[name], value) for name, value in shared.items())
    torch.manual_seed(alone.run.seed)
    start = build_net(alone.net, alone.config).state_dict()
    moved = max(float((single[name] - start[name]).abs().max()) for name in single)
    assert moved > 0.001
    for name, value in shared.items():
        torch.testing.assert_close(value, single[name], atol=0.01 * moved, rtol=0)
