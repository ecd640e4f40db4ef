/*
 * check_foreign.c
 *	  Names that other languages have: what is said to somebody who comes from JavaScript, SQL, Python or Rust and writes what they write there.
 *
 * A row says where a name stands, which names (upper and lower case being equal), and what would be right here.  Names that exist in the
 * program or in the language never come here.  parse_hint.c does the same for words and operators that the grammar refuses.
 */
#include <string.h>

#include "lang/check_internal.h"

/* The whole list: "where" is a kind of type for its methods and fields, "call" a function's name, "name" a value's, "type" a type's, else a space. */
const CheckForeign check_foreign[] = {
	/* functions */
	{"call", "parseInt Number int toInt to_int stoi atoi", "A number is read from a string by String.intOf(...), which is a maybe."},
	{"call", "parseFloat float double toFloat", "A number is read from a string by String.doubleOf(...), which is a maybe."},
	{"call", "str String toString to_string to_char itoa", "String.strOf(...) makes a string of a number; \"+\" joins both."},
	{"call", "len strlen count size", "The size is asked of the value: x.size() of lists, tables, maps and arrays, s.length() of strings."},
	{"call", "print println printf echo alert puts", "There is no output: what people see are public fields and formulas."},
	{"call", "random rand", "Random numbers are Random.genDouble() and Random.genBoundInt(n)."},
	{"call", "sleep setTimeout setInterval wait delay pg_sleep", "Nothing waits: what happens later is a state, reached by transition #name in seconds;"},
	{"call", "error raise fail panic die exit reject require revert", "\"abort;\" undoes the message and tells the sender that it was refused."},
	{"call", "emit send broadcast notify publish pg_notify", "Whoever sees a field is told when it changes; what is no state is said by Messaging.broadcast(name, dynamic)."},
	{"call", "insert push append add", "Rows are inserted by: table <- {name: value, ...};"},
	{"call", "concat", "Strings are joined by \"+\"."},
	{"call", "current_timestamp getdate timestamp clock", "The document's time is Time.now(), in milliseconds."},
	{"call", "coalesce nvl ifnull isnull", "The value of a maybe, or another one when it is empty: m.getOrDefaultTo(x)."},
	{"call", "gen_random_uuid uuid nextval", "Each row has an id of its own: table <- {...} as id;"},
	{"call", "range", "Count with a loop: for (int i = 0; i < n; i++) { ... }."},
	{"call", "exists", "Count the rows: (iterate t where ...).size() > 0."},
	{"call", "current_user session_user", "Who acts is @who."},

	/* values */
	{"name", "undefined nil none", "An empty maybe is @maybe<type>; somebody who does not exist is @no_one."},
	{"name", "self this", "The fields of a record or of the document are written by their bare names."},
	{"name", "who sender", "Who acts is @who."},
	{"name", "viewer", "Who looks is @viewer."},
	{"name", "context", "Where a message came from is @context."},
	{"name", "no_one nobody", "Somebody who does not exist is @no_one."},
	{"name", "console", "There is no output: what people see are public fields and formulas."},
	{"name", "current_timestamp", "The document's time is Time.now(), in milliseconds."},
	{"name", "current_user session_user", "Who acts is @who."},
	{"name", "pi", "The number pi is @pi."},
	{"name", "infinity NaN", "Numbers that are not finite are not written; division by zero yields an empty maybe."},
	{"name", "document window", "The document's fields are written by their bare names."},

	/* types */
	{"type", "integer int4 int32 i32 short byte smallint int2 unsigned", "Did you mean \"int\"?"},
	{"type", "bigint int8 int64 i64", "Did you mean \"long\"?"},
	{"type", "float number decimal numeric real f32 f64 float8 float4 money", "Did you mean \"double\"?"},
	{"type", "boolean", "Did you mean \"bool\"?"},
	{"type", "varchar char character str", "Did you mean \"string\"?"},
	{"type", "timestamp timestamptz instant", "Did you mean \"datetime\"?"},
	{"type", "interval duration", "Did you mean \"timespan\"?"},
	{"type", "jsonb object any variant unknown", "A JSON value of any form is dynamic."},
	{"type", "uuid serial bigserial", "Each row has an id of its own, a number: public int id;"},
	{"type", "replication", "It is written replication<name:upsert> status = {...}; and publishes the value under the name."},
	{"type", "client user account agent role", "Did you mean \"principal\"?"},
	{"type", "array vec vector slice", "An array is written T[], as in int[]."},
	{"type", "set hashset", "A map has each key once: map<string, bool>."},
	{"type", "dict dictionary hash hashmap hstore", "Did you mean \"map\"?"},
	{"type", "optional option nullable", "What may be absent has a type such as maybe<int>."},
	{"type", "void", "What returns nothing is a procedure: procedure f(int a) { ... }."},

	/* methods and fields */
	{"string", "toUpperCase toUpper upperCase uppercase ucase", "Did you mean .upper()?"},
	{"string", "toLowerCase toLower lowerCase lowercase lcase", "Did you mean .lower()?"},
	{"string", "includes contain has", "Did you mean .contains(...)?"},
	{"string", "size count len", "Did you mean .length()?"},
	{"string", "replace", "Did you mean .replaceAll(...)?"},
	{"string", "slice substring", "Did you mean .substr(start, end)? It is a maybe."},
	{"string", "strip", "Did you mean .trim()?"},
	{"string", "trimStart lstrip ltrim", "Did you mean .trimLeft()?"},
	{"string", "trimEnd rstrip rtrim", "Did you mean .trimRight()?"},
	{"string", "append concat push add", "Strings are joined by \"+\"."},
	{"string", "equals eq", "Strings are compared by \"==\"."},
	{"string", "repeat", "A string is repeated by \"*\": s * 3."},
	{"string", "toString toStr str", "It is a string already."},
	{"string", "toInt parseInt toNumber int", "Did you mean .intOf()? It is a maybe."},
	{"number", "toString toFixed toStr str String", "Did you mean .strOf()?"},
	{"bool", "toString toStr str", "Did you mean .strOf()?"},
	{"maybe", "getOrElse orElse getOr valueOr unwrap_or unwrapOr or default ifEmpty getOrDefault", "Did you mean .getOrDefaultTo(...)?"},
	{"maybe", "isPresent isSome is_some exists isDefined hasValue present some defined", "Did you mean .has()?"},
	{"maybe", "isEmpty isNone is_none isNull empty none isNothing absent", "Whether it is empty is !m.has()."},
	{"maybe", "get value unwrap val expect", "What is in it is reached by if (... as x) { ... }, or by .getOrDefaultTo(...)."},
	{"list", "length count len isEmpty", "Did you mean .size()?"},
	{"list", "push add append insert", "A list is what a query yields: rows are inserted into their table, table <- {...};"},
	{"list", "forEach each", "Write foreach (x in list) { ... }."},
	{"list", "filter find findAll select", "Write: (list where condition)."},
	{"list", "sort sortBy orderBy sorted", "Write: (list order by field)."},
	{"list", "first head", "The first element is (...)[0], which is a maybe."},
	{"list", "last", "The last element is (...).reverse()[0], which is a maybe."},
	{"list", "slice take top", "Write: (list offset 10 limit 5)."},
	{"list", "includes contains some any", "Ask for the size: (list where condition).size() > 0."},
	{"list", "remove removeAll clear", "Rows are deleted by (iterate t where ...).delete()."},
	{"array", "length count len", "Did you mean .size()?"},
	{"array", "push add append insert pop shift remove sort", "An array stays as it was made; what changes is kept in a table."},
	{"array", "forEach each map filter", "Write foreach (x in array) { ... }."},
	{"array", "first head", "The first element is x[0], which is a maybe."},
	{"table", "push add append insert create put", "Rows are inserted by: table <- {name: value, ...};"},
	{"table", "length count len isEmpty", "Did you mean .size()?"},
	{"table", "clear truncate removeAll deleteAll drop", "Did you mean .delete()? It deletes all rows."},
	{"table", "get findById at find byId", "A row is looked up by its id: t[id], which is a maybe."},
	{"table", "remove deleteById erase", "Rows are deleted by (iterate t where id == x).delete()."},
	{"table", "where filter map forEach each sort sortBy orderBy order select all toArray limit first last", "Rows are read by a query: iterate t where ... order by ... limit ..."},
	{"table", "update set", "Rows are changed by: (iterate t where ...).field = value;"},
	{"map", "get at fetch", "A value is looked up as m[key], which is a maybe."},
	{"map", "set put add store", "A value is put as m[key] = value;"},
	{"map", "erase unset del deleteKey", "Did you mean .remove(key)?"},
	{"map", "contains containsKey includes hasKey exists", "Did you mean .has(key)?"},
	{"map", "length count len", "Did you mean .size()?"},
	{"map", "keys values entries forEach each", "Write foreach (pair in m) { ... pair.key ... pair.value ... }."},
	{"principal", "name id user username toString", "Did you mean .agent()?"},
	{"principal", "isNull isEmpty exists isNone", "Somebody who does not exist is @no_one: p == @no_one."},
	{"record", "remove destroy", "Did you mean .delete()?"},
	{"record", "save update set assign", "Its fields are assigned, row.f = x; or several at once, row <- {f: x};"},
	{"enum", "toString name string str", "Did you mean .to_string()?"},
	{"enum", "toInt value ordinal number int", "Did you mean .to_int()?"},

	/* spaces */
	{"Math", "random", "Random numbers are Random.genDouble() and Random.genBoundInt(n)."},
	{"Math", "trunc", "Did you mean Math.floor(...)?"},
	{"Date", "now", "The document's time is Time.now(), in milliseconds."},
	{"JSON", "parse stringify", "JSON values are dynamic: Dynamic.parse(...)."},
	{"Object", "keys values entries assign", "A map is looped over by foreach (pair in m) { ... pair.key ... pair.value ... }."},
	{"Number", "parseInt", "A number is read from a string by String.intOf(...), which is a maybe."},
};

