"""What helm renders, against what was looked at and kept."""
import os
import pathlib

import pytest

import chart

GOLDEN = pathlib.Path(__file__).parent / "golden"
# The first in full, the others where they differ in kind.
RENDERS = {
    "default": (),
    "light": (*chart.LIGHT, "--set", "networkPolicies.enabled=false"),
    "sidecar": (*chart.SIDECAR, "-s", "templates/app.yaml"),
    "elsewhere": (*chart.ELSEWHERE, "-s", "templates/loki.yaml", "-s", "templates/jaeger-query.yaml"),
}


@pytest.mark.parametrize("name", RENDERS)
def test_golden(name):
    file = GOLDEN / f"{name}.yaml"
    rendered = chart.text(*RENDERS[name])
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(rendered)
    assert lines(rendered) == lines(file.read_text()), f"{file.name} differs; UPDATE_GOLDEN=1 charts/check writes it anew"


def lines(text):
    """Without the empty ones: Helm 4 ends each file with one."""
    return [line for line in text.splitlines() if line.strip()]
