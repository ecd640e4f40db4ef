/*
 * builtin.h
 *	  The built-ins that live in files of their own, for the table in builtin.c.
 */
#ifndef ADAMA_VM_BUILTIN_H
#define ADAMA_VM_BUILTIN_H

#include "vm/machine.h"

#define VM_BUILTIN_FUNCTION(name) extern bool name(Vm *vm, const VmVal *args, VmVal *out)

/* builtin_string.c */
VM_BUILTIN_FUNCTION(vm_string_length);
VM_BUILTIN_FUNCTION(vm_string_is_empty);
VM_BUILTIN_FUNCTION(vm_string_is_blank);
VM_BUILTIN_FUNCTION(vm_string_trim);
VM_BUILTIN_FUNCTION(vm_string_trim_left);
VM_BUILTIN_FUNCTION(vm_string_trim_right);
VM_BUILTIN_FUNCTION(vm_string_upper);
VM_BUILTIN_FUNCTION(vm_string_lower);
VM_BUILTIN_FUNCTION(vm_string_contains);
VM_BUILTIN_FUNCTION(vm_string_starts_with);
VM_BUILTIN_FUNCTION(vm_string_ends_with);
VM_BUILTIN_FUNCTION(vm_string_index_of);
VM_BUILTIN_FUNCTION(vm_string_index_of_from);
VM_BUILTIN_FUNCTION(vm_string_last_index_of);
VM_BUILTIN_FUNCTION(vm_string_left);
VM_BUILTIN_FUNCTION(vm_string_right);
VM_BUILTIN_FUNCTION(vm_string_mid);
VM_BUILTIN_FUNCTION(vm_string_substr);
VM_BUILTIN_FUNCTION(vm_string_replace_all);
VM_BUILTIN_FUNCTION(vm_string_compare);
VM_BUILTIN_FUNCTION(vm_string_equality);
VM_BUILTIN_FUNCTION(vm_string_of_bool);
VM_BUILTIN_FUNCTION(vm_string_of_int);
VM_BUILTIN_FUNCTION(vm_string_of_double);

/* builtin_password.c */
VM_BUILTIN_FUNCTION(vm_string_password_hash);
VM_BUILTIN_FUNCTION(vm_string_password_check);

/* builtin_words.c */
VM_BUILTIN_FUNCTION(vm_string_char_at);
VM_BUILTIN_FUNCTION(vm_string_codepoint_at);
VM_BUILTIN_FUNCTION(vm_string_codepoints);
VM_BUILTIN_FUNCTION(vm_string_char_of);
VM_BUILTIN_FUNCTION(vm_string_reverse);
VM_BUILTIN_FUNCTION(vm_string_proper);
VM_BUILTIN_FUNCTION(vm_string_normalize_whitespace);
VM_BUILTIN_FUNCTION(vm_string_camelject);
VM_BUILTIN_FUNCTION(vm_string_initials_of);
VM_BUILTIN_FUNCTION(vm_string_split);
VM_BUILTIN_FUNCTION(vm_string_join);
VM_BUILTIN_FUNCTION(vm_string_concat);
VM_BUILTIN_FUNCTION(vm_string_join_maybes);
VM_BUILTIN_FUNCTION(vm_string_concat_maybes);
VM_BUILTIN_FUNCTION(vm_string_replace_first);
VM_BUILTIN_FUNCTION(vm_string_remove_all);
VM_BUILTIN_FUNCTION(vm_string_bulk_replace_all);
VM_BUILTIN_FUNCTION(vm_string_count_occurrences);
VM_BUILTIN_FUNCTION(vm_string_compare_insensitive);
VM_BUILTIN_FUNCTION(vm_string_multiply);
VM_BUILTIN_FUNCTION(vm_string_pad_left);
VM_BUILTIN_FUNCTION(vm_string_pad_right);

