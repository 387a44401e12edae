#!/bin/bash
# Images before 4.12 leave this folder to root alone, so that groups of agents cannot be written.
set -eu

folder=/var/ossec/var/multigroups

mkdir -p "$folder"
chown root:wazuh "$folder"
chmod 0770 "$folder"
