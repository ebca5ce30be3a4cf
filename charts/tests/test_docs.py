"""What docs/kubernetes.md says about resources is what the chart asks for."""
import re

import chart

DOC = (chart.CHART.parent.parent / "docs" / "kubernetes.md").read_text()
UNITS = {"m": 0.001, "": 1, "Mi": 1, "Gi": 1024}
WORKERS = 2


def amount(quantity):
    number, unit = re.fullmatch(r"([0-9.]+)(m|Mi|Gi|)", str(quantity)).groups()
    return float(number) * UNITS[unit]


def total(*options):
    """CPU and memory requested, and the memory limit, of what stays running on two workers."""
    sums = [0, 0, 0]
    for it in chart.objects(*options):
        if it["kind"] not in ("Deployment", "StatefulSet", "DaemonSet"):
            continue
        spec = it["spec"]["template"]["spec"]
        for container in chart.containers(spec):
            if container["name"] == "wait-for-schema":
                continue
            resources = container["resources"]
            times = WORKERS if it["kind"] == "DaemonSet" else 1
            for place, (kind, what) in enumerate((("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))):
                sums[place] += times * amount(resources[kind][what])
    cpu, memory, limit = sums
    return f"| **{cpu * 1000:.0f}m** | **{memory:.0f}Mi** | **{limit:.0f}Mi** |"


def test_the_sums():
    assert "| **all** " + total() in DOC
    assert "| **light profile** " + total(*chart.LIGHT) in DOC
