"""Functions whose result follows from their arguments and the session's settings alone.

A database's own function of such a name is told by `Catalog.functions`. Not here: what reads the
clock (so SQLite's date('now') and its like, and age(), whose second argument may be left out), what
is random, sequences, and what tells of the server or the session.
"""

from slipstream.generations.sql.tokens import words

__all__ = ["PURE_FUNCTIONS"]

CONDITIONS = (
    "coalesce nullif greatest least ifnull if iif isnull notnull exists ilike like rlike regexp glob"
    " similar is not collate collation cast convert likelihood likely unlikely elt field"
    " num_nonnulls num_nulls row grouping rollup cube"
)
# Operators of one vendor, before a parenthesis; and types in casts.
WORDS = "div xor escape varying bpchar set binary signed unsigned insert"
NUMBERS = (
    "abs acos acosh acosd asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling conv cos"
    " cosd cosh cot cotd crc32 degrees exp factorial floor gcd lcm ln log log10 log2 max min mod pi"
    " pow power radians round scale min_scale trim_scale sign sin sind sinh sqrt tan tand tanh trunc"
    " truncate width_bucket bitxor bit_count erf erfc"
)
TEXT = (
    "ascii bin bit_length btrim char char_length character_length chr concat concat_ws convert_from"
    " convert_to decode encode find_in_set format from_base64 hex initcap instr lcase left length"
    " locate lower lpad ltrim md5 mid normalize oct octet_length ord overlay parse_ident position"
    " printf quote quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like"
    " regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table"
    " regexp_substr repeat replace reverse right rpad rtrim sha sha1 sha2 sha224 sha256 sha384 sha512"
    " digest soundex space split_part starts_with strcmp string_to_array string_to_table strpos"
    " substr substring substring_index to_ascii to_base64 to_hex translate trim ucase unhex unicode"
    " unistr unistr_quote upper zeroblob typeof"
)
DATES = (
    "date_bin date_part date_trunc extract isfinite justify_days justify_hours justify_interval"
    " make_date make_interval make_time make_timestamp make_timestamptz overlaps timezone"
    " to_char to_date to_number to_timestamp"
    " addtime adddate convert_tz date_add date_format date_sub datediff day dayname dayofmonth"
    " dayofweek dayofyear from_days from_unixtime get_format hour last_day makedate maketime"
    " microsecond minute month monthname period_add period_diff quarter sec_to_time second"
    " str_to_date subdate subtime time_format time_to_sec timediff timestampadd timestampdiff to_days"
    " to_seconds week weekday weekofyear year yearweek"
    " django_date_extract django_date_trunc django_datetime_cast_date django_datetime_cast_time"
    " django_datetime_extract django_datetime_trunc django_format_dtdelta django_time_diff"
    " django_time_extract django_time_trunc django_timestamp_diff"
)
AGGREGATES = (
    "any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp"
    " every group_concat json_agg json_arrayagg json_group_array json_group_object json_object_agg"
    " json_objectagg jsonb_agg jsonb_group_array jsonb_group_object jsonb_object_agg median mode"
    " percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx regr_avgy regr_count"
    " regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy std stddev stddev_pop stddev_samp"
    " string_agg sum total var_pop var_samp variance xmlagg"
    " cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank"
    " row_number"
)
JSON = (
    "json json_array json_array_append json_array_elements json_array_elements_text"
    " json_array_insert json_array_length json_build_array json_build_object json_compact"
    " json_contains json_contains_path json_depth json_detailed json_each json_each_text json_equals"
    " json_error_position json_exists json_extract json_extract_path json_extract_path_text"
    " json_insert json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve"
    " json_normalize json_object json_object_keys json_overlaps json_patch json_populate_record"
    " json_populate_recordset json_pretty json_query json_quote json_remove json_replace json_scalar"
    " json_search json_serialize json_set json_storage_size json_strip_nulls json_table json_to_record"
    " json_to_recordset json_tree json_type json_typeof json_unquote json_valid json_value"
    " jsonb jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array"
    " jsonb_build_object jsonb_each jsonb_each_text jsonb_extract jsonb_extract_path"
    " jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_patch"
    " jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array"
    " jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_remove"
    " jsonb_replace jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset"
    " jsonb_typeof row_to_json to_json to_jsonb array_to_json"
)
COLLECTIONS = (
    "array_append array_cat array_dims array_fill array_length array_lower array_ndims"
    " array_position array_positions array_prepend array_remove array_replace array_reverse"
    " array_sort array_to_string array_upper cardinality generate_series generate_subscripts"
    " trim_array unnest"
    " akeys avals defined each exist hstore hstore_to_array hstore_to_json hstore_to_jsonb"
    " hstore_to_matrix skeys slice svals"
    " daterange int4range int8range isempty lower_inc lower_inf numrange range_merge tsrange"
    " tstzrange upper_inc upper_inf"
)
SEARCH = (
    "numnode phraseto_tsquery plainto_tsquery querytree setweight similarity strict_word_similarity"
    " strip to_tsquery to_tsvector ts_headline ts_rank ts_rank_cd tsvector_to_array unaccent"
    " websearch_to_tsquery word_similarity array_to_tsvector show_trgm"
)
NETWORK = (
    "abbrev broadcast family host hostmask inet_aton inet_ntoa inet6_aton inet6_ntoa masklen netmask"
    " network"
)

PURE_FUNCTIONS = words(
    CONDITIONS, WORDS, NUMBERS, TEXT, DATES, AGGREGATES, JSON, COLLECTIONS, SEARCH, NETWORK
)
