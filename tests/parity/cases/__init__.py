"""The rows, by theme; the rows of a theme share a file and a process."""

from . import (
    actions, context, health, json_bodies, pipelines, protocol, random_edits, routing, select,
    waiting,
)  # fmt: skip

THEMES = {
    "resource": actions.RESOURCE,
    "attributes/spans": actions.SPANS,
    "attributes": actions.POINTS,
    "select": select.ROWS,
    "context": context.ROWS,
    "random": random_edits.ROWS,
    "routing": routing.ROWS,
    "pipelines": pipelines.ROWS,
    "waiting": waiting.ROWS,
    "protocol": protocol.ROWS,
    "json": json_bodies.ROWS,
    "health": health.ROWS,
    "health/path": health.PATH,
    "health/body": health.BODY,
    "health/empty-body": health.EMPTY,
}
# What both programs find in their environment.
ENVIRONMENT = actions.ENVIRONMENT


def themes():
    """Theme -> rows. Names are unique and begin with their theme."""
    names = [row.name for rows in THEMES.values() for row in rows]
    assert len(names) == len(set(names)), "two rows have one name"
    for theme, rows in THEMES.items():
        assert rows and all(row.name.startswith(theme + "/") for row in rows), theme
    return THEMES
