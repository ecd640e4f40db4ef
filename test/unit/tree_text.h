/*
 * tree_text.h
 *	  A syntax tree as text, for tests: (kind part part ...), everything that the parser fills, nothing that the checker does.
 *
 * Names stand bare, strings in quotes, what is absent is left out, or "-" where its place matters.
 */
#ifndef ADAMA_TREE_TEXT_H
#define ADAMA_TREE_TEXT_H

#include "kit/buf.h"
#include "lang/ast.h"

static void tree_expr(KitBuf *out, const LangExpr *e);
static void tree_stmt(KitBuf *out, const LangStmt *s);
static void tree_decl(KitBuf *out, const LangDecl *d);

static void
tree_name(KitBuf *out, LangName name)
{
	kit_buf_printf(out, " %s", name.sym == NULL ? "-" : name.sym->text);
}

static void
tree_string(KitBuf *out, const char *text, uint32_t len)
{
	kit_buf_add_str(out, " \"");
	kit_buf_add(out, text, len);
	kit_buf_add_char(out, '"');
}

static void
tree_annotations(KitBuf *out, const LangAnnotation *annotations, int n)
{
	for (int i = 0; i < n; i++)
		kit_buf_printf(out, "%s%s%s%s%s", i == 0 ? "(" : ",", annotations[i].name.sym->text, annotations[i].value != NULL ? "=" :
					   "",
					   annotations[i].value != NULL ? annotations[i].value->text : "", i == n - 1 ? ")" : "");
}

/* As it is written. */
static void
tree_type(KitBuf *out, const LangTypeRef *type)
{
	if (type == NULL)
	{
		kit_buf_add_str(out, " -");
		return;
	}
	kit_buf_printf(out, " %s%s", type->is_readonly ? "readonly:" : "", type->word->text);
	for (int i = 0; i < type->n_args; i++)
	{
		kit_buf_add_char(out, i == 0 ? '<' : ',');
		tree_type(out, type->args[i]);
		kit_buf_add_str(out, i == type->n_args - 1 ? ">" : "");
	}
	kit_buf_add_str(out, type->is_array ? "[]" : "");
	tree_annotations(out, type->annotations, type->n_annotations);
}

static void
tree_list(KitBuf *out, LangExpr **items, int n)
{
	for (int i = 0; i < n; i++)
		tree_expr(out, items[i]);
}

static void
tree_linq(KitBuf *out, const LangExpr *e)
{
	static const char *const words[] = {
		"where", "where_as", "order", "order_dyn", "shuffle", "reduce", "map", "limit", "offset", "unique", "rank", "materialize",
		"traverse"
	};

	kit_buf_printf(out, "%s", words[e->u.linq.kind]);
	tree_expr(out, e->u.linq.source);
	if (e->u.linq.name.sym != NULL)
		tree_name(out, e->u.linq.name);
	if (e->u.linq.is_last)
		kit_buf_add_str(out, " last");
	for (int i = 0; i < e->u.linq.n_keys; i++)
		kit_buf_printf(out, " %s%s%s", e->u.linq.keys[i].name.sym->text, e->u.linq.keys[i].is_desc ? ":desc" : "",
					   e->u.linq.keys[i].is_insensitive ? ":i" : "");
	if (e->u.linq.expr != NULL)
		tree_expr(out, e->u.linq.expr);
	if (e->u.linq.threshold != NULL)
		tree_expr(out, e->u.linq.threshold);
}

static void
tree_typed(KitBuf *out, const char *word, const LangExpr *e)
{
	kit_buf_add_str(out, word);
	if (e->u.typed.written != NULL)
		tree_type(out, e->u.typed.written);
	if (e->u.typed.operand != NULL)
		tree_expr(out, e->u.typed.operand);
}

