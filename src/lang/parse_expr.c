/*
 * parse_expr.c
 *	  Expressions, from the loosest binding to the tightest; see LangExprKind for what each becomes.
 *
 *		expr	= ['iterate'] assign { clause }			where, order, limit, …
 *		assign	= contain [ ('+=' | '-=' | '*=') assign ]
 *		contain	= ternary [ ('inside' | 'outside') ternary ]
 *		ternary	= xor [ '?' xor ':' xor ]				does not nest without parentheses
 *		xor, or, and									left to right
 *		eq		= rel [ op rel ]						one only
 *		rel		= add [ op add ]						one only, or a range: a < x <= b
 *		add, mul										left to right
 *		prefix	= [ '++' | '--' | '!' | '-' ] postfix	one only
 */
#include <string.h>

#include "lang/parse_internal.h"

static LangExpr *parse_assign(LangParser *p);
static LangExpr *parse_ternary(LangParser *p);
static LangExpr *parse_xor(LangParser *p);
static LangExpr *parse_add(LangParser *p);

static LangExpr *
make(LangParser *p, LangExprKind kind, LangPos pos)
{
	LangExpr   *expr = KIT_NEW(p->arena, LangExpr);

	expr->kind = kind;
	expr->pos = pos;
	return expr;
}

static LangExpr *
make_binary(LangParser *p, LangExprKind kind, LangPos pos, LangOp op, LangExpr *left, LangExpr *right)
{
	LangExpr   *expr = make(p, kind, pos);

	expr->u.binary.op = op;
	expr->u.binary.left = left;
	expr->u.binary.right = right;
	return expr;
}

/* Chains like a + b + c make the tree as deep as they are long. */
static bool
chain_goes_on(LangParser *p, int *n)
{
	if (++*n > LANG_MAX_DEPTH)
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_PROGRAM_LIMIT, "Use a variable for a part of it.", "an expression chains more than %d operators", LANG_MAX_DEPTH);
	return !p->is_lost;
}

static LangPos
pair_pos(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;

	pos.length = 2;
	return pos;
}

static void
parse_list(LangParser *p, char close, LangExpr ***items, int *n)
{
	LangVector	all = {0};

	if (!lang_at_symbol(p, close))
	{
		do
			lang_vector_add(p, &all, lang_parse_expr(p));
		while (!p->is_lost && lang_accept(p, ','));
	}
	lang_expect(p, close, "after the list");
	*items = (LangExpr **) all.items;
	*n = all.n;
}

/* ---- atoms ---- */

static LangExpr *
parse_object(LangParser *p)
{
	LangExpr   *expr = make(p, LANG_EXPR_OBJECT, lang_next(p)->pos);
	LangVector	members = {0};

	while (!p->is_lost && !lang_at_symbol(p, '}'))
	{
		LangObjectMember *member = KIT_NEW(p->arena, LangObjectMember);

		member->name = lang_expect_name(p, "the name of a member");
		if (lang_accept(p, ':'))
			member->value = lang_parse_expr(p);
		else
		{
			member->value = make(p, LANG_EXPR_NAME, member->name.pos);
			member->value->u.name.sym = member->name.sym;
		}
		lang_vector_add(p, &members, member);
		if (!lang_accept(p, ','))
			break;
	}
	lang_expect(p, '}', "at the end of the object");
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
		expr = make(p, LANG_EXPR_TUPLE, pos);
		expr->u.list.items = (LangExpr **) items.items;
		expr->u.list.n = items.n;
	}
	else
	{
		expr = make(p, LANG_EXPR_PAREN, pos);
		expr->u.unary.operand = first;
	}
	lang_expect(p, ')', "after the expression");
	return expr;
}

