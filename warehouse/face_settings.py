"""Settings that clients put into the URL: which are the transport's own, which a read-only user may choose.

Does not apply them: see `warehouse.face_engine`.
"""

from collections.abc import Mapping

from warehouse.face_errors import FaceError, read_only_refusal

TRANSPORT_PARAMETERS = frozenset(
    (
        *("query", "database", "user", "password", "default_format", "query_id", "quota_key", "role", "stacktrace"),
        *("session_id", "session_timeout", "session_check", "client_protocol_version"),
        *("compress", "decompress", "enable_http_compression", "http_zlib_compression_level", "buffer_size"),
        *("wait_end_of_query", "http_response_buffer_size", "send_progress_in_http_headers"),
        *("cancel_http_readonly_queries_on_client_close", "http_headers_progress_interval_ms"),
        *("http_write_exception_in_output_format", "add_http_cors_header", "log_comment", "log_queries"),
        *("output_format_parallel_formatting",),
    )
)
"""Taken by the face itself, or without meaning here: replies are always whole and sessions keep nothing."""

READER_LIMITS: Mapping[str, int] = {
    "max_execution_time": 30,
    "max_memory_usage": 256_000_000,
    "max_result_bytes": 128_000_000,
    "max_result_rows": 1_000_000_000,
}
"""Bounds of a read-only query (seconds, bytes); a client may only lower them."""

_READER_MAY_SET = frozenset(
    (
        *("result_overflow_mode", "max_rows_to_read", "max_bytes_to_read", "max_rows_to_group_by"),
        *("read_overflow_mode", "timeout_overflow_mode", "max_block_size", "max_threads", "limit", "offset"),
        *("extremes", "final", "join_use_nulls", "session_timezone", "date_time_input_format"),
        *("date_time_output_format", "prefer_column_name_to_alias", "cast_keep_nullable", "transform_null_in"),
        *("aggregate_functions_null_for_empty", "group_by_use_nulls", "use_uncompressed_cache"),
        *("optimize_read_in_order", "count_distinct_implementation", "union_default_mode", "intersect_default_mode"),
        *("except_default_mode", "low_cardinality_allow_in_native_format", "allow_experimental_analyzer"),
        *("allow_experimental_json_type", "allow_experimental_variant_type", "allow_experimental_dynamic_type"),
        *("enable_json_type", "enable_variant_type", "enable_dynamic_type"),
    )
)
_READER_MAY_SET_PREFIXES = ("output_format_", "format_csv_", "format_tsv_", "format_regexp_")
_NOT_THESE = frozenset(("output_format_schema",))


def reader_settings(asked: Mapping[str, str]) -> dict[str, str]:
    """Settings for a read-only query: its bounds and what was asked within them.

    Raises:
        FaceError: READONLY for a setting that the read-only user may not change.
    """
    settings = {name: str(limit) for name, limit in READER_LIMITS.items()}
    for name, value in asked.items():
        if name in READER_LIMITS:
            settings[name] = _lower_of(name, value)
        elif name in _READER_MAY_SET or (name.startswith(_READER_MAY_SET_PREFIXES) and name not in _NOT_THESE):
            settings[name] = value
        elif name != "readonly" or value not in ("1", "2"):
            raise read_only_refusal(f"Cannot modify '{name}' setting in readonly mode.")
    return settings


def _lower_of(name: str, value: str) -> str:
    """The client's bound if it is one (0 means none) and lower than ours."""
    try:
        asked = float(value)
    except ValueError as error:
        raise FaceError(27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", f"Setting {name} wants a number.") from error
    limit = READER_LIMITS[name]
    return value if 0 < asked < limit else str(limit)
