"""The project's own files, for the tests that read them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PANELS = ("ExtremePointSeg", "ScribbleRefine")
MODULES = ("CueSegBackend", *PANELS)
_IGNORED = {".git", ".venv", ".cache", "build", "output", "runs", "__pycache__"}


@cache
def project_files() -> tuple[Path, ...]:
    """Files that belong to the project: tracked, or new and not ignored by git."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(
            command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True
        ).stdout.splitlines()
        paths = (ROOT / name for name in names)
    else:  # an unpacked archive
        paths = (p for p in ROOT.rglob("*") if not _IGNORED & set(p.relative_to(ROOT).parts))
    return tuple(sorted(p for p in paths if p.is_file()))


def python_files(*folders: str) -> list[Path]:
    """Python files of the project, in these folders (relative to the root) or everywhere."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return [p for p in project_files() if p.suffix == ".py" and any(r in p.parents or r == p for r in roots)]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, at_module_level_only: bool = False) -> set[str]:
    """Dotted names of all imported modules, `from a import b` as a and a.b."""
    tree = syntax_tree(path)
    nodes = tree.body if at_module_level_only else list(ast.walk(tree))
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def imports_any(path: Path, packages: tuple[str, ...], at_module_level_only: bool = False) -> set[str]:
    """The imported names that are, or lie in, one of the packages."""
    found = imports(path, at_module_level_only)
    return {name for name in found if any(name == p or name.startswith(f"{p}.") for p in packages)}


def module_class(module: str, suffix: str = "") -> ast.ClassDef | None:
    """The class <module><suffix> of a Slicer module file."""
    tree = syntax_tree(ROOT / module / f"{module}.py")
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return next((node for node in classes if node.name == module + suffix), None)