/* After the first ':' of E::V. */
static LangExpr *
parse_enum(LangParser *p, const LangToken *type)
{
	LangExpr   *expr = make(p, LANG_EXPR_ENUM, type->pos);

	expr->u.enumeration.type = (LangName) {type->sym, type->pos};
	if (lang_accept(p, '*'))
		expr->u.enumeration.is_star = true;
	else
	{
		const LangToken *value = lang_peek(p, 0);

		expr->u.enumeration.value = lang_expect_name(p, "a value of the enum, or *");
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
		lang_expected(p, "a number", NULL);
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
		{"s", 1}, {"sec", 1}, {"second", 1}, {"seconds", 1}, {"m", 60}, {"min", 60}, {"minute", 60}, {"minutes", 60}, {"h", 3600}, {"hr", 3600}, {"hour", 3600},
		{"hours", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400}, {"w", 604800}, {"week", 604800}, {"weeks", 604800}
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
	LangExpr   *expr = make(p, LANG_EXPR_TIMESPAN, pos);
	double		amount = parse_number(p);
	LangName	unit = lang_expect_name(p, "a unit: s, min, hr, day or week");

	expr->u.real = amount * (double) lang_unit_seconds(unit.sym);
	if (!p->is_lost && lang_unit_seconds(unit.sym) == 0)
		lang_parse_fail(p, unit.pos, KIT_SYNTAX_ERROR, "Units are s, sec, min, hr, day, week and their plurals.", "\"%s\" is not a unit of time", unit.sym->text);
	return expr;
}

/* @vec[…] and @matrix[…]: the brackets. */
static void
parse_brackets(LangParser *p, LangExpr *expr)
{
	lang_expect(p, '[', "after the word");
	parse_list(p, ']', &expr->u.list.items, &expr->u.list.n);
}

static LangExpr *
parse_at_word(LangParser *p)
{
	static const struct
	{
		const char *word;
		LangExprKind kind;
	}			plain[] = {
		{"@no_one", LANG_EXPR_NO_ONE}, {"@who", LANG_EXPR_WHO}, {"@self", LANG_EXPR_SELF}, {"@context", LANG_EXPR_CONTEXT}, {"@viewer", LANG_EXPR_VIEWER},
		{"@headers", LANG_EXPR_HEADERS}, {"@parameters", LANG_EXPR_PARAMETERS}, {"@stable", LANG_EXPR_STABLE}, {"@blocked", LANG_EXPR_BLOCKED},
		{"@i", LANG_EXPR_I}, {"@pi", LANG_EXPR_PI}, {"@e", LANG_EXPR_E}, {"@null", LANG_EXPR_NULL}, {"@nothing", LANG_EXPR_NOTHING}
	};
	const LangToken *token = lang_next(p);
	const char *word = token->sym->text;
	LangExpr   *expr;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
	{
		if (strcmp(plain[i].word, word) == 0)
			return make(p, plain[i].kind, token->pos);
	}
	if (strcmp(word, "@empty") == 0 || (strcmp(word, "@maybe") == 0 && lang_at_symbol(p, '<')))
	{
		expr = make(p, strcmp(word, "@empty") == 0 ? LANG_EXPR_EMPTY : LANG_EXPR_MAYBE, token->pos);
		lang_expect(p, '<', "and a type");
		expr->u.typed.written = lang_parse_type(p);
		lang_expect(p, '>', "after the type");
		return expr;
	}
	if (strcmp(word, "@maybe") == 0)
	{
		expr = make(p, LANG_EXPR_MAYBE, token->pos);
		lang_expect(p, '(', "or \"<\" after @maybe");
		expr->u.typed.operand = lang_parse_expr(p);
		lang_expect(p, ')', "after the value");
		return expr;
	}
	if (strcmp(word, "@pair") == 0)
	{
		LangExpr   *left = lang_parse_expr(p);

		lang_expect_pair(p, "->", "between the two values of a pair");
		return make_binary(p, LANG_EXPR_PAIR, token->pos, LANG_OP_ADD, left, lang_parse_expr(p));
	}
	if (strcmp(word, "@lambda") == 0)
	{
		expr = make(p, LANG_EXPR_LAMBDA, token->pos);
		expr->u.lambda.parameter = lang_expect_new_name(p, "the parameter of a lambda");
		lang_expect(p, ':', "after the parameter");
		expr->u.lambda.body = lang_parse_expr(p);
		return expr;
	}
	if (strcmp(word, "@convert") == 0)
	{
		expr = make(p, LANG_EXPR_CONVERT_MESSAGE, token->pos);
		lang_expect(p, '<', "and a message type");
		expr->u.typed.written = lang_parse_type(p);
		lang_expect(p, '>', "after the type");
		lang_expect(p, '(', "and the value to convert");
		expr->u.typed.operand = lang_parse_expr(p);
		lang_expect(p, ')', "after the value");
		return expr;
	}
	if (strcmp(word, "@date") == 0)
	{
		expr = make(p, LANG_EXPR_DATE, token->pos);
		expr->u.calendar.year = lang_expect_int(p, "a year");
		lang_expect(p, '/', "after the year");
		expr->u.calendar.month = lang_expect_int(p, "a month");
		lang_expect(p, '/', "after the month");
		expr->u.calendar.day = lang_expect_int(p, "a day");
		return expr;
	}
	if (strcmp(word, "@time") == 0)
	{
		expr = make(p, LANG_EXPR_TIME, token->pos);
		expr->u.calendar.hour = lang_expect_int(p, "an hour");
		lang_expect(p, ':', "after the hour");
		expr->u.calendar.minute = lang_expect_int(p, "a minute");
		return expr;
	}
	if (strcmp(word, "@datetime") == 0)
	{
		const LangToken *text = lang_peek(p, 0);

		expr = make(p, LANG_EXPR_DATETIME, token->pos);
		if (text->kind != LANG_TOKEN_STRING)
			lang_expected(p, "a string with an ISO date and time", NULL);
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
		expr = make(p, strcmp(word, "@vec") == 0 ? LANG_EXPR_VEC : LANG_EXPR_MATRIX, token->pos);
		parse_brackets(p, expr);
		return expr;
	}
	lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, NULL, "\"%s\" is not a value", word);
	return make(p, LANG_EXPR_NOTHING, token->pos);
}

