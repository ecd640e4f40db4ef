/*
 * parse_hint.c
 *	  What was probably meant: words and operators of other languages, and what is said about them.
 *
 * Lists of operators that do not exist, and of words that begin something or join values elsewhere.  They only choose the words of a
 * message about what the grammar has refused already, or refuse what can only be a mistake.
 */
#include <string.h>

#include "lang/near.h"
#include "lang/parse_internal.h"

/* ---- operators ---- */

static const struct
{
	const char *text;			/* all the operator characters in a row */
	const char *hint;
}			operators[] = {
	{"=", "Comparison is written \"==\"; an assignment is a statement of its own."},
	{"===", "Equality is written \"==\"."},
	{"!==", "Inequality is written \"!=\"."},
	{"<>", "Inequality is written \"!=\"."},
	{"=<", "\"At most\" is written \"<=\"."},
	{"=>", "\"At least\" is written \">=\"; a function without a name is written @lambda x: x + 1."},
	{"<=>", "Compare with \"<\", \"==\" or \">\"."},
	{":=", "Assignment is written \"=\"."},
	{"/=", "Write x = x / y; mind that \"/\" yields a maybe."},
	{"%=", "Write x = x % y; mind that \"%\" yields a maybe."},
	{"=+", "Write x += 1; to add."},
	{"=*", "Write x *= 2; to multiply."},
	{"&&=", "Write x = x && y."},
	{"||=", "Write x = x || y."},
	{"?" "?=", "Write x = m.getOrDefaultTo(y)."},
	{"&", "\"And\" is written \"&&\"; there are no operators on bits."},
	{"|", "\"Or\" is written \"||\"; there are no operators on bits."},
	{"^", "\"Either or\" is written \"^^\"; there are no operators on bits."},
	{"~", "There are no operators on bits; \"not\" is written \"!\"."},
	{"<<", "There are no operators on bits."},
	{">>", "There are no operators on bits."},
	{"**", "There is no operator for powers: multiply, or use Math.pow(x, y)."},
	{"??", "The value of a maybe, or another one when it is empty: m.getOrDefaultTo(x)."},
	{"?.", "A field of a maybe is reached by a plain \".\"; it is a maybe, too."},
	{"->", "\"->\" stands before the type that is returned; fields are reached by \".\"."},
	{"<-", "\"<-\" is a statement of its own: table <- {...}; a comparison with a negative number needs a blank: a < -1."},
	{"++", "\"++\" and \"--\" stand directly at what they change."},
	{"--", "Comments begin with \"//\"; \"++\" and \"--\" stand directly at what they change."},
	{"...", "There is no \"...\"."},
	{"::", "\"::\" stands between an enumeration and its value, as in Color::Red; everything else is reached by \".\"."},
};

static bool
is_operator_char(char c)
{
	return c != '\0' && strchr("=!<>&|^*/%?:+-~.", c) != NULL;
}

static const char *
operator_hint(LangParser *p, const LangToken *token)
{
	const LangToken *end = &p->tokens[p->n - 1];
	uint32_t	from = token->offset;
	uint32_t	to = token->end;

	if (!is_operator_char(token->symbol))
		return NULL;
	while (from > 0 && to - from < 4 && is_operator_char(p->source[from - 1]))
		from--;
	while (to < end->offset && to - from < 5 && is_operator_char(p->source[to]))
		to++;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strlen(operators[i].text) == to - from && memcmp(operators[i].text, p->source + from, to - from) == 0)
			return operators[i].hint;
	return NULL;
}

/* ---- words ---- */

static bool
is_word(const LangToken *token, const char *word)
{
	const char *text;

	if (token->kind != LANG_TOKEN_ID && token->kind != LANG_TOKEN_KEYWORD)
		return false;
	/* SQL is written in capitals as well */
	for (text = token->sym->text; *word != '\0'; text++, word++)
		if (*text != *word && !(*text >= 'A' && *text <= 'Z' && *text - 'A' + 'a' == *word))
			return false;
	return *text == '\0';
}

typedef struct ForeignWord
{
	const char *word;
	const char *next;			/* what must follow: i a name, v a value's beginning, one of the characters given; "" anything */
	const char *hint;
} ForeignWord;

