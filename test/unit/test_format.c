/*
 * test_format.c
 *	  Every program of the project in its layout: the same tokens, the same tree, the same comments, and formatting again changes nothing; also when the
 *	  blanks of the program are made up at random.
 */
#include <dirent.h>

#include "lang/format.h"
#include "lang/lex.h"
#include "tree_text.h"
#include "unit.h"

static UnitRandom chance;

static uint32_t
dice(uint32_t n)
{
	return unit_below(&chance, n);
}

/* "" when it does not parse. */
static const char *
tree_of(const char *source, size_t len, KitArena *arena)
{
	LangDiags	diags;
	LangTree	tree;
	KitBuf		out;

	lang_diags_init(&diags, arena);
	kit_buf_init(&out, arena);
	kit_buf_reserve(&out, 1);
	if (lang_parse(source, len, arena, kit_sym_table_new(arena), &tree, &diags))
		tree_program(&out, &tree);
	return out.data;
}

/* The comments, and nothing else. */
static const char *
comments_of(const char *source, size_t len, KitArena *arena)
{
	LangDiags	diags;
	KitBuf		out;
	int			n;
	LangToken  *tokens;
	uint32_t	end = 0;

	lang_diags_init(&diags, arena);
	kit_buf_init(&out, arena);
	kit_buf_reserve(&out, 1);
	tokens = lang_lex(source, len, arena, kit_sym_table_new(arena), &diags, &n);
	for (int i = 0; i < n; i++)
	{
		for (uint32_t k = end; k < tokens[i].offset; k++)
			if (strchr(" \t\r\n", source[k]) == NULL)
				kit_buf_add_char(&out, source[k]);
		end = tokens[i].end;
	}
	return out.data;
}

static bool
format(const char *source, size_t len, KitArena *arena, KitBuf *out)
{
	LangDiags	diags;

	lang_diags_init(&diags, arena);
	kit_buf_init(out, arena);
	kit_buf_reserve(out, 1);
	return lang_format(source, len, arena, out, &diags);
}

static void
try_program(const char *name, const char *source, size_t len, KitArena *arena)
{
	const char *tree = tree_of(source, len, arena);
	KitBuf		once;
	KitBuf		twice;

	if (tree[0] == '\0')
	{
		UNIT_TRY(!format(source, len, arena, &once) && once.len == 0, "%s: is formatted, though it has errors", name);
		return;
	}
	if (!UNIT_TRY(format(source, len, arena, &once), "%s: cannot be formatted\n%s", name, source))
		return;
	UNIT_TRY(strcmp(tree, tree_of(once.data, once.len, arena)) == 0, "%s: means something else\n%s\n%s", name, source, once.data);
	UNIT_TRY(strcmp(comments_of(source, len, arena), comments_of(once.data, once.len, arena)) == 0, "%s: has other comments\n%s\n%s", name, source, once.data);
	if (UNIT_TRY(format(once.data, once.len, arena, &twice), "%s: cannot be formatted again", name))
		UNIT_TRY(strcmp(once.data, twice.data) == 0, "%s: changes when it is formatted again\n%s\n----\n%s", name, once.data, twice.data);
	for (const char *line = once.data; *line != '\0'; line = strchr(line, '\n') + 1)
	{
		const char *end = strchr(line, '\n');

		UNIT_TRY(end != NULL, "%s: the last line does not end", name);
		if (end == NULL)
			break;
	}
}

/* The program with other blanks between its tokens: where two touched that may be one operator, they still do. */
static void
scatter(const char *source, size_t len, KitArena *arena, KitBuf *out)
{
	static const char *const gaps[] = {" ", "  ", "\n", "\n\n\n", "\t", " \r\n ", " /* c */ ", " // c\n", "\n// c\n", "\n\n/* c\n */\n"};
	LangDiags	diags;
	int			n;
	LangToken  *tokens;
	int			n_kinds = dice(3) == 0 ? 10 : 4;

	lang_diags_init(&diags, arena);
	kit_buf_init(out, arena);
	tokens = lang_lex(source, len, arena, kit_sym_table_new(arena), &diags, &n);
	for (int i = 0; i < n; i++)
	{
		bool		touches = i > 0 && tokens[i].offset == tokens[i - 1].end;
		bool		are_symbols = i > 0 && tokens[i].kind == LANG_TOKEN_SYMBOL && tokens[i - 1].kind == LANG_TOKEN_SYMBOL;

		if (!touches || (!are_symbols && dice(3) == 0))
			kit_buf_add_str(out, dice(2) == 0 ? " " : gaps[dice((uint32_t) n_kinds)]);
		kit_buf_add(out, source + tokens[i].offset, tokens[i].end - tokens[i].offset);
	}
}

