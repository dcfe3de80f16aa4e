"""``paddle-estimate templates new`` and ``check``."""

from __future__ import annotations

from dataclasses import asdict

from estimator.cli.arguments import TemplateCheckArguments, TemplateNewArguments
from estimator.cli.console import output_console
from estimator.cli.output import write_stdout
from estimator.cli.parsing import existing_folders
from estimator.cli.session import Session
from estimator.cli.tables import json_document, plain_table
from estimator.errors import BadInput
from estimator.manifest.authoring import check_templates, new_template
from estimator.messages import localise

_FINDING = ("where", "problem", "mend", "template", "case")


def new(session: Session, arguments: TemplateNewArguments) -> int:
    """Write a commented starter and print its path."""
    path = new_template(arguments.name, arguments.extends, arguments.layer, arguments.templates)
    write_stdout(json_document(path=str(path)) if arguments.json else f"{path}\n")
    return 0


def check(session: Session, arguments: TemplateCheckArguments) -> int:
    """Print what is wrong with the templates; the exit code says whether anything is."""
    folders = existing_folders(arguments.templates)
    findings = localise(check_templates(folders, arguments.names), session.language)
    if arguments.json:
        write_stdout(json_document(findings=[asdict(one) for one in findings]))
    elif findings:
        rows = ([getattr(one, column) for column in _FINDING] for one in findings)
        output_console().print(plain_table("templates", _FINDING, rows, session.say))
    else:
        output_console().print(session.say("templates.sound"))
    return BadInput.exit_code if findings else 0
