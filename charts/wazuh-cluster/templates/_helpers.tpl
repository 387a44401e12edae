{{/* Name of the WazuhCluster. Refused here, since the API server's message would name no value. */}}
{{- define "wazuh-cluster.name" -}}
{{- $name := .Values.name | default .Release.Name -}}
{{- if or (gt (len $name) 37) (not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name)) -}}
{{- fail (printf "the WazuhCluster cannot be named %q: at most 37 characters of a-z, 0-9 and -, with a letter first; set name" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* The spec as YAML: what the values say, over the profile. */}}
{{- define "wazuh-cluster.spec" -}}
{{- $spec := .Files.Get (printf "profiles/%s.yaml" .Values.size) | fromYaml -}}
{{- $spec = mergeOverwrite $spec (deepCopy .Values.spec) -}}
{{- include "wazuh-cluster.withoutNulls" $spec -}}
{{- $spec | toYaml -}}
{{- end -}}

{{/*
Takes what is null out of a map or list, in place: null is absent, and a stored object without it
equals its manifest, which tools that compare the two want.
*/}}
{{- define "wazuh-cluster.withoutNulls" -}}
{{- $whole := . -}}
{{- range $key, $value := $whole -}}
{{- if and (kindIs "invalid" $value) (kindIs "map" $whole) -}}
{{- $_ := unset $whole $key -}}
{{- else if or (kindIs "map" $value) (kindIs "slice" $value) -}}
{{- include "wazuh-cluster.withoutNulls" $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels of the chart's objects; the chart's own win over the user's. */}}
{{- define "wazuh-cluster.labels" -}}
{{- $own := dict
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/part-of" "wazuh"
      "helm.sh/chart" (printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_")) -}}
{{- mergeOverwrite (deepCopy (.Values.labels | default dict)) $own | toYaml -}}
{{- end -}}

{{/* A field of the spec, or nothing. Arguments: the spec, then the steps of the path. */}}
{{- define "wazuh-cluster.field" -}}
{{- $value := first . -}}
{{- range $step := rest . -}}
{{- $value = get ($value | default dict) $step -}}
{{- end -}}
{{- if $value -}}{{- $value | toYaml -}}{{- end -}}
{{- end -}}

{{/*
Address of a Service: name, namespace and the published port.
Arguments: the context, the spec, the tier, the port's name, its default number.
*/}}
{{- define "wazuh-cluster.address" -}}
{{- $context := index . 0 -}}
{{- $tier := index . 2 -}}
{{- $port := index . 4 -}}
{{- $service := include "wazuh-cluster.field" (list (index . 1) $tier "service") | fromYaml -}}
{{- range $published := $service.ports -}}
{{- if eq $published.name (index $ 3) -}}{{- $port = $published.port -}}{{- end -}}
{{- end -}}
https://{{ include "wazuh-cluster.name" $context }}-{{ $tier }}.{{ $context.Release.Namespace }}.svc:{{ $port | int }}
{{- end -}}
