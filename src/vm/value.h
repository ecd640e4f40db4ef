/*
 * value.h
 *	  How values lie in memory while a program runs.
 *
 * A value is 8 bytes without a tag: the program's types say what it is.  int, long, bool, enum: i (int is kept sign-extended);
 * date, time, datetime: i, as kit/calendar.h says.  double, timespan (seconds): d.  All else is a pointer.  A maybe is NULL (empty) or points to the value inside.  No pointer but a maybe is ever
 * NULL.
 *
 * Strings, principals, complex numbers, assets, maybes and lists are immutable once made, and live either in an arena (a message, a turn), in a
 * document's heap, or as long as the program (literals, defaults: is_static).  What a document's slot points to belongs to that
 * document's heap or is static: storing copies (state.h), so nothing of a message's arena is ever reachable from a document.
 *
 * An object is an instance of a LangStruct: the root, a record (in a table, or nested in a slot of its parent), or a message in
 * an arena.  A pair is a message with the fields key and value.
 *
 * A map is one of two things, and its table tells which.  A map of its own (table NULL) lies in an arena; whoever changes it makes sure first that
 * nobody else sees it (is_shared: copy it).  A map of the document is the live one in an object's slot: what its entries hold are objects of the
 * document, the records themselves or objects with the value in slot 0.  Where a map is kept as a value, one of the document becomes one of its own.
 */
#ifndef ADAMA_VM_VALUE_H
#define ADAMA_VM_VALUE_H

#include "kit/arena.h"
#include "kit/calendar.h"
#include "lang/program.h"

typedef struct VmStr VmStr;
typedef struct VmPrincipal VmPrincipal;
typedef struct VmComplex VmComplex;
typedef struct VmAsset VmAsset;
typedef struct VmMaybe VmMaybe;
typedef struct VmList VmList;
typedef struct VmObj VmObj;
typedef struct VmTable VmTable;
typedef struct VmMap VmMap;
typedef struct VmDoc VmDoc;
typedef struct VmProgram VmProgram;
typedef struct VmCoText VmCoText;

typedef union VmVal
{
	int64_t		i;
	double		d;
	const void *p;
	const VmStr *str;			/* string, label; dynamic and json: the value in canonical form (doc.h) */
	const VmPrincipal *who;
	const VmComplex *complex;
	const VmAsset *asset;		/* asset.h */
	const VmMaybe *maybe;
	const VmCoText *text;		/* text */
	VmList	   *list;			/* list and array */
	VmObj	   *obj;			/* record, message */
	VmTable    *table;			/* a table; in a document's slot also what holds a maybe<record> */
	VmMap	   *map;			/* map.h */
} VmVal;

struct VmStr
{
	uint32_t	len;			/* bytes of UTF-8 */
	uint32_t	is_static;		/* not to be freed */
	char		text[];			/* zero-terminated */
};

struct VmPrincipal
{
	uint16_t	agent_len;
	uint16_t	authority_len;
	uint32_t	is_static;
	char		text[];			/* agent, authority; no zero between, none after */
};

struct VmComplex
{
	double		re;
	double		im;
};

typedef enum VmAssetText
{
	VM_ASSET_ID,
	VM_ASSET_NAME,
	VM_ASSET_TYPE,				/* of the content: image/png */
	VM_ASSET_MD5,
	VM_ASSET_SHA384,
	VM_ASSET_N_TEXTS
} VmAssetText;

struct VmAsset
{
	int64_t		size;			/* bytes that the file has */
	uint32_t	lens[VM_ASSET_N_TEXTS];
	uint32_t	is_static;
	char		text[];			/* the texts, one after the other */
};

struct VmMaybe
{
	VmVal		value;
};

struct VmList
{
	uint32_t	n;
	uint32_t	cap;
	VmVal	   *items;			/* lists of records: live references; a row deleted since has VM_OBJ_DELETED */
};

typedef enum VmObjFlags
{
	VM_OBJ_DELETED = 1,
	VM_OBJ_IN_DOCUMENT = 2,		/* root, row or nested record; otherwise a message in an arena */
	VM_OBJ_NEW = 4,				/* made since the journal began */
	VM_OBJ_TOUCHED = 8			/* in its owner's list of what changed since the journal began */
} VmObjFlags;

