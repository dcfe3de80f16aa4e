"""``paddle-estimate templates``: the templates, what one says with its layers merged, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Group
from rich.text import Text

from estimator.cli.arguments import (
    TemplateArguments,
    TemplateDiffArguments,
    TemplateExplainArguments,
    TemplatesArguments,
)
from estimator.cli.console import output_console
from estimator.cli.explain import origins_table
from estimator.cli.output import write_stdout
from estimator.cli.parsing import existing_folders
from estimator.cli.session import Session
from estimator.cli.tables import in_words, json_document, plain_table
from estimator.manifest.authoring import difference
from estimator.manifest.catalogue import (
    explain_path,
    list_templates,
    show_template,
    template_library,
)
from estimator.manifest.layers import resolve_template
from estimator.manifest.types import PathStory
from estimator.messages import Say, localise

_COLUMNS = ("name", "layer", "extends", "description")
_DIFFERENCE = ("path", "left", "left_origin", "right", "right_origin")


def list_(session: Session, arguments: TemplatesArguments) -> int:
    """Print one line for each template, or one JSON document."""
    templates = list_templates(existing_folders(arguments.templates))
    if arguments.json:
        write_stdout(json_document(templates=[asdict(one) for one in templates]))
        return 0
    rows = ([one.name, one.layer, one.extends or "", one.description] for one in templates)
    output_console().print(plain_table("templates", _COLUMNS, rows, session.say))
    return 0


def show(session: Session, arguments: TemplateArguments) -> int:
    """Print the merged template as YAML, or with origins, locks and policy as JSON."""
    view = show_template(arguments.name, existing_folders(arguments.templates))
    write_stdout(json_document(**asdict(view)) if arguments.json else view.text)
    return 0


def explain(session: Session, arguments: TemplateExplainArguments) -> int:
    """Print where each value of the merged template comes from, or every layer's say on one."""
    folders = existing_folders(arguments.templates)
    if arguments.path is not None:
        stories = explain_path(arguments.name, arguments.path, folders)
        _explain_path(session, stories, as_json=arguments.json)
        return 0
    view = show_template(arguments.name, folders)
    if arguments.json:
        write_stdout(json_document(**asdict(view)))
        return 0
    console = output_console()
    console.print(origins_table(view.origins, session.say))
    for one in view.locked:
        console.print(session.say("templates.locked", path=one.path, who=one.reason))
    for rule in view.policy:
        console.print(session.say("templates.policy", what=rule.said, who=rule.who))
    return 0


def diff(session: Session, arguments: TemplateDiffArguments) -> int:
    """Print the values in which two templates differ."""
    library = template_library(existing_folders(arguments.templates))
    sides = (resolve_template(library, name) for name in (arguments.name, arguments.other))
    differing = difference(*sides)
    if arguments.json:
        write_stdout(json_document(differences=[asdict(one) for one in differing]))
        return 0
    rows = (
        [
            one.path,
            in_words(one.left, one.left_origin),
            one.left_origin,
            in_words(one.right, one.right_origin),
            one.right_origin,
        ]
        for one in differing
    )
    heads = {"left": arguments.name, "right": arguments.other}
    table = plain_table("templates", _DIFFERENCE, rows, session.say, heads)
    output_console().print(table)
    return 0


def _explain_path(session: Session, stories: Sequence[PathStory], *, as_json: bool) -> None:
    told = localise(tuple(stories), session.language)
    if as_json:
        write_stdout(json_document(paths=[asdict(one) for one in told]))
    else:
        output_console().print(Group(*_stories(told, session.say)))


def _stories(stories: Iterable[PathStory], say: Say) -> Iterable[Text]:
    for story in stories:
        value = in_words(story.value, story.path if story.is_set else "")
        yield Text(f"{story.path}: {value}", style="bold")
        for one in story.says:
            said = f" {in_words(one.value, one.where)}" if one.value is not None else ""
            why = f"  ({one.reason})" if one.reason else ""
            mark = "=>" if one.wins else "  "
            yield Text(f"  {mark} {one.where}  {one.layer} {one.action}{said}{why}")
        for who in story.locked_by:
            yield Text(f"     {say('templates.locked', path=story.path, who=who)}")
