"""What Loki and Promtail are given: by their own checks where they are here, and by example lines."""
import re
import shutil
import subprocess

import pytest
import yaml

import chart

CONFIG = chart.CHART / "config"
LINE = ("2026-11-22 21:00:00,123 INFO [axum_jaeger::telemetry::server] [server.rs:141] "
        "[trace_id=0df33cfaeb847d87a78cd61059f540f5 span_id=9e771893f5f5c65d resource.service.name=app-a]"
        " - GET /chain http.route=/chain http.response.status_code=200 duration_ms=1011.423")


def run(program, repository, file, *options):
    """Runs a program that is on the PATH or in an image that the local Docker has."""
    if shutil.which(program):
        return subprocess.run([program, f"-config.file={file}", *options], capture_output=True, text=True)
    listed = shutil.which("docker") and subprocess.run(
        ["docker", "images", "-q", repository], capture_output=True, text=True).stdout.split()
    if not listed:
        pytest.skip(f"no {program} on the PATH and no image {repository} in Docker")
    return subprocess.run(["docker", "run", "--rm", "--network", "none", "-v", f"{file}:/check.yaml:ro",
                           listed[0], "-config.file=/check.yaml", *options], capture_output=True, text=True)


def test_loki_accepts_its_configuration():
    done = run("loki", "grafana/loki", CONFIG / "loki.yaml", "-verify-config")
    assert done.returncode == 0, done.stderr


def test_promtail_accepts_its_configuration():
    done = run("promtail", "grafana/promtail", CONFIG / "promtail.yaml", "-config.expand-env=true", "-check-syntax")
    assert done.returncode == 0, done.stderr


def stages():
    [scrape] = yaml.safe_load((CONFIG / "promtail.yaml").read_text())["scrape_configs"]
    [match] = [stage["match"] for stage in scrape["pipeline_stages"] if "match" in stage]
    return {name: stage for entry in match["stages"] for name, stage in entry.items()}


@pytest.mark.parametrize("line, first", [
    (LINE, True), ('{"timestamp":"2026-11-22 21:00:00,123"}', True),
    ("thread 'main' panicked at src/main.rs:1:1:", False), ("   1: std::panicking::begin_panic", False),
])
def test_a_first_line_is_known(line, first):
    assert bool(re.search(stages()["multiline"]["firstline"], line)) == first


def test_level_and_trace_are_taken_from_the_line():
    found = re.search(stages()["regex"]["expression"], LINE)
    assert found.groupdict() == {"level": "INFO", "trace_id": "0df33cfaeb847d87a78cd61059f540f5"}


def test_promtail_reads_this_releases_pods_alone():
    [scrape] = yaml.safe_load((CONFIG / "promtail.yaml").read_text())["scrape_configs"]
    [discovery] = scrape["kubernetes_sd_configs"]
    assert discovery["namespaces"] == {"own_namespace": True}
    assert discovery["selectors"][0]["label"] == "app.kubernetes.io/instance=${INSTANCE}"
    [promtail] = chart.one("DaemonSet", "promtail")["spec"]["template"]["spec"]["containers"]
    assert chart.environment(promtail)["INSTANCE"] == "demo"
