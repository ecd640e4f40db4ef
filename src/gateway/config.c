/*
 * config.c
 *	  Reading flags and the file into a Config.
 *
 * A reload reads into a new Config and, when that is right, takes over what may change at run time.  The old values are not freed: somebody may hold them,
 * and reloads are rare.
 */
#include "gateway/config.h"

#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/memory.h"

Config		config;

static int	n_flags;			/* of the command line, for reloads */
static char **flags;
static const char *file = NULL;

typedef enum Kind
{
	KIND_TEXT, KIND_FLAG, KIND_NUMBER, KIND_LIST, KIND_LEVEL
} Kind;

typedef struct Option
{
	const char *name;
	Kind		kind;
	size_t		offset;
	size_t		size;
	const char *value;			/* by default */
	const char *doc;
	bool		is_fixed;
} Option;

static const Option options[] = {
#define GATEWAY_ANY(name, kind, field, value, doc, fixed) {name, KIND_##kind, offsetof(Config, field), sizeof(((Config *) 0)->field), value, doc, fixed},
#define GATEWAY_OPTION(name, kind, field, value, doc) GATEWAY_ANY(name, kind, field, value, doc, false)
#define GATEWAY_FIXED(name, kind, field, value, doc) GATEWAY_ANY(name, kind, field, value, doc, true)
#include "gateway/config.def"
#undef GATEWAY_FIXED
#undef GATEWAY_OPTION
};

/* What makes sense of numbers; of others nothing but 0 does not. */
typedef struct Range
{
	const char *name;
	int			min;
	int			max;
} Range;

static const Range ranges[] = {
	{"commands", 1, 64},
	{"max_frame", 1024, 256 * 1024 * 1024},
	{"max_queue_bytes", 65536, INT_MAX},
	{"max_batch", 1, 100000},
	{"max_pending", 0, 256 * 1024 * 1024},
	{"idle_timeout", 1, 86400},
	{"stall_timeout", 1, 86400},
	{"stop_timeout", 0, 3600},
};

#define N_OPTIONS ((int) (sizeof(options) / sizeof(options[0])))

typedef struct Reading
{
	Config		config;
	bool		was_given[sizeof(options) / sizeof(options[0])];	/* a list's first value replaces the default */
	bool		from_file;
	bool		is_wrong;
} Reading;

static void
append(ConfigList *list, const char *item)
{
	list->items = gateway_realloc(list->items, sizeof(char *) * (size_t) (list->n + 1));
	list->items[list->n++] = gateway_copy(item, strlen(item));
}

bool
config_list_has(const ConfigList *list, const char *item)
{
	for (int i = 0; i < list->n; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

static bool
parse_flag(const char *value, bool *out)
{
	*out = strcmp(value, "yes") == 0 || strcmp(value, "on") == 0 || strcmp(value, "true") == 0;
	return *out || strcmp(value, "no") == 0 || strcmp(value, "off") == 0 || strcmp(value, "false") == 0;
}

static bool
parse_number(const char *value, Range range, int *out)
{
	char	   *end;
	long		n = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || n < range.min || n > range.max)
		return false;
	*out = (int) n;
	return true;
}

static bool
parse_level(const char *value, GatewayLevel *out)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};

	for (int i = 0; i < 4; i++)
	{
		if (strcmp(value, names[i]) == 0)
		{
			*out = (GatewayLevel) i;
			return true;
		}
	}
	return false;
}

static Range
range_of(const char *name)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (strcmp(ranges[i].name, name) == 0)
			return ranges[i];
	return (Range) {name, 1, INT_MAX};
}

static bool
set(Config *to, const Option *option, const char *value)
{
	void	   *field = (char *) to + option->offset;

	switch (option->kind)
	{
		case KIND_TEXT:
			*(char **) field = gateway_copy(value, strlen(value));
			return true;
		case KIND_FLAG:
			return parse_flag(value, field);
		case KIND_NUMBER:
			return parse_number(value, range_of(option->name), field);
		case KIND_LIST:
			if (*value != '\0')
				append(field, value);
			return true;
		case KIND_LEVEL:
			return parse_level(value, field);
	}
	return false;
}

static bool
give(Reading *reading, const char *name, const char *value)
{
	for (int i = 0; i < N_OPTIONS; i++)
	{
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (options[i].kind == KIND_LIST && !reading->was_given[i])
			memset((char *) &reading->config + options[i].offset, 0, options[i].size);
		reading->was_given[i] = true;
		if (set(&reading->config, &options[i], value))
			return true;
		if (options[i].kind == KIND_NUMBER)
			gateway_log(GATEWAY_ERROR, "config", "option=%s value=\"%s\" problem=\"expected a number from %d to %d\"", name, value, range_of(name).min, range_of(name).max);
		else
			gateway_log(GATEWAY_ERROR, "config", "option=%s value=\"%s\" problem=\"not a value of this option\"", name, value);
		return false;
	}
	gateway_log(GATEWAY_ERROR, "config", "option=\"%s\" problem=\"there is no such option\"", name);
	return false;
}

/* ---- the file ---- */