static void
try_source(const char *name, const char *source, size_t len)
{
	KitArena   *arena = kit_arena_new("format");

	try_program(name, source, len, arena);
	for (int i = 0; i < unit_rounds(8); i++)
	{
		KitBuf		scattered;

		kit_arena_reset(arena);
		scatter(source, len, arena, &scattered);
		try_program(name, scattered.data, scattered.len, arena);
	}
	kit_arena_delete(arena);
}

static char *
read_file(const char *path, KitArena *arena, size_t *len)
{
	FILE	   *file = fopen(path, "rb");
	KitBuf		buf;

	kit_buf_init(&buf, arena);
	while (file != NULL)
	{
		kit_buf_reserve(&buf, 65536);
		*len = fread(buf.data + buf.len, 1, 65536, file);
		buf.len += *len;
		if (*len == 0)
			break;
	}
	if (file != NULL)
		fclose(file);
	kit_buf_reserve(&buf, 1);
	buf.data[buf.len] = '\0';
	*len = buf.len;
	return buf.data;
}

/* The programs in a page: what is fenced as adama. */
static int
try_page(const char *path, const char *text)
{
	int			n = 0;

	for (const char *at = text; (at = strstr(at, "\n```adama")) != NULL;)
	{
		const char *start = strchr(at + 1, '\n') + 1;
		const char *end = strstr(start, "\n```");

		if (end == NULL)
			break;
		try_source(path, start, (size_t) (end + 1 - start));
		n++;
		at = end + 1;
	}
	return n;
}

