/*
 * parse_atom.c
 *	  Values that stand alone: literals, names, objects, arrays, and what begins with @.
 */
#include <string.h>

#include "lang/parse_internal.h"

LangExpr *
lang_expr_new(LangParser *p, LangExprKind kind, LangPos pos)
{
	LangExpr   *expr = KIT_NEW(p->arena, LangExpr);

	expr->kind = kind;
	expr->pos = pos;
	return expr;
}

LangExpr *
lang_expr_binary(LangParser *p, LangExprKind kind, LangPos pos, LangOp op, LangExpr *left, LangExpr *right)
{
	LangExpr   *expr = lang_expr_new(p, kind, pos);

	expr->u.binary.op = op;
	expr->u.binary.left = left;
	expr->u.binary.right = right;
	return expr;
}

/* Values up to what closes the list; where: "after the arguments", for what is missing. */
void
lang_parse_list(LangParser *p, char close, const char *where, LangExpr ***items, int *n)
{
	LangVector	all = {0};

	if (!lang_at_symbol(p, close))
	{
		do
			lang_vector_add(p, &all, lang_parse_expr(p));
		while (!p->is_lost && lang_accept(p, ','));
	}
	lang_expect(p, close, where);
	*items = (LangExpr **) all.items;
	*n = all.n;
}

static LangExpr *
parse_object(LangParser *p)
{
	LangExpr   *expr = lang_expr_new(p, LANG_EXPR_OBJECT, lang_next(p)->pos);
	LangVector	members = {0};

	while (!p->is_lost && !lang_at_symbol(p, '}'))
	{
		LangObjectMember *member = KIT_NEW(p->arena, LangObjectMember);

		if (lang_peek(p, 0)->kind == LANG_TOKEN_STRING)
			lang_expected(p, "the name of a member", "Names stand without quotes: {a: 1}.");
		member->name = lang_expect_name(p, "a member");
		if (lang_at_symbol(p, '='))
			lang_expected(p, "\":\" after the name of a member", "Members are written {name: value, ...}.");
		if (lang_accept(p, ':'))
			member->value = lang_parse_expr(p);
		else
		{
			member->value = lang_expr_new(p, LANG_EXPR_NAME, member->name.pos);
			member->value->u.name.sym = member->name.sym;
		}
		lang_vector_add(p, &members, member);
		if (!lang_accept(p, ','))
			break;
	}
	if (lang_peek(p, 0)->kind == LANG_TOKEN_ID && lang_ahead_is(p, 1, ':'))
		lang_expected(p, "\"}\" or \",\" after a member", "Members are separated by commas.");
	lang_expect(p, '}', "or \",\" after a member");
	expr->u.object.n = members.n;
	expr->u.object.members = KIT_NEW_N(p->arena, LangObjectMember, members.n);
	for (int i = 0; i < members.n; i++)
		expr->u.object.members[i] = *(LangObjectMember *) members.items[i];
	return expr;
}

static LangExpr *
parse_parentheses(LangParser *p)
{
	LangPos		pos = lang_next(p)->pos;
	LangExpr   *first = lang_parse_expr(p);
	LangExpr   *expr;

	if (lang_at_symbol(p, ','))
	{
		LangVector	items = {0};

		lang_vector_add(p, &items, first);
		while (lang_accept(p, ','))
			lang_vector_add(p, &items, lang_parse_expr(p));
		expr = lang_expr_new(p, LANG_EXPR_TUPLE, pos);
		expr->u.list.items = (LangExpr **) items.items;
		expr->u.list.n = items.n;
	}
	else
	{
		expr = lang_expr_new(p, LANG_EXPR_PAREN, pos);
		expr->u.unary.operand = first;
	}
	lang_expect(p, ')', "to close the parenthesis");
	return expr;
}

/* After the first ':' of E::V. */
static LangExpr *
parse_enum_value(LangParser *p, const LangToken *type)
{
	LangExpr   *expr = lang_expr_new(p, LANG_EXPR_ENUM, type->pos);

	expr->u.enumeration.type = (LangName) {type->sym, type->pos};
	if (lang_accept(p, '*'))
		expr->u.enumeration.is_star = true;
	else
	{
		const LangToken *value = lang_peek(p, 0);

		expr->u.enumeration.value = lang_expect_name(p, "a value of the enumeration");
		if (!p->is_lost && lang_at_symbol(p, '*') && lang_peek(p, 0)->offset == value->end)
		{
			lang_next(p);
			expr->u.enumeration.is_star = true;
		}
	}
	return expr;
}