static const ForeignWord joining[] = {
	{"and", "", "\"And\" is written \"&&\"."},
	{"or", "", "\"Or\" is written \"||\"."},
	{"xor", "", "\"Either or\" is written \"^^\"."},
	{"is", "", "Equality is written \"==\"; a maybe is unwrapped by if (m as x)."},
	{"mod", "", "The remainder is written \"%\"."},
	{"then", "", "The statement follows the condition directly: if (x) { ... }."},
	{"in", "", "Membership in a map is written \"inside\"; a loop over a list is foreach (x in list)."},
	{"of", "", "A loop over a list is written foreach (x in list)."},
	{"instanceof", "", "Every value has the type it was declared with."},
	{"from", "", "A query begins with its table: iterate table where ... order by ... limit ..."},
	{"group", "", "Grouping is written: reduce on field via function."},
	{"descending", "", "The direction is written desc."},
	{"ascending", "", "The direction is written asc."},
	{"sort", "", "An order is written: order by field desc."},
	{"orderby", "", "An order is written: order by field desc."},
	{"having", "", "Conditions are written: where condition."},
	{"filter", "", "Conditions are written: where condition."},
	{"skip", "", "The first rows are left out by: offset 10."},
	{"take", "", "Only the first rows are taken by: limit 10."},
	{"top", "", "Only the first rows are taken by: limit 10."},
	{"as", "", "A maybe is unwrapped by if (m as x) { ... }; rows are named by where_as row: condition."},
	{"like", "", "Texts are compared by \"==\", by \"=?\" (fuzzy), or by s.contains(x)."},
	{"between", "", "A range is written: a <= x <= b."},
};

/* Words before what was found. */
static const ForeignWord leading[] = {
	{"not", "", "\"Not\" is written \"!\"."},
	{"new", "", "A message is written as an object: {a: 1, b: \"x\"}; a record is made by inserting into its table."},
	{"await", "", "A future is awaited by its method: f.await()."},
	{"async", "", "Nothing is asynchronous but futures: f.await()."},
	{"typeof", "", "Every value has the type it was declared with."},
	{"select", "", "A query begins with its table: iterate table where ... order by ... limit ..."},
	{"exists", "", "Count the rows: (iterate t where ...).size() > 0."},
	{"group", "", "Grouping is written: reduce on field via function."},
	{"lambda", "", "A function without a name is written @lambda x: x + 1."},
};

static const ForeignWord in_statements[] = {
	{"const", "i", "Write let."},
	{"final", "i", "Write let."},
	{"local", "i", "Write let."},
	{"elif", "(", "Write else if."},
	{"elsif", "(", "Write else if."},
	{"elseif", "(", "Write else if."},
	{"unless", "(", "Write if (!(...))."},
	{"until", "(", "Write while (!(...))."},
	{"loop", "{", "Write while (true)."},
	{"repeat", "{", "Write do { ... } while (...)."},
	{"try", "{", "Nothing is thrown: what may fail yields a maybe, and abort undoes the message."},
	{"catch", "({", "Nothing is thrown: what may fail yields a maybe, and abort undoes the message."},
	{"finally", "{", "Nothing is thrown: what may fail yields a maybe, and abort undoes the message."},
	{"throw", "iv(", "Nothing is thrown: abort undoes the message."},
	{"raise", "iv", "Nothing is raised: abort undoes the message."},
	{"delete", "i", "Rows are deleted by their method: (iterate t where ...).delete(), or row.delete()."},
	{"insert", "i", "Rows are inserted by: table <- {name: value, ...};"},
	{"update", "i", "Rows are changed by: (iterate t where ...).field = value;"},
	{"select", "i*", "A query is an expression: iterate t where ... order by ... limit ..."},
	{"call", "i", "A procedure is called by its name: f(x);"},
	{"print", "v", "There is no output: what people see are public fields and formulas."},
	{"echo", "v", "There is no output: what people see are public fields and formulas."},
	{"new", "i", "A message is written as an object: {a: 1, b: \"x\"}; a record is made by inserting into its table."},
	{"pass", ";", "An empty block is { }."},
	{"goto", "i", "There is no goto; the next state is set by transition #state;"},
	{"await", "i", "A future is awaited by its method: f.await()."},
};

