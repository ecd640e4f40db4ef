/*
 * builtin.c
 *	  The built-in functions by number, and those that are about lists, randomness, the document and principals.
 *
 * A built-in gets its arguments one after the other and writes its result; it may not keep pointers to the registers.  Those that lowering turns into
 * instructions of their own are not in the table: lang/builtins.def has them all, lower_call.c says which.
 */
#include <math.h>
#include <string.h>

#include "kit/real.h"
#include "vm/builtin.h"

/* ---- lists ---- */

static bool
list_reverse(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmList *list = args[0].list;
	VmList	   *made;

	if (!vm_new_list(vm, list->n, &made))
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		made->items[i] = list->items[list->n - 1 - i];
	made->n = list->n;
	out->list = made;
	return true;
}

static bool
list_drop(Vm *vm, const VmVal *args, VmVal *out)
{
	int64_t		n = args[0].list->n;
	int64_t		drop = args[1].i < 0 ? 0 : args[1].i;

	return vm_list_part(vm, args[0].list, 0, n - drop, out);
}

static bool
list_flatten(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmList *lists = args[0].list;
	size_t		n = 0;
	VmList	   *made;

	if (!vm_charge_steps(vm, lists->n))
		return false;
	for (uint32_t i = 0; i < lists->n; i++)
		n += lists->items[i].list->n;
	if (n > UINT32_MAX / 2)
		return vm_out_of_memory(vm);
	if (!vm_new_list(vm, n, &made))
		return false;
	for (uint32_t i = 0; i < lists->n; i++)
	{
		const VmList *list = lists->items[i].list;

		if (list->n > 0)
			memcpy(&made->items[made->n], list->items, list->n * sizeof(VmVal));
		made->n += list->n;
	}
	out->list = made;
	return true;
}

static bool
list_manifest(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmList *list = args[0].list;
	VmList	   *made;

	if (!vm_new_list(vm, list->n, &made))
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->items[i].maybe != NULL)
			made->items[made->n++] = list->items[i].maybe->value;
	out->list = made;
	return true;
}

#define INT32(x) ((int32_t) (uint32_t) (x))

/* ---- randomness ---- */

static bool
random_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = INT32(vm_random(vm) >> 32);
	return true;
}

static bool
random_bound_int(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm_random_below(vm, args[0].i);
	return true;
}

static bool
random_long(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = (int64_t) vm_random(vm);
	return true;
}

static bool
random_double(Vm *vm, const VmVal *args, VmVal *out)
{
	out->d = (double) (vm_random(vm) >> 11) * 0x1p-53;
	return true;
}

/* Marsaglia's polar method.  Its second number is not kept: it would have to be part of the document. */
static bool
random_gaussian(Vm *vm, const VmVal *args, VmVal *out)
{
	double		x;
	double		y;
	double		square;

	do
	{
		x = 2 * ((double) (vm_random(vm) >> 11) * 0x1p-53) - 1;
		y = 2 * ((double) (vm_random(vm) >> 11) * 0x1p-53) - 1;
		square = x * x + y * y;
	} while (square >= 1 || square == 0);
	out->d = x * sqrt(-2 * kit_log(square) / square);
	return vm_charge_steps(vm, VM_REAL_STEPS);
}

/* ---- the document ---- */

/* A seq that no int can hold, after two thousand million events, is the largest that one can. */
static bool
document_seq(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm->seq < INT32_MAX ? vm->seq : INT32_MAX;
	return true;
}

/* ---- principals ---- */

static bool
principal_of(Vm *vm, const VmVal *args, VmVal *out)
{
	const VmStr *agent = args[0].str;
	VmText		space = vm->context[LANG_CONTEXT_SPACE];
	VmText		key = vm->context[LANG_CONTEXT_KEY];
	size_t		authority_len = 5 + (size_t) space.len + key.len;
	char	   *authority;

	if (agent->len > UINT16_MAX || authority_len > UINT16_MAX)
		return vm_fail(vm, KIT_RUNTIME_ERROR, "the name of a principal has more than %d bytes", UINT16_MAX);
	if (!vm_charge(vm, agent->len + 2 * authority_len + sizeof(VmPrincipal)))
		return false;
	authority = kit_arena_printf(vm->arena, "doc/%.*s/%.*s", (int) space.len, space.str, (int) key.len, key.str);
	out->who = vm_principal_new(vm->arena, agent->text, agent->len, authority, authority_len);
	return true;
}

static bool
principal_agent(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_make_string(vm, args[0].who->text, args[0].who->agent_len, out);
}

static bool
principal_authority(Vm *vm, const VmVal *args, VmVal *out)
{
	return vm_make_string(vm, args[0].who->text + args[0].who->agent_len, args[0].who->authority_len, out);
}

static bool
authority_is(const VmPrincipal *who, const char *authority, size_t len)
{
	return who->authority_len == len && memcmp(who->text + who->agent_len, authority, len) == 0;
}

static bool
principal_is_anonymous(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = authority_is(args[0].who, "anonymous", 9);
	return true;
}

static bool
principal_from_authority(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = authority_is(args[0].who, args[1].str->text, args[1].str->len);
	return true;
}

