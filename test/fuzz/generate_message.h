/*
 * generate_message.h
 *	  Messages in JSON, of the types that a program declares.
 */
#ifndef ADAMA_FUZZ_GENERATE_MESSAGE_H
#define ADAMA_FUZZ_GENERATE_MESSAGE_H

#include "fuzz.h"
#include "vm/vm.h"

static void gen_value(const LangType *type, Choices *c, KitBuf *out, int depth);

static void
gen_message(const LangStruct *structure, Choices *c, KitBuf *out, int depth)
{
	bool		is_first = true;

	kit_buf_add_char(out, '{');
	for (int i = 0; i < structure->n_fields && depth < 4; i++)
		if (structure->fields[i]->slot >= 0 && choose(c, 5) > 0)
		{
			kit_buf_printf(out, "%s\"%s\":", is_first ? "" : ",", structure->fields[i]->name->text);
			is_first = false;
			gen_value(structure->fields[i]->type, c, out, depth + 1);
		}
	kit_buf_add_char(out, '}');
}

static void
gen_value(const LangType *type, Choices *c, KitBuf *out, int depth)
{
	static const char *const values[LANG_N_TYPES][4] = {
		[LANG_BOOL] = {"true", "false", "true", "false"}, [LANG_INT] = {"1", "0", "-2147483648", "7"}, [LANG_LONG] = {"1", "\"-9223372036854775808\"", "3", "0"},
		[LANG_DOUBLE] = {"0.5", "-1.25", "1e300", "3"}, [LANG_STRING] = {"\"\"", "\"a b\"", "\"\xc3\xa4\xf0\x9f\x98\x80x\"", "\"12\""},
		[LANG_PRINCIPAL] = {"{\"agent\":\"a\",\"authority\":\"t\"}", "{\"agent\":\"?\",\"authority\":\"?\"}", "{\"agent\":\"b/-\",\"authority\":\"\"}", "{\"agent\":\"a\",\"authority\":\"t\"}"},
		[LANG_COMPLEX] = {"{\"r\":1,\"i\":0.5}", "{\"r\":0,\"i\":0}", "{\"r\":-1,\"i\":2}", "{\"r\":1,\"i\":1}"},
		[LANG_ASSET] = {"{\"id\":\"f\",\"size\":\"12\",\"name\":\"n\",\"type\":\"t\",\"md5\":\"m\",\"sha384\":\"s\",\"@gc\":\"@yes\"}",
		"{\"id\":\"g\",\"size\":9,\"type\":\"\",\"md5\":\"\",\"sha384\":\"\"}", "{\"id\":\"\",\"size\":0,\"type\":\"\",\"md5\":\"\",\"sha384\":\"\"}", "{\"id\":\"f\",\"size\":-1}"},
		[LANG_DATE] = {"\"2024-02-29\"", "\"1-01-01\"", "\"1999-12-31\"", "\"2023-06-30\""}, [LANG_TIME] = {"\"00:00\"", "\"23:59\"", "\"12:30\"", "\"04:05\""},
		[LANG_DATETIME] = {"\"2023-11-14T22:13:20.123Z[UTC]\"", "\"1900-01-01T00:00Z\"", "\"2024-02-29T12:00:00+02:00\"", "\"1969-12-31T23:59:59Z\""},
		[LANG_TIMESPAN] = {"0", "1.5", "-3.25", "86400"}, [LANG_DYNAMIC] = {"null", "{\"changes\":[[0,\"z\"]]}", "{\"a\":[1,\"x\"],\"b\":{\"c\":null,\"d\":2}}", "\"s\""}, [LANG_LABEL] = {"\"\"", "\"a\"", "\"\"", "\"a\""}, [LANG_JSON] = {"null", "[1,{\"a\":true}]", "1.5", "{}"},
	};

	switch (type->kind)
	{
		case LANG_ENUM:
			kit_buf_add_int(out, type->enumeration->numbers[choose(c, (uint32_t) type->enumeration->n)]);
			break;
		case LANG_MAYBE:
			if (choose(c, 3) == 0)
				kit_buf_add_str(out, "null");
			else
				gen_value(type->a, c, out, depth);
			break;
		case LANG_MESSAGE:
			gen_message(type->structure, c, out, depth);
			break;
		case LANG_MAP:
			kit_buf_add_char(out, '{');
			for (uint32_t n = choose(c, 3); n > 0 && (type->a->kind == LANG_INT || type->a->kind == LANG_STRING); n--)
			{
				kit_buf_printf(out, "\"%d\":", (int) n);
				gen_value(type->b, c, out, depth + 1);
				kit_buf_add_str(out, n > 1 ? "," : "");
			}
			kit_buf_add_char(out, '}');
			break;
		case LANG_LIST:
		case LANG_ARRAY:
			kit_buf_add_char(out, '[');
			for (uint32_t n = choose(c, 3); n > 0; n--)
			{
				gen_value(type->a, c, out, depth + 1);
				kit_buf_add_str(out, n > 1 ? "," : "");
			}
			kit_buf_add_char(out, ']');
			break;
		default:
			kit_buf_add_str(out, values[type->kind][0] == NULL ? "null" : values[type->kind][choose(c, 4)]);
			break;
	}
}

/* What a channel takes: a message, or an array of them. */
static void
gen_sent(const LangStruct *structure, bool is_array, Choices *c, KitBuf *out)
{
	uint32_t	n = is_array ? choose(c, 4) : 1;

	kit_buf_add_str(out, is_array ? "[" : "");
	for (uint32_t i = 0; i < n; i++)
	{
		kit_buf_add_str(out, i > 0 ? "," : "");
		gen_message(structure, c, out, is_array);
	}
	kit_buf_add_str(out, is_array ? "]" : "");
}

#endif
