"""What a commit is about: the areas of the tree it touches, and its main language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

AREAS_MAX = 3
ROOT = "root"

_LANGUAGES = {
    "c": ("c", "h"),
    "c++": ("cc", "cpp", "cxx", "hh", "hpp"),
    "c#": ("cs",),
    "configuration": ("cfg", "ini", "json", "toml", "yaml", "yml"),
    "css": ("css", "less", "scss"),
    "documentation": ("md", "mdx", "rst"),
    "elixir": ("ex", "exs"),
    "go": ("go",),
    "haskell": ("hs",),
    "html": ("htm", "html", "jinja", "jinja2"),
    "java": ("java",),
    "javascript": ("cjs", "js", "jsx", "mjs"),
    "kotlin": ("kt", "kts"),
    "lua": ("lua",),
    "php": ("php",),
    "protobuf": ("proto",),
    "python": ("ipynb", "py", "pyi", "pyx"),
    "ruby": ("rb",),
    "rust": ("rs",),
    "scala": ("scala",),
    "shell": ("bash", "sh", "zsh"),
    "sql": ("sql",),
    "swift": ("swift",),
    "terraform": ("tf",),
    "typescript": ("ts", "tsx"),
    "zig": ("zig",),
}
_BY_SUFFIX = {f".{suffix}": language for language, suffixes in _LANGUAGES.items() for suffix in suffixes}
_BY_NAME = {"dockerfile": "docker", "makefile": "make"}


def topics_of(files: Sequence[str]) -> list[str]:
    """Return up to three areas, the most touched first, then the language most files are in, where one is known."""
    areas = Counter(area_of(file) for file in files)
    languages = Counter(language for file in files if (language := language_of(file)))
    topics = [area for area, _ in areas.most_common(AREAS_MAX)]
    main = languages.most_common(1)
    return [*topics, main[0][0]] if main and main[0][0] not in topics else topics


def area_of(file: str) -> str:
    """Return the two upper folders of a file, such as `celery/worker`; `root` for a file in none."""
    folders = PurePosixPath(file).parts[:-1]
    return "/".join(folders[:2]) or ROOT


def language_of(file: str) -> str:
    """Return the language of a file by its name; empty when it is not known."""
    path = PurePosixPath(file)
    return _BY_SUFFIX.get(path.suffix.lower()) or _BY_NAME.get(path.name.lower(), "")
