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

static LangExpr *parse_ternary(LangParser *p);
static LangExpr *parse_xor(LangParser *p);
static LangExpr *parse_add(LangParser *p);

/* Chains like a + b + c make the tree as deep as they are long. */
static bool
chain_goes_on(LangParser *p, int *n)
{
	if (++*n > LANG_MAX_DEPTH)
		lang_parse_fail(p, lang_peek(p, 0)->pos, KIT_PROGRAM_LIMIT, "Use a variable for a part of it.",
						"an expression chains more than %d operators", LANG_MAX_DEPTH);
	return !p->is_lost;
}

static LangPos
pair_pos(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;

	pos.length = 2;
	return pos;
}

/* ---- operators ---- */

static LangExpr *
parse_postfix(LangParser *p)
{
	LangExpr   *expr = lang_parse_atom(p);
	int			n = 0;

	while (chain_goes_on(p, &n))
	{
		LangPos		pos = lang_peek(p, 0)->pos;

		if (lang_at_pair(p, "++") || lang_at_pair(p, "--"))
		{
			LangExpr   *outer = lang_expr_new(p, LANG_EXPR_POSTFIX, pair_pos(p));

			outer->u.unary.op = lang_at_symbol(p, '+') ? LANG_OP_INCREMENT : LANG_OP_DECREMENT;
			outer->u.unary.operand = expr;
			lang_next(p);
			lang_next(p);
			return outer;
		}
		if (lang_accept(p, '.'))
		{
			const LangToken *name = lang_peek(p, 0);
			LangExpr   *outer = lang_expr_new(p, LANG_EXPR_FIELD, pos);

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
			LangExpr   *outer = lang_expr_new(p, is_call ? LANG_EXPR_CALL : LANG_EXPR_INDEX, is_call ? expr->pos : pos);

			outer->u.call.callee = expr;
			lang_parse_list(p, is_call ? ')' : ']', is_call ? "after the arguments" : "after the index", &outer->u.call.args,
							&outer->u.call.n_args);
			if (!is_call && outer->u.call.n_args == 0)
				lang_report(p, pos, NULL, "an index is missing between \"[\" and \"]\"");
			if (!is_call && outer->u.call.n_args > 2)
				lang_report(p, pos, NULL, "an index has one value or two");
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
	while (lang_at_symbol(p, '!') || lang_at_symbol(p, '-') || lang_at_pair(p, "++"))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Put parentheses around the inner one, as in !(!x).",
					"only one prefix operator may stand before a value");
		lang_next(p);
		if (lang_at_symbol(p, '+'))
			lang_next(p);
	}
	expr = lang_expr_new(p, LANG_EXPR_PREFIX, pos);
	expr->u.unary.op = op;
	expr->u.unary.operand = parse_postfix(p);
	return expr;
}

static LangExpr *
parse_mul(LangParser *p)
{
	LangExpr   *left = parse_prefix(p);
	int			n = 0;

	while ((lang_at_symbol(p, '*') || lang_at_symbol(p, '/') || lang_at_symbol(p, '%')) && !lang_at_pair(p, "*=") &&
		   chain_goes_on(p, &n))
	{
		const LangToken *token;

		if (lang_at_pair(p, "/=") || lang_at_pair(p, "%="))
			lang_parse_fail(p, pair_pos(p), KIT_SYNTAX_ERROR, "Write x = x / y; mind that \"/\" and \"%\" yield a maybe.",
							"there is no operator \"%c=\"",
							lang_peek(p, 0)->symbol);
		token = lang_next(p);
		left = lang_expr_binary(p, LANG_EXPR_BINARY, token->pos,
								token->symbol == '*' ? LANG_OP_MUL : token->symbol == '/' ? LANG_OP_DIV : LANG_OP_MOD, left, parse_prefix(p));
	}
	return left;
}

