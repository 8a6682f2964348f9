"""`python -m pinsharp` is `pinsharp`."""

from pinsharp.cli.main import run

run()
