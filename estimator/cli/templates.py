"""``paddle-estimate templates``: the templates, and what one says with its layers merged."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.table import Table

from estimator.cli.arguments import TemplateArguments, TemplatesArguments
from estimator.cli.console import output_console
from estimator.cli.explain import origins_table
from estimator.cli.output import write_stdout
from estimator.cli.parsing import existing_folders
from estimator.cli.session import Session
from estimator.manifest.catalogue import list_templates, show_template
from estimator.manifest.types import TemplateSummary
from estimator.messages import Say

_COLUMNS = ("name", "layer", "extends", "description")


def list_(session: Session, arguments: TemplatesArguments) -> int:
    """Print one line for each template, or one JSON document."""
    templates = list_templates(existing_folders(arguments.templates))
    if arguments.json:
        document = {"schema_version": 1, "templates": [asdict(one) for one in templates]}
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        output_console().print(_table(templates, session.say))
    return 0


def show(session: Session, arguments: TemplateArguments) -> int:
    """Print the merged template as YAML."""
    write_stdout(show_template(arguments.name, existing_folders(arguments.templates)).text)
    return 0


def explain(session: Session, arguments: TemplateArguments) -> int:
    """Print where each value of the merged template comes from."""
    view = show_template(arguments.name, existing_folders(arguments.templates))
    output_console().print(origins_table(view.origins, session.say))
    return 0


def _table(templates: tuple[TemplateSummary, ...], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(say(f"templates.{column}"), overflow="fold")
    for one in templates:
        table.add_row(one.name, one.layer, one.extends or "", one.description)
    return table
