"""The command line: reads arguments, calls one function, turns a `UserError` into a sentence and exit code 2.

Does no work of its own.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from northstream.cluster_roles import ROLES
from northstream.failures import EXIT_USER, UserError
from northstream.settings import Settings, resolve

DEMO_DATA_DIR = "data/demo"
"""A simulated company must not get among a real one's events."""

_FLAGS = {
    "config": ("FILE", "YAML file with settings"),
    "data-dir": ("DIR", "folder of everything that is kept (data)"),
    "workspace": ("DIR", "workspace folder (the default workspace)"),
    "host": ("ADDRESS", "address of collector, API and pages (127.0.0.1)"),
    "port": ("PORT", "port of collector, API and pages (8000)"),
    "clickhouse-port": ("PORT", "port of the SQL interface (8123)"),
}
_CLUSTER_FLAGS = {
    "kafka": ("BROKERS", "Kafka's brokers as host:port,…"),
    "clickhouse-url": ("URL", "ClickHouse server, or a warehouse role"),
    "boards-url": ("URL", "the cluster's boards (http://HOST:PORT)"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 1 a check failed, 2 the user must mend something."""
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed) or 0)
    except UserError as error:
        print(f"northstream: {error}", file=sys.stderr)
        return EXIT_USER
    except BrokenPipeError:
        # The reader of our output has seen enough; what is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="northstream",
        description="Event tracking pipeline: acknowledged means kept, numbers are exact.",
        epilog="Every flag is also a setting; see `northstream settings`.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _command(commands, "up", _up, "run everything until Ctrl-C")
    _command(commands, "demo", _demo, "run everything with a simulated company")
    _run_commands(commands)
    migrate = _command(commands, "migrate", _migrate, "make or check topics and tables of a cluster")
    _add_flags(migrate, _CLUSTER_FLAGS)
    _command(commands, "settings", _settings, "show each setting: value, source, meaning")
    doctor = _command(commands, "doctor", _doctor, "check whether everything is there to run")
    replay = _command(commands, "replay", _replay, "rebuild people and counters from the stored events")
    audit = _command(commands, "audit", _audit, "compare every number with its recount from the stored events")
    for parser_of in (doctor, replay, audit):
        _add_flags(parser_of, _CLUSTER_FLAGS)
    audit.add_argument("--repair", action="store_true", help="publish what the events say where a number differs")
    init = commands.add_parser("init", help="write the default workspace", description="Write the default workspace.")
    init.add_argument("folder", type=Path, metavar="DIR", help="a folder that is absent or empty")
    init.set_defaults(run=_init)
    plan = commands.add_parser("plan", help="work on the tracking plan", description="Work on the tracking plan.")
    plan_commands = plan.add_subparsers(metavar="COMMAND", required=True)
    _command(plan_commands, "lint", _plan_lint, "find what breaks the plan's naming and ownership rules")
    _digest_command(commands)
    _metrics_commands(commands)
    _alerts_commands(commands)
    facts = commands.add_parser("facts", help="hand in what no event knows", description="Hand in what no event knows.")
    fact_commands = facts.add_subparsers(metavar="COMMAND", required=True)
    importing = _command(
        fact_commands, "import", _facts_import, "import facts from a CSV file into the running product"
    )
    _add_flags(importing, _CLUSTER_FLAGS)
    importing.add_argument("file", type=Path, metavar="FILE", help="CSV with a header: date, value, fact, channel, …")
    importing.add_argument("--fact", metavar="NAME", default="", help="the fact of rows that name none, e.g. spend")
    return parser


def _digest_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    digest = _command(commands, "digest", _digest, "print the weekly digest of the running product, or send it")
    _add_flags(digest, _CLUSTER_FLAGS)
    digest.add_argument("--week", default="", metavar="WEEK", help="like 2026-W47 (the last one that is over)")
    digest.add_argument("--format", default="text", choices=("text", "md", "html"), help="how to print it (text)")
    digest.add_argument("--lang", default="", choices=("en", "fr"), help="language (the workspace's)")
    digest.add_argument("--send", default="", metavar="RECEIVER", help="a receiver of alerts/*.yaml: e-mail or webhook")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    _add_flags(parser, _FLAGS)
    parser.set_defaults(run=run)
    return parser


def _add_flags(parser: argparse.ArgumentParser, flags: Mapping[str, tuple[str, str]]) -> None:
    for flag, (metavar, meaning) in flags.items():
        parser.add_argument(f"--{flag}", metavar=metavar, help=meaning)


def _run_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """One command per role of a cluster."""
    text = "run one role of a cluster until Ctrl-C"
    roles = commands.add_parser("run", help=text, description=f"{text[0].upper()}{text[1:]}.").add_subparsers(
        metavar="ROLE", required=True
    )
    for role in ROLES.values():
        _add_flags(_command(roles, role.name, _run, role.meaning), _CLUSTER_FLAGS)
        roles.choices[role.name].set_defaults(role=role.name)


def _metrics_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "work on the catalogue of metrics and boards"
    metrics = commands.add_parser("metrics", help=text, description=f"{text[0].upper()}{text[1:]}.")
    kinds = metrics.add_subparsers(metavar="COMMAND", required=True)
    lint = _command(kinds, "lint", _metrics_lint, "find what breaks the rules for metrics, boards and the tree")
    lint.add_argument("--numbers", action="store_true", help="also ask the running product: what is flat or too young")
    lint.add_argument("--strict", action="store_true", help="fail for warnings too")
    docs = _command(kinds, "docs", _metrics_docs, "write the glossary as HTML and Markdown, in English and French")
    docs.add_argument("--out", type=Path, metavar="DIR", default=Path("glossary"), help="where to (glossary)")
    validate = _command(kinds, "validate", _metrics_validate, "hold a candidate against retention and revenue")
    validate.add_argument("metric", metavar="METRIC", help="the candidate's id")
    validate.add_argument("--retention", metavar="METRIC", default="d30_retention", help="who stays (d30_retention)")
    validate.add_argument("--nrr", metavar="METRIC", default="nrr", help="net revenue retention (nrr)")
    for parser in (lint, validate):
        _add_flags(parser, _CLUSTER_FLAGS)


def _alerts_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "work on alert rules"
    alerts = commands.add_parser("alerts", help=text, description=f"{text[0].upper()}{text[1:]}.")
    kinds = alerts.add_subparsers(metavar="COMMAND", required=True)
    lint = _command(kinds, "lint", _alerts_lint, "find what is wrong with alert rules, receivers and routes")
    _add_flags(lint, _CLUSTER_FLAGS)
    lint.add_argument("--numbers", action="store_true", help="also ask the running product: which rules are too noisy")
    lint.add_argument("--strict", action="store_true", help="fail for warnings too")
    backtest = _command(kinds, "backtest", _alerts_backtest, "tell how often a rule would have fired in past days")
    _add_flags(backtest, _CLUSTER_FLAGS)
    backtest.add_argument("rule", metavar="RULE", help="group/alert, or the alert's name alone")
    backtest.add_argument("--days", type=int, metavar="N", default=90, help="so many days before now (90)")
    backtest.add_argument("--condition", metavar="TEXT", default="", help='try this one instead, like "> 30"')
    backtest.add_argument("--picture", type=Path, metavar="FILE", help="also draw it, as SVG")
    backtest.add_argument("--json", action="store_true", help="print everything as JSON")


def _flags(parsed: argparse.Namespace) -> dict[str, str]:
    names = (flag.replace("-", "_") for flag in (*_FLAGS, *_CLUSTER_FLAGS))
    return {name: getattr(parsed, name) for name in names if getattr(parsed, name, None) is not None}


def _resolved_settings(parsed: argparse.Namespace) -> Settings:
    return resolve(_flags(parsed), os.environ).settings


def _up(parsed: argparse.Namespace) -> None:
    from northstream.supervisor import up

    up(_resolved_settings(parsed))


def _demo(parsed: argparse.Namespace) -> None:
    from northstream.supervisor import up

    settings = resolve(_flags(parsed), os.environ, data_dir=DEMO_DATA_DIR).settings
    up(settings, extra_roles=["simulator"])


def _run(parsed: argparse.Namespace) -> int:
    from northstream.run_role import run_role

    return run_role(resolve(_flags(parsed), os.environ), parsed.role)


def _migrate(parsed: argparse.Namespace) -> None:
    from northstream.migrate_command import run_migrate

    run_migrate(_resolved_settings(parsed))


def _settings(parsed: argparse.Namespace) -> None:
    from northstream.show_settings import show_settings

    show_settings(resolve(_flags(parsed), os.environ), os.environ)


def _doctor(parsed: argparse.Namespace) -> int:
    from northstream.doctor import run_doctor

    return run_doctor(_resolved_settings(parsed), os.environ)


def _replay(parsed: argparse.Namespace) -> int:
    from northstream.replay_command import run_replay

    return run_replay(_resolved_settings(parsed))


def _audit(parsed: argparse.Namespace) -> int:
    from northstream.audit_command import run_audit

    return run_audit(_resolved_settings(parsed), parsed.repair)


def _init(parsed: argparse.Namespace) -> None:
    from schemas.workspace import write_default_workspace

    folder: Path = parsed.folder
    try:
        write_default_workspace(folder)
    except FileExistsError as error:
        raise UserError(f"{folder} is not empty; choose a new or an empty folder") from error
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}); choose another folder") from error
    print(f"The default workspace is in {folder}. Run it with: {sys.argv[0]} up --workspace {folder}")


def _digest(parsed: argparse.Namespace) -> int:
    from northstream.digest_command import Asked, run_digest

    asked = Asked(parsed.week, parsed.format, parsed.lang, parsed.send)
    return run_digest(_resolved_settings(parsed), asked)


def _facts_import(parsed: argparse.Namespace) -> int:
    from northstream.facts_command import run_facts_import

    return run_facts_import(_resolved_settings(parsed), parsed.file, parsed.fact)


def _plan_lint(parsed: argparse.Namespace) -> int:
    from northstream.show_lint import show_lint

    return show_lint(_resolved_settings(parsed))


def _metrics_lint(parsed: argparse.Namespace) -> int:
    from northstream.show_metric_lint import show_metric_lint

    return show_metric_lint(_resolved_settings(parsed), parsed.numbers, parsed.strict)


def _metrics_docs(parsed: argparse.Namespace) -> int:
    from northstream.write_glossary import write_glossary

    return write_glossary(_resolved_settings(parsed), parsed.out)


def _metrics_validate(parsed: argparse.Namespace) -> int:
    from northstream.validate_command import Asked, run_validate

    return run_validate(_resolved_settings(parsed), Asked(parsed.metric, parsed.retention, parsed.nrr))


def _alerts_lint(parsed: argparse.Namespace) -> int:
    from northstream.show_alert_lint import show_alert_lint

    return show_alert_lint(_resolved_settings(parsed), parsed.numbers, parsed.strict)


def _alerts_backtest(parsed: argparse.Namespace) -> int:
    from northstream.backtest_command import Asked, run_backtest

    asked = Asked(parsed.rule, parsed.days, parsed.condition, parsed.picture, parsed.json)
    return run_backtest(_resolved_settings(parsed), asked)


if __name__ == "__main__":
    sys.exit(main())
