{{/* The Jaeger agent, as a pod of its own or as a sidecar. */}}
{{- define "axum-jaeger.agentContainer" -}}
- name: jaeger-agent
  image: {{ include "axum-jaeger.image" (list $ "jaegerAgent") }}
  imagePullPolicy: IfNotPresent
  args:
    - --reporter.grpc.host-port=jaeger-collector:14250
  ports:
    - {name: compact, containerPort: 6831, protocol: UDP}
    - {name: binary, containerPort: 6832, protocol: UDP}
    - {name: sampling, containerPort: 5778}
    - {name: agent-admin, containerPort: 14271}
  readinessProbe:
    httpGet: {path: /, port: agent-admin}
  livenessProbe:
    httpGet: {path: /, port: agent-admin}
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  securityContext:
    {{- include "axum-jaeger.containerSecurityContext" $ | nindent 4 }}
{{- end }}

{{/* Environment of collector and all-in-one. */}}
{{- define "axum-jaeger.collectorEnv" -}}
- {name: SAMPLING_CONFIG_TYPE, value: adaptive}
- {name: SAMPLING_INITIAL_SAMPLING_PROBABILITY, value: {{ .Values.jaeger.sampling.initialProbability | quote }}}
- {name: SAMPLING_TARGET_SAMPLES_PER_SECOND, value: {{ .Values.jaeger.sampling.targetSamplesPerSecond | quote }}}
- {name: COLLECTOR_ZIPKIN_HOST_PORT, value: ":9411"}
{{- end }}

{{- define "axum-jaeger.collectorPorts" -}}
- {name: grpc, containerPort: 14250}
- {name: http, containerPort: 14268}
- {name: zipkin, containerPort: 9411}
- {name: admin, containerPort: 14269}
{{- end }}

{{/* The Service jaeger-collector, in front of the pods called so by its argument. */}}
{{- define "axum-jaeger.collectorService" -}}
apiVersion: v1
kind: Service
metadata:
  name: jaeger-collector
  labels:
    {{- include "axum-jaeger.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "axum-jaeger.selectorLabels" . | nindent 4 }}
  ports:
    - {name: grpc, port: 14250, targetPort: grpc}
    - {name: http, port: 14268, targetPort: http}
    - {name: zipkin, port: 9411, targetPort: zipkin}
{{- end }}

{{/* The Service jaeger-query, likewise. */}}
{{- define "axum-jaeger.queryService" -}}
apiVersion: v1
kind: Service
metadata:
  name: jaeger-query
  labels:
    {{- include "axum-jaeger.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "axum-jaeger.selectorLabels" . | nindent 4 }}
  {{- include "axum-jaeger.servicePorts" (list "query" 16686 (index . 0).Values.jaeger.query.nodePort) | nindent 2 }}
{{- end }}

{{/* Environment of what reads and writes traces in Cassandra. */}}
{{- define "axum-jaeger.cassandraEnv" -}}
# Cassandra's pod has another address each time: give the old one up soon (without a connect timeout
# that takes minutes), and look for the new one often. A query timeout belongs to it: the driver
# takes the connect timeout's deadline off a connection only where there is one.
- {name: CASSANDRA_CONNECT_TIMEOUT, value: 5s}
- {name: CASSANDRA_TIMEOUT, value: 10s}
- {name: CASSANDRA_RECONNECT_INTERVAL, value: 5s}
- {name: SPAN_STORAGE_TYPE, value: cassandra}
- {name: CASSANDRA_SERVERS, value: cassandra}
- {name: CASSANDRA_KEYSPACE, value: {{ include "axum-jaeger.keyspace" . }}}
{{- end }}
