{{/* Names of the Secrets with certificate, client certificate and token. */}}
{{- define "wazuh-operator.tlsSecret" -}}
{{- ternary .Values.tls.existingSecret (printf "%s-tls" (include "wazuh-operator.fullname" .)) (eq .Values.tls.source "existingSecret") -}}
{{- end -}}

{{- define "wazuh-operator.clientSecret" -}}
{{- ternary .Values.clientTLS.existingSecret (printf "%s-client-tls" (include "wazuh-operator.fullname" .)) (eq .Values.clientTLS.source "existingSecret") -}}
{{- end -}}

{{- define "wazuh-operator.tokenSecret" -}}
{{- default (printf "%s-token" (include "wazuh-operator.fullname" .)) .Values.token.existingSecret -}}
{{- end -}}

{{/* Names in the hook's certificate. */}}
{{- define "wazuh-operator.dnsNames" -}}
{{- $name := include "wazuh-operator.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{- list (include "wazuh-operator.host" .) (printf "%s.%s.svc" $name $namespace) (printf "%s.%s" $name $namespace) | toJson -}}
{{- end -}}

{{/*
What this release makes by itself: `tls`, `client` and `token`, each the data of a Secret. What the
cluster has is kept. Made once for all templates of a rendering, since each call would give another.
The keys of the authorities are thrown away: nobody can sign a second certificate.
*/}}
{{- define "wazuh-operator.material" -}}
{{- if not (hasKey .Values "_material") -}}
{{- $made := dict -}}
{{- if and .Values.tls.enabled (eq .Values.tls.source "helm") -}}
{{- $names := include "wazuh-operator.dnsNames" . | fromJsonArray -}}
{{- $_ := set $made "tls" (include "wazuh-operator.pair" (list . (include "wazuh-operator.tlsSecret" .) "wazuh-hook" $names .Values.tls.validityDays) | fromJson) -}}
{{- end -}}
{{- if and .Values.clientTLS.enabled (eq .Values.clientTLS.source "helm") -}}
{{- $_ := set $made "client" (include "wazuh-operator.pair" (list . (include "wazuh-operator.clientSecret" .) "metacontroller" (list "metacontroller") .Values.clientTLS.validityDays) | fromJson) -}}
{{- end -}}
{{- if and .Values.token.enabled (not .Values.token.existingSecret) -}}
{{- $found := get (lookup "v1" "Secret" .Release.Namespace (include "wazuh-operator.tokenSecret" .) | default dict) "data" | default dict -}}
{{- $token := get $found .Values.token.key | default (randAlphaNum 48 | b64enc) -}}
{{- $_ := set $made "token" (dict .Values.token.key $token) -}}
{{- end -}}
{{- $_ := set .Values "_material" $made -}}
{{- end -}}
{{- toJson .Values._material -}}
{{- end -}}

{{/* Data of a kubernetes.io/tls Secret. Arguments: root, Secret, common name, DNS names, days. */}}
{{- define "wazuh-operator.pair" -}}
{{- $root := index . 0 -}}
{{- $found := get (lookup "v1" "Secret" $root.Release.Namespace (index . 1) | default dict) "data" | default dict -}}
{{- if and (get $found "ca.crt") (get $found "tls.crt") (get $found "tls.key") -}}
{{- pick $found "ca.crt" "tls.crt" "tls.key" | toJson -}}
{{- else -}}
{{- $days := int (index . 4) -}}
{{- $ca := genCAWithKey (printf "%s-ca" (index . 2)) $days (genPrivateKey "ecdsa") -}}
{{- $leaf := genSignedCertWithKey (index . 2) nil (index . 3) $days $ca (genPrivateKey "ecdsa") -}}
{{- dict "ca.crt" (b64enc $ca.Cert) "tls.crt" (b64enc $leaf.Cert) "tls.key" (b64enc $leaf.Key) | toJson -}}
{{- end -}}
{{- end -}}

{{/*
Twelve hex digits that change with all that Metacontroller should take up: it reads credentials
once, when the registration changes, and asks again for every cluster then. Of what others own only
the resource version counts. A generated token is random enough to be known by its hash.
*/}}
{{- define "wazuh-operator.revision" -}}
{{- $made := include "wazuh-operator.material" . | fromJson -}}
{{- $parts := list .Chart.Version (include "wazuh-operator.image" .) (toJson .Values.settings) .Values.compositeController.revision -}}
{{- $wanted := dict -}}
{{- if .Values.tls.enabled -}}{{- $_ := set $wanted "tls" (include "wazuh-operator.tlsSecret" .) -}}{{- end -}}
{{- if .Values.clientTLS.enabled -}}{{- $_ := set $wanted "client" (include "wazuh-operator.clientSecret" .) -}}{{- end -}}
{{- if .Values.token.enabled -}}{{- $_ := set $wanted "token" (include "wazuh-operator.tokenSecret" .) -}}{{- end -}}
{{- range $part, $secret := $wanted -}}
{{- if hasKey $made $part -}}
{{- $parts = append $parts (omit (get $made $part) "tls.key" | toJson) -}}
{{- else -}}
{{- $found := get (lookup "v1" "Secret" $.Release.Namespace $secret | default dict) "metadata" | default dict -}}
{{- $parts = append $parts (get $found "resourceVersion" | default "") -}}
{{- end -}}
{{- end -}}
{{- join "|" $parts | sha256sum | trunc 12 -}}
{{- end -}}
