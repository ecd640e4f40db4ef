/*
 * format.c
 *	  Lines: where they are broken, how they are indented, where comments stand.
 *
 * The tokens are copied as they are; what is between them is made anew.  A line is gathered, then ended with its indentation and perhaps a comment behind it;
 * when all lines are there, the comments of neighbouring lines are put below one another, and the text is written.  At last it is read again: its tokens must be
 * those that it was made of.
 */
#include <string.h>

#include "kit/utf8.h"
#include "lang/format_internal.h"

#define MAX_DEPTH 256
#define STEP 2					/* blanks of indentation */
#define COMMENT_GAP 2			/* blanks before a comment at the end of a line, at least */

typedef struct Line
{
	const char *text;			/* without indentation; NULL: a blank line */
	uint32_t	len;
	int			indent;
	int			width;			/* characters, indentation included */
	const FormatComment *comment;	/* behind the text */
	bool		is_whole;		/* was a line of its own before */
} Line;

/* An open bracket. */
typedef struct Level
{
	FormatRole	role;
	bool		is_inline;		/* a block in one line */
	bool		has_case;		/* a switch: statements stand deeper than their case */
	int			indent;			/* of the line that closes it */
	int			inner;			/* of the lines in it */
	bool		is_broken;		/* what is in it began in a line of its own */
} Level;

typedef struct Layout
{
	Format	   *f;
	KitBuf		line;			/* being gathered */
	int			indent;			/* of it */
	int			width;			/* of what was gathered, indentation included */
	const FormatComment *comment;
	int			first;			/* token of it */
	bool		is_whole;
	Line	   *lines;
	int			n_lines;
	int			lines_cap;
	Level		levels[MAX_DEPTH];
	int			depth;
	int			beyond;			/* levels that are too deep to be kept */
} Layout;

/* ---- reading ---- */

static int
count_newlines(const char *text, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static int
count_chars(const char *text, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char) text[i] & 0xc0) != 0x80;
	return n;
}

static void
add_comment(Format *f, const char *source, const char *text, uint32_t len, int n_newlines)
{
	const char *line = text;

	if (f->n_comments == 0 || (f->n_comments >= 16 && (f->n_comments & (f->n_comments - 1)) == 0))
	{
		FormatComment *grown = KIT_NEW_N(f->arena, FormatComment, f->n_comments == 0 ? 16 : f->n_comments * 2);

		if (f->n_comments > 0)
			memcpy(grown, f->comments, sizeof(FormatComment) * (size_t) f->n_comments);
		f->comments = grown;
	}
	while (line > source && line[-1] != '\n')
		line--;
	f->comments[f->n_comments++] = (FormatComment) {text, len, text[1] == '/', n_newlines, count_chars(line, (size_t) (text - line))};
}

/* The comments between two tokens, and the lines that are broken there. */
static void
read_gap(Format *f, FormatToken *token, const char *source, const char *from, const char *to)
{
	int			n_newlines = 0;

	token->first_comment = f->n_comments;
	while (from < to)
	{
		const char *end;
		uint32_t	len;

		if (*from != '/')
		{
			n_newlines += *from++ == '\n';
			continue;
		}
		if (from[1] == '/')
		{
			end = memchr(from, '\n', (size_t) (to - from));
			end = end == NULL ? to : end;
			len = (uint32_t) (end - from);
			while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\t' || from[len - 1] == '\r'))
				len--;
		}
		else
		{
			end = from + 2;
			while (end + 2 <= to && !(end[0] == '*' && end[1] == '/'))
				end++;
			end = end + 2 <= to ? end + 2 : to;
			len = (uint32_t) (end - from);
		}
		add_comment(f, source, from, len, n_newlines);
		n_newlines = 0;
		from = end;
	}
	token->n_comments = f->n_comments - token->first_comment;
	token->n_newlines = n_newlines;
}

