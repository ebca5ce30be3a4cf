"""The Tiltfile, evaluated by a Starlark interpreter against recorded stand-ins for Tilt's functions.

Tilt itself does not run here: this shows that the file evaluates, calls functions that Tilt has with
parameters that they have, and names resources that the chart makes.
"""
import fnmatch
import pathlib

import pytest
import starlark
import yaml

import chart

TILTFILE = chart.CHART.parent.parent / "Tiltfile"
# Tilt's functions and the parameters they take, from its API reference.
SIGNATURES = {
    "allow_k8s_contexts": ["contexts"],
    "docker_build_with_restart": ["ref", "context", "entrypoint", "live_update", "dockerfile_contents", "ignore"],
    "k8s_resource": ["workload", "new_name", "labels", "resource_deps", "port_forwards", "links"],
    "k8s_yaml": ["yaml"],
    "link": ["url", "name"],
    "local_resource": ["name", "cmd", "deps", "labels", "auto_init", "trigger_mode", "resource_deps"],
    "sync": ["local_path", "remote_path"],
    "define_string": ["name", "usage"],
}


class Tilt:
    """What a Tiltfile called, by function: a list of its arguments by name."""

    def __init__(self, arguments=()):
        self.calls = {name: [] for name in SIGNATURES}
        module = starlark.Module()
        for name in SIGNATURES:
            module.add_callable(name, self.stand_in(name))
        module.add_callable("parse", lambda: dict(arguments))
        module.add_callable("helm", self.helm)
        module.add_callable("decode_yaml_stream", lambda text: [it for it in yaml.safe_load_all(text) if it])
        module.add_callable("encode_yaml_stream", lambda objects: yaml.safe_dump_all(objects))
        module["TRIGGER_MODE_MANUAL"] = "manual"
        dialect = starlark.Dialect.extended()
        dialect.enable_top_level_stmt = True
        globals_ = starlark.Globals.extended_by([starlark.LibraryExtension.StructType])
        source = "config = struct(define_string = define_string, parse = parse)\n" + TILTFILE.read_text()
        starlark.eval(module, starlark.parse("Tiltfile", source, dialect), globals_, starlark.FileLoader(self.load))

    def stand_in(self, name):
        def call(*positional, **named):
            given = dict(zip(SIGNATURES[name], positional)) | named
            assert set(given) <= set(SIGNATURES[name]), f"{name}({given})"
            self.calls[name].append(given)
            return given
        return call

    def load(self, path):
        assert path == "ext://restart_process"
        module = starlark.Module()
        module.add_callable("docker_build_with_restart", self.stand_in("docker_build_with_restart"))
        return module.freeze()

    @staticmethod
    def helm(path, name, kube_version, set):
        assert (TILTFILE.parent / path).samefile(chart.CHART)
        return chart.text(*(option for value in set for option in ("--set", value)))

    def resources(self):
        return {it.get("new_name", it.get("workload", it.get("name"))): it
                for it in self.calls["k8s_resource"] + self.calls["local_resource"]}

    def objects(self):
        [call] = self.calls["k8s_yaml"]
        return list(yaml.safe_load_all(call["yaml"]))


@pytest.fixture(scope="module")
def tilt():
    return Tilt()


def test_every_workload_is_a_resource_with_a_group_and_known_dependencies(tilt):
    workloads = {it["metadata"]["name"] for it in tilt.objects()
                 if it["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")}
    assert {it["workload"] for it in tilt.calls["k8s_resource"]} == workloads
    for name, resource in tilt.resources().items():
        assert resource["labels"], name
        assert set(resource.get("resource_deps", [])) <= set(tilt.resources()), name


def test_links_lead_to_forwarded_ports(tilt):
    ports = {name: it["port_forwards"] for name, it in tilt.resources().items() if "port_forwards" in it}
    assert ports == {"app-a": [8000], "jaeger-query": [16686], "grafana": [3000]}
    for name, [port] in ports.items():
        [link] = tilt.resources()[name]["links"]
        assert link["url"].startswith(f"http://localhost:{port}")


def test_the_binary_goes_from_the_build_into_the_container(tilt):
    [build] = tilt.calls["docker_build_with_restart"]
    [sync] = build["live_update"]
    binary = tilt.resources()["binary"]
    assert "--target binary --output target/tilt" in binary["cmd"]
    assert build["context"] == "target/tilt" and sync["local_path"] == "target/tilt/axum-jaeger"
    assert sync["remote_path"] == build["entrypoint"][0]
    assert all((TILTFILE.parent / dependency).exists() for dependency in binary["deps"])
    for it in tilt.objects():
        if it["metadata"]["name"].startswith("app-") and it["kind"] == "Deployment":
            [app] = it["spec"]["template"]["spec"]["containers"]
            assert app["image"].split(":")[0] == build["ref"] and "command" not in app and "args" not in app
            assert app["securityContext"]["readOnlyRootFilesystem"] is False


def test_all_that_the_build_writes_is_synced_or_ignored(tilt):
    [build] = tilt.calls["docker_build_with_restart"]
    [sync] = build["live_update"]
    synced = pathlib.PurePath(sync["local_path"]).name
    # BuildKit writes what it exports under such a name and then renames it (tonistiigi/fsutil, diskwriter.go).
    for written in (synced, ".tmp.283746519"):
        assert written == synced or any(fnmatch.fnmatch(written, pattern) for pattern in build.get("ignore", [])), written


def test_verify_runs_only_when_asked(tilt):
    verify = tilt.resources()["verify"]
    assert verify["auto_init"] is False and verify["trigger_mode"] == "manual"


def test_mode_is_an_argument():
    [defined] = Tilt().calls["define_string"]
    assert defined["name"] == "mode"
    grpc = Tilt({"mode": "grpc"})
    assert "jaeger-agent" not in grpc.resources()
    with pytest.raises(Exception, match="must be one of"):
        Tilt({"mode": "zipkin"})