static void
tree_expr_inner(KitBuf *out, const LangExpr *e)
{
	static const char *const plain[] = {
		[LANG_EXPR_NO_ONE] = "@no_one", [LANG_EXPR_WHO] = "@who", [LANG_EXPR_SELF] = "@self", [LANG_EXPR_CONTEXT] = "@context",
			[LANG_EXPR_VIEWER] = "@viewer",
		[LANG_EXPR_HEADERS] = "@headers", [LANG_EXPR_PARAMETERS] = "@parameters", [LANG_EXPR_STABLE] = "@stable",
			[LANG_EXPR_BLOCKED] = "@blocked",
		[LANG_EXPR_I] = "@i", [LANG_EXPR_PI] = "@pi", [LANG_EXPR_E] = "@e", [LANG_EXPR_NULL] = "@null",
			[LANG_EXPR_NOTHING] = "@nothing",
	};

	switch (e->kind)
	{
		case LANG_EXPR_INDEX:
		case LANG_EXPR_CALL:
			kit_buf_add_str(out, e->kind == LANG_EXPR_CALL ? "call" : "index");
			tree_expr(out, e->u.call.callee);
			tree_list(out, e->u.call.args, e->u.call.n_args);
			break;
		case LANG_EXPR_FIELD:
			kit_buf_add_str(out, ".");
			tree_expr(out, e->u.field.operand);
			tree_name(out, e->u.field.name);
			break;
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			kit_buf_printf(out, "%s%s", e->kind == LANG_EXPR_PREFIX ? "pre" : "post", lang_op_text(e->u.unary.op));
			tree_expr(out, e->u.unary.operand);
			break;
		case LANG_EXPR_BINARY:
		case LANG_EXPR_ASSIGN_OP:
			kit_buf_add_str(out, lang_op_text(e->u.binary.op));
			tree_expr(out, e->u.binary.left);
			tree_expr(out, e->u.binary.right);
			break;
		case LANG_EXPR_PAIR:
			kit_buf_add_str(out, "@pair");
			tree_expr(out, e->u.binary.left);
			tree_expr(out, e->u.binary.right);
			break;
		case LANG_EXPR_RANGE:
			kit_buf_add_str(out, "range");
			tree_expr(out, e->u.range.low);
			kit_buf_printf(out, " %s", lang_op_text(e->u.range.low_op));
			tree_expr(out, e->u.range.value);
			kit_buf_printf(out, " %s", lang_op_text(e->u.range.high_op));
			tree_expr(out, e->u.range.high);
			break;
		case LANG_EXPR_TERNARY:
			kit_buf_add_str(out, "?");
			tree_expr(out, e->u.ternary.condition);
			tree_expr(out, e->u.ternary.yes);
			tree_expr(out, e->u.ternary.no);
			break;
		case LANG_EXPR_PAREN:
		case LANG_EXPR_ITERATE:
			kit_buf_add_str(out, e->kind == LANG_EXPR_PAREN ? "paren" : "iterate");
			tree_expr(out, e->u.unary.operand);
			break;
		case LANG_EXPR_TUPLE:
		case LANG_EXPR_ARRAY:
		case LANG_EXPR_VEC:
		case LANG_EXPR_MATRIX:
			kit_buf_add_str(out, e->kind == LANG_EXPR_TUPLE ? "tuple" : e->kind == LANG_EXPR_ARRAY ? "array" :
							e->kind == LANG_EXPR_VEC ? "@vec" : "@matrix");
			tree_list(out, e->u.list.items, e->u.list.n);
			break;
		case LANG_EXPR_OBJECT:
			kit_buf_add_str(out, "object");
			for (int i = 0; i < e->u.object.n; i++)
			{
				kit_buf_printf(out, " %s:", e->u.object.members[i].name.sym->text);
				tree_expr(out, e->u.object.members[i].value);
			}
			break;
		case LANG_EXPR_LINQ:
			tree_linq(out, e);
			break;
		case LANG_EXPR_EMPTY:
			tree_typed(out, "@empty", e);
			break;
		case LANG_EXPR_MAYBE:
			tree_typed(out, "@maybe", e);
			break;
		case LANG_EXPR_CONVERT_MESSAGE:
			tree_typed(out, "@convert", e);
			break;
		case LANG_EXPR_LAMBDA:
			kit_buf_add_str(out, "@lambda");
			tree_name(out, e->u.lambda.parameter);
			tree_expr(out, e->u.lambda.body);
			break;
		case LANG_EXPR_DATE:
			kit_buf_printf(out, "@date %d %d %d", e->u.calendar.year, e->u.calendar.month, e->u.calendar.day);
			break;
		case LANG_EXPR_TIME:
			kit_buf_printf(out, "@time %d %d", e->u.calendar.hour, e->u.calendar.minute);
			break;
		case LANG_EXPR_DATETIME:
			kit_buf_add_str(out, "@datetime");
			tree_string(out, e->u.string.text, e->u.string.len);
			break;
		case LANG_EXPR_TIMESPAN:
			kit_buf_printf(out, "@timespan %g", e->u.real);
			break;
		default:
			kit_buf_add_str(out, plain[e->kind]);
			break;
	}
}

