"""Let schemathesis call every operation of the service with thousands of right and wrong requests.

    python scripts/service_fuzz.py --cases 2000

Left out are the check that every request as the schema has it is accepted, for no schema says what a file of an image
is; and forms whose options are an empty array, taken for wrong though nothing of it is sent.
Exit status: 0 if nothing was found.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from served import Served

OPERATIONS = 15
LEFT_OUT = "positive_data_acceptance"
HOOKS = """import schemathesis


@schemathesis.hook
def filter_body(context, body):
    return not (isinstance(body, dict) and body.get("options") == [])
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000, help="requests, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="swift")
    asked = parser.parse_args()
    schemathesis = Path(sys.executable).with_name("schemathesis")
    each = max(1, asked.cases // OPERATIONS)
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder) / "state", "--model", asked.model) as service:
        command = [str(schemathesis), "run", f"{service.url}/openapi.json", "--exclude-checks", LEFT_OUT, "--no-color"]
        command += [
            "--max-examples",
            str(each),
            "--seed",
            str(asked.seed),
            "--continue-on-failure",
            "--warnings",
            "off",
        ]
        (Path(folder) / "fuzz_hooks.py").write_text(HOOKS)
        env = {**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks"}
        running = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
        lines = []
        for line in running.stdout or ():
            lines.append(line)
            print(line, end="", flush=True)
        has_found = running.wait() != 0
        code, said = service.end()
    count = int(re.search(r"(\d+) generated", "".join(lines).replace(",", ""))[1])
    found = "failures" if has_found else "nothing found"
    print(f"{count} cases, {found}; the service ended with status {code} and said: {said.strip() or 'nothing'}")
    return int(has_found or code != 0 or count < asked.cases or "Traceback" in said)


if __name__ == "__main__":
    sys.exit(main())
