"""The command line with fake work instead of models, to be run, stopped and killed as a process of its own."""

from types import SimpleNamespace

import fake_work
import pinsharp.batch.work
from pinsharp.batch.options import RestoreOptions
from pinsharp.cli.main import run

if __name__ == "__main__":
    pinsharp.batch.work.load_work = fake_work.load_work
    RestoreOptions.load = lambda self: SimpleNamespace(window_matters=False)
    run()
