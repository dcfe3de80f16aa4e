"""The JSON document of an estimate: stable names, one shape, a reason wherever a value is missing.

Keys are added, never renamed or removed, while ``schema_version`` stays the same; readers
ignore keys that they do not know. Memory is in bytes, times in seconds, throughput in samples/s.
"""

from estimator.document.build import to_document
from estimator.document.parts import SCHEMA_VERSION, Document

__all__ = ["SCHEMA_VERSION", "Document", "to_document"]