/* builtin_convert.c */
VM_BUILTIN_FUNCTION(vm_string_int_of);
VM_BUILTIN_FUNCTION(vm_string_long_of);
VM_BUILTIN_FUNCTION(vm_string_int_from_hex);
VM_BUILTIN_FUNCTION(vm_string_long_from_hex);
VM_BUILTIN_FUNCTION(vm_string_double_of);
VM_BUILTIN_FUNCTION(vm_string_hex_of);
VM_BUILTIN_FUNCTION(vm_string_to_roman);
VM_BUILTIN_FUNCTION(vm_string_base64_encode);
VM_BUILTIN_FUNCTION(vm_string_base64_decode);
extern void vm_base64_write(const uint8_t *from, size_t len, char *to);	/* (len + 2) / 3 * 4 characters */
extern int64_t vm_base64_read(const char *text, size_t len, uint8_t *to);	/* how many bytes, at most len; -1: it is none */
VM_BUILTIN_FUNCTION(vm_string_url_encode);
VM_BUILTIN_FUNCTION(vm_string_url_decode);
VM_BUILTIN_FUNCTION(vm_enum_to_string);
VM_BUILTIN_FUNCTION(vm_enum_next);
VM_BUILTIN_FUNCTION(vm_enum_prev);

/* builtin_effects.c */
VM_BUILTIN_FUNCTION(vm_document_patch);
VM_BUILTIN_FUNCTION(vm_document_disconnect);
VM_BUILTIN_FUNCTION(vm_document_rewind);
VM_BUILTIN_FUNCTION(vm_document_destroy);
VM_BUILTIN_FUNCTION(vm_view_state_merge);
VM_BUILTIN_FUNCTION(vm_view_state_goto);
VM_BUILTIN_FUNCTION(vm_view_state_send);
VM_BUILTIN_FUNCTION(vm_view_state_log);
VM_BUILTIN_FUNCTION(vm_messaging_send);
VM_BUILTIN_FUNCTION(vm_messaging_broadcast);

/* builtin_regex.c */
VM_BUILTIN_FUNCTION(vm_string_matches);

/* builtin_statistics.c */
VM_BUILTIN_FUNCTION(vm_statistics_sum_int);
VM_BUILTIN_FUNCTION(vm_statistics_sum_long);
VM_BUILTIN_FUNCTION(vm_statistics_sum_double);
VM_BUILTIN_FUNCTION(vm_statistics_minimum_int);
VM_BUILTIN_FUNCTION(vm_statistics_minimum_long);
VM_BUILTIN_FUNCTION(vm_statistics_minimum_double);
VM_BUILTIN_FUNCTION(vm_statistics_maximum_int);
VM_BUILTIN_FUNCTION(vm_statistics_maximum_long);
VM_BUILTIN_FUNCTION(vm_statistics_maximum_double);
VM_BUILTIN_FUNCTION(vm_statistics_range_int);
VM_BUILTIN_FUNCTION(vm_statistics_range_long);
VM_BUILTIN_FUNCTION(vm_statistics_range_double);
VM_BUILTIN_FUNCTION(vm_statistics_median_int);
VM_BUILTIN_FUNCTION(vm_statistics_median_long);
VM_BUILTIN_FUNCTION(vm_statistics_median_double);
VM_BUILTIN_FUNCTION(vm_statistics_percentile_int);
VM_BUILTIN_FUNCTION(vm_statistics_percentile_long);
VM_BUILTIN_FUNCTION(vm_statistics_percentile_double);
VM_BUILTIN_FUNCTION(vm_statistics_average_int);
VM_BUILTIN_FUNCTION(vm_statistics_average_long);
VM_BUILTIN_FUNCTION(vm_statistics_average_double);
VM_BUILTIN_FUNCTION(vm_statistics_variance_int);
VM_BUILTIN_FUNCTION(vm_statistics_variance_long);
VM_BUILTIN_FUNCTION(vm_statistics_variance_double);
VM_BUILTIN_FUNCTION(vm_statistics_stddev_int);
VM_BUILTIN_FUNCTION(vm_statistics_stddev_long);
VM_BUILTIN_FUNCTION(vm_statistics_stddev_double);
VM_BUILTIN_FUNCTION(vm_token_ints);
VM_BUILTIN_FUNCTION(vm_token_strings);
VM_BUILTIN_FUNCTION(vm_token_intersect_ints);
VM_BUILTIN_FUNCTION(vm_token_intersect_strings);
VM_BUILTIN_FUNCTION(vm_map_size_of);
VM_BUILTIN_FUNCTION(vm_map_has);
VM_BUILTIN_FUNCTION(vm_map_remove_key);
VM_BUILTIN_FUNCTION(vm_map_clear);
VM_BUILTIN_FUNCTION(vm_map_insert);
VM_BUILTIN_FUNCTION(vm_map_min);
VM_BUILTIN_FUNCTION(vm_map_max);

