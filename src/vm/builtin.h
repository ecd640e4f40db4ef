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
VM_BUILTIN_FUNCTION(vm_string_url_encode);
VM_BUILTIN_FUNCTION(vm_string_url_decode);
VM_BUILTIN_FUNCTION(vm_enum_to_string);
VM_BUILTIN_FUNCTION(vm_enum_next);
VM_BUILTIN_FUNCTION(vm_enum_prev);

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

#endif