static const ForeignWord in_declarations[] = {
	{"class", "i", "What a document stores is a record, what is sent to it a message."},
	{"struct", "i", "What a document stores is a record, what is sent to it a message."},
	{"interface", "i", "What a document stores is a record, what is sent to it a message."},
	{"type", "i", "What a document stores is a record, what is sent to it a message."},
	{"const", "i", "A field that code cannot assign is: readonly int x = 3;"},
	{"final", "i", "A field that code cannot assign is: readonly int x = 3;"},
	{"let", "i", "A field is declared with its type, as in: public int x = 3;"},
	{"var", "i", "A field is declared with its type, as in: public int x = 3;"},
	{"fn", "i", "Write function f(int a) -> int { ... }, or procedure f(int a) { ... } if it changes the document."},
	{"func", "i", "Write function f(int a) -> int { ... }, or procedure f(int a) { ... } if it changes the document."},
	{"def", "i", "Write function f(int a) -> int { ... }, or procedure f(int a) { ... } if it changes the document."},
	{"sub", "i", "Write procedure f(int a) { ... }."},
	{"void", "i", "What returns nothing is a procedure: procedure f(int a) { ... }."},
	{"import", "iv*{", "Another source is included by: @include lib/name;"},
	{"include", "iv", "Another source is included by: @include lib/name;"},
	{"use", "i", "Another source is included by: @include lib/name;"},
	{"package", "i", "A program has no name: adama.deploy gives it one."},
	{"namespace", "i", "A program has no name: adama.deploy gives it one."},
	{"module", "i", "A program has no name: adama.deploy gives it one."},
	{"export", "iv*{", "What people see is declared public."},
	{"create", "i", "A table of rows is: record Row { ... } table<Row> rows;"},
	{"select", "i*", "What people see of a table is a formula: public formula name = iterate t where ...;"},
	{"static", "{", "Rules about creation are: @static { create { return ...; } }."},
	{"static", "i", "A field belongs to the document: public int x = 3;"},
	{"protected", "i", "A field is public or private; use_policy<p> shows it to some."},
	{"internal", "i", "A field is public or private; use_policy<p> shows it to some."},
	{"constructor", "({", "What runs at creation is: @construct { ... }."},
	{"construct", "({", "What runs at creation is: @construct { ... }."},
	{"connected", "({", "What runs when somebody connects is: @connected { return true; }."},
	{"disconnected", "({", "What runs when somebody leaves is: @disconnected { ... }."},
	{"on", "i", "A message is handled by: channel name(Message m) { ... }."},
	{"state", "i", "A state is declared as: #name { ... }."},
	{"cron", "i", "A schedule is declared as: @cron name daily 4:30 { ... }."},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *
find_hint(const ForeignWord *list, size_t n, const LangToken *token)
{
	for (size_t i = 0; i < n; i++)
		if (is_word(token, list[i].word))
			return list[i].hint;
	return NULL;
}

static bool
next_fits(const LangToken *next, const char *wanted)
{
	if (wanted[0] == '\0')
		return true;
	switch (next->kind)
	{
		case LANG_TOKEN_ID:
			return strchr(wanted, 'i') != NULL;
		case LANG_TOKEN_SYMBOL:
			return strchr(wanted, next->symbol) != NULL;
		case LANG_TOKEN_END:
			return false;
		default:
			return strchr(wanted, 'v') != NULL;
	}
}

static bool
refuse(LangParser *p, const ForeignWord *list, size_t n, const char *what)
{
	const LangToken *token = lang_peek(p, 0);
	const LangToken *next = lang_peek(p, 1);

	if (token->kind != LANG_TOKEN_ID)
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_word(token, list[i].word) && next_fits(next, list[i].next))
		{
			lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, list[i].hint, "expected %s, found \"%s\"", what, token->sym->text);
			return true;
		}
	return false;
}

