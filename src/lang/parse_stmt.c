/*
 * parse_stmt.c
 *	  Statements.  After an error inside a block the parser goes on behind the next ';' or at the block's end, so that several errors
 *	  of a block are reported at once.
 */
#include <stdio.h>
#include <string.h>

#include "lang/parse_internal.h"

static LangStmt *parse_statement(LangParser *p);

static LangStmt *
make(LangParser *p, LangStmtKind kind, LangPos pos)
{
	LangStmt   *stmt = KIT_NEW(p->arena, LangStmt);

	stmt->kind = kind;
	stmt->pos = pos;
	return stmt;
}

static void
end_statement(LangParser *p)
{
	lang_expect(p, ';', "at the end of the statement");
}

static LangStmt *
parse_braces(LangParser *p)
{
	const LangToken *open = lang_peek(p, 0);
	LangStmt   *block = make(p, LANG_STMT_BLOCK, open->pos);
	LangVector	items = {0};
	bool		was_lost = false;

	lang_expect(p, '{', "at the beginning of a block");
	while (!lang_at_end(p, open, "\"}\" at the end of the block"))
	{
		int			from = p->at;
		int			depth = p->depth;

		/* an "else" of an "if" that was not understood */
		if (was_lost && lang_accept_word(p, "else"))
			continue;
		lang_vector_add(p, &items, parse_statement(p));
		if (p->is_lost)
			was_lost = lang_recover(p, from, depth, true);
	}
	block->u.block.items = (LangStmt **) items.items;
	block->u.block.n = items.n;
	return block;
}

LangStmt *
lang_parse_block(LangParser *p)
{
	LangStmt   *block;
	LangStmt  **items;

	if (lang_at_symbol(p, '{'))
		return parse_braces(p);
	block = make(p, LANG_STMT_BLOCK, lang_peek(p, 0)->pos);
	items = KIT_NEW_N(p->arena, LangStmt *, 1);
	items[0] = parse_statement(p);
	block->u.block.items = items;
	block->u.block.n = 1;
	return block;
}

/* ( expr [as name] ) */
static LangExpr *
parse_condition(LangParser *p, const char *after, LangName *as)
{
	LangExpr   *condition;
	char		where[60];

	snprintf(where, sizeof(where), "after \"%s\"", after);
	if (!lang_at_symbol(p, '('))
	{
		char		what[80];

		snprintf(what, sizeof(what), "\"(\" %s", where);
		lang_expected(p, what, "The condition stands in parentheses.");
	}
	lang_accept(p, '(');
	condition = lang_parse_expr(p);
	if (lang_at_symbol(p, '='))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Compare with \"==\".", "a condition cannot assign");
		lang_next(p);
		lang_parse_expr(p);
	}
	if (as != NULL && lang_accept_word(p, "as"))
		*as = lang_expect_new_name(p, "the value inside");
	lang_expect(p, ')', "after the condition");
	return condition;
}

static LangStmt *
parse_if(LangParser *p)
{
	LangStmt   *first = make(p, LANG_STMT_IF, lang_next(p)->pos);
	LangStmt   *stmt = first;

	for (;;)
	{
		stmt->u.branch.condition = parse_condition(p, "if", &stmt->u.branch.as);
		if (lang_at_word(p, "then"))
		{
			lang_report(p, lang_peek(p, 0)->pos, "The statement follows the condition directly: if (x) { ... }.",
						"there is no \"then\"");
			lang_next(p);
		}
		stmt->u.branch.yes = lang_parse_block(p);
		if (!lang_accept_word(p, "else"))
			return first;
		if (!lang_at_word(p, "if"))
			break;
		stmt->u.branch.no = make(p, LANG_STMT_IF, lang_next(p)->pos);
		stmt = stmt->u.branch.no;
	}
	stmt->u.branch.no = lang_parse_block(p);
	return first;
}

static bool
at_let(LangParser *p)
{
	return (lang_at_word(p, "let") || lang_at_word(p, "var") || lang_at_word(p, "auto")) &&
		(lang_peek(p, 1)->kind == LANG_TOKEN_ID || lang_peek(p, 1)->kind == LANG_TOKEN_KEYWORD);
}