static LangExpr *
parse_add(LangParser *p)
{
	LangExpr   *left = parse_mul(p);
	int			n = 0;

	while ((lang_at_symbol(p, '+') || lang_at_symbol(p, '-')) && !lang_at_pair(p, "+=") && !lang_at_pair(p, "-=") &&
		   !lang_at_pair(p, "->") && chain_goes_on(p, &n))
	{
		const LangToken *token = lang_next(p);

		left = lang_expr_binary(p, LANG_EXPR_BINARY, token->pos, token->symbol == '+' ? LANG_OP_ADD : LANG_OP_SUB, left,
								parse_mul(p));
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
	LangExpr   *range;

	if (!accept_relation(p, &op, &pos))
		return left;
	right = parse_add(p);
	if (!accept_relation(p, &second, &second_pos))
		return lang_expr_binary(p, LANG_EXPR_BINARY, pos, op, left, right);
	range = lang_expr_new(p, LANG_EXPR_RANGE, pos);
	if (op == LANG_OP_GT || op == LANG_OP_GE || second == LANG_OP_GT || second == LANG_OP_GE)
		lang_report(p, second_pos, "Write a < x <= b, or join two comparisons with \"&&\".",
					"a range has \"<\" or \"<=\" on both sides");
	range->u.range.low = left;
	range->u.range.low_op = op;
	range->u.range.value = right;
	range->u.range.high_op = second;
	range->u.range.high = parse_add(p);
	if (accept_relation(p, &second, &second_pos))
		lang_parse_fail(p, second_pos, KIT_SYNTAX_ERROR, "Join comparisons with \"&&\".", "a range has two bounds");
	return range;
}

/* == != =?, moving past it; false when none is there. */
static bool
accept_equality(LangParser *p, LangOp *op, LangPos *pos)
{
	if (!lang_at_pair(p, "==") && !lang_at_pair(p, "!=") && !lang_at_pair(p, "=?"))
		return false;
	*pos = pair_pos(p);
	*op = lang_at_symbol(p, '!') ? LANG_OP_NE : lang_ahead_is(p, 1, '=') ? LANG_OP_EQ : LANG_OP_MATCH;
	lang_next(p);
	lang_next(p);
	if (lang_at_symbol(p, '=') && lang_peek(p, 0)->pos.column == pos->column + 2)
	{
		pos->length = 3;
		lang_report(p, *pos, "Write \"==\" or \"!=\": values are always compared by what they are.",
					"there is no operator of three characters");
		lang_next(p);
	}
	return true;
}

static LangExpr *
parse_eq(LangParser *p)
{
	LangExpr   *left = parse_rel(p);
	LangExpr   *right;
	LangOp		op;
	LangPos		pos;

	if (!accept_equality(p, &op, &pos))
		return left;
	right = parse_rel(p);
	left = lang_expr_binary(p, LANG_EXPR_BINARY, pos, op, left, right);
	if (accept_equality(p, &op, &pos))
		lang_parse_fail(p, pos, KIT_SYNTAX_ERROR, "Join two comparisons with \"&&\", or put parentheses around one.",
						"a comparison has two sides");
	return left;
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
		left = lang_expr_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_AND, left, parse_eq(p));
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
		left = lang_expr_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_OR, left, parse_and(p));
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
		left = lang_expr_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_XOR, left, parse_or(p));
	}
	return left;
}

/* A side of ? :, which is no ? : itself; one that is is reported, and read all the same. */
static LangExpr *
parse_side(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangExpr   *side = parse_xor(p);

	if (!lang_at_symbol(p, '?'))
		return side;
	lang_report(p, pos, "Put parentheses around the inner one: a ? b : (c ? d : e).",
				"\"? :\" does not nest without parentheses");
	if (!lang_descend(p))
		return side;
	lang_next(p);
	parse_side(p);
	lang_expect(p, ':', "of \"? :\"");
	parse_side(p);
	p->depth--;
	return side;
}