bool
lang_refuse_foreign_statement(LangParser *p)
{
	static const char *const words[] = {"function", "procedure", "record", "message", "channel", "policy", "formula", "bubble",
										"public", "private"};
	const LangToken *token = lang_peek(p, 0);

	if (refuse(p, in_statements, COUNT(in_statements), "a statement"))
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (lang_token_is(token, words[i]) && lang_peek(p, 1)->kind == LANG_TOKEN_ID && !lang_ahead_is(p, 2, ';') &&
			(!lang_ahead_is(p, 2, '=') || lang_is_refused_name(token->sym)))
		{
			lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, "It stands outside of all blocks. Is a \"}\" missing before it?",
							"expected a statement, found \"%s\"",
							token->sym->text);
			return true;
		}
	return false;
}

bool
lang_refuse_foreign_declaration(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	const LangToken *name = lang_peek(p, 1);

	/* A record may be called as one of those that are not reserved here. */
	if (token->kind == LANG_TOKEN_ID && !lang_is_refused_name(token->sym) && name->kind == LANG_TOKEN_ID &&
		lang_ahead_is(p, 2, ';'))
		return false;
	return refuse(p, in_declarations, COUNT(in_declarations), "a declaration");
}

/* ---- words that look like one of ours ---- */

static const char *const declaration_words[] = {
	"record", "message", "channel", "function", "procedure", "policy", "filter", "enum", "view", "bubble", "dispatch", "method", "test", "ingested", NULL
};
static const char *const clause_words[] = {
	"where", "where_as", "order", "order_dyn", "limit", "offset", "shuffle", "reduce", "unique", "rank", "materialize", "traverse", "inside", "outside", NULL
};
static const char *const statement_words[] = {
	"return", "if", "else", "while", "do", "for", "foreach", "switch", "case", "default", "break", "continue", "abort", "let", "transition", "invoke", "assert", NULL
};
static const char *const modifiers[] = {"public", "private", "readonly", "formula", "view", "bubble", "required", NULL};
static const char *const events[] = {
	"@construct", "@connected", "@disconnected", "@delete", "@load", "@static", "@cron", "@attached", "@can_attach", "@authorization", "@include",
	"@import", "@web", "@export", "@who", "@viewer", "@no_one", "@context", "@maybe", "@lambda", NULL
};

/* The word of the list that is nearest, or NULL. */
static const char *
nearest(const char *const words[], const KitSym *sym)
{
	int			limit = lang_near_limit(sym->text);
	const char *best = NULL;

	for (int i = 0; words[i] != NULL && sym->len <= LANG_NEAR_MAX; i++)
	{
		int			distance = lang_near(sym->text, words[i], limit - 1);

		if (distance == 0 && strcmp(sym->text, words[i]) == 0)
			return NULL;		/* it is one of ours, in the wrong place */
		if (distance < limit)
		{
			limit = distance;
			best = words[i];
		}
	}
	return best;
}

static const char *
did_you_mean(LangParser *p, const char *word)
{
	return word == NULL ? NULL : kit_arena_printf(p->arena, "Did you mean \"%s\"?", word);
}

const char *
lang_hint_keyword(LangParser *p, const KitSym *sym)
{
	return did_you_mean(p, nearest(events, sym));
}

const char *
lang_hint_modifier(LangParser *p)
{
	const LangToken *before = p->at > 0 ? &p->tokens[p->at - 1] : NULL;
	const char *hint;

	if (before == NULL || before->kind != LANG_TOKEN_ID || lang_is_type_word(before->sym))
		return NULL;
	hint = did_you_mean(p, nearest(modifiers, before->sym));
	if (hint == NULL && lang_is_type_word(lang_peek(p, 0)->sym) && (lang_ahead_is(p, 1, ';') || lang_ahead_is(p, 1, '=')))
		hint = kit_arena_printf(p->arena, "The type comes first: %s %s;", lang_peek(p, 0)->sym->text, before->sym->text);
	return hint;
}