/* The authority of the agents that principalOf makes: doc/space/key; only its beginning when !whole. */
static bool
is_of_document(const Vm *vm, const VmPrincipal *who, bool whole)
{
	const char *text = who->text + who->agent_len;
	size_t		space_len = vm->context[LANG_CONTEXT_SPACE].len;
	size_t		len = 4 + space_len + 1 + (whole ? vm->context[LANG_CONTEXT_KEY].len : 0);

	return (whole ? who->authority_len == len : who->authority_len > len) && memcmp(text, "doc/", 4) == 0 &&
		memcmp(text + 4, vm->context[LANG_CONTEXT_SPACE].str, space_len) == 0 && text[4 + space_len] == '/' &&
		(!whole || memcmp(text + 5 + space_len, vm->context[LANG_CONTEXT_KEY].str, vm->context[LANG_CONTEXT_KEY].len) == 0);
}

static bool
principal_is_from_document(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm->context[LANG_CONTEXT_SPACE].str != NULL && vm->context[LANG_CONTEXT_KEY].str != NULL && is_of_document(vm, args[0].who, true);
	return true;
}

static bool
principal_is_from_space(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = vm->context[LANG_CONTEXT_SPACE].str != NULL && is_of_document(vm, args[0].who, false);
	return true;
}

static bool
principal_is_adama_developer(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = authority_is(args[0].who, "adama", 5);
	return true;
}

static bool
principal_is_overlord(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = authority_is(args[0].who, "overlord", 8);
	return true;
}

static bool
principal_is_adama_host(Vm *vm, const VmVal *args, VmVal *out)
{
	out->i = authority_is(args[0].who, "region", 6);
	return true;
}

/* ---- all of them ---- */

