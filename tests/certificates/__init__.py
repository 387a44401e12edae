"""Certificates: parsing, issuing, the chains of reasons, the plan and the hash."""
