"""A Ray cluster of several nodes and an S3 server, both on this machine, once for all tests of this room.

They run where PINSHARP_CLUSTER is set, as by `make test-cluster`; then what is missing is an error.
"""

import os
import socket
import sys
import uuid
from contextlib import ExitStack

import pytest

WANTED = bool(os.environ.get("PINSHARP_CLUSTER"))
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_health_check_period_ms": "300",  # a node that was killed is noticed after a second
    "RAY_health_check_failure_threshold": "3",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/cluster" in item.path.as_posix() and item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.filterwarnings("default"))  # of libraries that are not ours
            if not WANTED:
                item.add_marker(pytest.mark.skip("starts a cluster; `make test-cluster` runs it"))


@pytest.fixture(scope="session")
def s3():
    """An S3 server on this machine, known to all processes that are begun later; gives a client."""
    import boto3
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}).items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # actors import what tests do
        server.start()
        yield boto3.client("s3")
        server.stop()


@pytest.fixture
def bucket(s3):
    """A bucket of its own: its name."""
    name = f"b{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


class Nodes:
    """The nodes of the cluster, which tests may kill."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.killable = [self.add(), self.add()]

    def add(self):
        return self.cluster.add_node(num_cpus=1, object_store_memory=80_000_000)

    def replace(self, index=0):
        """Kill a node with all that runs there, and let another take its place."""
        self.cluster.remove_node(self.killable[index], allow_graceful=False)
        self.killable[index] = self.add()


@pytest.fixture(scope="session")
def nodes(s3):
    """A cluster of a head without processors and two nodes of one, to which this process is connected."""
    import ray
    from ray.cluster_utils import Cluster

    with ExitStack() as stack:
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 80_000_000})
        stack.callback(cluster.shutdown)
        ray.init(cluster.address, log_to_driver=False, logging_level="CRITICAL")
        stack.callback(ray.shutdown)
        found = Nodes(cluster)
        cluster.wait_for_nodes()
        yield found