static void
tree_expr(KitBuf *out, const LangExpr *e)
{
	switch (e->kind)
	{
		case LANG_EXPR_INT:
		case LANG_EXPR_LONG:
			kit_buf_printf(out, " %lld%s", (long long) e->u.integer, e->kind == LANG_EXPR_LONG ? "L" : "");
			break;
		case LANG_EXPR_DOUBLE:
			kit_buf_printf(out, " %.17gd", e->u.real);
			break;
		case LANG_EXPR_BOOL:
			kit_buf_add_str(out, e->u.integer ? " true" : " false");
			break;
		case LANG_EXPR_STRING:
			tree_string(out, e->u.string.text, e->u.string.len);
			break;
		case LANG_EXPR_LABEL:
			kit_buf_printf(out, " #%.*s", (int) e->u.string.len, e->u.string.text);
			break;
		case LANG_EXPR_NAME:
			kit_buf_printf(out, " %s", e->u.name.sym->text);
			break;
		case LANG_EXPR_ENUM:
			kit_buf_printf(out, " %s::%s%s", e->u.enumeration.type.sym->text, e->u.enumeration.value.sym == NULL ? "" :
						   e->u.enumeration.value.sym->text,
						   e->u.enumeration.is_star ? "*" : "");
			break;
		default:
			kit_buf_add_str(out, " (");
			tree_expr_inner(out, e);
			kit_buf_add_char(out, ')');
			break;
	}
}

/* ---- statements ---- */

static void
tree_maybe_expr(KitBuf *out, const LangExpr *e)
{
	if (e == NULL)
		kit_buf_add_str(out, " -");
	else
		tree_expr(out, e);
}

static void
tree_maybe_stmt(KitBuf *out, const LangStmt *s)
{
	if (s == NULL)
		kit_buf_add_str(out, " -");
	else
		tree_stmt(out, s);
}

