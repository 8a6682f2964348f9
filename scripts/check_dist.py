"""Check what `python -m build` has made: nothing missing, nothing stray, and a wheel that works without a network.

    python scripts/check_dist.py dist

The wheel goes into an empty environment (--no-deps --no-index) that finds the dependencies of this interpreter.
"""

import argparse
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_MIB = 30
LEFT_OUT = (".ci/",)
"""What the sdist has no use for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    problems = [*in_wheel(wheel, tracked), *in_sdist(sdist, tracked), *installed(wheel)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.1f} MiB; {sdist.name}: {sdist.stat().st_size / 2**20:.1f} MiB")


def in_wheel(wheel: Path, tracked: Iterable[str]) -> list[str]:
    """What is wrong with the content of a wheel: exactly the package is to be in it."""
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
    wanted = {name.removeprefix("src/") for name in tracked if name.startswith("src/pinsharp/")}
    problems = differences(wheel.name, names, wanted)
    if wheel.stat().st_size > MOST_MIB * 2**20:
        problems.append(f"{wheel.name}: expected at most {MOST_MIB} MiB, got {wheel.stat().st_size / 2**20:.1f}")
    return problems


def in_sdist(sdist: Path, tracked: Iterable[str]) -> list[str]:
    """What is wrong with the content of an sdist: all that is in git, tests and what they need included."""
    with tarfile.open(sdist) as file:
        names = {member.name.partition("/")[2] for member in file.getmembers() if not member.isdir()} - {"PKG-INFO"}
    return differences(sdist.name, names, {name for name in tracked if not name.startswith(LEFT_OUT)})


def differences(name: str, found: set[str], wanted: set[str]) -> list[str]:
    return [f"{name}: lacks {each}" for each in sorted(wanted - found)] + [
        f"{name}: expected no {each}" for each in sorted(found - wanted)
    ]


def installed(wheel: Path) -> list[str]:
    """What goes wrong where the wheel alone is installed."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        run([sys.executable, "-m", "venv", str(home / "env")])
        python = home / "env" / "bin" / "python"
        run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel.absolute())])
        path = run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
        (Path(path) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        said = run([str(python.with_name("pinsharp")), "--version"], home)
        place = run([str(python), "-c", "import pinsharp; print(pinsharp.__file__)"], home)
        sample = ROOT / "examples" / "sample" / "board.png"
        run([str(python.with_name("pinsharp")), "restore", str(sample), "-o", "restored.png"], home)
        version = wheel.name.split("-")[1]
        problems = [] if said == f"pinsharp {version}\n" else [f"expected version {version}, got {said!r}"]
        return problems if place.startswith(folder) else [*problems, f"expected the wheel, got {place}"]


def run(command: list[str], place: Path | None = None) -> str:
    """What a command prints; without the environment's own paths to packages."""
    done = subprocess.run(
        command, cwd=place, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
