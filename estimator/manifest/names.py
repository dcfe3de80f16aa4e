"""Kubernetes' rules for names, and names that follow them."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_LABEL = 63
"""RFC 1123: longest DNS label; also Kubernetes' limit of a label value."""

MAX_SUBDOMAIN = 253
"""RFC 1123: longest DNS name."""

MAX_JOB_NAME = 50
"""Room for what the cluster appends to make host and pod names, such as ``-worker-0-15``."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DNS_1035 = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PORT = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_ENV = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


def job_name(name: str) -> str:
    """A name for a job, made of any text: a DNS-1035 label of at most 50 characters.

    What is cut off is replaced by a digest, so that different long names stay different.
    """
    ascii_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-") or "paddle-job"
    if not slug[0].isalpha():
        slug = f"job-{slug}"
    if len(slug) <= MAX_JOB_NAME:
        return slug
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{slug[: MAX_JOB_NAME - 7].rstrip('-')}-{digest}"


def is_dns_label(text: str) -> bool:
    """RFC 1123 label: lower-case letters, digits, '-'; at most 63 characters."""
    return len(text) <= MAX_LABEL and _DNS_LABEL.fullmatch(text) is not None


def is_dns_1035_label(text: str) -> bool:
    """RFC 1035 label: as RFC 1123, and begins with a letter."""
    return len(text) <= MAX_LABEL and _DNS_1035.fullmatch(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """RFC 1123 subdomain: labels joined by dots; at most 253 characters."""
    return len(text) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Value of a label: at most 63 of letters, digits, '-', '_', '.'; may be empty."""
    return len(text) <= MAX_LABEL and _LABEL_VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Key of a label or annotation, or a resource: ``[dns-subdomain/]name``."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_dns_subdomain(prefix):
        return False
    return len(name) <= MAX_LABEL and _QUALIFIED.fullmatch(name) is not None


def is_port_name(text: str) -> bool:
    """Name of a port: at most 15 lower-case letters, digits and single '-', with a letter."""
    return len(text) <= 15 and _PORT.fullmatch(text) is not None


def is_env_name(text: str) -> bool:
    """Name of an environment variable, as Kubernetes has accepted it in every release."""
    return _ENV.fullmatch(text) is not None
