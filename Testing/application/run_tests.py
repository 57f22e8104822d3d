"""Run the modules' self-tests in an installed Slicer: `make test-slicer SLICER=/path/to/Slicer`.

The same form that ctest uses in a Slicer build tree, without CMake. PyTorch must be installed in that Slicer.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("CueSegBackend", "ExtremePointSeg", "ScribbleRefine")


def command(slicer: Path, module: str) -> list[str]:
    """The command line that runs the self-test of one module."""
    folder = str(ROOT / module)
    code = f"import slicer.testing; slicer.testing.runUnitTest([{folder!r}], {module!r})"
    paths = [str(ROOT / name) for name in MODULES]
    return [
        str(slicer),
        "--no-splash",
        "--testing",
        "--additional-module-paths",
        *paths,
        "--python-code",
        code,
    ]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if all passed, 1 if one failed, 2 if there is no Slicer to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slicer", default="", help="the Slicer executable, 5.12 or newer")
    slicer = parser.parse_args(arguments).slicer
    if not slicer or not Path(slicer).is_file():
        given = f"{slicer} is not a file" if slicer else "no Slicer was given"
        sys.stderr.write(f"Not run: {given}. Say make test-slicer SLICER=/path/to/Slicer\n")
        return 2
    failed = [
        module for module in MODULES if subprocess.run(command(Path(slicer), module), check=False).returncode
    ]
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else "all self-tests passed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
