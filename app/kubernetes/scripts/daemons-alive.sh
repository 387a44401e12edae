#!/bin/sh
# Each needed daemon has a pid file whose process lives and is that daemon.
for daemon in wazuh-remoted wazuh-analysisd wazuh-db wazuh-modulesd wazuh-clusterd; do
  alive=
  for file in /var/ossec/var/run/"$daemon"-*.pid; do
    pid=${file##*-}
    pid=${pid%.pid}
    [ -r "/proc/$pid/cmdline" ] || continue
    case $(tr '\000_' ' -' <"/proc/$pid/cmdline") in
      *"$daemon"*) alive=yes ;;
    esac
  done
  [ -n "$alive" ] || exit 1
done
