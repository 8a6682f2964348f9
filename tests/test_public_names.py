"""The front door: the names that users rely on, found where they are promised, at no cost before they are used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pinsharp

SOURCE = Path(pinsharp.__file__).parents[1]
HEAVY = ["torch", "numpy", "PIL", "cv2", "matplotlib", "tifffile"]
PUBLIC = [
    "BlurField",
    "ConfigError",
    "Deblurred",
    "ImageError",
    "KernelError",
    "MissingExtra",
    "OutputError",
    "PinsharpError",
    "Recipe",
    "Restored",
    "Restorer",
    "WeightsError",
    "__version__",
    "disk_kernel",
    "gaussian_kernel",
    "kernel_sigma",
    "load_method",
    "measure",
    "measure_channels",
    "read_image",
    "restore",
    "restore_file",
    "write_image",
]


def run_fresh(code, source=SOURCE):
    """Standard output of `code` in an interpreter that has imported nothing yet and finds pinsharp in `source`."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_public_names_are_the_promised_ones():
    """A name that leaves this list breaks somebody's program: it goes only after a release in which it warned."""
    assert sorted(pinsharp.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there(name):
    assert getattr(pinsharp, name) is not None
    assert name in dir(pinsharp)


def test_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'pinsharp' has no attribute 'sharpen'"):
        _ = pinsharp.sharpen


def test_importing_pinsharp_imports_nothing_heavy():
    """Modules are looked for, not milliseconds: on a busy machine a time says nothing."""
    loaded = run_fresh("import sys, pinsharp, pinsharp.restoration; print(*sys.modules)").split()

    assert set(HEAVY) & set(loaded) == set()


def test_errors_can_be_caught_without_torch():
    loaded = run_fresh("import sys, pinsharp; pinsharp.PinsharpError; print(*sys.modules)").split()

    assert "torch" not in loaded


def test_help_imports_no_torch():
    code = "\n".join(
        [
            "import sys",
            "from pinsharp.cli.main import run",
            "sys.argv = ['pinsharp', '--help']",
            "try:",
            "    run()",
            "except SystemExit as done:",
            "    assert not done.code, done.code",
            "print('modules:', *sys.modules)",
        ]
    )

    shown, _, loaded = run_fresh(code).rpartition("modules:")

    assert "restore" in shown
    assert set(HEAVY) & set(loaded.split()) == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_no_room_is_named_like_a_public_name(name):
    """Python sets the name of a package's attribute to the module of that name as soon as it is imported."""
    room = SOURCE / "pinsharp" / name

    assert not room.exists()
    assert not room.with_suffix(".py").exists()


def test_restore_refuses_a_misspelt_option():
    """The door passes options on and must not swallow one."""
    with pytest.raises(TypeError, match="iteratons"):
        pinsharp.restore(None, iteratons=3)