/* A number with its sign, as dates and timespans are written. */
static double
parse_number(LangParser *p)
{
	double		sign = lang_accept(p, '-') ? -1 : 1;
	const LangToken *token = lang_peek(p, 0);

	if (token->kind != LANG_TOKEN_INT && token->kind != LANG_TOKEN_LONG && token->kind != LANG_TOKEN_DOUBLE)
	{
		lang_expected(p, "a number, as in @timespan 5 min", NULL);
		return 0;
	}
	lang_next(p);
	return sign * (token->kind == LANG_TOKEN_DOUBLE ? token->real : (double) token->integer);
}

int64_t
lang_unit_seconds(const KitSym *unit)
{
	static const struct
	{
		const char *name;
		int64_t		seconds;
	}			units[] = {
		{"s", 1}, {"sec", 1}, {"second", 1}, {"seconds", 1}, {"m", 60}, {"min", 60}, {"minute", 60}, {"minutes", 60},
		{"h", 3600}, {"hr", 3600}, {"hour", 3600}, {"hours", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400},
		{"w", 604800}, {"week", 604800}, {"weeks", 604800}
	};

	for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++)
	{
		if (strcmp(units[i].name, unit->text) == 0)
			return units[i].seconds;
	}
	return 0;
}

static LangExpr *
parse_timespan(LangParser *p, LangPos pos)
{
	LangExpr   *expr = lang_expr_new(p, LANG_EXPR_TIMESPAN, pos);
	double		amount = parse_number(p);
	LangName	unit = lang_expect_name(p, "a unit of time (s, min, hr, day, week)");

	expr->u.real = amount * (double) lang_unit_seconds(unit.sym);
	if (!p->is_lost && lang_unit_seconds(unit.sym) == 0)
		lang_report(p, unit.pos, "Units are s, sec, min, hr, day, week and their plurals.",
					"\"%s\" is not a unit of time", unit.sym->text);
	return expr;
}

static LangExpr *
parse_date(LangParser *p, LangPos pos)
{
	static const char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	LangExpr   *expr = lang_expr_new(p, LANG_EXPR_DATE, pos);
	int			year = lang_expect_int(p, "a year", 1, 9999);
	int			month;
	int			last;

	lang_expect(p, '/', "after the year, as in @date 2023/10/31");
	month = lang_expect_int(p, "a month", 1, 12);
	lang_expect(p, '/', "after the month, as in @date 2023/10/31");
	last = month < 1 || month > 12 ? 31 : days[month - 1];
	if (month == 2 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		last = 28;
	expr->u.calendar.year = year;
	expr->u.calendar.month = month;
	expr->u.calendar.day = lang_expect_int(p, "a day", 1, last);
	return expr;
}

/* @vec[…] and @matrix[…]: the brackets. */
static void
parse_brackets(LangParser *p, LangExpr *expr)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	int			n;

	lang_expect(p, '[', expr->kind == LANG_EXPR_VEC ? "after @vec" : "after @matrix");
	lang_parse_list(p, ']', "after the numbers", &expr->u.list.items, &expr->u.list.n);
	n = expr->u.list.n;
	if (expr->kind == LANG_EXPR_VEC && (n < 2 || n > 4))
		lang_report(p, pos, NULL, "a vector has two, three or four numbers");
	if (expr->kind == LANG_EXPR_MATRIX && n == 0)
		lang_report(p, pos, NULL, "a matrix is not empty");
}

