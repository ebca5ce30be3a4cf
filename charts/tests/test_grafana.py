"""What Grafana is given, field by field, and (with LOKI_URL and JAEGER_URL) that Loki and Jaeger answer it."""
import json
import os
import re
import time
import urllib.parse
import urllib.request

import pytest
import yaml

import chart
from test_logs import LINE, TRACE, each_form, each_path


@pytest.fixture(scope="module")
def files():
    return chart.one("ConfigMap", "grafana")["data"]


@pytest.fixture(scope="module")
def datasources(files):
    return {it["uid"]: it for it in yaml.safe_load(files["datasources.yaml"])["datasources"]}


@pytest.fixture(scope="module")
def dashboard(files):
    return json.loads(files["axum-jaeger.json"])


def expressions(dashboard):
    return {panel["title"]: panel["targets"][0]["expr"].replace("$app", "app-.+").replace("$__auto", "5m")
            for panel in dashboard["panels"]}


def test_datasources_point_at_services_of_the_chart(datasources):
    services = {f"http://{it['metadata']['name']}:{port['port']}"
                for it in chart.objects() if it["kind"] == "Service" for port in it["spec"]["ports"]}
    assert {(it["type"], it["url"]) for it in datasources.values()} == {
        ("loki", "http://loki:3100"), ("jaeger", "http://jaeger-query:16686")}
    for it in datasources.values():
        assert it["url"] in services and it["access"] == "proxy"


def test_from_a_log_line_to_its_trace(datasources):
    [field] = datasources["loki"]["jsonData"]["derivedFields"]
    assert field["name"] == "TraceID" and field["matcherType"] == "regex"
    assert field["datasourceUid"] == "jaeger"
    # Provisioning reads $NAME and ${NAME} as environment variables; $$ is how it writes a $.
    assert field["url"].replace("$$", "$") == "${__value.raw}"
    assert not re.search(field["matcherRegex"], LINE.replace(TRACE, "0"))


@each_form
@each_path
def test_a_line_leads_to_its_own_trace_whatever_its_path(datasources, form, path):
    [field] = datasources["loki"]["jsonData"]["derivedFields"]
    # Grafana matches in the browser, where a point is no line separator of Unicode's either.
    of_browser = field["matcherRegex"].replace(".*", r"[^\n\r\u2028\u2029]*")
    assert re.search(of_browser, form(path))[1] == TRACE


def test_from_a_span_to_its_log_lines(datasources):
    link = datasources["jaeger"]["jsonData"]["tracesToLogsV2"]
    assert link == {"datasourceUid": "loki", "spanStartTimeShift": "-1m", "spanEndTimeShift": "1m",
                    "filterByTraceID": True, "filterBySpanID": False, "tags": [{"key": "service.name", "value": "app"}]}
    assert datasources["jaeger"]["jsonData"]["nodeGraph"] == {"enabled": True}


def test_dashboard(dashboard, files):
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 39 and "id" not in dashboard
    assert [panel["type"] for panel in dashboard["panels"]] == ["timeseries"] * 3 + ["logs"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == 4
    for panel in dashboard["panels"]:
        assert panel["datasource"] == {"type": "loki", "uid": "loki"}
        assert {"h", "w", "x", "y"} == set(panel["gridPos"]) and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        [target] = panel["targets"]
        assert target["refId"] == "A" and target["datasource"] == panel["datasource"] and target["expr"]
    [provider] = yaml.safe_load(files["providers.yaml"])["providers"]
    [grafana] = chart.one("Deployment", "grafana")["spec"]["template"]["spec"]["containers"]
    mounted = {mount["subPath"]: mount["mountPath"] for mount in grafana["volumeMounts"] if "subPath" in mount}
    assert mounted["axum-jaeger.json"].startswith(provider["options"]["path"] + "/")
    assert set(mounted) == set(files)


@each_form
@each_path
def test_the_regexes_fit_the_access_line_as_text_and_as_json_whatever_its_path(dashboard, form, path):
    found = {}
    for expression in expressions(dashboard).values():
        for pattern in re.findall(r"\| regexp `([^`]*)`", expression):
            found |= re.search(pattern, form(path)).groupdict()
    assert found == {"status": "200", "duration_ms": "1011.423"}


class TestLive:
    """Against a running system, just after requests were made to it."""

    @pytest.fixture(autouse=True)
    def need(self):
        if "LOKI_URL" not in os.environ or "JAEGER_URL" not in os.environ:
            pytest.skip("LOKI_URL and JAEGER_URL are not set: e2e/run sets them")

    def get(self, server, path, **parameters):
        with urllib.request.urlopen(f"{os.environ[server]}{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """Promtail and Loki take a few seconds for new lines."""
        for _ in range(10):
            result = self.get("LOKI_URL", "/loki/api/v1/query_range", query=expression, since="15m")["result"]
            if result:
                return result
            time.sleep(3)
        return []

    def test_loki_answers_every_panel(self, dashboard):
        for title, expression in expressions(dashboard).items():
            assert self.query(expression), f"{title}: {expression}"

    def test_lines_lead_to_traces_and_spans_to_lines(self, dashboard, datasources):
        regex = datasources["loki"]["jsonData"]["derivedFields"][0]["matcherRegex"]
        lines = [line for stream in self.query(expressions(dashboard)["Log lines"] + ' |= "/chain"') for _, line in stream["values"]]
        ids = {match[1] for line in lines if (match := re.search(regex, line))}
        trace = self.get("JAEGER_URL", f"/api/traces/{ids.pop()}")[0]
        # Grafana shows the link to the logs where a span or its process has the tag.
        [tag] = datasources["jaeger"]["jsonData"]["tracesToLogsV2"]["tags"]
        for process in trace["processes"].values():
            [service] = [it["value"] for it in process["tags"] if it["key"] == tag["key"]]
            assert self.query(f'{{{tag["value"]}="{service}"}} |= "{trace["traceID"]}"')

    def test_jaeger_answers_the_searches_of_its_data_source(self):
        assert {"app-a", "app-b", "app-c"} <= set(self.get("JAEGER_URL", "/api/services"))
        assert "GET /chain" in self.get("JAEGER_URL", "/api/services/app-a/operations")
        assert self.get("JAEGER_URL", "/api/traces", service="app-a", operation="GET /chain", limit=20, lookback="1h")
