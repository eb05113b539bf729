"""``annotate``: ask people about cells of a finished run, on a page that shows what judges see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--items",
    default="360",
    show_default=True,
    help="How many board cells to draw, or a file of them (CSV: lens,layer,patch_id).",
)
@click.option("--annotators", help="Pseudonyms of the people asked, separated by commas.")
@click.option("--ratings", default=2, show_default=True, help="People who rate each item.")
@click.option(
    "--controls", default=10.0, show_default=True, help="Per cent of the cells from control rows."
)
@click.option("--judge", default="", help="Stratify by this judge.  [default: the run's first]")
@click.option(
    "--shows",
    type=click.Choice(["words", "sentences"]),
    help="What is rated.  [default: what the run's judges are shown]",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the sample and of the orders.")
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    help="Folder of the study.  [default: RUN/annotation]",
)
@click.option(
    "--static",
    type=click.Path(path_type=Path),
    help="Write pages to hand out, which need no server, into this folder.",
)
@click.option("--prepare", is_flag=True, help="Draw the items and their pictures only.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8000, show_default=True, help="Port; 0: any that is free.")
def command(
    run: Path,
    annotators: str | None,
    study: Path | None,
    static: Path | None,
    prepare: bool,
    host: str,
    port: int,
    **request: Any,
) -> None:
    """Draw cells of RUN by lens, layer and verdict, and serve a page on which people rate them.

    Nobody sees lens, layer or verdict. The same command again goes on with the same study; without
    --annotators it goes on with the study that is there. On another address than this machine's
    own, everyone gets a link with a token. Ratings stay in the folder of the study;
    `harness agree RUN` evaluates them.
    """
    from harness.core.errors import UsageError
    from harness.pipeline.annotation import FOLDER
    from human_eval.study import PICTURES, STUDY_FILE, read_study

    folder = study or run / FOLDER
    if annotators is not None:
        found = _made(run, folder, annotators, request)
    elif (folder / STUDY_FILE).exists():
        found = read_study(folder)
    else:
        raise UsageError(
            f"{folder} holds no study yet: name the people to ask, as in --annotators a,b,c"
        )
    people = ", ".join(f"{name} {len(asked)}" for name, asked in found.assignments.items())
    click.echo(f"study {found.study_id}: {len(found.items)} items; {people}")
    if static:
        from human_eval.static_site import write_static

        for page in write_static(static, found, folder / PICTURES):
            click.echo(f"page: {page}")
    elif not prepare:
        try:
            from human_eval.server import serve
        except ModuleNotFoundError as error:
            raise UsageError(
                f"the page cannot be served without {error.name}: pip install "
                "'lensbench[annotate]', or write pages to hand out with --static"
            ) from error
        serve(found, folder, host=host, port=port, announce_links=click.echo)


def _made(run: Path, folder: Path, annotators: str, request: dict[str, Any]) -> Any:
    """Draw the study of a run, or find it as it was drawn before."""
    from pydantic import ValidationError

    from harness.core.config import JudgingOptions
    from harness.core.errors import UsageError
    from harness.pipeline.annotation import StudyRequest, make_study
    from harness.pipeline.rejudge import opened

    names = tuple(name.strip() for name in annotators.split(","))
    given = {name: value for name, value in request.items() if value is not None}
    try:
        wanted = StudyRequest.model_validate(given | {"annotators": names})
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{first['loc'][0]}"
        raise UsageError(f"{option} {first['input']!r}: {first['msg']}") from error
    with opened(run, JudgingOptions.model_validate({})) as context:
        return make_study(context, folder, wanted)
