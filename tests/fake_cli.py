"""The command line with fake work instead of models, to be run, stopped and killed as a process of its own."""

from types import SimpleNamespace

import fake_work
import pinsharp.batch.work
from pinsharp.cli.main import run
from pinsharp.restoration import restorer

if __name__ == "__main__":
    pinsharp.batch.work.load_work = fake_work.load_work
    restorer.Restorer = lambda *, recipe: SimpleNamespace(settings=lambda: recipe.settings(window_matters=False))
    run()
