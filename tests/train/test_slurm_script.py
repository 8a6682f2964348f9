"""The job for Slurm: what it runs on every host, with Slurm's commands played by others."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "slurm_train.sh"


@pytest.fixture
def submitted(tmp_path):
    """Run the script as Slurm would in job 41234 on two hosts; `srun` prints what it is to start."""

    def run(*arguments, **variables):
        for name, does in {
            "scontrol": "echo host7; echo host8",
            "srun": 'printf "%s\\n" "$OMP_NUM_THREADS" "$@"',
        }.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
            (tmp_path / name).chmod(0o755)
        job = {"SLURM_JOB_ID": "41234", "SLURM_JOB_NODELIST": "host[7-8]", "SLURM_JOB_NUM_NODES": "2"}
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **job, **variables}
        return subprocess.run(
            ["bash", SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=20, check=False
        )

    return run


def test_every_host_runs_torchrun_under_the_name_of_the_job(submitted):
    done = submitted("my run.toml", "--stream", "8", PROCESSES="4", SLURM_CPUS_PER_TASK="16")

    threads, *command = done.stdout.splitlines()
    assert (done.returncode, threads) == (0, "4")
    assert command[-5:] == ["pinsharp", "train", "my run.toml", "--stream", "8"]
    options = dict(itertools.pairwise(command))
    assert (options["--rdzv-id"], options["--rdzv-endpoint"]) == ("41234", "host7:21234")
    assert (options["--nnodes"], options["--nproc-per-node"]) == ("2", "4")


def test_a_job_without_a_training_file_is_refused(submitted):
    done = submitted()

    assert done.returncode == 2
    assert done.stderr.startswith("expected a training file, got nothing")
