"""CSV files of facts: what their first line may say, which lines are wrong, nothing guessed."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from northstream.fact_files import read_fact_file
from northstream.facts_command import run_facts_import
from northstream.failures import UserError
from northstream.settings import Settings


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "facts.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_parted_as_spreadsheets_do(tmp_path: Path, delimiter: str) -> None:
    """By commas, semicolons or tabs; a byte order mark, capitals and blanks around names do no harm."""
    text = "\ufeffFact,Date, value,note\r\nspend,2026-11-01,10.5,\r\n\r\n,2026-11-02,3,later\r\n".replace(
        ",", delimiter
    )
    file = read_fact_file(written(tmp_path, text), "cash", "zoe")
    assert file.rows == [
        {"fact": "spend", "uploader": "zoe", "date": "2026-11-01", "value": "10.5"},
        {"fact": "cash", "uploader": "zoe", "date": "2026-11-02", "value": "3", "note": "later"},
    ]
    assert (file.lines, file.problems) == ([2, 4], [])


def test_a_quoted_cell_may_hold_the_delimiter_and_line_breaks(tmp_path: Path) -> None:
    """Lines are still those of the file."""
    file = read_fact_file(written(tmp_path, 'date,value,note\n2026-11-01,1,"a, b\nc"\n2026-11-02,2,x\n'), "spend", "")
    assert [row.get("note") for row in file.rows] == ["a, b\nc", "x"]
    assert file.lines == [2, 4]


@pytest.mark.parametrize(
    ("text", "fact", "said"),
    [
        ("", "spend", 'the column "date" is missing\nthe column "value" is missing'),
        ("date,value\n", "", 'the column "fact" is missing'),
        ("date,value,chanel\n", "spend", 'there is no column "chanel"; did you mean "channel"?'),
        ("date,value,Value\n", "spend", '"value" stands there twice'),
        ("2026-11-01,10\n", "spend", 'there is no column "2026-11-01"'),
    ],
)
def test_a_first_line_that_names_no_columns_is_refused(tmp_path: Path, text: str, fact: str, said: str) -> None:
    """All that is wrong with it at once, with the names that there are."""
    with pytest.raises(UserError) as refused:
        read_fact_file(written(tmp_path, text), fact, "")
    assert said in str(refused.value)
    assert "facts.csv:1: the first line must name the columns (fact, date, value, " in str(refused.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """Letters of another encoding would be stored as others; a quote that never ends would swallow rows."""
    with pytest.raises(UserError, match="not UTF-8"):
        read_fact_file(written(tmp_path, "date,value,note\n2026-11-01,1,é\n", "latin-1"), "spend", "")
    with pytest.raises(UserError, match=r"facts\.csv:2: "):
        read_fact_file(written(tmp_path, 'date,value\n"2026-11-01,1\n2026-11-02,2\n'), "spend", "")
    with pytest.raises(UserError, match="cannot be read"):
        read_fact_file(tmp_path / "absent.csv", "spend", "")


def test_every_wrong_line_is_told_and_nothing_is_sent(tmp_path: Path) -> None:
    """Decimal commas of Germany and France are refused, not guessed, quoted or not; no product needs to run."""
    path = written(
        tmp_path,
        'date,value,channel\n2026-11-01,"1.234,56",ads\n2026-11-01,1234,56,ads\n01.11.2026,5,ads\n'
        "2026-11-02,5,ads\n2026-11-02,7,ads\n",
    )
    with pytest.raises(UserError) as refused:
        run_facts_import(Settings(data_dir=tmp_path), path, "spend")
    first, *lines = str(refused.value).splitlines()
    assert first == f"nothing of {path} was imported:"
    assert [line.removeprefix(f"{path}:").partition(" (")[0][:58] for line in lines] == [
        '2: value: "1.234,56" has a comma, which may part thousands',
        "3: 4 cells where the first line names 3 columns",
        '4: date: "01.11.2026" is no date; write it as year-month-d',
        "6: fact: the same fact, date, category, channel and source",
    ]
    assert "as line 5: add the two up" in lines[-1]


class Boards(BaseHTTPRequestHandler):
    """Takes facts as the read API does; `answers` are its replies, one after the other, `taken` what was sent."""

    answers: ClassVar[list[tuple[int, dict[str, Any]]]] = []
    taken: ClassVar[list[tuple[str | None, list[dict[str, str]]]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.taken.append((self.headers["Authorization"], body["facts"]))
        status, answer = self.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def boards() -> Iterator[Settings]:
    """Settings of a cluster whose boards answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Boards)
    Thread(target=server.serve_forever, daemon=True).start()
    Boards.answers, Boards.taken = [], []
    url = f"http://127.0.0.1:{server.server_port}"
    yield Settings(clickhouse_url="http://127.0.0.1:9", boards_url=url, write_key="wk", secret_key="sk")
    server.shutdown()
    server.server_close()


def test_rows_are_sent_with_the_secret_key_a_thousand_at_a_time(
    tmp_path: Path, boards: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand in the file, in its order; what was new is added up and said."""
    path = written(tmp_path, "date,value,channel\n" + "".join(f"2026-11-01,{n}.50,c{n}\n" for n in range(1500)))
    Boards.answers = [(200, {"changed": 1000}), (200, {"changed": 7})]
    assert run_facts_import(boards, path, "spend") == 0
    assert [(key, len(rows)) for key, rows in Boards.taken] == [("Bearer sk", 1000), ("Bearer sk", 500)]
    assert {name: Boards.taken[1][1][0][name] for name in ("fact", "value", "channel")} == {
        "fact": "spend",
        "value": "1000.50",
        "channel": "c1000",
    }
    assert "1500 facts" in capsys.readouterr().out


def test_a_refusal_is_told_with_its_reason_and_what_was_done_before(tmp_path: Path, boards: Settings) -> None:
    """Importing the file again sends all of it, which changes nothing twice."""
    path = written(tmp_path, "date,value,channel\n" + "".join(f"2026-11-01,{n},c{n}\n" for n in range(1001)))
    Boards.answers = [(200, {"changed": 1000}), (503, {"message": "the warehouse rests"})]
    with pytest.raises(UserError, match=r"503.*the warehouse rests; 1000 rows were imported before, importing again"):
        run_facts_import(boards, path, "spend")


def test_facts_need_a_product_that_runs(tmp_path: Path) -> None:
    """The sentence names the folder and what to do."""
    with pytest.raises(UserError, match="no northstream runs on"):
        run_facts_import(Settings(data_dir=tmp_path), written(tmp_path, "date,value\n2026-11-01,1\n"), "spend")