static LangExpr *
parse_at_word(LangParser *p)
{
	static const struct
	{
		const char *word;
		LangExprKind kind;
	}			plain[] = {
		{"@no_one", LANG_EXPR_NO_ONE}, {"@who", LANG_EXPR_WHO}, {"@self", LANG_EXPR_SELF}, {"@context", LANG_EXPR_CONTEXT},
		{"@viewer", LANG_EXPR_VIEWER}, {"@headers", LANG_EXPR_HEADERS}, {"@parameters", LANG_EXPR_PARAMETERS},
		{"@stable", LANG_EXPR_STABLE}, {"@blocked", LANG_EXPR_BLOCKED}, {"@i", LANG_EXPR_I}, {"@pi", LANG_EXPR_PI},
		{"@e", LANG_EXPR_E}, {"@null", LANG_EXPR_NULL}, {"@nothing", LANG_EXPR_NOTHING}
	};
	const LangToken *token = lang_next(p);
	const char *word = token->sym->text;
	LangExpr   *expr;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
	{
		if (strcmp(plain[i].word, word) == 0)
			return lang_expr_new(p, plain[i].kind, token->pos);
	}
	if (strcmp(word, "@empty") == 0 || (strcmp(word, "@maybe") == 0 && lang_at_symbol(p, '<')))
	{
		expr = lang_expr_new(p, strcmp(word, "@empty") == 0 ? LANG_EXPR_EMPTY : LANG_EXPR_MAYBE, token->pos);
		lang_expect(p, '<', "and a type");
		expr->u.typed.written = lang_parse_type(p);
		lang_expect(p, '>', "after the type");
		return expr;
	}
	if (strcmp(word, "@maybe") == 0)
	{
		expr = lang_expr_new(p, LANG_EXPR_MAYBE, token->pos);
		lang_expect(p, '(', "or \"<\" after @maybe");
		expr->u.typed.operand = lang_parse_expr(p);
		lang_expect(p, ')', "after the value");
		return expr;
	}
	if (strcmp(word, "@pair") == 0)
	{
		LangExpr   *left = lang_parse_expr(p);

		lang_expect_pair(p, "->", "between the two values of a pair");
		return lang_expr_binary(p, LANG_EXPR_PAIR, token->pos, LANG_OP_ADD, left, lang_parse_expr(p));
	}
	if (strcmp(word, "@lambda") == 0)
	{
		expr = lang_expr_new(p, LANG_EXPR_LAMBDA, token->pos);
		expr->u.lambda.parameter = lang_expect_new_name(p, "the parameter of @lambda");
		lang_expect(p, ':', "after the parameter");
		expr->u.lambda.body = lang_parse_expr(p);
		return expr;
	}
	if (strcmp(word, "@convert") == 0)
	{
		expr = lang_expr_new(p, LANG_EXPR_CONVERT_MESSAGE, token->pos);
		lang_expect(p, '<', "and a message type");
		expr->u.typed.written = lang_parse_type(p);
		lang_expect(p, '>', "after the type");
		lang_expect(p, '(', "and the value to convert");
		expr->u.typed.operand = lang_parse_expr(p);
		lang_expect(p, ')', "after the value");
		return expr;
	}
	if (strcmp(word, "@date") == 0)
		return parse_date(p, token->pos);
	if (strcmp(word, "@time") == 0)
	{
		expr = lang_expr_new(p, LANG_EXPR_TIME, token->pos);
		expr->u.calendar.hour = lang_expect_int(p, "an hour", 0, 23);
		lang_expect(p, ':', "after the hour");
		expr->u.calendar.minute = lang_expect_int(p, "a minute", 0, 59);
		return expr;
	}
	if (strcmp(word, "@datetime") == 0)
	{
		const LangToken *text = lang_peek(p, 0);

		expr = lang_expr_new(p, LANG_EXPR_DATETIME, token->pos);
		if (text->kind != LANG_TOKEN_STRING)
			lang_expected(p, "a string with a date and time, as in @datetime \"2023-04-24T17:57:19Z\"", NULL);
		else
		{
			lang_next(p);
			expr->u.string.text = text->text;
			expr->u.string.len = text->len;
		}
		return expr;
	}
	if (strcmp(word, "@timespan") == 0)
		return parse_timespan(p, token->pos);
	if (strcmp(word, "@vec") == 0 || strcmp(word, "@matrix") == 0)
	{
		expr = lang_expr_new(p, strcmp(word, "@vec") == 0 ? LANG_EXPR_VEC : LANG_EXPR_MATRIX, token->pos);
		parse_brackets(p, expr);
		return expr;
	}
	lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, lang_hint_keyword(p, token->sym) != NULL ? lang_hint_keyword(p, token->sym) :
					"Values are @who, @no_one, @viewer, @maybe(...), @maybe<type>, @date, @timespan and others.",
					"\"%s\" is not a value",
					word);
	return lang_expr_new(p, LANG_EXPR_NOTHING, token->pos);
}