static void
tree_stmt(KitBuf *out, const LangStmt *s)
{
	static const char *const words[] = {
		"empty", "{", "if", "declare", "while", "do", "for", "foreach", "switch", "case", "default", "break", "continue", "abort",
		"block", "return", "transition",
		"invoke", "preempt", "assert", "log", "@step", "@forward", "@pump", "@send", "@aborts", "=", "<-", "do"
	};

	kit_buf_printf(out, " (%s", s->kind == LANG_STMT_EXPR ? "expr" : words[s->kind]);
	switch (s->kind)
	{
		case LANG_STMT_BLOCK:
		case LANG_STMT_ABORTS:
			for (int i = 0; i < s->u.block.n; i++)
				tree_stmt(out, s->u.block.items[i]);
			break;
		case LANG_STMT_IF:
		case LANG_STMT_SWITCH:
			tree_expr(out, s->u.branch.condition);
			if (s->u.branch.as.sym != NULL)
				kit_buf_printf(out, " as %s", s->u.branch.as.sym->text);
			tree_stmt(out, s->u.branch.yes);
			if (s->u.branch.no != NULL)
				tree_stmt(out, s->u.branch.no);
			break;
		case LANG_STMT_DECLARE:
			tree_type(out, s->u.declare.type);
			tree_name(out, s->u.declare.name);
			if (s->u.declare.value != NULL)
				tree_expr(out, s->u.declare.value);
			break;
		case LANG_STMT_FOR:
			tree_maybe_stmt(out, s->u.loop.first);
			tree_maybe_expr(out, s->u.loop.condition);
			tree_maybe_stmt(out, s->u.loop.step);
			tree_stmt(out, s->u.loop.body);
			break;
		case LANG_STMT_WHILE:
		case LANG_STMT_DO_WHILE:
			tree_expr(out, s->u.loop.condition);
			tree_stmt(out, s->u.loop.body);
			break;
		case LANG_STMT_FOREACH:
			tree_name(out, s->u.foreach.name);
			tree_expr(out, s->u.foreach.list);
			tree_stmt(out, s->u.foreach.body);
			break;
		case LANG_STMT_RETURN:
			if (s->u.expr != NULL)
				tree_expr(out, s->u.expr);
			break;
		case LANG_STMT_CASE:
		case LANG_STMT_INVOKE:
		case LANG_STMT_PREEMPT:
		case LANG_STMT_ASSERT:
		case LANG_STMT_LOG:
		case LANG_STMT_FORWARD:
		case LANG_STMT_EXPR:
			tree_expr(out, s->u.expr);
			break;
		case LANG_STMT_TRANSITION:
			tree_expr(out, s->u.transition.label);
			if (s->u.transition.in != NULL)
				tree_expr(out, s->u.transition.in);
			break;
		case LANG_STMT_PUMP:
		case LANG_STMT_SEND:
			tree_name(out, s->u.pump.channel);
			if (s->u.pump.who != NULL)
				tree_expr(out, s->u.pump.who);
			tree_expr(out, s->u.pump.message);
			break;
		case LANG_STMT_ASSIGN:
		case LANG_STMT_INGEST:
			tree_expr(out, s->u.assign.place);
			tree_expr(out, s->u.assign.value);
			if (s->u.assign.as.sym != NULL)
				kit_buf_printf(out, " as %s", s->u.assign.as.sym->text);
			break;
		default:
			break;
	}
	kit_buf_add_char(out, ')');
}

/* ---- declarations ---- */

static void
tree_guard(KitBuf *out, const LangGuard *guard)
{
	if (guard->n_policies == 0 && guard->n_filters == 0)
		return;
	kit_buf_add_str(out, " <");
	for (int i = 0; i < guard->n_policies; i++)
		kit_buf_printf(out, "%s%s", i > 0 ? "," : "", guard->policies[i].sym->text);
	for (int i = 0; i < guard->n_filters; i++)
		kit_buf_printf(out, "%s%s", i > 0 ? "," : "|", guard->filters[i].sym->text);
	kit_buf_add_char(out, '>');
}

static void
tree_params(KitBuf *out, const LangParam *params, int n)
{
	kit_buf_add_str(out, " [");
	for (int i = 0; i < n; i++)
	{
		kit_buf_add_str(out, params[i].is_readonly ? " readonly" : params[i].is_mutable ? " mutable" : "");
		tree_type(out, params[i].type);
		tree_name(out, params[i].name);
	}
	kit_buf_add_str(out, " ]");
}

static void
tree_items(KitBuf *out, LangDecl **items, int n)
{
	for (int i = 0; i < n; i++)
		tree_decl(out, items[i]);
}