static LangExpr *
parse_ternary(LangParser *p)
{
	LangExpr   *condition = parse_xor(p);
	LangExpr   *expr;

	if (!lang_at_symbol(p, '?'))
		return condition;
	expr = lang_expr_new(p, LANG_EXPR_TERNARY, lang_next(p)->pos);
	expr->u.ternary.condition = condition;
	expr->u.ternary.yes = parse_side(p);
	lang_expect(p, ':', "of \"? :\"");
	expr->u.ternary.no = parse_side(p);
	return expr;
}

static LangExpr *
parse_contain(LangParser *p)
{
	LangExpr   *left = parse_ternary(p);
	LangPos		pos = lang_peek(p, 0)->pos;

	if (lang_accept_word(p, "inside"))
		return lang_expr_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_INSIDE, left, parse_ternary(p));
	if (lang_accept_word(p, "outside"))
		return lang_expr_binary(p, LANG_EXPR_BINARY, pos, LANG_OP_OUTSIDE, left, parse_ternary(p));
	return left;
}

LangExpr *
lang_parse_value(LangParser *p)
{
	static const struct
	{
		const char *text;
		LangOp		op;
	}			assigning[] = {{"+=", LANG_OP_ADD_ASSIGN}, {"-=", LANG_OP_SUB_ASSIGN}, {"*=", LANG_OP_MUL_ASSIGN}};
	LangExpr   *left = parse_contain(p);

	for (int i = 0; i < 3; i++)
	{
		LangPos		pos = pair_pos(p);

		if (lang_at_pair(p, assigning[i].text) && lang_descend(p))
		{
			lang_accept_pair(p, assigning[i].text);
			left = lang_expr_binary(p, LANG_EXPR_ASSIGN_OP, pos, assigning[i].op, left, lang_parse_value(p));
			p->depth--;
			break;
		}
	}
	return left;
}

/* ---- queries ---- */

static const struct
{
	const char *word;
	LangLinqKind kind;
}			clauses[] = {
	{"where", LANG_LINQ_WHERE}, {"where_as", LANG_LINQ_WHERE_AS}, {"order", LANG_LINQ_ORDER},
	{"order_dyn", LANG_LINQ_ORDER_DYN}, {"shuffle", LANG_LINQ_SHUFFLE}, {"reduce", LANG_LINQ_REDUCE},
	{"map", LANG_LINQ_MAP}, {"limit", LANG_LINQ_LIMIT}, {"offset", LANG_LINQ_OFFSET}, {"unique", LANG_LINQ_UNIQUE},
	{"rank", LANG_LINQ_RANK}, {"materialize", LANG_LINQ_MATERIALIZE}, {"traverse", LANG_LINQ_TRAVERSE}
};

#define N_CLAUSES (sizeof(clauses) / sizeof(clauses[0]))

/* Its number, or N_CLAUSES. */
static size_t
find_clause(const char *word)
{
	size_t		i = 0;

	while (i < N_CLAUSES && strcmp(clauses[i].word, word) != 0)
		i++;
	return i;
}

static bool
is_clause(const char *word)
{
	return find_clause(word) < N_CLAUSES;
}

/* After a comma may also come the next argument, element or member. */
static bool
another_key_follows(LangParser *p)
{
	return lang_at_symbol(p, ',') && lang_peek(p, 1)->kind == LANG_TOKEN_ID &&
		(lang_peek(p, 2)->kind == LANG_TOKEN_ID || lang_ahead_is(p, 2, ',') || lang_ahead_is(p, 2, ')') ||
		 lang_ahead_is(p, 2, ';') ||
		 lang_ahead_is(p, 2, '}') || lang_ahead_is(p, 2, ']'));
}