/* What follows the name of what looked like a field: X name { or X name ( or X my-name. */
static const char *
field_hint(LangParser *p, const LangToken *token)
{
	const LangToken *word = p->at > 1 ? &p->tokens[p->at - 2] : NULL;
	const char *hint = NULL;

	if (word == NULL || word->kind != LANG_TOKEN_ID)
		return NULL;
	if (token->kind == LANG_TOKEN_ID && !lang_is_type_word(word->sym))
		return did_you_mean(p, nearest(modifiers, word->sym));
	if (token->kind != LANG_TOKEN_SYMBOL)
		return NULL;
	if (token->symbol == '-')
		return "Names are made of letters, digits and \"_\".";
	if ((token->symbol == '{' || token->symbol == '(') && !lang_is_type_word(word->sym))
		hint = did_you_mean(p, nearest(declaration_words, word->sym));
	if (hint == NULL && token->symbol == '{')
		hint = "What a document stores is declared as record X { ... }, what is sent to it as message X { ... }.";
	return hint;
}

/* A statement whose first word looks like one that begins others: Return x; or iff (x) {. */
static const char *
statement_hint(LangParser *p, const LangToken *token)
{
	const LangToken *first = &p->tokens[p->statement];

	if (first->kind != LANG_TOKEN_ID || !(lang_at_symbol(p, '{') || (p->at == p->statement + 2 && lang_at_symbol(p, '(')) || (p->at == p->statement + 1 && token->kind != LANG_TOKEN_SYMBOL)))
		return NULL;
	return did_you_mean(p, nearest(statement_words, first->sym));
}

const char *
lang_usual_hint(LangParser *p, const char *what)
{
	const LangToken *token = lang_peek(p, 0);
	const LangToken *before = p->at > 0 ? &p->tokens[p->at - 1] : token;
	const char *hint;

	if (strcmp(what, "\";\" at the end of the field") == 0)
	{
		hint = field_hint(p, token);
		if (hint != NULL)
			return hint;
	}
	if (lang_token_is(before, "abort") && before->pos.line == token->pos.line && token->kind != LANG_TOKEN_END && !lang_at_symbol(p, '}'))
		return "\"abort;\" takes nothing: it undoes the message.";
	if (lang_at_symbol(p, ',') && before->kind == LANG_TOKEN_INT && lang_peek(p, 1)->kind == LANG_TOKEN_INT)
		return "The digits of a number are written without commas.";
	if (strstr(what, "the names of policies") != NULL && token->kind == LANG_TOKEN_ID)
		return kit_arena_printf(p->arena, "Write <%s>.", token->sym->text);
	if (token->kind == LANG_TOKEN_SYMBOL && strncmp(what, "the name", 8) != 0)
	{
		hint = operator_hint(p, token);
		if (hint != NULL)
			return hint;
	}
	if (strncmp(what, "\";\" at the end of", 17) == 0 && (lang_at_symbol(p, ')') || lang_at_symbol(p, ']')))
		return "There is one too many, or the one that it closes is missing.";
	hint = find_hint(joining, COUNT(joining), token);
	if (hint == NULL && token->kind == LANG_TOKEN_ID)
		hint = did_you_mean(p, nearest(clause_words, token->sym));
	if (hint == NULL && strcmp(what, "\";\" at the end of the statement") == 0)
		hint = statement_hint(p, token);
	if (hint == NULL && token->kind == LANG_TOKEN_ID && before->kind == LANG_TOKEN_ID)
	{
		static const char *const iterate[] = {"iterate", NULL};

		hint = did_you_mean(p, nearest(iterate, before->sym));
	}
	if (hint == NULL && p->at > 0)
		hint = find_hint(leading, COUNT(leading), before);
	if (hint == NULL && before->kind == LANG_TOKEN_STRING && before->pos.line < token->pos.line && p->at > 0 &&
		memchr(p->source + before->offset, '\n', before->end - before->offset) != NULL)
		hint = "The string before it spans several lines: is its closing quote where you want it?";
	if (hint == NULL && token->kind == LANG_TOKEN_KEYWORD && token->sym->text[0] == '@')
	{
		if (strcmp(what, "a declaration") == 0)
			hint = lang_hint_keyword(p, token->sym) != NULL ? lang_hint_keyword(p, token->sym) :
				"Events are @construct, @connected, @disconnected, @delete, @load, and @static { create { ... } }.";
	}
	return hint;
}