struct VmObj
{
	const LangStruct *structure;
	int32_t		id;				/* records; 0 otherwise */
	uint32_t	flags;
	VmTable    *table;			/* of a row, of an entry of a map, of the record in a maybe; NULL otherwise */
	union
	{
		VmObj	   *parent;		/* of a nested record: whose slot holds it */
		VmVal		key;		/* of an entry of a map */
		struct VmEdges *edges;	/* of a row of a table: what graphs know of it (state_graph.c); NULL: nothing */
	};
	VmObj	   *next_touched;
	union
	{
		struct
		{
			uint32_t	changes;	/* the newest of the journal's changes of this object, counted from 1; 0: none */
			uint32_t	made;	/* the change that made this row, counted from 1; 0: it is older than the journal */
		};
		uint64_t	stamp;		/* of a document that is watched (watch.h), which has no journal: when it, or what is in it, changed */
	};
	VmVal		slots[];		/* structure->n_slots */
};

/* Where objects come and go: a table, the entries of a map, or the one record of a maybe. */
struct VmTable
{
	const LangType *type;		/* table<R>, map<K,V> or maybe<R> */
	const LangStruct *row;		/* of a map: the record, or the structure of an entry */
	VmObj	   *owner;			/* the object whose slot this table is */
	int			slot;
	VmMap	   *map;			/* the entries of a map by key; NULL otherwise */
	VmObj	  **rows;			/* ascending id; deleted rows stay among them, flagged, until they are many; unused by maps */
	uint32_t	n_rows;			/* entries in rows, deleted ones too */
	uint32_t	cap;
	uint32_t	n_live;
	VmObj	   *touched;		/* rows changed, made or deleted since the journal began */
	uint32_t	n_touched;		/* how many these are */
	bool		is_touched;		/* owner knows */
	bool		is_crowded;		/* in the document's list of tables with many deleted rows */
	VmTable    *next_crowded;
	struct VmOrders *orders;	/* in which its rows are kept besides (state_order.c); NULL: none */
	struct VmAggregates *aggregates;	/* what is kept told of its rows (aggregate.c); NULL: nothing */
	const struct VmJoins *joins;	/* how its rows are edges of graphs (code.h); NULL: they are none */
	bool		is_reached;		/* graphs lead to its rows */
	uint64_t	event;			/* stamp at the beginning of the last event that deleted rows */
	uint32_t	n_deleted;		/* and how many it has deleted */
	struct VmTouches *touches;	/* of a document that is watched (watch.h); NULL: none yet */
};

extern const VmStr vm_empty_string;
extern const VmStr vm_null_json;	/* the dynamic or json that is null */
extern const VmComplex vm_complex_zero;
extern const VmComplex vm_complex_i;
extern const VmPrincipal *const vm_no_one;	/* ?, ? */

extern const VmStr *vm_str_new(KitArena *arena, const char *text, size_t len);
extern const VmStr *vm_str_concat(KitArena *arena, const VmStr *a, const VmStr *b);
extern bool vm_str_equal(const VmStr *a, const VmStr *b);
extern int	vm_str_compare(const VmStr *a, const VmStr *b);	/* order of UTF-16 code units */
extern int	vm_str_compare_insensitive(const VmStr *a, const VmStr *b);
extern uint32_t vm_str_utf16_len(const VmStr *s);
extern const VmPrincipal *vm_principal_new(KitArena *arena, const char *agent, size_t agent_len, const char *authority, size_t authority_len);
extern bool vm_principal_equal(const VmPrincipal *a, const VmPrincipal *b);
extern VmList *vm_list_new(KitArena *arena, uint32_t cap);
extern void vm_list_add(KitArena *arena, VmList *list, VmVal value);
extern const VmMaybe *vm_maybe_new(KitArena *arena, VmVal value);
/* The text of a date, time or datetime; returns its length. */
extern int	vm_calendar_text(const LangType *type, VmVal value, char text[KIT_CALENDAR_TEXT]);
/* Equality of two values of one type, as '==' means it but exact for doubles: what decides whether an assignment is a change. */
extern bool vm_value_same(const LangType *type, VmVal a, VmVal b);

#endif
