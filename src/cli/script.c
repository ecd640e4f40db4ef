/*
 * script.c
 *	  A line of a script: which command it is, its members, and what is wrong with it.
 *
 * A line is a JSON object; one of its members names the command.  Members that the command has not are an error: a misspelt "dedup" would else make a
 * test that tests nothing.
 */
#include <string.h>

#include "cli/cli.h"

typedef enum Member
{
	MEMBER_WHO = 1,
	MEMBER_AT = 2,
	MEMBER_ENTROPY = 4,
	MEMBER_VIEW = 8,
	MEMBER_VIEWER = 16,
	MEMBER_MESSAGE = 32,
	MEMBER_DEDUPE = 64
} Member;

static const struct
{
	const char *name;
	Member		member;
}			members[] = {
	{"who", MEMBER_WHO}, {"at", MEMBER_AT}, {"entropy", MEMBER_ENTROPY}, {"view", MEMBER_VIEW}, {"viewer", MEMBER_VIEWER},
	{"message", MEMBER_MESSAGE}, {"dedupe", MEMBER_DEDUPE}
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

typedef struct Verb
{
	const char *name;
	CliVerb		verb;
	DocKind		kind;			/* of the value: an object, a string, or true */
	int			may;			/* Member bits */
	int			must;
} Verb;

static const Verb verbs[] = {
	{"create", CLI_CREATE, DOC_OBJECT, MEMBER_WHO | MEMBER_AT | MEMBER_ENTROPY, 0},
	{"connect", CLI_CONNECT, DOC_STRING, MEMBER_VIEW | MEMBER_VIEWER | MEMBER_AT, MEMBER_VIEW},
	{"send", CLI_SEND, DOC_STRING, MEMBER_WHO | MEMBER_MESSAGE | MEMBER_DEDUPE | MEMBER_AT, MEMBER_WHO},
	{"attach", CLI_ATTACH, DOC_OBJECT, MEMBER_WHO | MEMBER_AT, MEMBER_WHO},
	{"update", CLI_UPDATE, DOC_STRING, MEMBER_VIEWER | MEMBER_AT, MEMBER_VIEWER},
	{"disconnect", CLI_DISCONNECT, DOC_STRING, MEMBER_AT, 0},
	{"delete", CLI_DELETE, DOC_BOOL, MEMBER_WHO | MEMBER_AT, MEMBER_WHO},
	{"reload", CLI_RELOAD, DOC_BOOL, MEMBER_AT, 0},
	{"tick", CLI_TICK, DOC_BOOL, MEMBER_AT, 0},
	{"dump", CLI_DUMP, DOC_BOOL, 0, 0}
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const Verb *
find_verb(DocKey key)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (doc_key_is(key, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static bool
wrong(KitDiag *diag, const char *member, const char *should)
{
	return kit_fail(diag, KIT_INVALID_MESSAGE, "\"%s\" must be %s", member, should);
}

/* "alice" is of authority test, "a@b" of b. */
static void
set_principal(CliCommand *command, DocItem item)
{
	const char *at = memchr(item.str, '@', item.len);

	command->agent = (VmText) {item.str, at == NULL ? item.len : (uint32_t) (at - item.str)};
	command->authority = at == NULL ? (VmText) {"test", 4} : (VmText) {at + 1, item.len - (uint32_t) (at + 1 - item.str)};
}

static bool
read_long(DocItem item, int64_t *value)
{
	if (item.kind == DOC_INT)
		*value = item.i;
	return item.kind == DOC_INT || (item.kind == DOC_STRING && doc_parse_int(item.str, item.len, value));
}

static bool
read_member(CliCommand *command, Member member, DocItem item, KitDiag *diag)
{
	int64_t		value = 0;

	switch (member)
	{
		case MEMBER_WHO:
			if (item.kind != DOC_STRING)
				return wrong(diag, "who", "a string, as in \"alice\" or \"alice@authority\"");
			set_principal(command, item);
			return true;
		case MEMBER_AT:
			if (!read_long(item, &command->at))
				return wrong(diag, "at", "a number of milliseconds since 1970");
			command->has_at = true;
			return true;
		case MEMBER_ENTROPY:
			if (!read_long(item, &value))
				return wrong(diag, "entropy", "a whole number");
			command->entropy = (uint64_t) value;
			return true;
		case MEMBER_VIEW:
			if (item.kind != DOC_STRING)
				return wrong(diag, "view", "a string, the name that you give to the view");
			command->name = (VmText) {item.str, item.len};
			return true;
		case MEMBER_VIEWER:
			if (item.kind != DOC_OBJECT)
				return wrong(diag, "viewer", "an object, the viewer's state");
			command->object = item;
			return true;
		case MEMBER_MESSAGE:
			if (item.kind != DOC_OBJECT && item.kind != DOC_ARRAY)
				return wrong(diag, "message", "an object, or an array for channels that take one");
			command->object = item;
			return true;
		case MEMBER_DEDUPE:
			if (item.kind != DOC_STRING)
				return wrong(diag, "dedupe", "a string");
			command->dedupe = (VmText) {item.str, item.len};
			return true;
	}
	return false;
}

/* The member that names the command, with its value. */
static bool
read_verb(CliCommand *command, const Verb *verb, DocItem item, KitDiag *diag)
{
	command->verb = verb->verb;
	if (verb->kind == DOC_BOOL ? item.kind != DOC_BOOL || !item.b : item.kind != verb->kind)
		return wrong(diag, verb->name, verb->kind == DOC_BOOL ? "true" : verb->verb == CLI_CREATE ? "an object, the argument of @construct" :
					 verb->verb == CLI_ATTACH ? "an object, the asset" :
					 verb->verb == CLI_CONNECT ? "a string, who connects" : verb->verb == CLI_SEND ? "a string, the name of a channel" :
					 "a string, the name of a view");
	if (verb->kind == DOC_OBJECT)
		command->object = item;
	else if (verb->verb == CLI_CONNECT)
		set_principal(command, item);
	else if (verb->kind == DOC_STRING)
		command->name = (VmText) {item.str, item.len};
	return true;
}

static bool
unknown_member(const Verb *verb, DocKey key, KitDiag *diag)
{
	KitArena   *arena = kit_arena_new("names");
	KitBuf		names;

	kit_buf_init(&names, arena);
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (verb->may & members[i].member)
			kit_buf_printf(&names, "%s\"%s\"", names.len > 0 ? ", " : "", members[i].name);
	kit_fail(diag, KIT_UNKNOWN_FIELD, "\"%s\" takes no \"%.*s\"", verb->name, (int) (key.len < 60 ? key.len : 60), key.str);
	if (names.len > 0)
		kit_diag_hint(diag, "It takes: %s.", names.data);
	kit_arena_delete(arena);
	return false;
}

static const Verb *
require_verb(DocItem line, KitDiag *diag)
{
	const Verb *found = NULL;
	DocKey		key;
	DocItem		item;

	while (doc_next_member(&line.body, &key, &item))
	{
		const Verb *verb = find_verb(key);

		if (verb != NULL && found != NULL)
		{
			kit_fail(diag, KIT_INVALID_MESSAGE, "a line holds one command: found \"%s\" and \"%s\"", found->name, verb->name);
			return NULL;
		}
		if (verb != NULL)
			found = verb;
	}
	if (found == NULL)
	{
		kit_fail(diag, KIT_INVALID_MESSAGE, "the line names no command");
		kit_diag_hint(diag, "Commands are \"create\", \"connect\", \"send\", \"attach\", \"update\", \"disconnect\", \"delete\", \"reload\", \"tick\", \"dump\".");
	}
	return found;
}

bool
cli_command_read(const char *line, size_t len, KitArena *arena, CliCommand *command, KitDiag *diag)
{
	KitBuf	   *bytes = KIT_NEW(arena, KitBuf);
	const Verb *verb;
	DocItem		root;
	DocKey		key;
	DocItem		item;
	int			found = 0;

	memset(command, 0, sizeof(*command));
	command->agent = command->authority = (VmText) {"?", 1};
	command->object.kind = DOC_NULL;
	kit_buf_init(bytes, arena);
	if (!doc_from_json(line, len, DOC_DOCUMENT, bytes, diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &root, diag))
		return false;
	if (root.kind != DOC_OBJECT)
		return kit_fail(diag, KIT_INVALID_MESSAGE, "a line of a script is a JSON object");
	verb = require_verb(root, diag);
	if (verb == NULL)
		return false;
	while (doc_next_member(&root.body, &key, &item))
	{
		int			member = 0;

		for (size_t i = 0; i < N_MEMBERS; i++)
			if (doc_key_is(key, members[i].name))
				member = (int) members[i].member;
		if (doc_key_is(key, verb->name))
		{
			if (!read_verb(command, verb, item, diag))
				return false;
		}
		else if ((member & verb->may) == 0)
			return unknown_member(verb, key, diag);
		else if (!read_member(command, (Member) member, item, diag))
			return false;
		found |= member;
	}
	for (size_t i = 0; i < N_MEMBERS; i++)
		if ((verb->must & ~found) & (int) members[i].member)
			return kit_fail(diag, KIT_INVALID_MESSAGE, "\"%s\" needs \"%s\"", verb->name, members[i].name);
	return true;
}