static void
read_tokens(Format *f, const char *source, size_t len, const LangToken *tokens, int n)
{
	uint32_t	end = len >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	f->n = n;
	f->tokens = KIT_NEW_N(f->arena, FormatToken, n + 1);
	for (int i = 0; i < n; i++)
	{
		FormatToken *token = &f->tokens[i];

		token->token = &tokens[i];
		token->text = source + tokens[i].offset;
		token->len = tokens[i].end - tokens[i].offset;
		token->touches = i > 0 && tokens[i].offset == end;
		token->is_long = count_newlines(token->text, token->len) > 0;
		read_gap(f, token, source, source + end, token->text);
		end = tokens[i].end;
	}
}

/* ---- lines ---- */

static Line *
add_line(Layout *l)
{
	if (l->n_lines == l->lines_cap)
	{
		Line	   *grown = KIT_NEW_N(l->f->arena, Line, l->lines_cap == 0 ? 64 : l->lines_cap * 2);

		if (l->n_lines > 0)
			memcpy(grown, l->lines, sizeof(Line) * (size_t) l->n_lines);
		l->lines = grown;
		l->lines_cap = l->lines_cap == 0 ? 64 : l->lines_cap * 2;
	}
	l->lines[l->n_lines] = (Line) {0};
	return &l->lines[l->n_lines++];
}

static bool
is_line_empty(const Layout *l)
{
	return l->line.len == 0 && l->comment == NULL;
}

static void
end_line(Layout *l)
{
	Line	   *line;

	if (is_line_empty(l))
		return;
	line = add_line(l);
	*line = (Line) {l->line.data, (uint32_t) l->line.len, l->indent, l->width, l->comment, l->is_whole};
	kit_buf_init(&l->line, l->f->arena);
	l->comment = NULL;
	l->width = 0;
}

static void
add_blank_line(Layout *l)
{
	if (l->n_lines > 0 && l->lines[l->n_lines - 1].text != NULL)
		add_line(l);
}

static void
begin_line(Layout *l, int indent)
{
	end_line(l);
	l->indent = indent;
	l->width = indent;
}

static void
add_text(Layout *l, const char *text, uint32_t len)
{
	const char *last = text + len;

	kit_buf_add(&l->line, text, len);
	while (last > text && last[-1] != '\n')
		last--;
	if (last > text)
		l->width = 0;
	l->width += count_chars(last, (size_t) (text + len - last));
}

static void
add_space(Layout *l)
{
	if (l->line.len > 0)
		add_text(l, " ", 1);
}

/* ---- levels ---- */

static Level *
top(Layout *l)
{
	return &l->levels[l->depth];
}

/* Where statements begin in the innermost block. */
static int
body_indent(const Layout *l)
{
	int			depth = l->depth;

	while (depth > 0 && l->levels[depth].role != FORMAT_BLOCK)
		depth--;
	return l->levels[depth].inner + (l->levels[depth].has_case ? STEP : 0);
}

/* Where the one begins that begins with token i. */
static int
statement_indent(Layout *l, int i)
{
	bool		is_case = format_is(l->f, i, "case") || format_is(l->f, i, "default");

	return is_case && top(l)->role == FORMAT_BLOCK ? top(l)->inner : body_indent(l);
}

static bool
fits_in_line(const Layout *l, int i)
{
	const Format *f = l->f;
	int			width = l->width + (format_has_space(f, i) ? 1 : 0);

	if (f->tokens[i].match < 0)
		return false;
	for (int k = i; k <= f->tokens[i].match; k++)
	{
		const FormatToken *token = &f->tokens[k];

		if (k > i && (token->n_newlines > 0 || token->is_long))
			return false;
		for (int c = 0; k > i && c < token->n_comments; c++)
		{
			const FormatComment *comment = &f->comments[token->first_comment + c];

			if (comment->is_line || comment->n_newlines > 0 || count_newlines(comment->text, comment->len) > 0)
				return false;
			width += count_chars(comment->text, comment->len) + 1;
		}
		width += (k > i && format_has_space(f, k)) + count_chars(token->text, token->len);
		if (width > LANG_FORMAT_WIDTH)
			return false;
	}
	return true;
}

