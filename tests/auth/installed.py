"""Gemini CLI as it may be installed, with an id and a secret that are made up."""

from __future__ import annotations

from pathlib import Path

ID, SECRET = "1234-made-up.apps.example.com", "made-up-secret-of-no-program-at-all"
SOURCE = f"""
var OAUTH_CLIENT_ID = "{ID}";
// It is ok to have this here,
//   for installed programs keep no secrets: "OAUTH_CLIENT_ID", 'x' and so on.
var OAUTH_CLIENT_SECRET = "{SECRET}";
var client = new Client({{ clientId: OAUTH_CLIENT_ID, clientSecret: OAUTH_CLIENT_SECRET }});
"""
TYPESCRIPT = SOURCE.replace("var ", "const ").replace('"', "'")
"""As the compiler leaves it, in a file of its own."""
PACKAGE = "lib/node_modules/@google/gemini-cli"


def program(folder: Path, name: str, text: str = "#!/usr/bin/env node\n") -> Path:
    """A program in a file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def linked(folder: Path, entry: str, text: str = "#!/usr/bin/env node\n") -> dict[str, str]:
    """A package whose program is `entry`, linked into a PATH as npm does; gives the environment."""
    package = folder / PACKAGE
    made = program(package, entry, text)
    (package / "package.json").write_text('{"name": "@google/gemini-cli"}')
    (folder / "bin").mkdir()
    (folder / "bin" / "gemini").symlink_to(made)
    return {"PATH": str(folder / "bin")}


def bundled(folder: Path, source: str = SOURCE) -> dict[str, str]:
    """The layout of today: one bundle in several parts."""
    environ = linked(folder, "bundle/gemini.js")
    parts = {"chunk-A.js": "var nothing = 1;\n" * 100, "chunk-B.js": "//\n" * 5000 + source, "note.md": "x" * 99_999}
    for name, text in parts.items():
        (folder / PACKAGE / "bundle" / name).write_text(text)
    return environ