static LangExpr *
parse_atom(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	LangExpr   *expr;

	switch (token->kind)
	{
		case LANG_TOKEN_INT:
		case LANG_TOKEN_LONG:
			lang_next(p);
			expr = make(p, token->kind == LANG_TOKEN_INT ? LANG_EXPR_INT : LANG_EXPR_LONG, token->pos);
			expr->u.integer = token->integer;
			return expr;
		case LANG_TOKEN_DOUBLE:
			lang_next(p);
			expr = make(p, LANG_EXPR_DOUBLE, token->pos);
			expr->u.real = token->real;
			return expr;
		case LANG_TOKEN_STRING:
			lang_next(p);
			expr = make(p, LANG_EXPR_STRING, token->pos);
			expr->u.string.text = token->text;
			expr->u.string.len = token->len;
			return expr;
		case LANG_TOKEN_LABEL:
			lang_next(p);
			expr = make(p, LANG_EXPR_LABEL, token->pos);
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
				expr = make(p, LANG_EXPR_BOOL, token->pos);
				expr->u.integer = token->sym->text[0] == 't';
				return expr;
			}
			if (strcmp(token->sym->text, "null") == 0)
				lang_parse_fail(p, token->pos, KIT_SYNTAX_ERROR, "An empty maybe is @maybe<type>; somebody who does not exist is @no_one.", "there is no null");
			if (lang_accept_pair(p, "::"))
				return parse_enum(p, token);
			expr = make(p, LANG_EXPR_NAME, token->pos);
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
				expr = make(p, LANG_EXPR_ARRAY, token->pos);
				parse_list(p, ']', &expr->u.list.items, &expr->u.list.n);
				return expr;
			}
			if (token->symbol == '.' && lang_peek(p, 1)->kind == LANG_TOKEN_INT && lang_peek(p, 1)->offset == token->end)
			{
				double		scale = 1;
				const LangToken *digits;

				lang_next(p);
				digits = lang_next(p);
				for (uint32_t i = digits->offset; i < digits->end; i++)
					scale *= 10;
				expr = make(p, LANG_EXPR_DOUBLE, token->pos);
				expr->u.real = (double) digits->integer / scale;
				return expr;
			}
			break;
		default:
			break;
	}
	lang_expected(p, "an expression", NULL);
	return make(p, LANG_EXPR_NOTHING, token->pos);
}