static bool
is_opening(FormatRole role)
{
	return role == FORMAT_PAREN || role == FORMAT_BRACKET || role == FORMAT_ANGLE || role == FORMAT_OBJECT || role == FORMAT_VALUES || role == FORMAT_BLOCK;
}

static bool
is_closing(FormatRole role)
{
	return role == FORMAT_PAREN_END || role == FORMAT_BRACKET_END || role == FORMAT_ANGLE_END || role == FORMAT_OBJECT_END || role == FORMAT_VALUES_END ||
		role == FORMAT_BLOCK_END;
}

/* Whether the token, or a comment before it, stands in another line than the token before. */
static bool
begins_line(const Format *f, const FormatToken *token)
{
	for (int c = 0; c < token->n_comments; c++)
		if (f->comments[token->first_comment + c].is_line || f->comments[token->first_comment + c].n_newlines > 0)
			return true;
	return token->n_newlines > 0;
}

/* Before token i, an opening bracket, is added. */
static Level
level_of(Layout *l, int i)
{
	const FormatToken *token = &l->f->tokens[i];
	const FormatToken *next = token + 1;
	Level		level = {.role = token->role, .indent = l->indent};

	if (token->role == FORMAT_BLOCK)
	{
		level.is_inline = top(l)->is_inline || fits_in_line(l, i);
		level.indent = token->begins ? l->indent : body_indent(l);
	}
	level.inner = level.indent + STEP;
	level.is_broken = !top(l)->is_inline && token->match != i + 1 && begins_line(l->f, next);
	return level;
}

static void
push(Layout *l, Level level)
{
	if (l->depth + 1 == MAX_DEPTH)
		l->beyond++;
	else
		l->levels[++l->depth] = level;
}

static void
pop(Layout *l)
{
	if (l->beyond > 0)
		l->beyond--;
	else if (l->depth > 0)
		l->depth--;
}

/* ---- breaks ---- */

typedef enum Break
{
	BREAK_NEVER,				/* unless a comment forces it */
	BREAK_KEPT,					/* where there was one */
	BREAK_ALWAYS
} Break;

/* Between the block that ends with token i - 1 and what begins at i. */
static bool
goes_on(const Format *f, int i)
{
	int			match = f->tokens[i - 1].match;

	if (format_is(f, i, "else"))
		return true;
	return format_is(f, i, "while") && match > 0 && format_is(f, match - 1, "do");
}

static Break
break_before(Layout *l, int i)
{
	const Format *f = l->f;
	const FormatToken *token = &f->tokens[i];
	const FormatToken *before = token - 1;

	if (i == 0)
		return BREAK_ALWAYS;
	if (token->role == FORMAT_END)
		return BREAK_ALWAYS;
	if (top(l)->is_inline)
		return BREAK_NEVER;
	if (token->role == FORMAT_BLOCK_END)
		return BREAK_ALWAYS;
	if (token->role == FORMAT_SEMICOLON || token->role == FORMAT_COMMA)
		return BREAK_NEVER;
	/* other brackets close as they opened */
	if (is_closing(token->role))
		return top(l)->is_broken && before->match != i ? BREAK_ALWAYS : BREAK_NEVER;
	if (before->role == FORMAT_BLOCK_END && token->begins)
		return goes_on(f, i) ? BREAK_NEVER : BREAK_ALWAYS;
	if (token->begins)
		return BREAK_ALWAYS;
	if (token->role == FORMAT_BLOCK)
		return BREAK_NEVER;
	return BREAK_KEPT;
}

