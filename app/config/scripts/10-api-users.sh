#!/bin/bash
# Gives the API account "wazuh" the password in WAZUH_ADMIN_PASSWORD. The image scrambles this
# account at every start when its variables name another one. A failure leaves the scrambled
# password, which is safe; the image goes on whatever the exit status.
set -eu

if [ -z "${WAZUH_ADMIN_PASSWORD:-}" ]; then
    echo "10-api-users: WAZUH_ADMIN_PASSWORD is not set; account wazuh is left alone"
    exit 0
fi

# The password goes by the environment only: neither an argument nor a text of this script.
exec /var/ossec/framework/python/bin/python3 - <<'PYTHON'
import os
import sys

ACCOUNT = "wazuh"


def set_password(password):
    """Returns what was done; the ORM is the same in all of 4.9 to 4.14 and checks no policy."""
    from wazuh.rbac.orm import AuthenticationManager, check_database_integrity

    check_database_integrity()
    with AuthenticationManager() as manager:
        user = manager.get_user(ACCOUNT)
        if not user:
            raise LookupError(ACCOUNT)
        if manager.check_user(ACCOUNT, password):
            return "already has its password"
        if manager.update_user(user_id=user["id"], password=password) is not True:
            raise RuntimeError(ACCOUNT)
        return "has its password now"


try:
    done = set_password(os.environ["WAZUH_ADMIN_PASSWORD"])
except Exception as error:
    # The class alone: the text of a database error may show what was to be stored.
    print(f"10-api-users: account {ACCOUNT} not set: {type(error).__name__}", file=sys.stderr)
    sys.exit(1)
print(f"10-api-users: account {ACCOUNT} {done}")
PYTHON