/* ---- operators ---- */

static LangExpr *
parse_postfix(LangParser *p)
{
	LangExpr   *expr = parse_atom(p);
	int			n = 0;

	while (chain_goes_on(p, &n))
	{
		LangPos		pos = lang_peek(p, 0)->pos;

		if (lang_at_pair(p, "++") || lang_at_pair(p, "--"))
		{
			LangExpr   *outer = make(p, LANG_EXPR_POSTFIX, pair_pos(p));

			outer->u.unary.op = lang_at_symbol(p, '+') ? LANG_OP_INCREMENT : LANG_OP_DECREMENT;
			outer->u.unary.operand = expr;
			lang_next(p);
			lang_next(p);
			return outer;
		}
		if (lang_accept(p, '.'))
		{
			const LangToken *name = lang_peek(p, 0);
			LangExpr   *outer = make(p, LANG_EXPR_FIELD, pos);

			if (name->kind != LANG_TOKEN_ID && name->kind != LANG_TOKEN_KEYWORD)
			{
				lang_expected(p, "a name after \".\"", NULL);
				return expr;
			}
			lang_next(p);
			outer->u.field.operand = expr;
			outer->u.field.name = (LangName) {name->sym, name->pos};
			expr = outer;
		}
		else if (lang_at_symbol(p, '[') || lang_at_symbol(p, '('))
		{
			bool		is_call = lang_next(p)->symbol == '(';
			LangExpr   *outer = make(p, is_call ? LANG_EXPR_CALL : LANG_EXPR_INDEX, is_call ? expr->pos : pos);

			outer->u.call.callee = expr;
			parse_list(p, is_call ? ')' : ']', &outer->u.call.args, &outer->u.call.n_args);
			if (!is_call && outer->u.call.n_args == 0)
				lang_parse_fail(p, pos, KIT_SYNTAX_ERROR, NULL, "an index is missing between \"[\" and \"]\"");
			expr = outer;
		}
		else
			break;
	}
	return expr;
}

static LangExpr *
parse_prefix(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangExpr   *expr;
	LangOp		op;

	if (lang_at_pair(p, "++") || lang_at_pair(p, "--"))
	{
		pos = pair_pos(p);
		op = lang_next(p)->symbol == '+' ? LANG_OP_INCREMENT : LANG_OP_DECREMENT;
		lang_next(p);
	}
	else if (lang_at_symbol(p, '!') || lang_at_symbol(p, '-'))
		op = lang_next(p)->symbol == '!' ? LANG_OP_NOT : LANG_OP_NEGATE;
	else
		return parse_postfix(p);
	if (lang_at_symbol(p, '!') || lang_at_symbol(p, '-'))
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_SYNTAX_ERROR, "Put parentheses around the inner one.", "only one prefix operator may stand before a value");
	expr = make(p, LANG_EXPR_PREFIX, pos);
	expr->u.unary.op = op;
	expr->u.unary.operand = parse_postfix(p);
	return expr;
}

static LangExpr *
parse_mul(LangParser *p)
{
	LangExpr   *left = parse_prefix(p);
	int			n = 0;

	while ((lang_at_symbol(p, '*') || lang_at_symbol(p, '/') || lang_at_symbol(p, '%')) && !lang_at_pair(p, "*=") && chain_goes_on(p, &n))
	{
		const LangToken *token;

		if (lang_at_pair(p, "/=") || lang_at_pair(p, "%="))
			lang_parse_fail(p, pair_pos(p), KIT_SYNTAX_ERROR, "Write x = x / y; mind that \"/\" and \"%\" give a maybe.", "there is no operator \"%c=\"", lang_peek(p, 0)->symbol);
		token = lang_next(p);
		left = make_binary(p, LANG_EXPR_BINARY, token->pos, token->symbol == '*' ? LANG_OP_MUL : token->symbol == '/' ? LANG_OP_DIV : LANG_OP_MOD, left, parse_prefix(p));
	}
	return left;
}