static ConfigSpace *
space_of(Config *to, const char *name)
{
	for (int i = 0; i < to->n_spaces; i++)
		if (strcmp(to->spaces[i].name, name) == 0)
			return &to->spaces[i];
	to->spaces = gateway_realloc(to->spaces, sizeof(ConfigSpace) * (size_t) (to->n_spaces + 1));
	to->spaces[to->n_spaces] = (ConfigSpace) {.name = gateway_copy(name, strlen(name))};
	return &to->spaces[to->n_spaces++];
}

static bool
give_space(Reading *reading, const char *space_name, const char *name, const char *value)
{
	ConfigSpace *space = space_of(&reading->config, space_name);

	if (strcmp(name, "authority") == 0)
		append(&space->authorities, value);
	else if (strcmp(name, "list") == 0)
		append(&space->listers, value);
	else if (strcmp(name, "anonymous") == 0 && parse_flag(value, &space->anonymous))
		space->has_anonymous = true;
	else
	{
		gateway_log(GATEWAY_ERROR, "config", "space=\"%s\" option=\"%s\" value=\"%s\" problem=\"no such option of a space, or not a value of it\"", space_name, name,
					value);
		return false;
	}
	return true;
}

/* What flags say counts more than the file: it is given again after it. */
static int
on_line(void *arg, const char *section, const char *name, const char *value)
{
	Reading    *reading = arg;
	bool		is_right;

	if (strncmp(section, "space ", 6) == 0)
		is_right = give_space(reading, section + 6, name, value);
	else if (strcmp(section, "gateway") == 0 || *section == '\0')
		is_right = give(reading, name, value);
	else
	{
		gateway_log(GATEWAY_ERROR, "config", "section=\"%s\" problem=\"sections are [gateway] and [space NAME]\"", section);
		is_right = false;
	}
	reading->is_wrong |= !is_right;
	return is_right;
}

static bool
read_flags(Reading *reading)
{
	memset(reading->was_given, 0, sizeof(reading->was_given));
	for (int i = 0; i < n_flags; i += 2)
		if (!give(reading, flags[i], flags[i + 1]))
			return false;
	return true;
}

static bool
read_all(Reading *reading)
{
	memset(reading, 0, sizeof(*reading));
	for (int i = 0; i < N_OPTIONS; i++)
		(void) set(&reading->config, &options[i], options[i].value);
	if (file != NULL)
	{
		int			line = ini_parse(file, on_line, reading);

		if (line != 0 || reading->is_wrong)
		{
			gateway_log(GATEWAY_ERROR, "config", "file=\"%s\" line=%d problem=\"%s\"", file, line, line < 0 ? "cannot be read" : "not understood");
			return false;
		}
	}
	return read_flags(reading);
}

/* ---- flags ---- */

static void
show_help(void)
{
	puts("adama-gateway: browsers on one side, PostgreSQL with adama on the other\n\n"
		 "  adama-gateway [--config FILE] [--OPTION VALUE ...]\n\n"
		 "OPTION, or a line \"OPTION = VALUE\" in the file's section [gateway]:");
	for (int i = 0; i < N_OPTIONS; i++)
		printf("  %-24s %s%s%s%s\n", options[i].name, options[i].doc, *options[i].value != '\0' ? " (" : "", options[i].value, *options[i].value != '\0' ? ")" : "");
	puts("\nSIGHUP reads the file again, SIGTERM stops.");
}

bool
config_start(int argc, char **argv, bool *help)
{
	Reading		reading;

	*help = false;
	flags = gateway_alloc(sizeof(char *) * (size_t) (argc + 1) * 2);
	for (int i = 1; i < argc; i++)
	{
		char	   *name = argv[i] + 2;
		char	   *value = strchr(argv[i], '=');

		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
		{
			show_help();
			*help = true;
			return true;
		}
		if (strncmp(argv[i], "--", 2) != 0 || (value == NULL && i + 1 == argc))
		{
			gateway_log(GATEWAY_ERROR, "config", "argument=\"%s\" problem=\"expected --OPTION VALUE\"", argv[i]);
			return false;
		}
		if (value != NULL)
			name = gateway_copy(name, (size_t) (value++ - name));
		else
			value = argv[++i];
		if (strcmp(name, "config") == 0)
			file = value;
		else
		{
			flags[n_flags++] = name;
			flags[n_flags++] = value;
		}
	}
	if (!read_all(&reading))
		return false;
	config = reading.config;
	gateway_log_level(config.log);
	return true;
}

void
config_reload(void)
{
	Reading		reading;

	if (!read_all(&reading))
	{
		gateway_log(GATEWAY_ERROR, "reload", "problem=\"the configuration is as it was\"");
		return;
	}
	for (int i = 0; i < N_OPTIONS; i++)
	{
		if (!options[i].is_fixed)
			memcpy((char *) &config + options[i].offset, (char *) &reading.config + options[i].offset, options[i].size);
	}
	config.n_spaces = reading.config.n_spaces;
	config.spaces = reading.config.spaces;
	gateway_log_level(config.log);
	gateway_log(GATEWAY_INFO, "reload", "spaces=%d", config.n_spaces);
}

const ConfigSpace *
config_space(const char *name)
{
	for (int i = 0; i < config.n_spaces; i++)
		if (strcmp(config.spaces[i].name, name) == 0)
			return &config.spaces[i];
	return NULL;
}