/* T x [= e] or let x = e, without the ';'. */
static LangStmt *
parse_variable(LangParser *p)
{
	LangStmt   *stmt = make(p, LANG_STMT_DECLARE, lang_peek(p, 0)->pos);

	if (at_let(p))
	{
		lang_next(p);
		stmt->u.declare.name = lang_expect_new_name(p, "a variable");
		if (lang_at_symbol(p, ':'))
			lang_expected(p, "\"=\" and a value", "A variable with a type is declared as: int x = 3;");
		lang_expect(p, '=', "and a value");
		stmt->u.declare.value = lang_parse_expr(p);
		return stmt;
	}
	stmt->u.declare.type = lang_parse_type(p);
	stmt->u.declare.name = lang_expect_new_name(p, "a variable");
	if (lang_accept(p, '='))
		stmt->u.declare.value = lang_parse_expr(p);
	if (lang_at_symbol(p, ','))
		lang_expected(p, "\";\" at the end of the statement", "Each variable is declared by itself: int a; int b;");
	if (lang_at_symbol(p, '['))
		lang_expected(p, "\";\" or \"=\" after the name", "The brackets stand behind the type: int[] x;");
	return stmt;
}

/* Assignment, ingestion or expression, without the ';'. */
static LangStmt *
parse_simple(LangParser *p)
{
	LangPos		pos = lang_peek(p, 0)->pos;
	LangExpr   *place;
	LangStmt   *stmt;

	if (lang_at_declaration(p) || at_let(p))
		return parse_variable(p);
	place = lang_parse_expr(p);
	pos = p->is_lost ? pos : lang_peek(p, 0)->pos;
	if (lang_accept_pair(p, "<-"))
	{
		pos.length = 2;
		stmt = make(p, LANG_STMT_INGEST, pos);
		stmt->u.assign.place = place;
		stmt->u.assign.value = lang_parse_expr(p);
		if (lang_accept_word(p, "as"))
			stmt->u.assign.as = lang_expect_new_name(p, "the new id");
		return stmt;
	}
	if (lang_at_symbol(p, '=') && !lang_at_pair(p, "=="))
	{
		lang_next(p);
		stmt = make(p, LANG_STMT_ASSIGN, pos);
		stmt->u.assign.place = place;
		stmt->u.assign.value = lang_parse_expr(p);
		if (lang_at_symbol(p, '=') && !lang_at_pair(p, "=>"))
			lang_expected(p, "\";\" at the end of the statement", "Assign to one place at a time.");
		return stmt;
	}
	stmt = make(p, LANG_STMT_EXPR, place->pos);
	stmt->u.expr = place;
	return stmt;
}

/* for (x of list), for (int x : list) and the like: where the word or the colon is, counted from the current token; else 0. */
static int
find_list_loop(LangParser *p)
{
	for (int i = 1; i <= 3; i++)
	{
		const LangToken *token = lang_peek(p, i);

		if (token->kind == LANG_TOKEN_SYMBOL ? token->symbol == ':' && !lang_ahead_is(p, i + 1, ':') :
			lang_token_is(token, "of") || lang_token_is(token, "in"))
			return lang_peek(p, i - 1)->kind == LANG_TOKEN_ID ? i : 0;
		if (token->kind != LANG_TOKEN_ID)
			return 0;
	}
	return 0;
}

static LangStmt *
parse_for(LangParser *p)
{
	LangStmt   *stmt = make(p, LANG_STMT_FOR, lang_next(p)->pos);

	if (lang_at_word(p, "each"))
		lang_parse_fail(p, stmt->pos, KIT_SYNTAX_ERROR, "Write foreach (x in list) { ... }.", "there is no \"for each\"");
	lang_expect(p, '(', "after \"for\"");
	if (find_list_loop(p) > 0)
	{
		lang_report(p, lang_peek(p, find_list_loop(p))->pos, "Write foreach (x in list) { ... }.",
					"\"for\" takes a start, a condition and a step");
		for (int n = find_list_loop(p); n >= 0; n--)
			lang_next(p);
		lang_parse_expr(p);
	}
	else
	{
		if (!lang_at_symbol(p, ';'))
			stmt->u.loop.first = parse_simple(p);
		lang_expect(p, ';', "after the start of the loop");
		if (!lang_at_symbol(p, ';'))
			stmt->u.loop.condition = lang_parse_expr(p);
		lang_expect(p, ';', "after the condition of the loop");
		if (!lang_at_symbol(p, ')'))
			stmt->u.loop.step = parse_simple(p);
	}
	lang_expect(p, ')', "after the step of the loop");
	stmt->u.loop.body = lang_parse_block(p);
	return stmt;
}