static LangExpr *
parse_add(LangParser *p)
{
	LangExpr   *left = parse_mul(p);
	int			n = 0;

	while ((lang_at_symbol(p, '+') || lang_at_symbol(p, '-')) && !lang_at_pair(p, "+=") && !lang_at_pair(p, "-=") && !lang_at_pair(p, "->") && chain_goes_on(p, &n))
	{
		const LangToken *token = lang_next(p);

		left = make_binary(p, LANG_EXPR_BINARY, token->pos, token->symbol == '+' ? LANG_OP_ADD : LANG_OP_SUB, left, parse_mul(p));
	}
	return left;
}

/* < > <= >=, moving past it; false when none is there. */
static bool
accept_relation(LangParser *p, LangOp *op, LangPos *pos)
{
	*pos = lang_peek(p, 0)->pos;
	if (lang_at_pair(p, "<-"))
		return false;
	if (lang_at_pair(p, "<=") || lang_at_pair(p, ">="))
	{
		*pos = pair_pos(p);
		*op = lang_next(p)->symbol == '<' ? LANG_OP_LE : LANG_OP_GE;
		lang_next(p);
		return true;
	}
	if (lang_at_symbol(p, '<') || lang_at_symbol(p, '>'))
	{
		*op = lang_next(p)->symbol == '<' ? LANG_OP_LT : LANG_OP_GT;
		return true;
	}
	return false;
}

static LangExpr *
parse_rel(LangParser *p)
{
	LangExpr   *left = parse_add(p);
	LangOp		op,
				second;
	LangPos		pos,
				second_pos;
	LangExpr   *right;

	if (!accept_relation(p, &op, &pos))
		return left;
	right = parse_add(p);
	if ((op == LANG_OP_LT || op == LANG_OP_LE) && accept_relation(p, &second, &second_pos))
	{
		LangExpr   *range = make(p, LANG_EXPR_RANGE, pos);

		if (second != LANG_OP_LT && second != LANG_OP_LE)
			lang_parse_fail(p, second_pos, KIT_SYNTAX_ERROR, "Write a < x <= b, or join two comparisons with \"&&\".", "a range test has \"<\" or \"<=\" on both sides");
		range->u.range.low = left;
		range->u.range.low_op = op;
		range->u.range.value = right;
		range->u.range.high_op = second;
		range->u.range.high = parse_add(p);
		return range;
	}
	return make_binary(p, LANG_EXPR_BINARY, pos, op, left, right);
}

static LangExpr *
parse_eq(LangParser *p)
{
	LangExpr   *left = parse_rel(p);
	LangPos		pos = pair_pos(p);
	LangOp		op;

	if (lang_accept_pair(p, "=="))
		op = LANG_OP_EQ;
	else if (lang_accept_pair(p, "!="))
		op = LANG_OP_NE;
	else if (lang_accept_pair(p, "=?"))
		op = LANG_OP_MATCH;
	else
		return left;
	if (lang_at_symbol(p, '='))
		lang_parse_fail(p, pos, KIT_SYNTAX_ERROR, "Write \"==\" or \"!=\".", "there is no operator of three characters");
	return make_binary(p, LANG_EXPR_BINARY, pos, op, left, parse_rel(p));
}

static LangExpr *
parse_and(LangParser *p)
{
	LangExpr   *left = parse_eq(p);
	int			n = 0;

	while (lang_at_pair(p, "&&") && chain_goes_on(p, &n))
	{
		LangPos		pos = pair_pos(p);

		lang_accept_pair(p, "&&");
		left = make_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_AND, left, parse_eq(p));
	}
	return left;
}

