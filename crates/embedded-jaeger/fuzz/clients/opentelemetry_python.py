"""Spans of OpenTelemetry for Python, by one of its three exporters: opentelemetry_python.py grpc|http|udp

pip install opentelemetry-exporter-jaeger-thrift==1.21.0 opentelemetry-exporter-jaeger-proto-grpc==1.21.0 'opentelemetry-sdk<1.26'
"""

import sys

from opentelemetry import trace
from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter as Grpc
from opentelemetry.exporter.jaeger.thrift import JaegerExporter as Thrift
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

exporter = {
    "grpc": lambda: Grpc(collector_endpoint="127.0.0.1:14250", insecure=True),
    "http": lambda: Thrift(collector_endpoint="http://127.0.0.1:14268/api/traces"),
    "udp": lambda: Thrift(agent_host_name="127.0.0.1"),
}[sys.argv[1]]()
provider = TracerProvider(resource=Resource.create({"service.name": "python", "number": 1}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("tracer", "1.0")
with tracer.start_as_current_span("parent", kind=trace.SpanKind.SERVER) as parent:
    attributes = {"text": "größer", "yes": True, "no": False, "whole": -7, "part": 1.5, "list": ["a", "b"]}
    link = trace.Link(parent.get_span_context())
    with tracer.start_as_current_span("child", attributes=attributes, links=[link]) as child:
        child.add_event("event", {"text": "x", "whole": 1})
        child.record_exception(ValueError("no"))
        child.set_status(trace.Status(trace.StatusCode.ERROR, "no"))
provider.shutdown()
