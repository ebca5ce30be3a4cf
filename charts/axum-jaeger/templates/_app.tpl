{{/* The settings of one app as JSON: app, with apps.NAME over it; MODE as it is in force; (list $ NAME) */}}
{{- define "axum-jaeger.app" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $own := get $root.Values.apps $name | default dict -}}
{{- $app := mergeOverwrite (deepCopy $root.Values.app) (deepCopy $own) -}}
{{- $paths := dict "app-a" "grpc" "app-b" "thrift-collector" "app-c" "thrift-agent" -}}
{{- $mode := $app.MODE | default $root.Values.MODE | default (get $paths $name) -}}
{{- $needsAgent := and (eq $mode "thrift-agent") (not (hasKey $app.env "AGENT_HOST_NAME")) -}}
{{- if and $needsAgent (eq $root.Values.agent.kind "none") -}}
{{- fail (printf "%s exports through a Jaeger agent (MODE thrift-agent), but agent.kind is none: choose DaemonSet or sidecar, another MODE, or name an agent in env.AGENT_HOST_NAME" $name) -}}
{{- end -}}
{{- $wantsAgent := and (ne $root.Values.agent.kind "none") (or $needsAgent $root.Values.agent.always) -}}
{{- mergeOverwrite $app (dict "MODE" $mode "wantsAgent" $wantsAgent) | toJson -}}
{{- end }}

{{/* "true" where some app's pods or nodes are to have a Jaeger agent. */}}
{{- define "axum-jaeger.wantsAgent" -}}
{{- range $name := keys .Values.apps -}}
{{- if (include "axum-jaeger.app" (list $ $name) | fromJson).wantsAgent }}true{{ end -}}
{{- end -}}
{{- end }}
