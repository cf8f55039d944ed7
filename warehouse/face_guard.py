"""What the read-only user may ask, judged on a statement as the engine's own formatter spells it.

Does not stand alone: the connection it runs on is read-only and limited too. This refuses what such
a connection still lets through, since the embedded engine has no users and grants: the function file(),
INTO OUTFILE, KILL, other people's queries.
"""

from collections.abc import Iterable, Mapping, Sequence

from warehouse.face_errors import FaceError, access_denied, read_only_refusal
from warehouse.face_statement import Token, tokens_of

_READING = frozenset(("SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "USE"))

TABLE_FUNCTIONS = frozenset(
    (
        *("numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series", "values", "null"),
        *("view", "viewexplain", "viewifpermitted", "format"),
    )
)
"""Table functions of the read-only user (lower case); none reaches outside or past these rules."""

_DENIED_FUNCTIONS = frozenset(
    (
        *("file", "hascolumnintable", "logtrace", "getclienthttpheader", "showcertificate", "getmacro", "trap"),
        *("addresstoline", "addresstolinewithinlines", "addresstosymbol", "reversednsquery", "catboostevaluate"),
        *("filesystemavailable", "filesystemcapacity", "filesystemunreserved", "getserverport", "sleep"),
        *("sleepeachrow", "aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity"),
        *("aitranslate",),
    )
)

SYSTEM_TABLES = frozenset(
    (
        *("aggregate_function_combinators", "build_options", "clusters", "collations", "columns", "completions"),
        *("constraints", "contributors", "data_skipping_indices", "data_type_families", "database_engines"),
        *("databases", "dictionaries", "enabled_roles", "current_roles", "formats", "functions", "grants"),
        *("keywords", "licenses", "macros", "merge_tree_settings", "metrics", "numbers", "numbers_mt", "one"),
        *("parts", "parts_columns", "privileges", "projections", "quotas", "roles", "settings", "settings_changes"),
        *("storage_policies", "table_engines", "table_functions", "tables", "time_zones", "zeros", "zeros_mt"),
        *("views",),
    )
)
"""Tables of `system` that clients ask for and that show nobody's queries or files."""


def check_read_only(
    normalised: str, database: str, parameters: Mapping[str, str], table_functions: frozenset[str]
) -> None:
    """Raise unless the read-only user may run the statement.

    Args:
        normalised: one statement, formatted by the engine (comments gone, names unescaped).
        database: the one in which unqualified tables are looked up.
        parameters: values of {name:Type}; as an Identifier they name tables too.
        table_functions: every table function of the engine, lower case.

    Raises:
        FaceError: READONLY or ACCESS_DENIED, as a server's read-only user gets them.
    """
    if database.lower() == "system":
        raise access_denied("system as the current database")
    tokens = list(tokens_of(normalised))
    _check_kind(tokens)
    denied = table_functions - TABLE_FUNCTIONS
    for position, token in enumerate(tokens):
        if token.name:
            _check_name(tokens, position, denied)
    if any(token.name == "Identifier" for token in tokens):
        _check_identifiers(parameters.values())


def _check_kind(tokens: Sequence[Token]) -> None:
    opening = next((token for token in tokens if token.text != "("), None)
    if opening is not None and opening.is_keyword("SET"):
        raise read_only_refusal(f"Cannot modify '{tokens[1].name}' setting in readonly mode.")
    if opening is None or not opening.is_keyword(*_READING):
        raise read_only_refusal()


def _check_name(tokens: Sequence[Token], position: int, denied: frozenset[str]) -> None:
    token = tokens[position]
    name = token.name.lower()
    before = tokens[position - 1].text.upper() if position else ""
    after = tokens[position + 1].text if position + 1 < len(tokens) else ""
    if name == "outfile" and before == "INTO":
        raise FaceError(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed.")
    if name == "processlist" and before == "SHOW":
        raise access_denied("SHOW PROCESSLIST")
    # Without brackets too: arrayMap(file, …) and APPLY file call it as well.
    if name in _DENIED_FUNCTIONS and before != ".":
        raise access_denied(f"the function {token.name}")
    if name in denied and after == "(":
        raise access_denied(f"the table function {token.name}")
    if before == "." and tokens[position - 2].name.lower() == "system" and name not in SYSTEM_TABLES:
        raise access_denied(f"the table system.{token.name}")
    if name.startswith("system.") and name.removeprefix("system.") not in SYSTEM_TABLES:
        raise access_denied(f"the table {token.name}")


def _check_identifiers(values: Iterable[str]) -> None:
    """A table's name may come as a parameter, escaped in ways that only the engine undoes: no way to `system`."""
    for value in values:
        if "\\" in value or "system" in value.lower():
            raise access_denied("system tables through parameters")