static LangStmt *
parse_foreach(LangParser *p)
{
	LangStmt   *stmt = make(p, LANG_STMT_FOREACH, lang_next(p)->pos);

	lang_expect(p, '(', "after \"foreach\"");
	if (lang_peek(p, 0)->kind == LANG_TOKEN_ID && lang_peek(p, 1)->kind == LANG_TOKEN_ID &&
		!lang_token_is(lang_peek(p, 1), "in") && !lang_token_is(lang_peek(p, 1), "of"))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Its type follows from the list: foreach (x in list) { ... }.",
					"the variable of foreach is given without a type");
		lang_next(p);
	}
	stmt->u.foreach.name = lang_expect_new_name(p, "a variable");
	if (lang_at_word(p, "of") || lang_at_symbol(p, ':'))
	{
		lang_report(p, lang_peek(p, 0)->pos, "Write foreach (x in list) { ... }.",
					"expected \"in\" after the variable, found \"%s\"", lang_at_word(p, "of") ? "of" : ":");
		lang_next(p);
	}
	else
		lang_expect_word(p, "in", "after the variable");
	stmt->u.foreach.list = lang_parse_expr(p);
	lang_expect(p, ')', "after the list");
	stmt->u.foreach.body = lang_parse_block(p);
	return stmt;
}

/* A statement of one word and an expression. */
static LangStmt *
parse_worded(LangParser *p, LangStmtKind kind)
{
	LangStmt   *stmt = make(p, kind, lang_next(p)->pos);

	stmt->u.expr = lang_parse_expr(p);
	end_statement(p);
	return stmt;
}

static LangStmt *
parse_bare(LangParser *p, LangStmtKind kind)
{
	LangStmt   *stmt = make(p, kind, lang_next(p)->pos);

	end_statement(p);
	return stmt;
}

static LangStmt *
parse_at_statement(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	const char *word = token->sym->text;
	LangStmt   *stmt;

	if (strcmp(word, "@step") == 0)
		return parse_bare(p, LANG_STMT_STEP);
	if (strcmp(word, "@forward") == 0)
		return parse_worded(p, LANG_STMT_FORWARD);
	if (strcmp(word, "@pump") == 0)
	{
		stmt = make(p, LANG_STMT_PUMP, lang_next(p)->pos);
		stmt->u.pump.message = lang_parse_expr(p);
		lang_expect_word(p, "into", "after the message");
		stmt->u.pump.channel = lang_expect_name(p, "a channel");
		end_statement(p);
		return stmt;
	}
	if (strcmp(word, "@send") == 0)
	{
		stmt = make(p, LANG_STMT_SEND, lang_next(p)->pos);
		stmt->u.pump.channel = lang_expect_name(p, "a channel");
		lang_expect(p, '(', "after the channel");
		stmt->u.pump.who = lang_parse_expr(p);
		lang_expect(p, ',', "between sender and message");
		stmt->u.pump.message = lang_parse_expr(p);
		lang_expect(p, ')', "after the message");
		lang_accept(p, ';');
		return stmt;
	}
	if (strcmp(word, "@aborts") == 0)
	{
		LangStmt   *body;

		stmt = make(p, LANG_STMT_ABORTS, lang_next(p)->pos);
		body = lang_parse_block(p);
		stmt->u.block.items = body->u.block.items;
		stmt->u.block.n = body->u.block.n;
		return stmt;
	}
	stmt = parse_simple(p);
	end_statement(p);
	return stmt;
}

/* Whether the word begins its own statement: not when it is assigned to, called or read as a name. */
static bool
is_statement_word(LangParser *p)
{
	const LangToken *after = lang_peek(p, 1);

	return after->kind != LANG_TOKEN_SYMBOL || after->symbol == '(' || after->symbol == '!' || after->symbol == '-' ||
		after->symbol == '{';
}