/* builtin_text.c */
VM_BUILTIN_FUNCTION(vm_text_get);
VM_BUILTIN_FUNCTION(vm_text_append);
VM_BUILTIN_FUNCTION(vm_text_compact);

/* builtin_dynamic.c */
VM_BUILTIN_FUNCTION(vm_dynamic_of_bool);
VM_BUILTIN_FUNCTION(vm_dynamic_of_int);
VM_BUILTIN_FUNCTION(vm_dynamic_of_double);
VM_BUILTIN_FUNCTION(vm_dynamic_of_string);
VM_BUILTIN_FUNCTION(vm_dynamic_parse);
VM_BUILTIN_FUNCTION(vm_dynamic_to_dyn);
VM_BUILTIN_FUNCTION(vm_dynamic_to_str);
VM_BUILTIN_FUNCTION(vm_dynamic_str);
VM_BUILTIN_FUNCTION(vm_dynamic_str_member);
VM_BUILTIN_FUNCTION(vm_dynamic_str_or);
VM_BUILTIN_FUNCTION(vm_dynamic_d);
VM_BUILTIN_FUNCTION(vm_dynamic_d_member);
VM_BUILTIN_FUNCTION(vm_dynamic_d_or);
VM_BUILTIN_FUNCTION(vm_dynamic_l);
VM_BUILTIN_FUNCTION(vm_dynamic_l_member);
VM_BUILTIN_FUNCTION(vm_dynamic_l_or);
VM_BUILTIN_FUNCTION(vm_dynamic_i);
VM_BUILTIN_FUNCTION(vm_dynamic_i_member);
VM_BUILTIN_FUNCTION(vm_dynamic_i_or);
VM_BUILTIN_FUNCTION(vm_dynamic_b);
VM_BUILTIN_FUNCTION(vm_dynamic_b_member);
VM_BUILTIN_FUNCTION(vm_dynamic_b_or);
VM_BUILTIN_FUNCTION(vm_dynamic_date);
VM_BUILTIN_FUNCTION(vm_dynamic_date_member);
VM_BUILTIN_FUNCTION(vm_dynamic_date_or);
VM_BUILTIN_FUNCTION(vm_dynamic_datetime);
VM_BUILTIN_FUNCTION(vm_dynamic_datetime_member);
VM_BUILTIN_FUNCTION(vm_dynamic_datetime_or);
VM_BUILTIN_FUNCTION(vm_dynamic_is_null_member);
VM_BUILTIN_FUNCTION(vm_dynamic_is_array);
VM_BUILTIN_FUNCTION(vm_dynamic_is_object);
VM_BUILTIN_FUNCTION(vm_dynamic_is_string);
VM_BUILTIN_FUNCTION(vm_dynamic_is_number);
VM_BUILTIN_FUNCTION(vm_dynamic_is_bool);
VM_BUILTIN_FUNCTION(vm_dynamic_size);
VM_BUILTIN_FUNCTION(vm_dynamic_has);
VM_BUILTIN_FUNCTION(vm_dynamic_keys);
VM_BUILTIN_FUNCTION(vm_dynamic_at_index);
VM_BUILTIN_FUNCTION(vm_dynamic_at_member);
VM_BUILTIN_FUNCTION(vm_dynamic_merge);
VM_BUILTIN_FUNCTION(vm_json_to_dynamic);
VM_BUILTIN_FUNCTION(vm_json_parsen);
VM_BUILTIN_FUNCTION(vm_json_deref_member);
VM_BUILTIN_FUNCTION(vm_json_deref_index);
VM_BUILTIN_FUNCTION(vm_json_to_s);
VM_BUILTIN_FUNCTION(vm_json_to_i);
VM_BUILTIN_FUNCTION(vm_json_to_l);
VM_BUILTIN_FUNCTION(vm_json_to_d);
VM_BUILTIN_FUNCTION(vm_json_to_b);
VM_BUILTIN_FUNCTION(vm_message_to_dynamic);
VM_BUILTIN_FUNCTION(vm_message_ingest_dynamic);
VM_BUILTIN_FUNCTION(vm_message_reset);