/* Words that are a value in other languages only. */
static void
refuse_words(LangParser *p, const LangToken *token)
{
	const LangToken *before = p->at > 1 ? &p->tokens[p->at - 2] : token;

	if (lang_token_is(token, "null") && before->kind == LANG_TOKEN_SYMBOL && before->symbol == '=' && p->at > 2 &&
		p->tokens[p->at - 3].end == before->offset)
		lang_report(p, token->pos, "Whether a maybe is there is asked by m.has(); somebody who does not exist is @no_one.", "there is no null");
	else if (lang_token_is(token, "null"))
		lang_report(p, token->pos, "An empty maybe is @maybe<type>; somebody who does not exist is @no_one.", "there is no null");
	else if (lang_token_is(token, "this"))
		lang_report(p, token->pos, "Fields are reached by their bare names.", "there is no \"this\"");
	else if (lang_token_is(token, "new") && lang_at_symbol(p, '{'))
		lang_report(p, token->pos, "A message is written as an object: {a: 1, b: \"x\"}; a record is made by inserting into its table.", "there is no \"new\"");
	else if (lang_token_is(token, "new"))
		lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR,
						"A message is written as an object: {a: 1, b: \"x\"}; a record is made by inserting into its table.",
						"there is no \"new\"");
	else if (lang_is_type_word(token->sym) && lang_is_refused_name(token->sym) && !lang_at_symbol(p, '('))
		lang_report(p, token->pos, NULL, "\"%s\" is a type, not a value", token->sym->text);
}

LangExpr *
lang_parse_atom(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	LangExpr   *expr;

	switch (token->kind)
	{
		case LANG_TOKEN_INT:
		case LANG_TOKEN_LONG:
			lang_next(p);
			expr = lang_expr_new(p, token->kind == LANG_TOKEN_INT ? LANG_EXPR_INT : LANG_EXPR_LONG, token->pos);
			expr->u.integer = token->integer;
			return expr;
		case LANG_TOKEN_DOUBLE:
			lang_next(p);
			expr = lang_expr_new(p, LANG_EXPR_DOUBLE, token->pos);
			expr->u.real = token->real;
			return expr;
		case LANG_TOKEN_STRING:
			lang_next(p);
			expr = lang_expr_new(p, LANG_EXPR_STRING, token->pos);
			expr->u.string.text = token->text;
			expr->u.string.len = token->len;
			return expr;
		case LANG_TOKEN_LABEL:
			lang_next(p);
			expr = lang_expr_new(p, LANG_EXPR_LABEL, token->pos);
			expr->u.string.text = token->sym->text;
			expr->u.string.len = token->sym->len;
			return expr;
		case LANG_TOKEN_KEYWORD:
			if (token->sym->text[0] == '@')
				return parse_at_word(p);
			break;
		case LANG_TOKEN_ID:
			lang_next(p);
			if (strcmp(token->sym->text, "true") == 0 || strcmp(token->sym->text, "false") == 0)
			{
				expr = lang_expr_new(p, LANG_EXPR_BOOL, token->pos);
				expr->u.integer = token->sym->text[0] == 't';
				return expr;
			}
			if (lang_accept_pair(p, "::"))
				return parse_enum_value(p, token);
			refuse_words(p, token);
			if (lang_token_is(token, "new") && lang_at_symbol(p, '{'))
				return parse_object(p);
			expr = lang_expr_new(p, LANG_EXPR_NAME, token->pos);
			expr->u.name.sym = token->sym;
			return expr;
		case LANG_TOKEN_SYMBOL:
			if (token->symbol == '(')
				return parse_parentheses(p);
			if (token->symbol == '{')
				return parse_object(p);
			if (token->symbol == '[')
			{
				lang_next(p);
				expr = lang_expr_new(p, LANG_EXPR_ARRAY, token->pos);
				lang_parse_list(p, ']', "at the end of the array", &expr->u.list.items, &expr->u.list.n);
				return expr;
			}
			break;
		default:
			break;
	}
	lang_expected(p, "a value", NULL);
	return lang_expr_new(p, LANG_EXPR_NOTHING, token->pos);
}