const int	check_n_foreign = sizeof(check_foreign) / sizeof(check_foreign[0]);

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
}

/* Whether name is one of the words. */
static bool
is_among(const char *words, const char *name)
{
	while (*words != '\0')
	{
		size_t		n = 0;

		while (name[n] != '\0' && lower(words[n]) == lower(name[n]))
			n++;
		if (name[n] == '\0' && (words[n] == ' ' || words[n] == '\0'))
			return true;
		words += strcspn(words, " ");
		words += *words == ' ';
	}
	return false;
}

const char *
check_foreign_hint(const char *where, const char *name)
{
	for (int i = 0; i < check_n_foreign && where != NULL; i++)
		if (strcmp(check_foreign[i].where, where) == 0 && is_among(check_foreign[i].names, name))
			return check_foreign[i].hint;
	return NULL;
}

const char *
check_foreign_type_hint(const LangType *type, const char *name)
{
	if (lang_type_is_numeric(type))
		return check_foreign_hint("number", name);
	switch (type->kind)
	{
		case LANG_ARRAY:
			return check_foreign_hint("array", name);
		case LANG_RECORD:
			return check_foreign_hint("record", name);
		case LANG_ENUM:
			return check_foreign_hint("enum", name);
		default:
			return check_foreign_hint(lang_type_word(type->kind), name);
	}
}

bool
check_suggest_or_foreign(CheckSuggestion *s, KitDiag *diag, const char *foreign)
{
	/* a letter too much or too few is a slip; a word that others have is a habit */
	if (foreign == NULL || (s->best != NULL && s->distance <= 1))
		return check_suggest_hint(s, diag);
	kit_diag_hint(diag, "%s", foreign);
	return true;
}
