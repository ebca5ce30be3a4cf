{{/* Names are fixed (app-a, jaeger-query, loki, …), so that they are what the documentation says:
     one release a namespace. Most helpers take (list $ NAME) or (list $ NAME COMPONENT). */}}

{{- define "axum-jaeger.selectorLabels" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{/* Labels of pods: no chart version, which would restart every pod at each new chart. */}}
{{- define "axum-jaeger.podLabels" -}}
{{ include "axum-jaeger.selectorLabels" . }}
app.kubernetes.io/component: {{ last . }}
app.kubernetes.io/part-of: axum-jaeger
{{- end }}

{{- define "axum-jaeger.labels" -}}
{{ include "axum-jaeger.podLabels" . }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: axum-jaeger-{{ (index . 0).Chart.Version }}
{{- end }}

{{/* (list $ KEY-IN-IMAGES) */}}
{{- define "axum-jaeger.image" -}}
{{- $root := index . 0 -}}
{{- $image := get $root.Values.images (index . 1) -}}
{{- with $root.Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* Common part of every pod's spec; (list $ USER-ID). Service links would set LOKI_PORT and the like to
     tcp://…, which Loki, Grafana and Jaeger read as settings of theirs. */}}
{{- define "axum-jaeger.podSpec" -}}
enableServiceLinks: false
serviceAccountName: axum-jaeger
automountServiceAccountToken: false
{{- with (index . 0).Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ index . 1 }}
  runAsGroup: {{ index . 1 }}
  fsGroup: {{ index . 1 }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* The securityContext of every container but Cassandra's. */}}
{{- define "axum-jaeger.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The type and ports of a Service with one port for people; (list NAME PORT NODE-PORT) */}}
{{- define "axum-jaeger.servicePorts" -}}
type: {{ ternary "NodePort" "ClusterIP" (gt (int (index . 2)) 0) }}
ports:
  - name: {{ index . 0 }}
    port: {{ index . 1 }}
    targetPort: {{ index . 0 }}
    {{- with int (index . 2) }}
    nodePort: {{ . }}
    {{- end }}
{{- end }}
