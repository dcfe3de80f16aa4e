"""``paddle-estimate render ID``: the YAML of a saved estimate, made again without a dry step.

With ``--diff`` what it adds to its template and changes in it, as ``diff -u`` writes it.
"""

from __future__ import annotations

from estimator.cli.arguments import RenderArguments
from estimator.cli.console import error_console
from estimator.cli.output import check_writable, write_document
from estimator.cli.parsing import existing_folders
from estimator.cli.session import Session
from estimator.manifest.kindnames import parse_kind
from estimator.manifest.provenance import annotated
from estimator.messages import localise
from estimator.rerender import again, against_template


def run(session: Session, arguments: RenderArguments) -> int:
    """Print the YAML; notes on stderr say which layers have changed since."""
    check_writable(arguments.out)
    kind = None if arguments.kind is None else parse_kind(arguments.kind)
    folders = existing_folders(arguments.templates)
    if arguments.diff:
        write_document(against_template(arguments.identifier, kind, folders).text, arguments.out)
        return 0
    made = again(arguments.identifier, kind, folders)
    told = localise(made, session.language)
    console = error_console()
    for note in told.notes:
        console.print(session.say("render.note", note=note))
    text = annotated(told) if arguments.provenance else told.text
    write_document(text, arguments.out)
    return 0