static LangStmt *
parse_statement_inner(LangParser *p)
{
	const LangToken *token = lang_peek(p, 0);
	LangStmt   *stmt;
	const char *word;

	if (token->kind == LANG_TOKEN_SYMBOL && token->symbol == ';')
		return make(p, LANG_STMT_EMPTY, lang_next(p)->pos);
	if (token->kind == LANG_TOKEN_SYMBOL && token->symbol == '{')
		return lang_parse_block(p);
	if (token->kind == LANG_TOKEN_SYMBOL && (token->symbol == ')' || token->symbol == ']'))
	{
		lang_expected(p, "a statement", "It closes nothing: there is one too many.");
		return make(p, LANG_STMT_EMPTY, token->pos);
	}
	if (token->kind == LANG_TOKEN_KEYWORD)
	{
		word = token->sym->text;
		if (word[0] == '@')
			return parse_at_statement(p);
		if (strcmp(word, "if") == 0)
			return parse_if(p);
		if (strcmp(word, "for") == 0)
			return parse_for(p);
		if (strcmp(word, "foreach") == 0)
			return parse_foreach(p);
		if (strcmp(word, "break") == 0)
			return parse_bare(p, LANG_STMT_BREAK);
		if (strcmp(word, "continue") == 0)
			return parse_bare(p, LANG_STMT_CONTINUE);
		if (strcmp(word, "abort") == 0)
			return parse_bare(p, LANG_STMT_ABORT);
		if (strcmp(word, "block") == 0)
			return parse_bare(p, LANG_STMT_BLOCK_STATE);
		if (strcmp(word, "while") == 0)
		{
			stmt = make(p, LANG_STMT_WHILE, lang_next(p)->pos);
			stmt->u.loop.condition = parse_condition(p, "while", NULL);
			stmt->u.loop.body = lang_parse_block(p);
			return stmt;
		}
		if (strcmp(word, "do") == 0)
		{
			stmt = make(p, LANG_STMT_DO_WHILE, lang_next(p)->pos);
			stmt->u.loop.body = lang_parse_block(p);
			lang_expect_word(p, "while", "after the body of \"do\"");
			stmt->u.loop.condition = parse_condition(p, "while", NULL);
			end_statement(p);
			return stmt;
		}
		if (strcmp(word, "switch") == 0)
		{
			stmt = make(p, LANG_STMT_SWITCH, lang_next(p)->pos);
			stmt->u.branch.condition = parse_condition(p, "switch", NULL);
			stmt->u.branch.yes = lang_parse_block(p);
			return stmt;
		}
		if (strcmp(word, "case") == 0)
		{
			stmt = make(p, LANG_STMT_CASE, lang_next(p)->pos);
			stmt->u.expr = lang_parse_expr(p);
			lang_expect(p, ':', "after the value of the case");
			return stmt;
		}
		if (strcmp(word, "default") == 0)
		{
			stmt = make(p, LANG_STMT_DEFAULT, lang_next(p)->pos);
			lang_expect(p, ':', "after \"default\"");
			return stmt;
		}
		if (strcmp(word, "return") == 0)
		{
			stmt = make(p, LANG_STMT_RETURN, lang_next(p)->pos);
			if (!lang_at_symbol(p, ';'))
				stmt->u.expr = lang_parse_expr(p);
			end_statement(p);
			return stmt;
		}
		lang_expected(p, "a statement", strcmp(word, "else") == 0 ? "There is no \"if\" before it that it belongs to." :
					  strcmp(word, "enum") == 0 ? "It stands outside of all blocks. Is a \"}\" missing before it?" : NULL);
		return make(p, LANG_STMT_EMPTY, token->pos);
	}
	if (token->kind == LANG_TOKEN_ID && is_statement_word(p))
	{
		word = token->sym->text;
		if (strcmp(word, "transition") == 0)
		{
			stmt = make(p, LANG_STMT_TRANSITION, lang_next(p)->pos);
			stmt->u.transition.label = lang_parse_expr(p);
			if (lang_accept_word(p, "in"))
				stmt->u.transition.in = lang_parse_expr(p);
			end_statement(p);
			return stmt;
		}
		if (strcmp(word, "invoke") == 0)
			return parse_worded(p, LANG_STMT_INVOKE);
		if (strcmp(word, "preempt") == 0)
			return parse_worded(p, LANG_STMT_PREEMPT);
	}
	/* nothing can have these names */
	if (token->kind == LANG_TOKEN_ID && strcmp(token->sym->text, "assert") == 0)
		return parse_worded(p, LANG_STMT_ASSERT);
	if (token->kind == LANG_TOKEN_ID && strcmp(token->sym->text, "log") == 0)
		return parse_worded(p, LANG_STMT_LOG);
	if (lang_refuse_foreign_statement(p))
		return make(p, LANG_STMT_EMPTY, token->pos);
	stmt = parse_simple(p);
	end_statement(p);
	return stmt;
}

static LangStmt *
parse_statement(LangParser *p)
{
	LangStmt   *stmt;

	if (!lang_descend(p))
		return make(p, LANG_STMT_EMPTY, lang_peek(p, 0)->pos);
	p->statement = p->at;
	stmt = parse_statement_inner(p);
	p->depth--;
	return stmt;
}
