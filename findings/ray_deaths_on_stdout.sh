#!/usr/bin/env bash
# Expected: with `ray.init(log_to_driver=False, logging_level=logging.CRITICAL)` standard output belongs to the program
#   alone. Ray's documentation: log_to_driver: "If true, the output from all of the worker processes on all nodes will
#   be directed to the driver".
# Seen: when the process of an actor dies, Ray prints a paragraph on standard output, coloured, from a thread of the
#   driver, in the middle of whatever the program prints. Standard error is left alone.
# Why it matters: a program that prints results (JSON a line, an image) for another one is torn just when something
#   fails. Two lines of private interface keep it off, as in pinsharp.cluster.session.
# Versions: ray 2.60.0. Source: listen_error_messages in ray/_private/worker.py, which is always started, and prints with
#   is_err False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
cd "$folder"
cat > program.py <<'PYTHON'
import logging
import os
import signal
import time

import ray

ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)


@ray.remote
class Actor:
    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)


print('{"result": 1}', flush=True)
try:
    ray.get(Actor.remote().die.remote())
except ray.exceptions.RayActorError:
    pass
time.sleep(5)
print('{"result": 2}', flush=True)
ray.shutdown()
PYTHON
RAY_USAGE_STATS_ENABLED=0 "$folder/venv/bin/python" program.py > stdout 2> stderr
echo "ray 2.60.0: a program that prints two lines of JSON, while an actor of it is killed"
echo "expected: 2 lines on standard output"
echo "seen: $(wc -l < stdout) lines; those of Ray begin:"
grep -v '^{"result"' stdout | cut -c 1-110 | head -2
grep -q 'raylet.*worker died' stdout || { echo "the behaviour has changed"; exit 1; }
