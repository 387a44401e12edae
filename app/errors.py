"""The few exceptions.

HookError
├── RequestError        the body is not a sync request: HTTP 400
└── RegistrationError   the CompositeController does not list what we must see: HTTP 500

A wrong spec is no exception: its faults are values (`app.faults`), reported in the status.
None of these texts may hold a value taken from the request: Metacontroller copies error
bodies into events.
"""

from __future__ import annotations


class HookError(Exception):
    """Base of the errors this product raises on purpose."""


class RequestError(HookError):
    """The request has not the form of a Metacontroller request."""


class RegistrationError(HookError):
    """The registration of the hook does not match what the hook needs to observe."""
