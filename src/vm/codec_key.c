/*
 * codec_key.c
 *	  Keys of maps as names of members: written, weighed, read.
 *
 *		int, long, enum		decimal digits
 *		string				as it is, but that "@o", "@s" and "@r", which mean something as names of members (doc.h), get an '@' more in front, and so do
 *							"@@o", "@@@o" …, to be told apart from them
 *		principal			agent/authority, '-' and '/' in the parts written as -- and -/
 */
#include "vm/state_internal.h"

/* One '@' or more and then one of the letters that mean something. */
bool
vm_key_is_reserved(const char *text, uint32_t len)
{
	char		last;

	if (len < 2)
		return false;
	last = text[len - 1];
	if (last != 'o' && last != 's' && last != 'r')
		return false;
	for (uint32_t i = 0; i + 1 < len; i++)
		if (text[i] != '@')
			return false;
	return true;
}

static size_t
part_size(const char *text, size_t len)
{
	size_t		size = len;

	for (size_t i = 0; i < len; i++)
		size += text[i] == '-' || text[i] == '/';
	return size;
}

static char *
put_part(char *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '-' || text[i] == '/')
			*to++ = '-';
		*to++ = text[i];
	}
	return to;
}

/* Bytes of the text. */
static size_t
text_len(uint8_t kind, VmVal key)
{
	switch (kind)
	{
		case LANG_STRING:
			return (size_t) key.str->len + vm_key_is_reserved(key.str->text, key.str->len);
		case LANG_PRINCIPAL:
			return part_size(key.who->text, key.who->agent_len) + 1 + part_size(key.who->text + key.who->agent_len, key.who->authority_len);
		default:
			return vm_int_text_size(key.i);
	}
}

size_t
vm_key_size(uint8_t kind, VmVal key)
{
	size_t		len = text_len(kind, key);

	return vm_varint_size(len) + len;
}

void
vm_key_write(DocWriter *w, uint8_t kind, VmVal key)
{
	char		few[256];
	char	   *text = few;
	char	   *end;
	size_t		len;

	if (kind == LANG_STRING && !vm_key_is_reserved(key.str->text, key.str->len))
	{
		doc_write_key(w, key.str->text, key.str->len);
		return;
	}
	if (kind != LANG_STRING && kind != LANG_PRINCIPAL)
	{
		doc_write_key_int(w, key.i);
		return;
	}
	len = text_len(kind, key);
	if (len > sizeof(few))
		text = kit_arena_alloc(w->buf->arena, len);
	if (kind == LANG_STRING)
	{
		text[0] = '@';
		memcpy(text + 1, key.str->text, key.str->len);
	}
	else
	{
		end = put_part(text, key.who->text, key.who->agent_len);
		*end++ = '/';
		put_part(end, key.who->text + key.who->agent_len, key.who->authority_len);
	}
	doc_write_key(w, text, len);
}

/* ---- reading ---- */

/* One part of a principal, up to the '/' or the end; false when it is written otherwise than put_part does. */
static bool
take_part(const char **from, const char *end, char *to, size_t *len)
{
	*len = 0;
	for (; *from < end && **from != '/'; (*from)++)
	{
		if (**from == '-')
		{
			if (++*from == end || (**from != '-' && **from != '/'))
				return false;
		}
		to[(*len)++] = **from;
	}
	return true;
}

static bool
read_principal(DocKey text, KitArena *arena, VmDoc *doc, VmVal *key)
{
	char		few[512];
	KitArena   *scratch = NULL;
	char	   *parts = few;
	const char *from = text.str;
	const char *end = text.str + text.len;
	size_t		agent_len;
	size_t		authority_len;
	bool		ok;

	if (text.len > sizeof(few))
	{
		scratch = kit_arena_new("key");
		parts = kit_arena_alloc(scratch, text.len);
	}
	ok = take_part(&from, end, parts, &agent_len) && from < end;
	if (ok)
	{
		from++;
		ok = take_part(&from, end, parts + agent_len, &authority_len) && from == end && agent_len <= UINT16_MAX && authority_len <= UINT16_MAX;
	}
	if (ok && doc != NULL)
		key->who = vm_heap_principal(doc, parts, agent_len, parts + agent_len, authority_len);
	else if (ok)
		key->who = vm_principal_new(arena, parts, agent_len, parts + agent_len, authority_len);
	if (scratch != NULL)
		kit_arena_delete(scratch);
	return ok;
}

bool
vm_key_read(const LangType *type, DocKey text, KitArena *arena, VmDoc *doc, VmVal *key)
{
	switch (type->kind)
	{
		case LANG_STRING:
			if (vm_key_is_reserved(text.str, text.len))
			{
				if (text.len < 3)
					return false;
				text.str++;
				text.len--;
			}
			key->str = doc != NULL ? vm_heap_string(doc, text.str, text.len) : vm_str_new(arena, text.str, text.len);
			return true;
		case LANG_PRINCIPAL:
			return read_principal(text, arena, doc, key);
		case LANG_LONG:
			return doc_parse_int(text.str, text.len, &key->i);
		case LANG_ENUM:
			if (!doc_parse_int(text.str, text.len, &key->i))
				return false;
			for (int i = 0; i < type->enumeration->n; i++)
				if (type->enumeration->numbers[i] == key->i)
					return true;
			return false;
		default:
			return doc_parse_int(text.str, text.len, &key->i) && key->i >= INT32_MIN && key->i <= INT32_MAX;
	}
}
