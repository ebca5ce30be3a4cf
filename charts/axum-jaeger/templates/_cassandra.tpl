{{- define "axum-jaeger.keyspace" -}}
jaeger_v1_dc1
{{- end }}

{{/* An init container that ends once the schema's last table is there. */}}
{{- define "axum-jaeger.waitForSchema" -}}
- name: wait-for-schema
  image: {{ include "axum-jaeger.image" (list $ "cassandraSchema") }}
  imagePullPolicy: IfNotPresent
  command:
    - sh
    - -c
    - |
      until /opt/cassandra/bin/cqlsh cassandra -e 'DESCRIBE TABLE {{ include "axum-jaeger.keyspace" . }}.leases' >/dev/null 2>&1; do
        echo "waiting for the schema"
        sleep 5
      done
  env:
    - {name: HOME, value: /tmp}
  {{- include "axum-jaeger.cqlsh" $ | nindent 2 }}
{{- end }}

{{/* What a container that runs cqlsh needs: a home to write its history to, its memory, and no rights. */}}
{{- define "axum-jaeger.cqlsh" -}}
volumeMounts:
  - {name: home, mountPath: /tmp}
resources:
  {{- toYaml .Values.cassandra.schema.resources | nindent 2 }}
securityContext:
  {{- include "axum-jaeger.containerSecurityContext" $ | nindent 2 }}
{{- end }}

{{- define "axum-jaeger.cqlshVolume" -}}
- name: home
  emptyDir: {sizeLimit: 16Mi}
{{- end }}