static LangExpr *
parse_or(LangParser *p)
{
	LangExpr   *left = parse_and(p);
	int			n = 0;

	while (lang_at_pair(p, "||") && chain_goes_on(p, &n))
	{
		LangPos		pos = pair_pos(p);

		lang_accept_pair(p, "||");
		left = make_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_OR, left, parse_and(p));
	}
	return left;
}

static LangExpr *
parse_xor(LangParser *p)
{
	LangExpr   *left = parse_or(p);
	int			n = 0;

	while (lang_at_pair(p, "^^") && chain_goes_on(p, &n))
	{
		LangPos		pos = pair_pos(p);

		lang_accept_pair(p, "^^");
		left = make_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_XOR, left, parse_or(p));
	}
	return left;
}

static LangExpr *
parse_ternary(LangParser *p)
{
	static const char *const hint = "Put parentheses around the inner one.";
	LangExpr   *condition = parse_xor(p);
	LangExpr   *expr;

	if (!lang_at_symbol(p, '?'))
		return condition;
	expr = make(p, LANG_EXPR_TERNARY, lang_next(p)->pos);
	expr->u.ternary.condition = condition;
	expr->u.ternary.yes = parse_xor(p);
	if (lang_at_symbol(p, '?'))
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_SYNTAX_ERROR, hint, "\"? :\" does not nest without parentheses");
	lang_expect(p, ':', "of \"? :\"");
	expr->u.ternary.no = parse_xor(p);
	if (lang_at_symbol(p, '?'))
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_SYNTAX_ERROR, hint, "\"? :\" does not nest without parentheses");
	return expr;
}

static LangExpr *
parse_contain(LangParser *p)
{
	LangExpr   *left = parse_ternary(p);
	LangPos		pos = lang_peek(p, 0)->pos;

	if (lang_accept_word(p, "inside"))
		return make_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_INSIDE, left, parse_ternary(p));
	if (lang_accept_word(p, "outside"))
		return make_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_OUTSIDE, left, parse_ternary(p));
	return left;
}

static LangExpr *
parse_assign(LangParser *p)
{
	static const struct
	{
		const char *text;
		LangOp		op;
	}			assigning[] = {{"+=", LANG_OP_ADD_ASSIGN}, {"-=", LANG_OP_SUB_ASSIGN}, {"*=", LANG_OP_MUL_ASSIGN}};
	LangExpr   *left;

	if (!lang_descend(p))
		return make(p, LANG_EXPR_NOTHING, lang_peek(p, 0)->pos);
	left = parse_contain(p);
	for (int i = 0; i < 3; i++)
	{
		LangPos		pos = pair_pos(p);

		if (lang_accept_pair(p, assigning[i].text))
		{
			left = make_binary(p, LANG_EXPR_ASSIGN_OP, pos, assigning[i].op, left, parse_assign(p));
			break;
		}
	}
	p->depth--;
	return left;
}

/* ---- queries ---- */

static void
parse_keys(LangParser *p, LangExpr *expr)
{
	LangVector	keys = {0};

	do
	{
		LangOrderKey *key = KIT_NEW(p->arena, LangOrderKey);

		key->name = lang_expect_name(p, "the name of a field");
		if (lang_accept_word(p, "desc"))
			key->is_desc = true;
		else
			lang_accept_word(p, "asc");
		key->is_insensitive = lang_accept_word(p, "insensitive");
		lang_vector_add(p, &keys, key);
	}
	while (!p->is_lost && lang_accept(p, ','));
	expr->u.linq.n_keys = keys.n;
	expr->u.linq.keys = KIT_NEW_N(p->arena, LangOrderKey, keys.n);
	for (int i = 0; i < keys.n; i++)
		expr->u.linq.keys[i] = *(LangOrderKey *) keys.items[i];
}