/* The indentation of a line that begins with token i. */
static int
indent_of(Layout *l, int i)
{
	const FormatToken *token = &l->f->tokens[i];
	const FormatToken *before = token - 1;
	const Level *level = top(l);

	if (token->role == FORMAT_END)
		return 0;
	if (is_closing(token->role))
		return level->indent;
	if (token->begins || format_is(l->f, i, "else"))
		return statement_indent(l, i);
	if (level->role == FORMAT_BLOCK)
		return statement_indent(l, i) + STEP;
	/* what goes on with an element of an object or an array */
	if ((level->role == FORMAT_OBJECT || level->role == FORMAT_BRACKET) && level->is_broken && before->role != FORMAT_COMMA && !is_opening(before->role))
		return level->inner + STEP;
	return level->inner;
}

/* A comment in a line of its own before a bracket that closes stands with what is in it. */
static int
comment_indent(Layout *l, int i)
{
	const FormatToken *token = &l->f->tokens[i];
	const Level *level = top(l);

	if (is_closing(token->role))
		return level->role == FORMAT_BLOCK && level->has_case ? level->inner + STEP : level->inner;
	return indent_of(l, i);
}

/* ---- tokens ---- */

/* Whether the tokens from first to last stood in one line, and nothing before them. */
static bool
is_whole_line(const Format *f, int first, int last)
{
	const FormatToken *tokens = f->tokens;

	return last >= first && tokens[first].token->pos.line == tokens[last].token->pos.line &&
		(first == 0 || tokens[first - 1].token->pos.line < tokens[first].token->pos.line);
}

/* The comments before token i.  Returns whether the line must be broken behind the last one. */
static bool
add_comments(Layout *l, int i, bool may_be_blank)
{
	const FormatToken *token = &l->f->tokens[i];
	bool		must_break = false;

	for (int c = 0; c < token->n_comments; c++)
	{
		const FormatComment *comment = &l->f->comments[token->first_comment + c];
		bool		is_behind = comment->n_newlines == 0 && !must_break && l->line.len > 0;

		if (is_behind && comment->is_line)
		{
			l->comment = comment;
			l->is_whole = is_whole_line(l->f, l->first, i - 1);
		}
		else if (is_behind)
		{
			add_space(l);
			add_text(l, comment->text, comment->len);
		}
		else
		{
			end_line(l);
			if (comment->n_newlines >= 2 && may_be_blank)
				add_blank_line(l);
			begin_line(l, comment_indent(l, i));
			add_text(l, comment->text, comment->len);
		}
		may_be_blank = true;
		must_break = comment->is_line || (c + 1 < token->n_comments ? comment[1].n_newlines : token->n_newlines) > 0;
		if (comment->is_line)
			end_line(l);
	}
	return must_break;
}

static void
add_token(Layout *l, int i)
{
	const FormatToken *token = &l->f->tokens[i];
	Break		rule = break_before(l, i);
	bool		is_inner_edge = i == 0 || l->f->tokens[i - 1].role == FORMAT_BLOCK;
	bool		must_break = add_comments(l, i, !is_inner_edge);
	bool		is_broken = must_break || rule == BREAK_ALWAYS || (rule == BREAK_KEPT && token->n_newlines > 0);

	if (token->n_comments > 0)
		is_inner_edge = false;
	if (token->role == FORMAT_END)
	{
		end_line(l);
		return;
	}
	if (token->begins && (format_is(l->f, i, "case") || format_is(l->f, i, "default")) && top(l)->role == FORMAT_BLOCK)
		top(l)->has_case = true;
	if (is_broken && l->line.len > 0 && i > 0)
		end_line(l);
	if (is_broken || l->line.len == 0)
	{
		if (token->n_newlines >= 2 && !is_inner_edge && token->role != FORMAT_BLOCK_END && rule != BREAK_NEVER)
			add_blank_line(l);
		begin_line(l, indent_of(l, i));
		l->first = i;
	}
	else if (format_has_space(l->f, i) || (token->n_comments > 0 && token->role != FORMAT_SEMICOLON && token->role != FORMAT_COMMA))
		add_space(l);
	if (is_opening(token->role))
	{
		Level		level = level_of(l, i);

		add_text(l, token->text, token->len);
		push(l, level);
		return;
	}
	if (is_closing(token->role) && token->match >= 0)
		pop(l);
	add_text(l, token->text, token->len);
}

