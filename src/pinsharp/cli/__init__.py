"""The command line: one module a command, heavy imports inside its functions, so that `pinsharp --help` is instant."""
