"""What the values mean, and which are refused."""
import pytest

import chart

PATHS = ["grpc", "thrift-collector", "thrift-agent"]


def modes(*options):
    """MODE of app-a, app-b, app-c, and whether a Jaeger agent runs for them."""
    found = [chart.environment(chart.one("Deployment", name, *options)["spec"]["template"]["spec"]["containers"][0])["MODE"]
             for name in ("app-a", "app-b", "app-c")]
    agent = any(it["kind"] == "DaemonSet" and it["metadata"]["name"] == "jaeger-agent" for it in chart.objects(*options))
    return found, agent


@pytest.mark.parametrize("options, expected, agent", [
    ((), PATHS, True),
    (("--set", "MODE=grpc"), ["grpc"] * 3, False),
    (("--set", "MODE=thrift-agent"), ["thrift-agent"] * 3, True),
    (("--set", "MODE=grpc", "--set", "apps.app-b.MODE=thrift-agent"), ["grpc", "thrift-agent", "grpc"], True),
    (("--set", "apps.app-c.MODE=grpc"), ["grpc", "thrift-collector", "grpc"], False),
    (("--set", "MODE=grpc", "--set", "agent.always=true"), ["grpc"] * 3, True),
])
def test_mode(options, expected, agent):
    assert modes(*options) == (expected, agent)


def test_a_sidecar_goes_where_it_is_needed():
    def sidecars(*options):
        return [name for name, spec, _ in chart.pods("--set", "agent.kind=sidecar", *options)
                if any(it.get("restartPolicy") == "Always" for it in spec.get("initContainers", []))]
    assert sidecars() == ["app-c"]
    assert sidecars("--set", "agent.always=true") == ["app-a", "app-b", "app-c"]
    app = chart.one("Deployment", "app-c", "--set", "agent.kind=sidecar")["spec"]["template"]["spec"]["containers"][0]
    assert chart.environment(app)["AGENT_HOST_NAME"] == "127.0.0.1"


def test_the_service_of_the_agents_is_there_without_them():
    """An upgrade ends them together with old pods of the apps, which still send to it."""
    assert chart.one("Service", "jaeger-agent", "--set", "MODE=grpc")


def test_an_agent_from_elsewhere():
    options = ("--set", "agent.kind=none", "--set", "apps.app-c.env.AGENT_HOST_NAME=elsewhere")
    assert modes(*options) == (PATHS, False)


def test_metrics_are_off_until_they_are_wanted():
    def app(*options):
        template = chart.one("Deployment", "app-b", *options)["spec"]["template"]
        return template, template["spec"]["containers"][0]
    template, container = app()
    assert "annotations" not in template["metadata"] and "METRICS_PORT" not in chart.environment(container)
    template, container = app("--set", "metrics.enabled=true,metrics.port=9100")
    assert template["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true", "prometheus.io/port": "9100", "prometheus.io/path": "/metrics"}
    assert chart.environment(container)["METRICS_PORT"] == "9100"
    assert {"name": "metrics", "containerPort": 9100} in container["ports"]


@pytest.mark.parametrize("setting, message", [
    ("metrics.port=8000", "'/metrics/port': 'not' failed"),
    ("metrics.port=0", "'/metrics/port': minimum: got 0, want 1"),
    ("MODE=zipkin", "'/MODE': value must be one of '', 'grpc', 'thrift-collector', 'thrift-agent'"),
    ("apps.app-b.MODE=zipkin", "'/apps/app-b/MODE': value must be one of"),
    ("apps.app-d.MODE=grpc", "'/apps': additional properties 'app-d' not allowed"),
    ("mode=grpc", "additional properties 'mode' not allowed"),
    ("cassandra.resources.limits.gpu=1", "additional properties 'gpu' not allowed"),
    ("storage=elasticsearch", "'/storage': value must be one of 'cassandra', 'memory'"),
    ("agent.kind=none", "app-c exports through a Jaeger agent (MODE thrift-agent), but agent.kind is none"),
])
def test_refused(setting, message):
    done = chart.helm_template("--set", setting)
    assert done.returncode != 0 and message in done.stderr


def test_light_runs_the_apps_and_one_jaeger():
    assert {name for name, *_ in chart.pods(*chart.LIGHT)} == {"app-a", "app-b", "app-c", "jaeger-all-in-one", "verify"}