/* ---- writing ---- */

/* Neighbouring lines with comments behind: the column of their comments; the one that they have all had, if it is far enough. */
static int
comment_column(const Line *lines, int n)
{
	int			widest = 0;
	bool		is_common = true;

	for (int i = 0; i < n; i++)
	{
		widest = lines[i].width > widest ? lines[i].width : widest;
		is_common &= lines[i].is_whole && lines[i].comment->column == lines[0].comment->column;
	}
	if (is_common && lines[0].comment->column >= widest + COMMENT_GAP)
		return lines[0].comment->column;
	return widest + COMMENT_GAP;
}

static void
add_blanks(KitBuf *out, int n)
{
	for (int i = 0; i < n; i++)
		kit_buf_add_char(out, ' ');
}

static void
write_lines(const Layout *l, KitBuf *out)
{
	int			column = 0;
	int			group_end = 0;

	for (int i = 0; i < l->n_lines; i++)
	{
		const Line *line = &l->lines[i];

		if (line->text != NULL)
		{
			add_blanks(out, line->indent);
			kit_buf_add(out, line->text, line->len);
		}
		if (line->comment != NULL)
		{
			if (i >= group_end)
			{
				for (group_end = i; group_end < l->n_lines && l->lines[group_end].comment != NULL; group_end++)
					;
				column = comment_column(line, group_end - i);
			}
			add_blanks(out, column - line->width);
			kit_buf_add(out, line->comment->text, line->comment->len);
		}
		kit_buf_add_char(out, '\n');
	}
}

/* ---- the whole ---- */

static bool
same_tokens(const LangToken *a, int n_a, const char *source_a, const LangToken *b, int n_b, const char *source_b)
{
	if (n_a != n_b)
		return false;
	for (int i = 0; i < n_a; i++)
	{
		uint32_t	len = a[i].end - a[i].offset;

		if (a[i].kind != b[i].kind || len != b[i].end - b[i].offset || memcmp(source_a + a[i].offset, source_b + b[i].offset, len) != 0)
			return false;
	}
	return true;
}

bool
lang_format(const char *source, size_t len, KitArena *arena, KitBuf *out, LangDiags *diags)
{
	KitSymTable *syms = kit_sym_table_new(arena);
	Format		f = {.arena = arena};
	Layout	   *l;
	LangTree	tree;
	LangToken  *tokens;
	LangToken  *again;
	LangDiags	ignored;
	KitBuf		text;
	int			n;
	int			n_again;

	if (!lang_parse(source, len, arena, syms, &tree, diags))
		return false;
	lang_diags_init(&ignored, arena);
	tokens = lang_lex(source, len, arena, syms, &ignored, &n);
	read_tokens(&f, source, len, tokens, n);
	format_find_roles(&f);
	l = KIT_NEW(arena, Layout);
	l->f = &f;
	kit_buf_init(&l->line, arena);
	l->levels[0] = (Level) {.role = FORMAT_BLOCK};
	for (int i = 0; i < n; i++)
		add_token(l, i);
	kit_buf_init(&text, arena);
	kit_buf_reserve(&text, 1);
	write_lines(l, &text);
	again = lang_lex(text.data, text.len, arena, syms, &ignored, &n_again);
	if (!same_tokens(tokens, n, source, again, n_again, text.data) || !lang_parse(text.data, text.len, arena, syms, &tree, &ignored))
	{
		lang_diags_add(diags, KIT_PROGRAM_LIMIT, (LangPos) {0}, "the program cannot be laid out without changing it");
		return false;
	}
	kit_buf_add(out, text.data, text.len);
	return true;
}