static void
parse_keys(LangParser *p, LangExpr *expr)
{
	LangVector	keys = {0};

	do
	{
		LangOrderKey *key = KIT_NEW(p->arena, LangOrderKey);

		key->name = lang_expect_name(p, "a field");
		if (!p->is_lost && (strcmp(key->name.sym->text, "desc") == 0 || strcmp(key->name.sym->text, "asc") == 0) && lang_peek(p, 0)->kind == LANG_TOKEN_ID &&
			lang_peek(p, 0)->pos.line == key->name.pos.line && !is_clause(lang_peek(p, 0)->sym->text) && !lang_at_word(p, "insensitive"))
		{
			const char *hint = kit_arena_printf(p->arena, "Write order by %s %s.", lang_peek(p, 0)->sym->text, key->name.sym->text);

			lang_report(p, key->name.pos, hint, "\"%s\" stands behind the field", key->name.sym->text);
			key->name = lang_expect_name(p, "a field");
		}
		if (lang_accept_word(p, "desc"))
			key->is_desc = true;
		else
			lang_accept_word(p, "asc");
		key->is_insensitive = lang_accept_word(p, "insensitive");
		lang_vector_add(p, &keys, key);
	}
	while (!p->is_lost && another_key_follows(p) && lang_accept(p, ','));
	expr->u.linq.n_keys = keys.n;
	expr->u.linq.keys = KIT_NEW_N(p->arena, LangOrderKey, keys.n);
	for (int i = 0; i < keys.n; i++)
		expr->u.linq.keys[i] = *(LangOrderKey *) keys.items[i];
}

/* One clause, applied to source; NULL when none follows. */
static LangExpr *
parse_clause(LangParser *p, LangExpr *source)
{
	const LangToken *token = lang_peek(p, 0);
	LangExpr   *expr;
	size_t		i;

	if (token->kind != LANG_TOKEN_ID)
		return NULL;
	i = find_clause(token->sym->text);
	if (i == N_CLAUSES)
		return NULL;
	lang_next(p);
	expr = lang_expr_new(p, LANG_EXPR_LINQ, token->pos);
	expr->u.linq.kind = clauses[i].kind;
	expr->u.linq.source = source;
	switch (clauses[i].kind)
	{
		case LANG_LINQ_WHERE:
			if (lang_at_symbol(p, ':'))
				lang_expected(p, "a condition", "Write where condition; where the row has a name: where_as row: condition.");
			/* fall through */
		case LANG_LINQ_LIMIT:
		case LANG_LINQ_OFFSET:
			expr->u.linq.expr = lang_parse_value(p);
			break;
		case LANG_LINQ_WHERE_AS:
			expr->u.linq.name = lang_expect_new_name(p, "the row");
			lang_expect(p, ':', "after the name of the row");
			expr->u.linq.expr = lang_parse_value(p);
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
			expr->u.linq.name = lang_expect_name(p, "a field");
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
				expr->u.linq.name = lang_expect_name(p, "a field");
			}
			break;
		case LANG_LINQ_RANK:
			expr->u.linq.name = lang_expect_new_name(p, "the row");
			lang_expect(p, ':', "after the name of the row");
			expr->u.linq.expr = lang_parse_value(p);
			if (lang_accept_word(p, "threshold"))
				expr->u.linq.threshold = lang_parse_value(p);
			break;
		case LANG_LINQ_TRAVERSE:
			expr->u.linq.name = lang_expect_name(p, "an assoc");
			break;
		case LANG_LINQ_SHUFFLE:
		case LANG_LINQ_MATERIALIZE:
			break;
	}
	return expr;
}

/* The word before a table, and not a name of somebody's own. */
static bool
at_iterate(LangParser *p)
{
	const LangToken *after = lang_peek(p, 1);

	return lang_at_word(p, "iterate") &&
		(after->kind == LANG_TOKEN_ID || after->kind == LANG_TOKEN_KEYWORD || lang_ahead_is(p, 1, '('));
}

LangExpr *
lang_parse_expr(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangExpr   *expr;
	int			n_clauses = 0;

	if (!lang_descend(p))
		return lang_expr_new(p, LANG_EXPR_NOTHING, pos);
	if (at_iterate(p))
	{
		lang_next(p);
		expr = lang_expr_new(p, LANG_EXPR_ITERATE, pos);
		expr->u.unary.operand = lang_parse_value(p);
	}
	else
		expr = lang_parse_value(p);
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
