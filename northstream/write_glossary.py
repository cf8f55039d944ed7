"""`northstream metrics docs`: writes the glossary of the workspace's catalogue, HTML and Markdown, English and French.

Does not choose what is said: see `northstream.glossary`.
"""

from pathlib import Path
from typing import get_args

from northstream.failures import UserError
from northstream.glossary import build_glossary
from northstream.glossary_html import as_html
from northstream.glossary_markdown import as_markdown
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace, workspace_folder
from schemas.catalogue_files import load_catalogue
from schemas.definitions import Language

NAMES: dict[Language, str] = {"en": "glossary", "fr": "glossaire"}


def write_glossary(settings: Settings, out: Path) -> int:
    """Write four files into a folder, over those of an earlier time.

    Raises:
        UserError: the workspace cannot be used, or the folder cannot be written.
    """
    workspace = load_named_workspace(settings)
    catalogue = load_catalogue(workspace_folder(settings), workspace)
    languages: tuple[Language, ...] = get_args(Language)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for language in languages:
            other = NAMES["fr" if language == "en" else "en"]
            glossary = build_glossary(workspace, catalogue, language)
            (out / f"{NAMES[language]}.html").write_text(as_html(glossary, f"{other}.html"), "utf-8")
            (out / f"{NAMES[language]}.md").write_text(as_markdown(glossary, f"{other}.md"), "utf-8")
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); choose another folder with --out") from error
    print(f"{len(catalogue.metrics)} metrics are described in {out}: {', '.join(NAMES.values())}, .html and .md")
    return 0