static int
try_folder(const char *folder, const char *suffix)
{
	DIR		   *dir = opendir(folder);
	struct dirent *entry;
	int			n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		const char *found = strstr(entry->d_name, suffix);
		KitArena   *arena;
		char	   *text;
		char	   *path;
		size_t		len = 0;

		if (found == NULL || strcmp(found, suffix) != 0)
			continue;
		arena = kit_arena_new("file");
		path = kit_arena_printf(arena, "%s/%s", folder, entry->d_name);
		text = read_file(path, arena, &len);
		if (strcmp(suffix, ".md") == 0)
			n += try_page(path, text);
		else
		{
			try_source(path, text, len);
			n++;
		}
		kit_arena_delete(arena);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

static void
test_exact(const char *what, const char *source, const char *expected)
{
	KitArena   *arena = kit_arena_new("exact");
	KitBuf		out;

	if (!UNIT_OK(what, format(source, strlen(source), arena, &out) && strcmp(out.data, expected) == 0))
		printf("# got:\n%s# expected:\n%s", out.data, expected);
	kit_arena_delete(arena);
}

static void
test_layouts(void)
{
	test_exact("nothing is nothing", "  \n\n", "");
	test_exact("comments alone", "\n\n  // a  \n\n\n\n/* b */", "// a\n\n/* b */\n");
	test_exact("a byte order mark and other line ends go", "\xef\xbb\xbfpublic int x;\r\nint y;// c\r\n", "public int x;\nint y;  // c\n");
	test_exact("each declaration begins a line", "int x;int y;record R{int a;}table<R>t;", "int x;\nint y;\nrecord R { int a; }\ntable<R> t;\n");
	test_exact("a block in several lines is in as many as it needs", "record R{\nint a;int b;}", "record R {\n  int a;\n  int b;\n}\n");
	test_exact("one that does not fit is broken",
			   "function f(int aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, int bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb) -> int { if (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 0) { return 1; } return 2; }",
			   "function f(int aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, int bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb) -> int {\n"
			   "  if (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 0) { return 1; }\n  return 2;\n}\n");
	test_exact("blank lines: one at most, none at the edges of a block", "int x;\n\n\n\nprocedure p() {\n\n\n  x=1;\n\n\n  x=2;\n\n}\n\n",
			   "int x;\n\nprocedure p() {\n  x = 1;\n\n  x = 2;\n}\n");
	test_exact("operators", "formula f=a+b*-c-(d-- -1)*!e;formula g=a<b&&c>=d?1:2;formula h=x.y(1,2)[3].z=?\"q\";",
			   "formula f = a + b * -c - (d-- - 1) * !e;\nformula g = a < b && c >= d ? 1 : 2;\nformula h = x.y(1, 2)[3].z =? \"q\";\n");
	test_exact("types and guards", "map<int,maybe<R>>m;use_policy<p,q|f>list<int>l;channel<M[]>ask;bubble< |f> b=1;",
			   "map<int, maybe<R>> m;\nuse_policy<p, q | f> list<int> l;\nchannel<M[]> ask;\nbubble<| f> b = 1;\n");
	test_exact("enumerations", "enum E{A,B:5,\n@default C}", "enum E { A, B:5,\n  @default C }\n");
	test_exact("statements", "procedure p(){\nif(a)b();else if(c){d();}else\n{\ne();}\nwhile(x<1)x++;do{y();}while(z);for(int i=0;i<1;++i){}\n@send c(w,{a:1})@pump{a}into c;}",
			   "procedure p() {\n  if (a) b();\n  else if (c) { d(); } else {\n    e();\n  }\n  while (x < 1) x++;\n  do { y(); } while (z);\n"
			   "  for (int i = 0; i < 1; ++i) { }\n  @send c(w, {a: 1})\n  @pump {a} into c;\n}\n");
	test_exact("switch", "procedure p(){\nswitch(x){case E::A*:case 2:{y();}\n// c\ndefault:z();}}",
			   "procedure p() {\n  switch (x) {\n    case E::A*:\n    case 2:\n      { y(); }\n    // c\n    default:\n      z();\n  }\n}\n");
	test_exact("broken lines stay broken, a step further in", "formula f=iterate t\nwhere a\n   order by b;formula g=(iterate t\nwhere a).size();",
			   "formula f = iterate t\n  where a\n  order by b;\nformula g = (iterate t\n  where a).size();\n");
	test_exact("objects", "procedure p(){\nt<-{\na:1,\nb:{c:2,d:3},\ne:x+\ny};t<-{a:1,\nb:2\n};}",
			   "procedure p() {\n  t <- {\n    a: 1,\n    b: {c: 2, d: 3},\n    e: x +\n      y\n  };\n  t <- {a: 1,\n    b: 2};\n}\n");
	test_exact("comments behind lines stand below one another", "int x; // a\nint long_name;    // b\n\nint y;            // c\nint z;            // d\n",
			   "int x;          // a\nint long_name;  // b\n\nint y;            // c\nint z;            // d\n");
	test_exact("comments within", "procedure p( /* a */ int x){// b\n// c\nx=/* d */1;\n// e\n}", "procedure p( /* a */ int x) {  // b\n  // c\n  x = /* d */ 1;\n  // e\n}\n");
	test_exact("dates, paths and schedules", "formula d=@date 2024/1/2;@include a/b;@cron c daily 4:30{}@web get /a/$i:int/$r* {return{html:\"x\"};}",
			   "formula d = @date 2024/1/2;\n@include a/b;\n@cron c daily 4:30 { }\n@web get /a/$i:int/$r* { return {html: \"x\"}; }\n");
}

int
main(void)
{
	int			n;

	chance.state = unit_seed();
	test_layouts();
	n = try_folder("examples", ".adama") + try_folder("test/cases", ".adama") + try_folder("docs", ".md");
	UNIT_PROPERTY("every program keeps its meaning and its comments, with whatever blanks it is written");
	UNIT_OK("there were programs", n > 70);
	return unit_done();
}