static void
tree_field(KitBuf *out, const LangDecl *d)
{
	static const char *const privacy[] = {"", " public", " private", " viewer_is", " use_policy"};

	kit_buf_printf(out, "%s%s%s", privacy[d->u.field.privacy], d->u.field.form == LANG_FIELD_FORMULA ? " formula" :
				   d->u.field.form == LANG_FIELD_CACHED ? " cached" : "",
				   d->u.field.is_readonly ? " readonly" : "");
	if (d->u.field.form == LANG_FIELD_CACHED)
	{
		if (d->u.field.is_cached_once)
			kit_buf_add_str(out, " once");
		else
			kit_buf_printf(out, " %ds", d->u.field.cached_seconds);
	}
	tree_guard(out, &d->u.field.guard);
	if (d->u.field.type != NULL)
		tree_type(out, d->u.field.type);
	tree_name(out, d->name);
	if (d->u.field.value != NULL)
		tree_expr(out, d->u.field.value);
	kit_buf_printf(out, "%s%s%s%s%s%s", d->u.field.is_required ? " required" : "", d->u.field.is_lossy ? " lossy" : "",
				   d->u.field.is_unique ? " unique" : "",
				   d->u.field.is_silent ? " @silent" : "", d->u.field.is_updated ? " @updated" : "", d->u.field.is_bump ?
					   " @bump" : "");
}

static void
tree_function(KitBuf *out, const LangDecl *d)
{
	if (d->name.sym != NULL)
		tree_name(out, d->name);
	if (d->kind == LANG_DECL_DISPATCH)
		kit_buf_printf(out, " %s::%s%s", d->u.function.dispatch_enum.sym->text,
					   d->u.function.dispatch_value.sym == NULL ? "" : d->u.function.dispatch_value.sym->text,
						   d->u.function.dispatch_is_star ? "*" : "");
	if (d->kind != LANG_DECL_CONSTRUCT || d->u.function.n_params > 0)
		tree_params(out, d->u.function.params, d->u.function.n_params);
	if (d->u.function.returns != NULL)
	{
		kit_buf_add_str(out, " ->");
		tree_type(out, d->u.function.returns);
	}
	kit_buf_printf(out, "%s%s%s", d->u.function.paint & LANG_PAINT_READONLY ? " readonly" : "",
				   d->u.function.paint & LANG_PAINT_ABORTS ? " aborts" : "",
				   d->u.function.paint & LANG_PAINT_VIEWER ? " viewer" : "");
}

