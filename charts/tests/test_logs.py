"""What Loki and Promtail are given: by their own checks where they are here, and by example lines."""
import json
import re
import shutil
import subprocess

import pytest
import yaml

import chart

CONFIG = chart.CHART / "config"
TRACE = "0df33cfaeb847d87a78cd61059f540f5"
CALLERS = "0af7651916cd43dd8448eb211c80319c"


def text_line(path):
    """The line of a request for this path, as crates/telemetry/src/log writes it."""
    return ("2026-11-22 21:00:00,123 INFO [axum_jaeger_telemetry::server] [access_log.rs:32] "
            f"[trace_id={TRACE} span_id=9e771893f5f5c65d resource.service.name=app-a]"
            f" - GET {path} http.response.status_code=200 duration_ms=1011.423")


def json_line(path):
    """The same with LOG_FORMAT=json, whose keys are sorted."""
    return json.dumps({
        "duration_ms": 1011.423, "file": "access_log.rs", "http.response.status_code": 200, "level": "INFO", "line": 32,
        "message": f"GET {path}", "resource.service.name": "app-a", "span_id": "9e771893f5f5c65d",
        "target": "axum_jaeger_telemetry::server", "timestamp": "2026-11-22 21:00:00,123", "trace_id": TRACE,
    }, separators=(",", ":"), ensure_ascii=False)


LINE = text_line("/chain")
# Paths that hyper takes, which look like what is read from a line. A path has no blank.
HOSTILE = [
    f"/[trace_id={CALLERS}",
    f"/[x]%20[trace_id={CALLERS}%20span_id=1",
    f"/]-[trace_id={CALLERS}]",
    f"/trace_id={CALLERS}",
    f'/"trace_id":"{CALLERS}"',
    f'/{{"trace_id":"{CALLERS}","level":"ERROR"}}',
    '/"http.response.status_code":500/"duration_ms":9',
    "/http.response.status_code=500/duration_ms=9",
    "/2026-11-22%2021:00:00,123%20ERROR",
    f"/items/%0A2026-11-22%2021:00:00,123%20ERROR%20[x]%20[y]%20[trace_id={CALLERS}%20",
    f'/\\"trace_id\\":\\"{CALLERS}\\"',
    f'/"}}"trace_id":"{CALLERS}"{{',
    "/\u00a0http.response.status_code=500\u00a0duration_ms=9",
    f'/\u2028{{"trace_id":"{CALLERS}"}}',
    "/level=fatal/severity=critical/FATAL",
    f"/{'[trace_id=' + CALLERS + ']' * 700}",
]
each_form = pytest.mark.parametrize("form", [text_line, json_line])
each_path = pytest.mark.parametrize("path", ["/chain", *HOSTILE])


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


def extracted(line):
    """What the regex and json stages take from a line. Go's regexp and Python's agree on this expression."""
    found = {}
    if match := re.search(stages()["regex"]["expression"], line):
        found |= match.groupdict()
    try:
        found |= {key: json.loads(line)[key] for key in stages()["json"]["expressions"]}
    except ValueError:
        pass
    return found


@each_form
@each_path
def test_level_and_trace_are_taken_from_the_line_and_not_from_the_path_in_it(form, path):
    assert extracted(form(path)) == {"level": "INFO", "trace_id": TRACE}


def test_a_backtrace_has_neither():
    assert extracted(f"   1: [trace_id={CALLERS} x") == {}


def test_nothing_of_a_line_becomes_a_label():
    [scrape] = yaml.safe_load((CONFIG / "promtail.yaml").read_text())["scrape_configs"]
    used = {name for stage in scrape["pipeline_stages"] for name in stage} | set(stages())
    assert used == {"cri", "labeldrop", "match", "multiline", "regex", "json", "structured_metadata"}
    assert set(stages()["structured_metadata"]) == {"level", "trace_id"}


def promtails_selectors(node):
    """Which pods Promtail asks for on this node: the selectors of the configuration as its pod's environment
    completes them, and as Promtail 3.4.0 and later then change them (fulfillKubePodSelector in
    clients/pkg/promtail/targets/file/filetargetmanager.go): with spec.nodeName=$HOSTNAME appended where it is
    not in the field selector. In a pod HOSTNAME is the pod's name, where nothing else is set."""
    [container] = chart.one("DaemonSet", "promtail")["spec"]["template"]["spec"]["containers"]
    pod = {"metadata.name": "promtail-x7k2p", "spec.nodeName": node}
    environment = {"HOSTNAME": pod["metadata.name"]}
    for entry in container["env"]:
        environment[entry["name"]] = entry.get("value") or pod[entry["valueFrom"]["fieldRef"]["fieldPath"]]
    text = chart.one("ConfigMap", "promtail")["data"]["promtail.yaml"]
    text = re.sub(r"\$\{(\w+)\}", lambda name: environment[name[1]], text)
    [discovery] = yaml.safe_load(text)["scrape_configs"][0]["kubernetes_sd_configs"]
    assert discovery["role"] == "pod" and discovery["namespaces"] == {"own_namespace": True}
    for selector in discovery["selectors"]:
        of_node = f"spec.nodeName={environment['HOSTNAME']}"
        fields = selector.get("field", "")
        if of_node not in fields:
            fields = f"{fields},{of_node}" if fields else of_node
        yield selector["label"], set(fields.split(","))


def test_promtail_reads_this_releases_pods_of_its_own_node_alone():
    assert list(promtails_selectors("worker-1")) == [("app.kubernetes.io/instance=demo", {"spec.nodeName=worker-1"})]
