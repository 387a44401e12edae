{{/* Names and labels. */}}
{{- define "wazuh-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for `-client-tls` to follow. */}}
{{- define "wazuh-operator.fullname" -}}
{{- $name := include "wazuh-operator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of cluster-wide objects: two releases in two namespaces do not clash. */}}
{{- define "wazuh-operator.clusterName" -}}
{{- printf "%s:%s:metacontroller" .Release.Namespace (include "wazuh-operator.fullname" .) -}}
{{- end -}}

{{- define "wazuh-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wazuh-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: hook
{{- end -}}

{{- define "wazuh-operator.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "wazuh-operator.labels" -}}
{{ include "wazuh-operator.selectorLabels" . }}
{{ include "wazuh-operator.commonLabels" . }}
{{- end -}}

{{- define "wazuh-operator.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Where Metacontroller runs. */}}
{{- define "wazuh-operator.metacontrollerNamespace" -}}
{{- ternary .Release.Namespace .Values.metacontroller.namespace .Values.metacontroller.enabled -}}
{{- end -}}

{{/* Host name by which the hook is called. */}}
{{- define "wazuh-operator.host" -}}
{{- printf "%s.%s.svc.%s" (include "wazuh-operator.fullname" .) .Release.Namespace .Values.clusterDomain -}}
{{- end -}}

{{- define "wazuh-operator.url" -}}
{{- $scheme := ternary "https" "http" .Values.tls.enabled -}}
{{- printf "%s://%s:%d" $scheme (include "wazuh-operator.host" .) (int .Values.service.port) -}}
{{- end -}}

{{/* A list of variables from settings: numbers as people write them. */}}
{{- define "wazuh-operator.settings" -}}
{{- range $name, $value := . }}
{{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{- $value = int64 $value }}
{{- end }}
- name: {{ printf "WAZUH_HOOK_%s" (upper $name) }}
  value: {{ toString $value | quote }}
{{- end }}
{{- end -}}

{{/* What all containers may do: nothing. */}}
{{- define "wazuh-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end -}}
