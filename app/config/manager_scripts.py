"""Scripts that the manager's image runs at every start, before its daemons.

They are files, so that a shell checker can read them; this module only hands out their text.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

_SCRIPTS: Final = resources.files("app.config") / "scripts"
_PERMISSIONS: Final = (_SCRIPTS / "00-permissions.sh").read_text(encoding="utf-8")
_API_USERS: Final = (_SCRIPTS / "10-api-users.sh").read_text(encoding="utf-8")


def permissions_sh() -> str:
    """Script that makes the folder of multigroups writable for Wazuh's daemons.

    Images before 4.12 create it as root:root 755, and then no group can be written.
    """
    return _PERMISSIONS


def api_users_sh() -> str:
    """Script that gives the API account ``wazuh`` the password of ``WAZUH_ADMIN_PASSWORD``.

    The image sets one account from its variables and scrambles the other one at every start.
    """
    return _API_USERS
