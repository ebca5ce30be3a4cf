#!/usr/bin/env bash
# Package: Python opentelemetry-exporter-jaeger-thrift 1.21.0 (its agent mode, Thrift over UDP).
#
# Behaviour: of a batch that does not fit one datagram (65000 bytes) no span is sent, although each
# of them would fit alone. export() still returns SUCCESS; one warning in the log is all there is.
# With udp_split_oversized_batches=True the same batch is cut into two datagrams.
#
# One would guess otherwise: the exporter knows how to split a batch, and an exporter reports spans
# that it could not send as FAILURE, so a check of the result finds them.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check 'setuptools<81' \
    opentelemetry-exporter-jaeger-thrift==1.21.0 opentelemetry-sdk==1.21.0 thrift==0.20.0
cat > "$tmp/finding.py" <<'PYTHON'
import logging, socket, sys, warnings

warnings.simplefilter("ignore")  # the exporter is deprecated in favour of OTLP
logging.basicConfig(stream=sys.stdout, format="  log: %(levelname)s %(message)s")
from opentelemetry.exporter.jaeger.thrift import JaegerExporter
from opentelemetry.sdk.trace import TracerProvider

agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
agent.bind(("127.0.0.1", 0))
agent.setblocking(False)


def datagrams():
    """On loopback a datagram is in the receiver's queue when the sender's call returns."""
    count = 0
    while True:
        try:
            agent.recv(65536)
            count += 1
        except BlockingIOError:
            return count


def spans(count):
    tracer = TracerProvider().get_tracer("finding")
    made = []
    for number in range(count):
        span = tracer.start_span(f"span {number}", attributes={"note": "x" * 1000})
        span.end()
        made.append(span)
    return made


for count, split in [(40, False), (80, False), (80, True)]:
    exporter = JaegerExporter("127.0.0.1", agent.getsockname()[1], udp_split_oversized_batches=split)
    print(f"{count} spans, split={split}", flush=True)
    result = exporter.export(spans(count))
    print(f"  export: {result.name}, datagrams: {datagrams()}", flush=True)
PYTHON
out=$(env -u OTEL_EXPORTER_JAEGER_ENDPOINT -u OTEL_EXPORTER_JAEGER_AGENT_SPLIT_OVERSIZED_BATCHES \
    "$tmp/venv/bin/python" "$tmp/finding.py")
echo "$out"
diff - <(sed 's/size [0-9]*,/size N,/' <<<"$out") <<'SEEN'
40 spans, split=False
  export: SUCCESS, datagrams: 1
80 spans, split=False
  log: WARNING Data exceeds the max UDP packet size; size N, max 65000
  export: SUCCESS, datagrams: 0
80 spans, split=True
  export: SUCCESS, datagrams: 2
SEEN