/* One clause, applied to source; NULL when none follows. */
static LangExpr *
parse_clause(LangParser *p, LangExpr *source)
{
	static const struct
	{
		const char *word;
		LangLinqKind kind;
	}			words[] = {
		{"where", LANG_LINQ_WHERE}, {"where_as", LANG_LINQ_WHERE_AS}, {"order", LANG_LINQ_ORDER}, {"order_dyn", LANG_LINQ_ORDER_DYN}, {"shuffle", LANG_LINQ_SHUFFLE},
		{"reduce", LANG_LINQ_REDUCE}, {"map", LANG_LINQ_MAP}, {"limit", LANG_LINQ_LIMIT}, {"offset", LANG_LINQ_OFFSET}, {"unique", LANG_LINQ_UNIQUE},
		{"rank", LANG_LINQ_RANK}, {"materialize", LANG_LINQ_MATERIALIZE}, {"traverse", LANG_LINQ_TRAVERSE}
	};
	const LangToken *token = lang_peek(p, 0);
	LangExpr   *expr;
	size_t		i = 0;

	if (token->kind != LANG_TOKEN_ID)
		return NULL;
	while (i < sizeof(words) / sizeof(words[0]) && strcmp(words[i].word, token->sym->text) != 0)
		i++;
	if (i == sizeof(words) / sizeof(words[0]))
		return NULL;
	lang_next(p);
	expr = make(p, LANG_EXPR_LINQ, token->pos);
	expr->u.linq.kind = words[i].kind;
	expr->u.linq.source = source;
	switch (words[i].kind)
	{
		case LANG_LINQ_WHERE:
		case LANG_LINQ_LIMIT:
		case LANG_LINQ_OFFSET:
			expr->u.linq.expr = parse_assign(p);
			break;
		case LANG_LINQ_WHERE_AS:
			expr->u.linq.name = lang_expect_new_name(p, "the name of the row");
			lang_expect(p, ':', "after the name of the row");
			expr->u.linq.expr = parse_assign(p);
			break;
		case LANG_LINQ_ORDER:
			lang_accept_word(p, "by");
			parse_keys(p, expr);
			break;
		case LANG_LINQ_ORDER_DYN:
			expr->u.linq.expr = lang_parse_expr(p);
			break;
		case LANG_LINQ_REDUCE:
			lang_accept_word(p, "on");
			expr->u.linq.name = lang_expect_name(p, "the name of a field");
			if (lang_accept_word(p, "via"))
				expr->u.linq.expr = lang_parse_expr(p);
			break;
		case LANG_LINQ_MAP:
			expr->u.linq.expr = parse_ternary(p);
			break;
		case LANG_LINQ_UNIQUE:
			if (lang_at_word(p, "first") || lang_at_word(p, "last"))
			{
				expr->u.linq.is_last = lang_next(p)->sym->text[0] == 'l';
				expr->u.linq.name = lang_expect_name(p, "the name of a field");
			}
			break;
		case LANG_LINQ_RANK:
			expr->u.linq.name = lang_expect_new_name(p, "the name of the row");
			lang_expect(p, ':', "after the name of the row");
			expr->u.linq.expr = parse_assign(p);
			if (lang_accept_word(p, "threshold"))
				expr->u.linq.threshold = parse_assign(p);
			break;
		case LANG_LINQ_TRAVERSE:
			expr->u.linq.name = lang_expect_name(p, "the name of a join");
			break;
		case LANG_LINQ_SHUFFLE:
		case LANG_LINQ_MATERIALIZE:
			break;
	}
	return expr;
}

LangExpr *
lang_parse_expr(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangExpr   *expr;
	int			n_clauses = 0;

	if (!lang_descend(p))
		return make(p, LANG_EXPR_NOTHING, pos);
	if (lang_at_word(p, "iterate"))
	{
		lang_next(p);
		expr = make(p, LANG_EXPR_ITERATE, pos);
		expr->u.unary.operand = parse_assign(p);
	}
	else
		expr = parse_assign(p);
	while (!p->is_lost)
	{
		LangExpr   *outer = parse_clause(p, expr);

		if (outer == NULL)
			break;
		if (++n_clauses > LANG_MAX_DEPTH)
			lang_parse_fail(p, outer->pos, KIT_PROGRAM_LIMIT, NULL, "a query has more than %d clauses", LANG_MAX_DEPTH);
		expr = outer;
	}
	p->depth--;
	return expr;
}
