"""`pinsharp batch` with fake work instead of models, to be run and killed: SECONDS LOG and the command's arguments."""

import sys
from functools import partial
from types import SimpleNamespace

import fake_errands
import pinsharp.cluster.work
from fake_cli import fake_restorer
from pinsharp.cli.main import run

if __name__ == "__main__":
    seconds, log = sys.argv[1:3]
    del sys.argv[1:3]
    pinsharp.cluster.work.load_checked = partial(fake_errands.load_for_batch, float(seconds), log)
    # In the place of the module, which would import torch: these processes are started many times.
    sys.modules["pinsharp.restoration.restorer"] = SimpleNamespace(Restorer=fake_restorer)
    run()
