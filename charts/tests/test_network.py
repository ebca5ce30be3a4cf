"""The NetworkPolicies, evaluated as a cluster that enforces them does."""
import pytest

import chart

# Who must reach whom, read off the settings that the pods are given, and not off the policies.
NEEDED = [
    ("app-a", "app-a", 8000), ("app-a", "app-b", 8000), ("app-a", "app-c", 8000),
    ("app-a", "jaeger-collector", 14250), ("app-b", "jaeger-collector", 14268), ("app-c", "jaeger-agent", 6831),
    ("jaeger-agent", "jaeger-collector", 14250), ("jaeger-collector", "cassandra", 9042),
    ("jaeger-query", "cassandra", 9042), ("cassandra-schema", "cassandra", 9042),
    ("promtail", "loki", 3100), ("grafana", "loki", 3100), ("grafana", "jaeger-query", 16686),
    ("verify", "app-a", 8000), ("verify", "jaeger-query", 16686), ("verify", "loki", 3100), ("verify", "grafana", 3000),
    ("outside", "app-a", 8000), ("outside", "jaeger-query", 16686), ("outside", "grafana", 3000),
]
FORBIDDEN = [
    ("app-a", "cassandra", 9042), ("app-a", "loki", 3100), ("grafana", "cassandra", 9042), ("jaeger-agent", "app-a", 8000),
    ("outside", "cassandra", 9042), ("outside", "loki", 3100), ("outside", "jaeger-collector", 14250),
    ("app-a", "outside", 443), ("promtail", "outside", 80), ("grafana", "outside", 443), ("cassandra", "cassandra", 7199),
]


def allowed(labels, policies, source, target, port):
    def opens(rules, other):
        return any(any(it["port"] == port for it in rule["ports"]) and
                   (not (peers := rule.get("from") or rule.get("to")) or
                    any(peer["podSelector"]["matchLabels"].items() <= labels.get(other, {}).items() for peer in peers))
                   for rule in rules or [])

    def side(pod, direction, other):
        selecting = [it["spec"] for it in policies if it["spec"]["podSelector"]["matchLabels"].items() <= labels[pod].items()]
        return any(opens(spec.get(direction), other) for spec in selecting)

    return ((source == "outside" or side(source, "egress", target)) and
            (target == "outside" or side(target, "ingress", source)))


def parts(*options):
    labels = {("cassandra-schema" if name.startswith("cassandra-schema") else name): pod_labels
              for name, _, pod_labels in chart.pods(*options)}
    return labels, [it for it in chart.objects(*options) if it["kind"] == "NetworkPolicy"]


@pytest.fixture(scope="module")
def cluster():
    return parts()


@pytest.mark.parametrize("flow", NEEDED, ids=str)
def test_needed(cluster, flow):
    assert allowed(*cluster, *flow)


@pytest.mark.parametrize("flow", FORBIDDEN, ids=str)
def test_forbidden(cluster, flow):
    assert not allowed(*cluster, *flow)


@pytest.mark.parametrize("options, port, expected", [
    ((), 9464, False),
    (("--set", "metrics.enabled=true"), 9464, True),
    (("--set", "metrics.enabled=true,metrics.port=9100"), 9100, True),
    (("--set", "metrics.enabled=true,metrics.port=9100"), 9464, False),
])
def test_metrics_are_read_where_they_are_on(options, port, expected):
    assert allowed(*parts(*options), "outside", "app-a", port) == expected
    assert not allowed(*parts(*options), "outside", "cassandra", port)


def test_every_pod_asks_dns_and_none_is_without_a_policy(cluster):
    labels, policies = cluster
    [deny] = [it["spec"] for it in policies if it["metadata"]["name"] == "default-deny"]
    assert deny["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in deny
    for name, pod_labels in labels.items():
        assert deny["podSelector"]["matchLabels"].items() <= pod_labels.items(), name
        assert allowed(labels, policies, name, "outside", 53), name
