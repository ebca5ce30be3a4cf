"""The chart as helm renders it."""
import functools
import pathlib
import subprocess

import yaml

CHART = pathlib.Path(__file__).parent.parent / "axum-jaeger"
LIGHT = ("-f", str(CHART / "values-light.yaml"))
SIDECAR = ("--set", "MODE=thrift-agent", "--set", "agent.kind=sidecar", "--set", "app.replicas=2")
# All that can be set about images, and ports to the outside and for Prometheus.
ELSEWHERE = ("--set", "imageRegistry=registry.example.com/mirror/", "--set", "imagePullSecrets={pull}",
             "--set", "images.loki.digest=sha256:" + "0" * 64, "--set", "jaeger.query.nodePort=30686",
             "--set", "metrics.enabled=true")
VALUE_SETS = {"default": (), "light": LIGHT, "sidecar": SIDECAR, "elsewhere": ELSEWHERE}


def helm_template(*options):
    """The finished `helm template`; the admin password is set, since a random one would differ each time."""
    return subprocess.run(
        ["helm", "template", "demo", str(CHART), "--namespace", "axum-jaeger", "--kube-version", "1.34.0",
         "--set", "grafana.adminPassword=golden", *options],
        capture_output=True, text=True)


@functools.cache
def text(*options):
    done = helm_template(*options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(*options):
    return [found for found in yaml.safe_load_all(text(*options)) if found]


def one(kind, name, *options):
    [found] = [it for it in objects(*options) if it["kind"] == kind and it["metadata"]["name"] == name]
    return found


def pods(*options):
    """(name, pod spec, pod labels) of everything that runs."""
    for it in objects(*options):
        template = it if it["kind"] == "Pod" else it.get("spec", {}).get("template")
        if template:
            yield it["metadata"]["name"], template["spec"], template["metadata"]["labels"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def environment(container):
    return {entry["name"]: entry.get("value") for entry in container.get("env", [])}
