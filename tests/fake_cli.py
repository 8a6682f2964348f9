"""The command line with fake work instead of models, to be run, stopped and killed as a process of its own."""

import sys
from types import SimpleNamespace

import fake_work
import pinsharp.batch.work
from pinsharp.cli.main import run


def fake_restorer(*, recipe):
    return SimpleNamespace(settings=lambda: recipe.settings(window_matters=False))


if __name__ == "__main__":
    pinsharp.batch.work.load_work = fake_work.load_work
    # In the place of the module, which would import torch: these processes are started many times.
    sys.modules["pinsharp.restoration.restorer"] = SimpleNamespace(Restorer=fake_restorer)
    run()