static void
tree_decl_inner(KitBuf *out, const LangDecl *d)
{
	switch (d->kind)
	{
		case LANG_DECL_ENUM:
			tree_name(out, d->name);
			for (int i = 0; i < d->u.enumeration.n; i++)
			{
				kit_buf_printf(out, " %s%s", i == d->u.enumeration.default_index ? "@default:" : "",
							   d->u.enumeration.values[i].sym->text);
				if (d->u.enumeration.numbers[i] != NULL)
					kit_buf_printf(out, ":%d", (int) d->u.enumeration.numbers[i]->u.integer);
			}
			break;
		case LANG_DECL_RECORD:
		case LANG_DECL_MESSAGE:
			tree_name(out, d->name);
			tree_annotations(out, d->u.structure.annotations, d->u.structure.n_annotations);
			tree_items(out, d->u.structure.items, d->u.structure.n);
			break;
		case LANG_DECL_CHANNEL:
		case LANG_DECL_FUTURE_CHANNEL:
			tree_name(out, d->name);
			tree_type(out, d->u.channel.message);
			if (d->kind == LANG_DECL_CHANNEL)
				tree_name(out, d->u.channel.parameter);
			kit_buf_add_str(out, d->u.channel.is_open ? " open" : "");
			tree_guard(out, &d->u.channel.requires);
			break;
		case LANG_DECL_RPC:
		case LANG_DECL_FUNCTION:
		case LANG_DECL_PROCEDURE:
		case LANG_DECL_METHOD:
		case LANG_DECL_DISPATCH:
		case LANG_DECL_CONSTRUCT:
		case LANG_DECL_ATTACHED:
		case LANG_DECL_AUTHORIZATION:
			tree_function(out, d);
			break;
		case LANG_DECL_VIEW:
		case LANG_DECL_BUBBLE:
		case LANG_DECL_FIELD:
			tree_field(out, d);
			break;
		case LANG_DECL_STATIC:
		case LANG_DECL_LINK:
			if (d->name.sym != NULL)
				tree_name(out, d->name);
			tree_items(out, d->u.group.items, d->u.group.n);
			break;
		case LANG_DECL_CONFIG:
		case LANG_DECL_EXPORT:
		case LANG_DECL_METRIC:
			tree_name(out, d->name);
			tree_expr(out, d->u.value);
			break;
		case LANG_DECL_TRAFFIC:
			tree_expr(out, d->u.value);
			break;
		case LANG_DECL_CRON:
			tree_name(out, d->name);
			tree_name(out, d->u.cron.schedule);
			if (d->u.cron.field.sym != NULL)
				tree_name(out, d->u.cron.field);
			else
				kit_buf_printf(out, " %d/%d:%d", d->u.cron.day, d->u.cron.hour, d->u.cron.minute);
			break;
		case LANG_DECL_INCLUDE:
		case LANG_DECL_IMPORT:
			kit_buf_printf(out, " %s", d->u.path.path->text);
			break;
		case LANG_DECL_WEB:
			tree_name(out, d->u.web.method);
			kit_buf_printf(out, " %s", d->u.web.uri->text);
			tree_params(out, d->u.web.params, d->u.web.n_params);
			if (d->u.web.message != NULL)
			{
				tree_type(out, d->u.web.message);
				tree_name(out, d->u.web.parameter);
			}
			tree_guard(out, &d->u.web.requires);
			break;
		case LANG_DECL_TEMPLATE:
		case LANG_DECL_SERVICE:
		case LANG_DECL_CLIENT:
			tree_name(out, d->name);
			tree_string(out, d->u.text.text, d->u.text.len);
			break;
		case LANG_DECL_ASSOC:
			tree_name(out, d->name);
			tree_name(out, d->u.assoc.from);
			tree_name(out, d->u.assoc.to);
			tree_name(out, d->u.assoc.edge);
			break;
		case LANG_DECL_JOIN:
			tree_name(out, d->name);
			tree_name(out, d->u.join.table);
			tree_name(out, d->u.join.row);
			tree_expr(out, d->u.join.from);
			tree_expr(out, d->u.join.to);
			break;
		case LANG_DECL_REPLICATION:
			tree_name(out, d->name);
			tree_name(out, d->u.replication.service);
			tree_name(out, d->u.replication.method);
			tree_expr(out, d->u.replication.value);
			break;
		default:
			if (d->name.sym != NULL)
				tree_name(out, d->name);
			break;
	}
}

static void
tree_decl(KitBuf *out, const LangDecl *d)
{
	static const char *const words[] = {
		"state", "enum", "record", "message", "channel", "channel<>", "rpc", "function", "procedure", "method", "dispatch",
		"policy", "filter", "test", "view",
		"bubble", "@construct", "@connected", "@disconnected", "@delete", "@load", "@can_attach", "@attached", "@authorization",
		"@static", "create", "invent",
		"send", "config", "@cron", "@include", "@import", "@link", "@web", "@export", "@traffic", "metric", "template", "assoc",
		"join", "replication", "service",
		"client", "field", "require", "index", "ingested", "@parsed", "@csv"
	};

	kit_buf_printf(out, " (%s", words[d->kind]);
	tree_decl_inner(out, d);
	if (d->body != NULL)
		tree_stmt(out, d->body);
	kit_buf_add_char(out, ')');
}

static void
tree_program(KitBuf *out, const LangTree *tree)
{
	tree_items(out, tree->items, tree->n);
}

#endif