const VmBuiltin vm_builtins[LANG_N_BUILTINS] = {
	[LANG_BUILTIN_LIST_REVERSE] = list_reverse,
	[LANG_BUILTIN_LIST_DROP] = list_drop,
	[LANG_BUILTIN_LIST_FLATTEN] = list_flatten,
	[LANG_BUILTIN_LIST_FLATTEN_ARRAYS] = list_flatten,
	[LANG_BUILTIN_LIST_MANIFEST] = list_manifest,
	[LANG_BUILTIN_MAP_SIZE] = vm_map_size_of,
	[LANG_BUILTIN_MAP_HAS] = vm_map_has,
	[LANG_BUILTIN_MAP_REMOVE] = vm_map_remove_key,
	[LANG_BUILTIN_MAP_CLEAR] = vm_map_clear,
	[LANG_BUILTIN_MAP_INSERT] = vm_map_insert,
	[LANG_BUILTIN_MAP_MIN] = vm_map_min,
	[LANG_BUILTIN_MAP_MAX] = vm_map_max,
	[LANG_BUILTIN_STRING_LENGTH] = vm_string_length,
	[LANG_BUILTIN_STRING_IS_EMPTY] = vm_string_is_empty,
	[LANG_BUILTIN_STRING_IS_BLANK] = vm_string_is_blank,
	[LANG_BUILTIN_STRING_TRIM] = vm_string_trim,
	[LANG_BUILTIN_STRING_TRIM_LEFT] = vm_string_trim_left,
	[LANG_BUILTIN_STRING_TRIM_RIGHT] = vm_string_trim_right,
	[LANG_BUILTIN_STRING_UPPER] = vm_string_upper,
	[LANG_BUILTIN_STRING_LOWER] = vm_string_lower,
	[LANG_BUILTIN_STRING_CONTAINS] = vm_string_contains,
	[LANG_BUILTIN_STRING_STARTS_WITH] = vm_string_starts_with,
	[LANG_BUILTIN_STRING_ENDS_WITH] = vm_string_ends_with,
	[LANG_BUILTIN_STRING_INDEX_OF] = vm_string_index_of,
	[LANG_BUILTIN_STRING_INDEX_OF_FROM] = vm_string_index_of_from,
	[LANG_BUILTIN_STRING_LAST_INDEX_OF] = vm_string_last_index_of,
	[LANG_BUILTIN_STRING_LEFT] = vm_string_left,
	[LANG_BUILTIN_STRING_RIGHT] = vm_string_right,
	[LANG_BUILTIN_STRING_MID] = vm_string_mid,
	[LANG_BUILTIN_STRING_SUBSTR] = vm_string_substr,
	[LANG_BUILTIN_STRING_REPLACE_ALL] = vm_string_replace_all,
	[LANG_BUILTIN_STRING_COMPARE] = vm_string_compare,
	[LANG_BUILTIN_STRING_EQUALITY] = vm_string_equality,
	[LANG_BUILTIN_STRING_OF_BOOL] = vm_string_of_bool,
	[LANG_BUILTIN_STRING_OF_INT] = vm_string_of_int,
	[LANG_BUILTIN_STRING_OF_LONG] = vm_string_of_int,
	[LANG_BUILTIN_STRING_OF_DOUBLE] = vm_string_of_double,
	[LANG_BUILTIN_ENUM_TO_STRING] = vm_enum_to_string,
	[LANG_BUILTIN_ENUM_NEXT] = vm_enum_next,
	[LANG_BUILTIN_ENUM_PREV] = vm_enum_prev,
	[LANG_BUILTIN_STRING_CHAR_AT] = vm_string_char_at,
	[LANG_BUILTIN_STRING_CODEPOINT_AT] = vm_string_codepoint_at,
	[LANG_BUILTIN_STRING_CODEPOINTS] = vm_string_codepoints,
	[LANG_BUILTIN_STRING_CHAR_OF] = vm_string_char_of,
	[LANG_BUILTIN_STRING_REPLACE_FIRST] = vm_string_replace_first,
	[LANG_BUILTIN_STRING_REMOVE_ALL] = vm_string_remove_all,
	[LANG_BUILTIN_STRING_BULK_REPLACE_ALL] = vm_string_bulk_replace_all,
	[LANG_BUILTIN_STRING_COUNT_OCCURRENCES] = vm_string_count_occurrences,
	[LANG_BUILTIN_STRING_MULTIPLY] = vm_string_multiply,
	[LANG_BUILTIN_STRING_PAD_LEFT] = vm_string_pad_left,
	[LANG_BUILTIN_STRING_PAD_RIGHT] = vm_string_pad_right,
	[LANG_BUILTIN_STRING_REVERSE] = vm_string_reverse,
	[LANG_BUILTIN_STRING_PROPER] = vm_string_proper,
	[LANG_BUILTIN_STRING_NORMALIZE_WHITESPACE] = vm_string_normalize_whitespace,
	[LANG_BUILTIN_STRING_CAMELJECT] = vm_string_camelject,
	[LANG_BUILTIN_STRING_INITIALS_OF] = vm_string_initials_of,
	[LANG_BUILTIN_STRING_SPLIT] = vm_string_split,
	[LANG_BUILTIN_STRING_JOIN_LIST] = vm_string_join,
	[LANG_BUILTIN_STRING_JOIN_ARRAY] = vm_string_join,
	[LANG_BUILTIN_STRING_JOIN_MAYBES] = vm_string_join_maybes,
	[LANG_BUILTIN_STRING_CONCAT_LIST] = vm_string_concat,
	[LANG_BUILTIN_STRING_CONCAT_ARRAY] = vm_string_concat,
	[LANG_BUILTIN_STRING_CONCAT_MAYBES] = vm_string_concat_maybes,
	[LANG_BUILTIN_STRING_COMPARE_INSENSITIVE] = vm_string_compare_insensitive,
	[LANG_BUILTIN_STRING_MATCHES] = vm_string_matches,
	[LANG_BUILTIN_STRING_OF_BOOL_2] = vm_string_of_bool,
	[LANG_BUILTIN_STRING_OF_INT_2] = vm_string_of_int,
	[LANG_BUILTIN_STRING_OF_LONG_2] = vm_string_of_int,
	[LANG_BUILTIN_STRING_OF_DOUBLE_2] = vm_string_of_double,
	[LANG_BUILTIN_STRING_INT_OF] = vm_string_int_of,
	[LANG_BUILTIN_STRING_LONG_OF] = vm_string_long_of,
	[LANG_BUILTIN_STRING_DOUBLE_OF] = vm_string_double_of,
	[LANG_BUILTIN_STRING_HEX_OF_INT] = vm_string_hex_of,
	[LANG_BUILTIN_STRING_HEX_OF_LONG] = vm_string_hex_of,
	[LANG_BUILTIN_STRING_INT_FROM_HEX] = vm_string_int_from_hex,
	[LANG_BUILTIN_STRING_LONG_FROM_HEX] = vm_string_long_from_hex,
	[LANG_BUILTIN_STRING_TO_ROMAN] = vm_string_to_roman,
	[LANG_BUILTIN_STRING_PASSWORD_HASH] = vm_string_password_hash,
	[LANG_BUILTIN_STRING_PASSWORD_CHECK] = vm_string_password_check,
	[LANG_BUILTIN_STRING_BASE64_ENCODE] = vm_string_base64_encode,
	[LANG_BUILTIN_STRING_BASE64_DECODE] = vm_string_base64_decode,
	[LANG_BUILTIN_STRING_URL_ENCODE] = vm_string_url_encode,
	[LANG_BUILTIN_STRING_URL_DECODE] = vm_string_url_decode,
	[LANG_BUILTIN_STATISTICS_SUM_INT] = vm_statistics_sum_int,
	[LANG_BUILTIN_STATISTICS_SUM_LONG] = vm_statistics_sum_long,
	[LANG_BUILTIN_STATISTICS_SUM_DOUBLE] = vm_statistics_sum_double,
	[LANG_BUILTIN_STATISTICS_MINIMUM_INT] = vm_statistics_minimum_int,
	[LANG_BUILTIN_STATISTICS_MINIMUM_LONG] = vm_statistics_minimum_long,
	[LANG_BUILTIN_STATISTICS_MINIMUM_DOUBLE] = vm_statistics_minimum_double,
	[LANG_BUILTIN_STATISTICS_MAXIMUM_INT] = vm_statistics_maximum_int,
	[LANG_BUILTIN_STATISTICS_MAXIMUM_LONG] = vm_statistics_maximum_long,
	[LANG_BUILTIN_STATISTICS_MAXIMUM_DOUBLE] = vm_statistics_maximum_double,
	[LANG_BUILTIN_STATISTICS_RANGE_INT] = vm_statistics_range_int,
	[LANG_BUILTIN_STATISTICS_RANGE_LONG] = vm_statistics_range_long,
	[LANG_BUILTIN_STATISTICS_RANGE_DOUBLE] = vm_statistics_range_double,
	[LANG_BUILTIN_STATISTICS_MEDIAN_INT] = vm_statistics_median_int,
	[LANG_BUILTIN_STATISTICS_MEDIAN_LONG] = vm_statistics_median_long,
	[LANG_BUILTIN_STATISTICS_MEDIAN_DOUBLE] = vm_statistics_median_double,
	[LANG_BUILTIN_STATISTICS_PERCENTILE_INT] = vm_statistics_percentile_int,
	[LANG_BUILTIN_STATISTICS_PERCENTILE_LONG] = vm_statistics_percentile_long,
	[LANG_BUILTIN_STATISTICS_PERCENTILE_DOUBLE] = vm_statistics_percentile_double,
	[LANG_BUILTIN_STATISTICS_AVERAGE_INT] = vm_statistics_average_int,
	[LANG_BUILTIN_STATISTICS_AVERAGE_LONG] = vm_statistics_average_long,
	[LANG_BUILTIN_STATISTICS_AVERAGE_DOUBLE] = vm_statistics_average_double,
	[LANG_BUILTIN_STATISTICS_VARIANCE_INT] = vm_statistics_variance_int,
	[LANG_BUILTIN_STATISTICS_VARIANCE_LONG] = vm_statistics_variance_long,
	[LANG_BUILTIN_STATISTICS_VARIANCE_DOUBLE] = vm_statistics_variance_double,
	[LANG_BUILTIN_STATISTICS_STDDEV_INT] = vm_statistics_stddev_int,
	[LANG_BUILTIN_STATISTICS_STDDEV_LONG] = vm_statistics_stddev_long,
	[LANG_BUILTIN_STATISTICS_STDDEV_DOUBLE] = vm_statistics_stddev_double,
	[LANG_BUILTIN_TOKEN_INTS] = vm_token_ints,
	[LANG_BUILTIN_TOKEN_STRINGS] = vm_token_strings,
	[LANG_BUILTIN_TOKEN_INTERSECT_INTS] = vm_token_intersect_ints,
	[LANG_BUILTIN_TOKEN_INTERSECT_STRINGS] = vm_token_intersect_strings,
	[LANG_BUILTIN_DYNAMIC_OF_BOOL] = vm_dynamic_of_bool,
	[LANG_BUILTIN_DYNAMIC_OF_INT] = vm_dynamic_of_int,
	[LANG_BUILTIN_DYNAMIC_OF_LONG] = vm_dynamic_of_int,
	[LANG_BUILTIN_DYNAMIC_OF_DOUBLE] = vm_dynamic_of_double,
	[LANG_BUILTIN_DYNAMIC_OF_STRING] = vm_dynamic_of_string,
	[LANG_BUILTIN_DYNAMIC_PARSE] = vm_dynamic_parse,
	[LANG_BUILTIN_DYNAMIC_TO_DYN] = vm_dynamic_to_dyn,
	[LANG_BUILTIN_DYNAMIC_TO_STR] = vm_dynamic_to_str,
	[LANG_BUILTIN_DYNAMIC_STR] = vm_dynamic_str,
	[LANG_BUILTIN_DYNAMIC_STR_MEMBER] = vm_dynamic_str_member,
	[LANG_BUILTIN_DYNAMIC_STR_OR] = vm_dynamic_str_or,
	[LANG_BUILTIN_DYNAMIC_D] = vm_dynamic_d,
	[LANG_BUILTIN_DYNAMIC_D_MEMBER] = vm_dynamic_d_member,
	[LANG_BUILTIN_DYNAMIC_D_OR] = vm_dynamic_d_or,
	[LANG_BUILTIN_DYNAMIC_L] = vm_dynamic_l,
	[LANG_BUILTIN_DYNAMIC_L_MEMBER] = vm_dynamic_l_member,
	[LANG_BUILTIN_DYNAMIC_L_OR] = vm_dynamic_l_or,
	[LANG_BUILTIN_DYNAMIC_I] = vm_dynamic_i,
	[LANG_BUILTIN_DYNAMIC_I_MEMBER] = vm_dynamic_i_member,
	[LANG_BUILTIN_DYNAMIC_I_OR] = vm_dynamic_i_or,
	[LANG_BUILTIN_DYNAMIC_B] = vm_dynamic_b,
	[LANG_BUILTIN_DYNAMIC_B_MEMBER] = vm_dynamic_b_member,
	[LANG_BUILTIN_DYNAMIC_B_OR] = vm_dynamic_b_or,
	[LANG_BUILTIN_DYNAMIC_DATE] = vm_dynamic_date,
	[LANG_BUILTIN_DYNAMIC_DATE_MEMBER] = vm_dynamic_date_member,
	[LANG_BUILTIN_DYNAMIC_DATE_OR] = vm_dynamic_date_or,
	[LANG_BUILTIN_DYNAMIC_DATETIME] = vm_dynamic_datetime,
	[LANG_BUILTIN_DYNAMIC_DATETIME_MEMBER] = vm_dynamic_datetime_member,
	[LANG_BUILTIN_DYNAMIC_DATETIME_OR] = vm_dynamic_datetime_or,
	[LANG_BUILTIN_DYNAMIC_IS_NULL_MEMBER] = vm_dynamic_is_null_member,
	[LANG_BUILTIN_DYNAMIC_IS_ARRAY] = vm_dynamic_is_array,
	[LANG_BUILTIN_DYNAMIC_IS_OBJECT] = vm_dynamic_is_object,
	[LANG_BUILTIN_DYNAMIC_IS_STRING] = vm_dynamic_is_string,
	[LANG_BUILTIN_DYNAMIC_IS_NUMBER] = vm_dynamic_is_number,
	[LANG_BUILTIN_DYNAMIC_IS_BOOL] = vm_dynamic_is_bool,
	[LANG_BUILTIN_DYNAMIC_SIZE] = vm_dynamic_size,
	[LANG_BUILTIN_DYNAMIC_HAS] = vm_dynamic_has,
	[LANG_BUILTIN_DYNAMIC_KEYS] = vm_dynamic_keys,
	[LANG_BUILTIN_DYNAMIC_AT_INDEX] = vm_dynamic_at_index,
	[LANG_BUILTIN_DYNAMIC_AT_MEMBER] = vm_dynamic_at_member,
	[LANG_BUILTIN_DYNAMIC_MERGE] = vm_dynamic_merge,
	[LANG_BUILTIN_DYNAMIC_TO_JSON] = vm_json_to_dynamic,
	[LANG_BUILTIN_JSON_PARSE] = vm_dynamic_to_dyn,
	[LANG_BUILTIN_JSON_PARSEN] = vm_json_parsen,
	[LANG_BUILTIN_JSON_DEREF_MEMBER] = vm_json_deref_member,
	[LANG_BUILTIN_JSON_DEREF_INDEX] = vm_json_deref_index,
	[LANG_BUILTIN_JSON_TO_S] = vm_json_to_s,
	[LANG_BUILTIN_JSON_TO_I] = vm_json_to_i,
	[LANG_BUILTIN_JSON_TO_L] = vm_json_to_l,
	[LANG_BUILTIN_JSON_TO_D] = vm_json_to_d,
	[LANG_BUILTIN_JSON_TO_B] = vm_json_to_b,
	[LANG_BUILTIN_JSON_TO_DYNAMIC] = vm_json_to_dynamic,
	[LANG_BUILTIN_MESSAGE_TO_DYNAMIC] = vm_message_to_dynamic,
	[LANG_BUILTIN_MESSAGE_INGEST_DYNAMIC] = vm_message_ingest_dynamic,
	[LANG_BUILTIN_MESSAGE_RESET] = vm_message_reset,
	[LANG_BUILTIN_TEXT_GET] = vm_text_get,
	[LANG_BUILTIN_TEXT_APPEND] = vm_text_append,
	[LANG_BUILTIN_TEXT_COMPACT] = vm_text_compact,
	[LANG_BUILTIN_MATH_ABS_INT] = vm_math_abs_int,
	[LANG_BUILTIN_MATH_ABS_LONG] = vm_math_abs_long,
	[LANG_BUILTIN_MATH_ABS_DOUBLE] = vm_math_abs_double,
	[LANG_BUILTIN_MATH_MIN_INT] = vm_math_min_int,
	[LANG_BUILTIN_MATH_MIN_LONG] = vm_math_min_int,
	[LANG_BUILTIN_MATH_MIN_DOUBLE] = vm_math_min_double,
	[LANG_BUILTIN_MATH_MAX_INT] = vm_math_max_int,
	[LANG_BUILTIN_MATH_MAX_LONG] = vm_math_max_int,
	[LANG_BUILTIN_MATH_MAX_DOUBLE] = vm_math_max_double,
	[LANG_BUILTIN_MATH_CLAMP_INT] = vm_math_clamp_int,
	[LANG_BUILTIN_MATH_CLAMP_LONG] = vm_math_clamp_int,
	[LANG_BUILTIN_MATH_CLAMP_DOUBLE] = vm_math_clamp_double,
	[LANG_BUILTIN_MATH_SIGN_INT] = vm_math_sign_int,
	[LANG_BUILTIN_MATH_SIGN_LONG] = vm_math_sign_int,
	[LANG_BUILTIN_MATH_SIGN_DOUBLE] = vm_math_sign_double,
	[LANG_BUILTIN_MATH_FLOOR] = vm_math_floor,
	[LANG_BUILTIN_MATH_CEIL] = vm_math_ceil,
	[LANG_BUILTIN_MATH_ROUND] = vm_math_round,
	[LANG_BUILTIN_MATH_PI] = vm_math_pi,
	[LANG_BUILTIN_MATH_E] = vm_math_e,
	[LANG_BUILTIN_MATH_ABS_COMPLEX] = vm_math_length,
	[LANG_BUILTIN_MATH_SIGNUM] = vm_math_signum,
	[LANG_BUILTIN_MATH_FLOOR_TO] = vm_math_floor_to,
	[LANG_BUILTIN_MATH_CEIL_TO] = vm_math_ceil_to,
	[LANG_BUILTIN_MATH_ROUND_TO_MULTIPLE] = vm_math_round_to_multiple,
	[LANG_BUILTIN_MATH_ROUND_TO] = vm_math_round_to,
	[LANG_BUILTIN_MATH_FLOOR_DIV_INT] = vm_math_floor_div_int,
	[LANG_BUILTIN_MATH_FLOOR_DIV_LONG] = vm_math_floor_div_long,
	[LANG_BUILTIN_MATH_FLOOR_MOD_INT] = vm_math_floor_mod,
	[LANG_BUILTIN_MATH_FLOOR_MOD_LONG] = vm_math_floor_mod,
	[LANG_BUILTIN_MATH_INT_OF] = vm_math_int_of,
	[LANG_BUILTIN_MATH_LONG_OF] = vm_math_long_of,
	[LANG_BUILTIN_MATH_CLAMP_INT_OF] = vm_math_clamp_int_of,
	[LANG_BUILTIN_MATH_SQRT] = vm_math_sqrt,
	[LANG_BUILTIN_MATH_CBRT] = vm_math_cbrt,
	[LANG_BUILTIN_MATH_EXP] = vm_math_exp,
	[LANG_BUILTIN_MATH_EXPM1] = vm_math_expm1,
	[LANG_BUILTIN_MATH_LOG] = vm_math_log,
	[LANG_BUILTIN_MATH_LOG10] = vm_math_log10,
	[LANG_BUILTIN_MATH_LOG1P] = vm_math_log1p,
	[LANG_BUILTIN_MATH_LOG2] = vm_math_log2,
	[LANG_BUILTIN_MATH_SIN] = vm_math_sin,
	[LANG_BUILTIN_MATH_COS] = vm_math_cos,
	[LANG_BUILTIN_MATH_TAN] = vm_math_tan,
	[LANG_BUILTIN_MATH_ASIN] = vm_math_asin,
	[LANG_BUILTIN_MATH_ACOS] = vm_math_acos,
	[LANG_BUILTIN_MATH_ATAN] = vm_math_atan,
	[LANG_BUILTIN_MATH_SINH] = vm_math_sinh,
	[LANG_BUILTIN_MATH_COSH] = vm_math_cosh,
	[LANG_BUILTIN_MATH_TANH] = vm_math_tanh,
	[LANG_BUILTIN_MATH_ASINH] = vm_math_asinh,
	[LANG_BUILTIN_MATH_ACOSH] = vm_math_acosh,
	[LANG_BUILTIN_MATH_ATANH] = vm_math_atanh,
	[LANG_BUILTIN_MATH_SEC] = vm_math_sec,
	[LANG_BUILTIN_MATH_CSC] = vm_math_csc,
	[LANG_BUILTIN_MATH_COT] = vm_math_cot,
	[LANG_BUILTIN_MATH_RADIANS] = vm_math_radians,
	[LANG_BUILTIN_MATH_DEGREES] = vm_math_degrees,
	[LANG_BUILTIN_MATH_ULP] = vm_math_ulp,
	[LANG_BUILTIN_MATH_GET_EXPONENT] = vm_math_get_exponent,
	[LANG_BUILTIN_MATH_ATAN2] = vm_math_atan2,
	[LANG_BUILTIN_MATH_HYPOT] = vm_math_hypot,
	[LANG_BUILTIN_MATH_POW] = vm_math_pow,
	[LANG_BUILTIN_MATH_IEEE_REMAINDER] = vm_math_ieee_remainder,
	[LANG_BUILTIN_MATH_COPY_SIGN] = vm_math_copy_sign,
	[LANG_BUILTIN_MATH_LERP] = vm_math_lerp,
	[LANG_BUILTIN_MATH_GCD] = vm_math_gcd,
	[LANG_BUILTIN_MATH_LCM] = vm_math_lcm,
	[LANG_BUILTIN_MATH_IS_NAN] = vm_math_is_nan,
	[LANG_BUILTIN_MATH_IS_NAN_MAYBE] = vm_math_is_nan_maybe,
	[LANG_BUILTIN_MATH_IS_INFINITE] = vm_math_is_infinite,
	[LANG_BUILTIN_MATH_IS_INFINITE_MAYBE] = vm_math_is_infinite_maybe,
	[LANG_BUILTIN_MATH_VALID] = vm_math_valid,
	[LANG_BUILTIN_MATH_NEAR] = vm_math_near,
	[LANG_BUILTIN_MATH_NEAR_COMPLEX] = vm_math_near_complex,
	[LANG_BUILTIN_MATH_XOR] = vm_math_xor,
	[LANG_BUILTIN_MATH_IS_TRUE] = vm_math_is_true,
	[LANG_BUILTIN_MATH_FORCE_ID] = vm_math_force_id,
	[LANG_BUILTIN_MATH_CONJ] = vm_math_conj,
	[LANG_BUILTIN_MATH_LENGTH] = vm_math_length,
	[LANG_BUILTIN_MATH_INTERSECTS_INT] = vm_math_intersects_int,
	[LANG_BUILTIN_MATH_INTERSECTS_LONG] = vm_math_intersects_int,
	[LANG_BUILTIN_MATH_INTERSECTS_DOUBLE] = vm_math_intersects_double,
	[LANG_BUILTIN_MATH_RANGE_II] = vm_math_range_ii,
	[LANG_BUILTIN_MATH_RANGE_IE] = vm_math_range_ie,
	[LANG_BUILTIN_MATH_RANGE_EI] = vm_math_range_ei,
	[LANG_BUILTIN_MATH_RANGE_EE] = vm_math_range_ee,
	[LANG_BUILTIN_COMPLEX_RE] = vm_complex_re,
	[LANG_BUILTIN_COMPLEX_IM] = vm_complex_im,
	[LANG_BUILTIN_ASSET_ID] = vm_asset_id,
	[LANG_BUILTIN_ASSET_NAME] = vm_asset_name,
	[LANG_BUILTIN_ASSET_TYPE] = vm_asset_type,
	[LANG_BUILTIN_ASSET_SIZE] = vm_asset_size,
	[LANG_BUILTIN_ASSET_MD5] = vm_asset_md5,
	[LANG_BUILTIN_ASSET_SHA384] = vm_asset_sha384,
	[LANG_BUILTIN_ASSET_VALID] = vm_asset_valid,
	[LANG_BUILTIN_RANDOM_GET_DOUBLE_GAUSSIAN] = random_gaussian,
	[LANG_BUILTIN_TIME_TODAY] = vm_time_today,
	[LANG_BUILTIN_TIME_DATETIME] = vm_time_datetime,
	[LANG_BUILTIN_TIME_DATETIME_LIVE] = vm_time_datetime,
	[LANG_BUILTIN_TIME_TIME] = vm_time_time,
	[LANG_BUILTIN_TIME_ZONE] = vm_time_zone,
	[LANG_BUILTIN_TIME_SET_ZONE] = vm_time_set_zone,
	[LANG_BUILTIN_TIME_MAKE] = vm_time_make,
	[LANG_BUILTIN_TIME_TO_INT] = vm_time_to_int,
	[LANG_BUILTIN_TIME_EXTEND] = vm_time_extend,
	[LANG_BUILTIN_TIME_CYCLIC_ADD] = vm_time_cyclic_add,
	[LANG_BUILTIN_TIME_OVERLAPS] = vm_math_intersects_int,
	[LANG_BUILTIN_DATE_YEAR] = vm_date_year,
	[LANG_BUILTIN_DATE_MONTH] = vm_date_month,
	[LANG_BUILTIN_DATE_DAY] = vm_date_day,
	[LANG_BUILTIN_TIME_HOUR] = vm_time_hour,
	[LANG_BUILTIN_TIME_MINUTE] = vm_time_minute,
	[LANG_BUILTIN_DATE_MAKE] = vm_date_make,
	[LANG_BUILTIN_DATE_VALID] = vm_date_valid,
	[LANG_BUILTIN_DATE_DAY_OF_WEEK] = vm_date_day_of_week,
	[LANG_BUILTIN_DATE_DAY_OF_WEEK_ENGLISH] = vm_date_day_of_week_english,
	[LANG_BUILTIN_DATE_MONTH_NAME_ENGLISH] = vm_date_month_name_english,
	[LANG_BUILTIN_DATE_OFFSET_DAY] = vm_date_offset_day,
	[LANG_BUILTIN_DATE_OFFSET_MONTH] = vm_date_offset_month,
	[LANG_BUILTIN_DATE_INCLUSIVE_RANGE] = vm_date_inclusive_range,
	[LANG_BUILTIN_DATE_CALENDAR_VIEW] = vm_date_calendar_view,
	[LANG_BUILTIN_DATE_WEEK_VIEW] = vm_date_week_view,
	[LANG_BUILTIN_DATE_NEIGHBOR_VIEW] = vm_date_neighbor_view,
	[LANG_BUILTIN_DATE_PATTERN] = vm_date_pattern,
	[LANG_BUILTIN_DATE_SATISFIES] = vm_date_satisfies,
	[LANG_BUILTIN_DATE_RANGE_SATISFIES] = vm_date_range_satisfies,
	[LANG_BUILTIN_DATE_PERIOD_YEARS] = vm_date_period_years,
	[LANG_BUILTIN_DATE_PERIOD_MONTHS] = vm_date_period_months,
	[LANG_BUILTIN_DATE_MIN] = vm_math_min_int,
	[LANG_BUILTIN_DATETIME_MIN] = vm_datetime_min,
	[LANG_BUILTIN_DATE_MAX] = vm_math_max_int,
	[LANG_BUILTIN_DATETIME_MAX] = vm_datetime_max,
	[LANG_BUILTIN_DATE_OVERLAPS] = vm_math_intersects_int,
	[LANG_BUILTIN_DATETIME_OVERLAPS] = vm_datetime_overlaps,
	[LANG_BUILTIN_DATE_CONSTRUCT] = vm_date_construct,
	[LANG_BUILTIN_DATETIME_FUTURE] = vm_datetime_future,
	[LANG_BUILTIN_DATETIME_PAST] = vm_datetime_past,
	[LANG_BUILTIN_DATETIME_BETWEEN] = vm_datetime_between,
	[LANG_BUILTIN_DATETIME_DATE] = vm_datetime_date,
	[LANG_BUILTIN_DATETIME_TIME] = vm_datetime_time,
	[LANG_BUILTIN_DATETIME_ADJUST] = vm_datetime_adjust,
	[LANG_BUILTIN_DATETIME_WITH_YEAR] = vm_datetime_with_year,
	[LANG_BUILTIN_DATETIME_WITH_MONTH] = vm_datetime_with_month,
	[LANG_BUILTIN_DATETIME_WITH_DAY] = vm_datetime_with_day,
	[LANG_BUILTIN_DATETIME_WITH_HOUR] = vm_datetime_with_hour,
	[LANG_BUILTIN_DATETIME_WITH_MINUTE] = vm_datetime_with_minute,
	[LANG_BUILTIN_DATETIME_WITH_TIME] = vm_datetime_with_time,
	[LANG_BUILTIN_DATETIME_TRUNCATE_DAY] = vm_datetime_truncate_day,
	[LANG_BUILTIN_DATETIME_TRUNCATE_HOUR] = vm_datetime_truncate_hour,
	[LANG_BUILTIN_DATETIME_TRUNCATE_MINUTE] = vm_datetime_truncate_minute,
	[LANG_BUILTIN_DATETIME_TRUNCATE_SECONDS] = vm_datetime_truncate_seconds,
	[LANG_BUILTIN_DATETIME_TRUNCATE_MILLISECONDS] = vm_datetime_truncate_milliseconds,
	[LANG_BUILTIN_DATE_FORMAT] = vm_date_format,
	[LANG_BUILTIN_DATE_FORMAT_IN] = vm_date_format_in,
	[LANG_BUILTIN_DATETIME_FORMAT] = vm_datetime_format,
	[LANG_BUILTIN_DATETIME_FORMAT_IN] = vm_datetime_format_in,
	[LANG_BUILTIN_TIMESPAN_ADD] = vm_timespan_add,
	[LANG_BUILTIN_TIMESPAN_MULTIPLY] = vm_timespan_multiply,
	[LANG_BUILTIN_TIMESPAN_FROM_SECONDS] = vm_timespan_seconds,
	[LANG_BUILTIN_TIMESPAN_FROM_MINUTES] = vm_timespan_from_minutes,
	[LANG_BUILTIN_TIMESPAN_SECONDS] = vm_timespan_seconds,
	[LANG_BUILTIN_TIMESPAN_MINUTES] = vm_timespan_minutes,
	[LANG_BUILTIN_TIMESPAN_HOURS] = vm_timespan_hours,
	[LANG_BUILTIN_PRINCIPAL_IS_FROM_DOCUMENT] = principal_is_from_document,
	[LANG_BUILTIN_PRINCIPAL_IS_FROM_SPACE] = principal_is_from_space,
	[LANG_BUILTIN_PRINCIPAL_IS_ADAMA_DEVELOPER] = principal_is_adama_developer,
	[LANG_BUILTIN_PRINCIPAL_IS_OVERLORD] = principal_is_overlord,
	[LANG_BUILTIN_PRINCIPAL_IS_ADAMA_HOST] = principal_is_adama_host,
	[LANG_BUILTIN_RANDOM_GEN_INT] = random_int,
	[LANG_BUILTIN_RANDOM_GEN_BOUND_INT] = random_bound_int,
	[LANG_BUILTIN_RANDOM_GEN_LONG] = random_long,
	[LANG_BUILTIN_RANDOM_GEN_DOUBLE] = random_double,
	[LANG_BUILTIN_DOCUMENT_SEQ] = document_seq,
	[LANG_BUILTIN_PRINCIPAL_OF] = principal_of,
	[LANG_BUILTIN_PRINCIPAL_AGENT] = principal_agent,
	[LANG_BUILTIN_PRINCIPAL_AUTHORITY] = principal_authority,
	[LANG_BUILTIN_PRINCIPAL_IS_ANONYMOUS] = principal_is_anonymous,
	[LANG_BUILTIN_PRINCIPAL_FROM_AUTHORITY] = principal_from_authority,
	[LANG_BUILTIN_DOCUMENT_PATCH] = vm_document_patch,
	[LANG_BUILTIN_DOCUMENT_DISCONNECT] = vm_document_disconnect,
	[LANG_BUILTIN_DOCUMENT_REWIND] = vm_document_rewind,
	[LANG_BUILTIN_DOCUMENT_DESTROY] = vm_document_destroy,
	[LANG_BUILTIN_VIEW_STATE_MERGE] = vm_view_state_merge,
	[LANG_BUILTIN_VIEW_STATE_GOTO] = vm_view_state_goto,
	[LANG_BUILTIN_VIEW_STATE_SEND] = vm_view_state_send,
	[LANG_BUILTIN_VIEW_STATE_LOG] = vm_view_state_log,
	[LANG_BUILTIN_MESSAGING_SEND] = vm_messaging_send,
	[LANG_BUILTIN_MESSAGING_BROADCAST] = vm_messaging_broadcast,
};
