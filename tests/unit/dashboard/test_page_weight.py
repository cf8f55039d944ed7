"""What pages load stays small."""

import re
from pathlib import Path

import dashboard

STATIC = Path(dashboard.__file__).parent / "static"


def test_all_scripts_together_are_under_400_kilobytes():
    """Uncompressed, vendored ones included: a board is there at once, also over a slow line."""
    scripts = list(STATIC.rglob("*.js"))
    assert len(scripts) > 20
    assert sum(path.stat().st_size for path in scripts) < 400_000


def test_every_module_that_is_imported_is_there():
    """Without a build step nothing else would notice a name that is not exported."""
    modules = {path.name: path.read_text() for path in STATIC.glob("*.js")}
    missing = [
        (name, source, wanted)
        for name, text in modules.items()
        for wanted_all, source in _imports(text)
        for wanted in wanted_all
        if source not in modules or not _exports(modules[source], wanted)
    ]
    assert missing == []


def _imports(text):
    for names, source in re.findall(r'^import \{([^}]*)\} from "\./([\w.]+)";', text, re.MULTILINE):
        yield [name.strip().split(" as ")[0] for name in names.split(",") if name.strip()], source


def _exports(text, name):
    declared = rf"^export (?:async )?(?:function|const|class) {name}\b"
    listed = rf"^export (?:const )?{{[^}}]*\b{name}\b"
    return re.search(f"{declared}|{listed}", text, re.MULTILINE)


def test_nothing_is_imported_that_is_not_used():
    """Dead names are the first step to dead code."""
    unused = [
        (path.name, name)
        for path in STATIC.glob("*.js")
        for names, _source in _imports(path.read_text())
        for name in names
        if len(re.findall(rf"\b{name}\b", path.read_text())) < 2
    ]
    assert unused == []
