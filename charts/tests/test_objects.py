"""Every object the chart makes: valid for Kubernetes, and as locked down as the documentation says."""
import re

import kubernetes_validate
import pytest

import chart

each_value_set = pytest.mark.parametrize("options", chart.VALUE_SETS.values(), ids=chart.VALUE_SETS.keys())


@each_value_set
@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_kubernetes_knows_every_field(options, version):
    for it in chart.objects(*options):
        kubernetes_validate.validate(it, version, strict=True)


@each_value_set
def test_every_pod_is_restricted_but_promtails(options):
    for name, spec, _ in chart.pods(*options):
        if name == "promtail":
            continue
        security = spec["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not any("hostPath" in volume for volume in spec.get("volumes", [])), name
        for container in chart.containers(spec):
            locked = container["securityContext"]
            assert locked["allowPrivilegeEscalation"] is False, name
            assert locked["capabilities"] == {"drop": ["ALL"]}, name
            assert locked.get("readOnlyRootFilesystem") or name == "cassandra", name


@each_value_set
def test_only_promtail_has_a_token_and_nobody_has_service_links(options):
    for name, spec, _ in chart.pods(*options):
        assert spec["enableServiceLinks"] is False, name
        assert (spec.get("automountServiceAccountToken") is False) == (name != "promtail"), name


@each_value_set
def test_every_container_has_requests_limits_and_a_pinned_image(options):
    for name, spec, _ in chart.pods(*options):
        for container in chart.containers(spec):
            for kind in ("requests", "limits"):
                assert set(container["resources"][kind]) == {"cpu", "memory"}, (name, kind)
            assert re.search(r":(?!latest)[\w.-]+$|@sha256:[0-9a-f]{64}$", container["image"]), name


@each_value_set
def test_services_find_pods_and_their_ports(options):
    pods = list(chart.pods(*options))
    for service in (it for it in chart.objects(*options) if it["kind"] == "Service"):
        name, selector = service["metadata"]["name"], service["spec"]["selector"]
        found = [spec for _, spec, labels in pods if selector.items() <= labels.items()]
        assert len(found) == 1, name
        ports = {port[key] for container in chart.containers(found[0])
                 for port in container.get("ports", []) for key in ("name", "containerPort")}
        for port in service["spec"]["ports"]:
            assert port.get("targetPort", port["port"]) in ports, (name, port)


def test_a_changed_schema_job_has_another_name():
    def name(*options):
        [job] = [it["metadata"]["name"] for it in chart.objects(*options) if it["kind"] == "Job"]
        return job
    assert name() == name("--set", "MODE=grpc")
    assert name() != name("--set", "images.cassandraSchema.tag=1.61.0")
