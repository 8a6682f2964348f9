"""Where results of a run over many machines go, decided before any work."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pinsharp.batch.job import Job
from pinsharp.cluster.address import Address, place
from pinsharp.errors import OutputError

Name = Callable[[Path], str]
"""Makes the name of a result of that of an input."""


def plan_into_store(
    inputs: Sequence[Path], out: Address, name: Name, *, picture: str = "", mask: str | None, evidence: str | None
) -> list[Job]:
    """Decide where the result of each input goes in a folder of a store; names are kept, or made by `name`.

    Args:
        inputs: Files and addresses.
        out: The folder.
        name: Makes the name of a result.
        picture: Suffix of pictures before and after, beside the results; empty for none.
        mask: Folder in the same store for masks; None for none.
        evidence: Folder for evidence maps; None for none.

    Raises:
        OutputError: If a folder is not in a store, two results have one name, or one is an input.
    """
    folders = [_folder(where, out) for where in (mask, evidence)]
    jobs = []
    for source in inputs:
        result = out / name(source)
        masked, mapped = (
            where / (result.stem + suffix) if where else None
            for where, suffix in zip(folders, (".mask.png", ".evidence.png"), strict=True)
        )
        shown = result.with_name(result.stem + picture) if picture else None
        jobs.append(Job(source, result, shown, masked, mapped))
    taken, known = dict[Path, Path](), set(inputs)
    for job in jobs:
        for path in job.results:
            if path in known:
                raise OutputError(f"{path}: expected a result beside its input, got the input itself; choose another")
            if path in taken:
                raise OutputError(
                    f"{path}: expected one result of this name, got two, from {taken[path]} and {job.input}; write "
                    "them into different folders"
                )
            taken[path] = job.input
    return jobs


def _folder(where: str | None, out: Address) -> Address | None:
    if where is None:
        return None
    found = place(where)
    if not isinstance(found, Address) or str(found).partition("://")[0] != str(out).partition("://")[0]:
        raise OutputError(f"{where}: expected a folder in the store of the results, got another place; name one there")
    return found