/* builtin_math.c */
#define VM_REAL_STEPS 64		/* that an elementary function takes */
VM_BUILTIN_FUNCTION(vm_math_abs_int);
VM_BUILTIN_FUNCTION(vm_math_abs_long);
VM_BUILTIN_FUNCTION(vm_math_abs_double);
VM_BUILTIN_FUNCTION(vm_math_min_int);
VM_BUILTIN_FUNCTION(vm_math_max_int);
VM_BUILTIN_FUNCTION(vm_math_min_double);
VM_BUILTIN_FUNCTION(vm_math_max_double);
VM_BUILTIN_FUNCTION(vm_math_clamp_int);
VM_BUILTIN_FUNCTION(vm_math_clamp_double);
VM_BUILTIN_FUNCTION(vm_math_sign_int);
VM_BUILTIN_FUNCTION(vm_math_sign_double);
VM_BUILTIN_FUNCTION(vm_math_floor);
VM_BUILTIN_FUNCTION(vm_math_ceil);
VM_BUILTIN_FUNCTION(vm_math_round);
VM_BUILTIN_FUNCTION(vm_math_pi);
VM_BUILTIN_FUNCTION(vm_math_e);
VM_BUILTIN_FUNCTION(vm_math_length);
VM_BUILTIN_FUNCTION(vm_math_signum);
VM_BUILTIN_FUNCTION(vm_math_floor_to);
VM_BUILTIN_FUNCTION(vm_math_ceil_to);
VM_BUILTIN_FUNCTION(vm_math_round_to_multiple);
VM_BUILTIN_FUNCTION(vm_math_round_to);
VM_BUILTIN_FUNCTION(vm_math_floor_div_int);
VM_BUILTIN_FUNCTION(vm_math_floor_div_long);
VM_BUILTIN_FUNCTION(vm_math_floor_mod);
VM_BUILTIN_FUNCTION(vm_math_int_of);
VM_BUILTIN_FUNCTION(vm_math_long_of);
VM_BUILTIN_FUNCTION(vm_math_clamp_int_of);
VM_BUILTIN_FUNCTION(vm_math_sqrt);
VM_BUILTIN_FUNCTION(vm_math_cbrt);
VM_BUILTIN_FUNCTION(vm_math_exp);
VM_BUILTIN_FUNCTION(vm_math_expm1);
VM_BUILTIN_FUNCTION(vm_math_log);
VM_BUILTIN_FUNCTION(vm_math_log10);
VM_BUILTIN_FUNCTION(vm_math_log1p);
VM_BUILTIN_FUNCTION(vm_math_log2);
VM_BUILTIN_FUNCTION(vm_math_sin);
VM_BUILTIN_FUNCTION(vm_math_cos);
VM_BUILTIN_FUNCTION(vm_math_tan);
VM_BUILTIN_FUNCTION(vm_math_asin);
VM_BUILTIN_FUNCTION(vm_math_acos);
VM_BUILTIN_FUNCTION(vm_math_atan);
VM_BUILTIN_FUNCTION(vm_math_sinh);
VM_BUILTIN_FUNCTION(vm_math_cosh);
VM_BUILTIN_FUNCTION(vm_math_tanh);
VM_BUILTIN_FUNCTION(vm_math_asinh);
VM_BUILTIN_FUNCTION(vm_math_acosh);
VM_BUILTIN_FUNCTION(vm_math_atanh);
VM_BUILTIN_FUNCTION(vm_math_sec);
VM_BUILTIN_FUNCTION(vm_math_csc);
VM_BUILTIN_FUNCTION(vm_math_cot);
VM_BUILTIN_FUNCTION(vm_math_radians);
VM_BUILTIN_FUNCTION(vm_math_degrees);
VM_BUILTIN_FUNCTION(vm_math_ulp);
VM_BUILTIN_FUNCTION(vm_math_get_exponent);
VM_BUILTIN_FUNCTION(vm_math_atan2);
VM_BUILTIN_FUNCTION(vm_math_hypot);
VM_BUILTIN_FUNCTION(vm_math_pow);
VM_BUILTIN_FUNCTION(vm_math_ieee_remainder);
VM_BUILTIN_FUNCTION(vm_math_copy_sign);
VM_BUILTIN_FUNCTION(vm_math_lerp);
VM_BUILTIN_FUNCTION(vm_math_gcd);
VM_BUILTIN_FUNCTION(vm_math_lcm);
VM_BUILTIN_FUNCTION(vm_math_is_nan);
VM_BUILTIN_FUNCTION(vm_math_is_nan_maybe);
VM_BUILTIN_FUNCTION(vm_math_is_infinite);
VM_BUILTIN_FUNCTION(vm_math_is_infinite_maybe);
VM_BUILTIN_FUNCTION(vm_math_valid);
VM_BUILTIN_FUNCTION(vm_math_near);
VM_BUILTIN_FUNCTION(vm_math_near_complex);
VM_BUILTIN_FUNCTION(vm_math_xor);
VM_BUILTIN_FUNCTION(vm_math_is_true);
VM_BUILTIN_FUNCTION(vm_math_force_id);
VM_BUILTIN_FUNCTION(vm_math_conj);
VM_BUILTIN_FUNCTION(vm_math_intersects_int);
VM_BUILTIN_FUNCTION(vm_math_intersects_double);
VM_BUILTIN_FUNCTION(vm_math_range_ii);
VM_BUILTIN_FUNCTION(vm_math_range_ie);
VM_BUILTIN_FUNCTION(vm_math_range_ei);
VM_BUILTIN_FUNCTION(vm_math_range_ee);
VM_BUILTIN_FUNCTION(vm_complex_re);
VM_BUILTIN_FUNCTION(vm_complex_im);

