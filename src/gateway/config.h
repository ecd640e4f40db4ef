/*
 * config.h
 *	  What the gateway was told: by flags, by one file, by the defaults, in this order.
 *
 *		[gateway]
 *		listen = 0.0.0.0:8080
 *		database = host=/var/run/postgresql dbname=app
 *		[space chat]
 *		authority = acme			who may be here: names of authorities, several times for several; none: all whose keys the database has
 *		anonymous = yes				instead of what [gateway] says
 *		list = root@acme			a principal that may list the documents
 *
 * A file is read at start and on SIGHUP.  A file that is wrong stops the start; a reload that is wrong changes nothing.
 */
#ifndef ADAMA_GATEWAY_CONFIG_H
#define ADAMA_GATEWAY_CONFIG_H

#include <stdbool.h>

#include "gateway/log.h"

typedef struct ConfigList
{
	int			n;
	char	  **items;
} ConfigList;

typedef struct ConfigSpace
{
	char	   *name;
	ConfigList	authorities;
	bool		has_anonymous;	/* and anonymous says what */
	bool		anonymous;
	ConfigList	listers;		/* agent@authority */
} ConfigSpace;

typedef char *ConfigTEXT;
typedef bool ConfigFLAG;
typedef int ConfigNUMBER;
typedef ConfigList ConfigLIST;
typedef GatewayLevel ConfigLEVEL;

typedef struct Config
{
#define GATEWAY_OPTION(name, kind, field, value, doc) Config##kind field;
#define GATEWAY_FIXED GATEWAY_OPTION
#include "gateway/config.def"
#undef GATEWAY_FIXED
#undef GATEWAY_OPTION
	int			n_spaces;
	ConfigSpace *spaces;
} Config;

extern Config config;

/* False, and it was logged, when something is wrong; *help: help was asked for, and printed. */
extern bool config_start(int argc, char **argv, bool *help);
extern void config_reload(void);
extern const ConfigSpace *config_space(const char *name);	/* NULL: nothing is said of it */
extern bool config_list_has(const ConfigList *list, const char *item);

#endif
