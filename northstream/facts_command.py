"""`northstream facts import`: checks a CSV file of facts and hands it to the running product.

Does not store: the read API does, which says what has changed.
"""

import getpass
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from northstream.fact_files import FactFile, read_fact_file
from northstream.failures import UserError
from northstream.running_product import Api, find_api
from northstream.settings import Settings
from schemas.fact_rows import MAX_ROWS, FactError, read_rows

_ROWS_AT_A_TIME = 1_000
_ANSWER_SECONDS = 60.0


def run_facts_import(settings: Settings, path: Path, fact: str) -> int:
    """Send all rows of the file or, if any is wrong, none. What is known already is left as it is.

    Raises:
        UserError: with every wrong row at once; or nobody takes the facts.
    """
    file = read_fact_file(path, fact, _user())
    if problems := _problems(file):
        raise UserError(f"nothing of {path} was imported:\n" + "\n".join(f"{path}:{said}" for said in problems))
    if not file.rows:
        print(f"{path} has no rows.")
        return 0
    api = find_api(settings)
    changed = 0
    with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False) as client:
        for at in range(0, len(file.rows), _ROWS_AT_A_TIME):
            changed += _send(client, api, file.rows[at : at + _ROWS_AT_A_TIME], at)
    print(f"{len(file.rows)} facts of {path} are there; {changed} of them were new or different.")
    return 0


def _problems(file: FactFile) -> list[str]:
    """What is wrong, by line."""
    problems = list(file.problems)
    if len(file.rows) > MAX_ROWS:
        problems.append((1, f"{len(file.rows)} rows are too many: import {MAX_ROWS} at most at a time"))
    else:
        _, errors = read_rows({"facts": file.rows})
        problems += [(file.lines[error.row - 1], _by_line(error, file)) for error in errors]
    return [f"{line}: {said}" for line, said in sorted(problems)]


def _by_line(error: FactError, file: FactFile) -> str:
    """What is wrong; another row that it speaks of is named by its line."""
    if not error.other:
        return f"{error.field}: {error.message}"
    return f"{error.field}: {error.message.replace(f'row {error.other}', f'line {file.lines[error.other - 1]}')}"


def _send(client: httpx.Client, api: Api, rows: Sequence[Mapping[str, str]], sent: int) -> int:
    """The number of rows that changed something."""
    headers = {"Authorization": f"Bearer {api.secret_key}"}
    done = f"; {sent} rows were imported before, importing again is safe" if sent else ""
    try:
        answer = client.post(f"{api.url}/api/facts", json={"facts": rows}, headers=headers)
    except httpx.HTTPError as error:
        raise UserError(
            f"nothing answers at {api.url} ({error}); name the port that it runs on with --port,"
            f" the boards of a cluster with --boards-url{done}"
        ) from error
    if answer.status_code != 200:
        raise UserError(f"{api.url} refuses the facts ({answer.status_code}): {_reason(answer)}{done}")
    return int(answer.json()["changed"])


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "is that the northstream of this key?"
    return str(said.get("message") if isinstance(said, dict) else said)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        print("The system does not know your name: the facts are imported without it.", file=sys.stderr)
        return ""