/* asset.c */
VM_BUILTIN_FUNCTION(vm_asset_id);
VM_BUILTIN_FUNCTION(vm_asset_name);
VM_BUILTIN_FUNCTION(vm_asset_type);
VM_BUILTIN_FUNCTION(vm_asset_size);
VM_BUILTIN_FUNCTION(vm_asset_md5);
VM_BUILTIN_FUNCTION(vm_asset_sha384);
VM_BUILTIN_FUNCTION(vm_asset_valid);

/* builtin_format.c */
extern const char *const vm_day_names[7];		/* Monday first */
extern const char *const vm_month_names[12];

/* builtin_time.c */
VM_BUILTIN_FUNCTION(vm_time_today);
VM_BUILTIN_FUNCTION(vm_time_datetime);
VM_BUILTIN_FUNCTION(vm_time_time);
VM_BUILTIN_FUNCTION(vm_time_zone);
VM_BUILTIN_FUNCTION(vm_time_set_zone);
VM_BUILTIN_FUNCTION(vm_time_make);
VM_BUILTIN_FUNCTION(vm_time_to_int);
VM_BUILTIN_FUNCTION(vm_time_extend);
VM_BUILTIN_FUNCTION(vm_time_cyclic_add);
VM_BUILTIN_FUNCTION(vm_date_year);
VM_BUILTIN_FUNCTION(vm_date_month);
VM_BUILTIN_FUNCTION(vm_date_day);
VM_BUILTIN_FUNCTION(vm_time_hour);
VM_BUILTIN_FUNCTION(vm_time_minute);
VM_BUILTIN_FUNCTION(vm_date_make);
VM_BUILTIN_FUNCTION(vm_date_valid);
VM_BUILTIN_FUNCTION(vm_date_day_of_week);
VM_BUILTIN_FUNCTION(vm_date_day_of_week_english);
VM_BUILTIN_FUNCTION(vm_date_month_name_english);
VM_BUILTIN_FUNCTION(vm_date_offset_day);
VM_BUILTIN_FUNCTION(vm_date_offset_month);
VM_BUILTIN_FUNCTION(vm_date_inclusive_range);
VM_BUILTIN_FUNCTION(vm_date_calendar_view);
VM_BUILTIN_FUNCTION(vm_date_week_view);
VM_BUILTIN_FUNCTION(vm_date_neighbor_view);
VM_BUILTIN_FUNCTION(vm_date_pattern);
VM_BUILTIN_FUNCTION(vm_date_satisfies);
VM_BUILTIN_FUNCTION(vm_date_range_satisfies);
VM_BUILTIN_FUNCTION(vm_date_period_years);
VM_BUILTIN_FUNCTION(vm_date_period_months);
VM_BUILTIN_FUNCTION(vm_datetime_min);
VM_BUILTIN_FUNCTION(vm_datetime_max);
VM_BUILTIN_FUNCTION(vm_datetime_overlaps);
VM_BUILTIN_FUNCTION(vm_date_construct);
VM_BUILTIN_FUNCTION(vm_datetime_future);
VM_BUILTIN_FUNCTION(vm_datetime_past);
VM_BUILTIN_FUNCTION(vm_datetime_between);
VM_BUILTIN_FUNCTION(vm_datetime_date);
VM_BUILTIN_FUNCTION(vm_datetime_time);
VM_BUILTIN_FUNCTION(vm_datetime_adjust);
VM_BUILTIN_FUNCTION(vm_datetime_with_year);
VM_BUILTIN_FUNCTION(vm_datetime_with_month);
VM_BUILTIN_FUNCTION(vm_datetime_with_day);
VM_BUILTIN_FUNCTION(vm_datetime_with_hour);
VM_BUILTIN_FUNCTION(vm_datetime_with_minute);
VM_BUILTIN_FUNCTION(vm_datetime_with_time);
VM_BUILTIN_FUNCTION(vm_datetime_truncate_day);
VM_BUILTIN_FUNCTION(vm_datetime_truncate_hour);
VM_BUILTIN_FUNCTION(vm_datetime_truncate_minute);
VM_BUILTIN_FUNCTION(vm_datetime_truncate_seconds);
VM_BUILTIN_FUNCTION(vm_datetime_truncate_milliseconds);
VM_BUILTIN_FUNCTION(vm_timespan_add);
VM_BUILTIN_FUNCTION(vm_timespan_multiply);
VM_BUILTIN_FUNCTION(vm_timespan_seconds);
VM_BUILTIN_FUNCTION(vm_timespan_from_minutes);
VM_BUILTIN_FUNCTION(vm_timespan_minutes);
VM_BUILTIN_FUNCTION(vm_timespan_hours);

/* builtin_format.c */
VM_BUILTIN_FUNCTION(vm_date_format);
VM_BUILTIN_FUNCTION(vm_date_format_in);
VM_BUILTIN_FUNCTION(vm_datetime_format);
VM_BUILTIN_FUNCTION(vm_datetime_format_in);

#endif
