/*
 * state_internal.h
 *	  What the files of the state half share: how a document is laid out, the journal's records, and the sizes of the storage form.
 *
 * Shapes.  Per structure of the program: its slots with their types and names, what a new object starts with, and what it weighs
 * when encoded. Made at first use, shared by all documents of the program.
 *
 * Ownership.  Everything of a document lies in its heap.  A slot owns what it points to, unless that is static: strings and
 * principals say so themselves; a maybe or a list is static when it is the very one of the initial values.  A row belongs to its
 * table, a table and a nested record to the object in whose slot it is.
 *
 * Containers.  What comes and goes in a document is a row of a VmTable: a row of a table, an entry of a map, the record in a maybe (its holder then has
 * one row or none).  Rows of maps and holders that were deleted come back as the same objects, emptied first, when their place is filled again: so a
 * delta tells what became of the value, whatever it went through.
 *
 * Journal.  An array of changes, undone from its end.  What is needed to find the changes from the root hangs in the objects:
 * each object chains its own changes (VM_CHANGE_SET, VM_CHANGE_CHILD), each table the rows that changed, and an object learns by
 * VM_CHANGE_CHILD that something changed in one of its tables or nested records.  Replaced values and deleted rows are freed at
 * commit.
 */
#ifndef ADAMA_VM_STATE_INTERNAL_H
#define ADAMA_VM_STATE_INTERNAL_H

#include <string.h>

#include "vm/code.h"
#include "vm/defaults.h"
#include "vm/map.h"
#include "vm/vm.h"

/* ---- shapes (shape.c) ---- */

typedef struct VmSlot
{
	const LangField *field;
	const LangType *type;
	uint32_t	key_size;		/* of the member's name in the encoding; 0 for the value of a map's entry */
	bool		is_owned;		/* its values may have memory of their own */
	bool		is_child;		/* a container or a nested record, there as long as the object is */
	const VmJoins *joins;		/* of a table, see there */
	bool		is_reached;
} VmSlot;

typedef struct VmShape
{
	const LangStruct *structure;
	const VmVal *defaults;
	VmSlot	   *slots;
	int			n_slots;
	int		   *children;		/* slots of containers and nested records */
	int			n_children;
	size_t		object_size;	/* bytes of the VmObj */
	size_t		members_size;	/* encoded bytes of a new object's members, "id" not included */
	int			depth;			/* containers that a new object nests, itself included */
} VmShape;

/* By LangStruct.index. */
extern const VmShape *vm_shapes(const VmProgram *program);

/* The slot of the field of that name, or -1.  *next: the slot to try first; becomes the one after. */
extern int	vm_shape_slot(const VmShape *shape, const char *name, size_t len, int *next);
/* The slot whose field was called so in an earlier version of the program, when the object has nothing that is closer to it; -1: there is none. */
extern int	vm_shape_former_slot(const VmShape *shape, DocItem object, DocKey key);

/* ---- the document ---- */

/* More flags of an object. */
#define VM_OBJ_EMPTIED 16		/* deleted, and nothing of it is left but this header, which holds its place in the table */
#define VM_OBJ_AWAY 32			/* deleted, and not in the table's rows any more: only the journal knows it */
#define VM_OBJ_PENDING 64		/* in none of the table's orders, but in the list of those that are to be put into them */

typedef enum VmChangeKind
{
	VM_CHANGE_SET,				/* obj, slot, old */
	VM_CHANGE_CHILD,			/* obj, slot: the container or nested record there was touched for the first time */
	VM_CHANGE_ROW,				/* obj: the row was touched for the first time */
	VM_CHANGE_INSERT,			/* obj: the row was made, and so touched */
	VM_CHANGE_DELETE,			/* obj */
	VM_CHANGE_REVIVE,			/* obj: it had been deleted */
	VM_CHANGE_REMEMBER,			/* key: a dedupe key was added */
	VM_CHANGE_FORGET			/* key: a dedupe key was taken out */
} VmChangeKind;

typedef struct VmDedupeKey VmDedupeKey;

typedef struct VmChange
{
	union
	{
		VmVal		old;
		VmTable    *table;		/* at commit: where a deleted row was; NULL when it goes with a row around it (slot: it is away) */
	};
	union
	{
		VmObj	   *obj;
		VmDedupeKey *key;
	};
	uint32_t	previous;		/* the next older one in the object's chain, counted from 1 */
	uint16_t	slot;
	uint16_t	kind;
} VmChange;

struct VmDedupeKey
{
	VmDedupeKey *before;		/* in the order of (ms, text) */
	VmDedupeKey *after;
	VmDedupeKey *next;			/* in the bucket */
	int64_t		ms;
	uint32_t	hash;
	uint32_t	len;
	bool		is_in;			/* false: forgotten; freed at commit */
	bool		is_new;			/* remembered since the journal began */
	char		text[];			/* agent/authority/key, escaped */
};

typedef struct VmDedupe
{
	VmDedupeKey *first;
	VmDedupeKey *last;
	VmDedupeKey **buckets;
	uint32_t	n_buckets;		/* a power of two, or 0 */
	uint32_t	n;
	size_t		size;			/* encoded bytes of the members */
} VmDedupe;

struct VmDoc
{
	const VmProgram *program;
	const VmShape *shapes;
	KitHeap    *heap;
	VmObj	   *root;
	int64_t		last_row_id;
	uint64_t	entropy;
	int			zone;			/* kit/calendar.h: of Time.* */
	uint64_t	stamp;
	size_t		members_size;	/* encoded bytes of the root's members: what the program declares */
	VmDedupe	dedupe;

	uint64_t   *field_stamps;	/* of a document that is watched (watch.c): by LangStruct.first_slot + slot; NULL otherwise */
	uint64_t	all_stamp;		/* when anything may have changed */
	uint64_t	serial;			/* tells documents that are watched apart, whatever their addresses */

	struct VmGraphs *graphs;	/* state_graph.c; NULL until one is traversed */

	bool		is_open;		/* between begin and commit or rollback */
	VmMark		begin;
	uint32_t	last_mark;		/* n_changes at the newest mark: what came after need not be told apart */
	VmChange   *changes;
	uint32_t	n_changes;
	uint32_t	changes_cap;
	VmTable    *crowded;		/* tables to be freed of deleted rows at the next mark */
	uint32_t	dedupe_changes; /* chain of VM_CHANGE_REMEMBER and VM_CHANGE_FORGET, counted from 1 */
	struct VmKeptEffect **effects;	/* state_effects.c */
	uint32_t	n_effects;
	uint32_t	effects_cap;
	size_t		effects_size;	/* encoded bytes */
	int64_t		rewind_to;		/* what the last event asked for that failed with KIT_REWOUND */
};

static inline const VmShape *
vm_shape_of(const VmDoc *doc, const LangStruct *structure)
{
	return &doc->shapes[structure->index];
}

/* ---- objects (state_object.c) ---- */

extern VmObj *vm_object_make(VmDoc *doc, const LangStruct *structure, VmObj *parent);
extern void vm_object_free(VmDoc *doc, VmObj *obj);
extern void vm_object_empty(VmDoc *doc, VmObj *row);	/* frees all but the header of a deleted row */
extern void vm_object_reset(VmDoc *doc, VmObj *obj);	/* initial values; tables are emptied; outside of the journal */
extern VmVal vm_value_copy(VmDoc *doc, const LangType *type, VmVal value);
extern void vm_slot_free(VmDoc *doc, const VmShape *shape, int slot, VmVal value);
extern bool vm_slot_owns(const VmShape *shape, int slot, VmVal value);	/* whether freeing it would free anything */
extern const VmStr *vm_heap_string(VmDoc *doc, const char *text, size_t len);
extern const VmPrincipal *vm_heap_principal(VmDoc *doc, const char *agent, size_t agent_len, const char *authority, size_t authority_len);

/* Where a row of this id is in table->rows, or would be. */
extern uint32_t vm_table_place(const VmTable *table, int32_t id);
extern void vm_table_put(VmDoc *doc, VmTable *table, uint32_t place, VmObj *row);
extern void vm_object_renumber(VmDoc *doc, VmObj *obj);	/* the last id has gone back: deleted rows give up those beyond it, which will be new rows' */
extern void vm_table_compact(VmDoc *doc, VmTable *table);	/* forgets deleted rows when they are many; not while a query runs */
extern void vm_table_row_deleted(VmDoc *doc, VmTable *table);	/* counts one */
extern void vm_table_clear(VmDoc *doc, VmTable *table);	/* frees all rows; outside of the journal */

/* The container that is in a slot of that type; NULL when there is none. */
static inline VmTable *
vm_slot_table(const LangType *type, VmVal value)
{
	switch (type->kind)
	{
		case LANG_TABLE:
			return value.table;
		case LANG_MAP:
			return value.map->table;
		case LANG_MAYBE:
			return type->a->kind == LANG_RECORD ? value.table : NULL;
		default:
			return NULL;
	}
}

/* The record that a holder has, or NULL. */
static inline VmObj *
vm_holder_find(const VmTable *holder)
{
	return holder->n_live > 0 ? holder->rows[0] : NULL;
}

extern void vm_object_drop(VmDoc *doc, VmObj *row);	/* takes an entry of a map or the record of a holder out and frees it; outside of the journal */
extern VmVal vm_key_copy(VmDoc *doc, uint8_t kind, VmVal key);
extern void vm_key_free(VmDoc *doc, uint8_t kind, VmVal key);

static inline VmMapMemory
vm_doc_map_memory(const VmDoc *doc)
{
	return (VmMapMemory) {.heap = doc->heap};
}

/* ---- orders that are kept (state_order.c) ---- */

typedef struct VmOrderEntry
{
	VmVal		key;			/* the first key of the row */
	VmObj	   *row;
} VmOrderEntry;

typedef struct VmOrderBlock
{
	VmOrderEntry *entries;
	uint32_t	n;				/* never 0 */
} VmOrderBlock;

typedef struct VmOrder
{
	const VmOrderDef *def;
	struct VmOrder *next;
	VmOrderBlock *blocks;
	uint32_t	n_blocks;
	uint32_t	cap;
	uint32_t	n;				/* entries */
	uint32_t	upkeep;			/* entries that were put in since it was last used */
} VmOrder;

/* Where an entry is, or would be; at the end block is n_blocks. */
typedef struct VmOrderPlace
{
	uint32_t	block;
	uint32_t	at;
} VmOrderPlace;

typedef struct VmOrders
{
	VmOrder    *first;
	uint64_t	slots;			/* VM_SLOT_BIT of the keys of all of them */
	VmObj	  **pending;
	uint32_t	n_pending;
	uint32_t	cap;
	bool		has_dead;		/* some pending row is deleted */
} VmOrders;

/* The order of this table's rows, made or brought up to date. */
extern VmOrder *vm_order_of(VmDoc *doc, VmTable *table, const VmOrderDef *def, KitArena *scratch);
/* The first entry whose first key is not below the value, or is above it. */
extern VmOrderPlace vm_order_seek(const VmOrder *order, VmVal key, bool is_above);
extern VmOrderPlace vm_order_at(const VmOrder *order, uint32_t rank);	/* rank at most n */
extern uint32_t vm_order_rank(const VmOrder *order, VmOrderPlace place);
/* Entries from place a on that are before b; does not count far beyond enough. */
extern uint32_t vm_order_between(const VmOrder *order, VmOrderPlace a, VmOrderPlace b, uint32_t enough);
/* The first of the entries that differ from the one at place in nothing but the id. */
extern VmOrderPlace vm_order_first_tie(const VmOrder *order, VmOrderPlace place);
extern VmOrderPlace vm_order_last_tie(const VmOrder *order, VmOrderPlace place);	/* and the place behind the last of them */
extern VmVal vm_order_key(const VmSortKey *key, VmVal value);	/* as it lies in entries: hashed when the order is by hash */

static inline const VmOrderEntry *
vm_order_entry(const VmOrder *order, VmOrderPlace place)
{
	return &order->blocks[place.block].entries[place.at];
}

static inline VmOrderPlace
vm_order_next(const VmOrder *order, VmOrderPlace place)
{
	return place.at + 1 < order->blocks[place.block].n ? (VmOrderPlace) {place.block, place.at + 1} : (VmOrderPlace) {place.block + 1, 0};
}

static inline VmOrderPlace
vm_order_previous(const VmOrder *order, VmOrderPlace place)
{
	return place.at > 0 ? (VmOrderPlace) {place.block, place.at - 1} : (VmOrderPlace) {place.block - 1, order->blocks[place.block - 1].n - 1};
}

/* What happens to rows.  Each is for rows of tables that have orders; the row is as it was before, but for the new one. */
extern void vm_orders_take_out(VmDoc *doc, VmObj *row);	/* a key changes */
extern void vm_orders_add(VmDoc *doc, VmObj *row);	/* it is new, or not deleted any more */
extern void vm_orders_delete(VmDoc *doc, VmObj *row);	/* it will be deleted */
extern void vm_orders_forget(VmDoc *doc, VmObj *row);	/* it will be freed, and was not deleted */
extern void vm_orders_bury(VmDoc *doc, VmTable *table);	/* deleted rows will be freed */
extern void vm_orders_drop(VmDoc *doc, VmTable *table);	/* all of it: they are made anew when they are asked for */

/* ---- aggregates (aggregate.c) ---- */

/* The row is made, changed, deleted, or back: whoever keeps something told of it is to look at it. */
extern void vm_aggregates_note(const VmObj *row);
extern void vm_aggregates_note_slot(const VmObj *row, int slot);	/* of a table that has some: a value of the row changes */
extern void vm_aggregates_drop(VmDoc *doc, VmTable *table);

/* ---- graphs (state_graph.c) ---- */

/* A row that makes an edge from one id to another. */
typedef struct VmEdge
{
	int32_t		from;			/* 0: it makes none */
	int32_t		to;
	VmObj	   *row;
} VmEdge;

typedef struct VmEdgeBlock
{
	VmEdge	   *edges;
	uint32_t	n;				/* never 0 */
} VmEdgeBlock;

/* The edges of a graph by from, to, and address of the row. */
typedef struct VmGraph
{
	VmEdgeBlock *blocks;
	uint32_t	n_blocks;
	uint32_t	cap;
} VmGraph;

/* What graphs know of a row of a joined table. */
typedef struct VmEdges
{
	uint32_t	pending;		/* where it is in the list of those that are to be looked at, counted from 1; 0: it is not */
	struct
	{
		int32_t		from;
		int32_t		to;
	}			ends[];			/* by the joins of its table: the edges that are in the graphs; from 0: none */
} VmEdges;

typedef struct VmGraphs
{
	VmGraph    *items;			/* by LangAssoc.index */
	VmObj	  **pending;
	uint32_t	n_pending;
	uint32_t	pending_cap;
	VmObj	  **rows;			/* that graphs lead to, by id: open addressing */
	uint32_t	n_rows;
	uint32_t	rows_cap;		/* a power of two, or 0 */
} VmGraphs;

/* Where an edge is, or would be; at the end block is n_blocks. */
typedef struct VmEdgePlace
{
	uint32_t	block;
	uint32_t	at;
} VmEdgePlace;

extern void vm_graph_add_row(VmDoc *doc, VmObj *row);
extern void vm_graph_note(VmDoc *doc, VmObj *row);
extern void vm_graph_forget(VmDoc *doc, VmObj *row);
extern void vm_graph_set_edge(VmDoc *doc, VmObj *row, int join, int32_t from, int32_t to);	/* the edge that the row makes now */
extern VmEdgePlace vm_graph_first(const VmGraph *graph, int32_t from);	/* of the edges that begin there */
extern const VmEdge *vm_graph_next(const VmGraph *graph, VmEdgePlace *place);	/* NULL: there are no more */
extern VmObj *vm_graph_row(const VmGraphs *graphs, const LangStruct *structure, int32_t id);	/* a row that graphs lead to; NULL: there is none */

/* What happens to rows of tables.  The row is new; or what its edges are computed from has changed, or will; or it will be freed or emptied. */
static inline void
vm_graphs_made(VmDoc *doc, VmObj *row)
{
	if (doc->graphs != NULL && (row->table->joins != NULL || row->table->is_reached))
		vm_graph_add_row(doc, row);
}

static inline void
vm_graphs_changed(VmDoc *doc, VmObj *row)
{
	if (doc->graphs != NULL && row->table->joins != NULL)
		vm_graph_note(doc, row);
}

static inline void
vm_graphs_forget(VmDoc *doc, VmObj *row)
{
	if (doc->graphs != NULL && row->table != NULL && (row->table->joins != NULL || row->table->is_reached))
		vm_graph_forget(doc, row);
}

/* ---- what follows rows ---- */

static inline void
vm_before_set(VmDoc *doc, VmObj *obj, int slot)
{
	if (obj->table == NULL)
		return;
	if (obj->table->orders != NULL && (obj->table->orders->slots & VM_SLOT_BIT(slot)) != 0)
		vm_orders_take_out(doc, obj);
	if (obj->table->aggregates != NULL)
		vm_aggregates_note_slot(obj, slot);
	if (doc->graphs != NULL && obj->table->joins != NULL && (obj->table->joins->slots & VM_SLOT_BIT(slot)) != 0)
		vm_graph_note(doc, obj);
}

/* Whether the object is deleted, or lies in a row that is. */
extern bool vm_object_is_gone(const VmObj *obj);
/* Containers around the object's members in the state. */
extern int	vm_object_level(const VmObj *obj);

/* ---- dedupe keys (state_dedupe.c) ---- */

/* False when the key is there already, with whatever time. */
extern bool vm_dedupe_put(VmDoc *doc, const char *text, size_t len, int64_t ms, VmDedupeKey **made);
extern VmDedupeKey *vm_dedupe_find(const VmDoc *doc, const char *text, size_t len);
extern void vm_dedupe_take_out(VmDoc *doc, VmDedupeKey *key);	/* keeps it, so that it can be put back */
extern void vm_dedupe_put_back(VmDoc *doc, VmDedupeKey *key);	/* the last that was taken out */
extern void vm_dedupe_free(VmDoc *doc, VmDedupeKey *key);
extern void vm_dedupe_clear(VmDoc *doc);
extern void vm_change_dedupe(VmDoc *doc, VmChangeKind kind, VmDedupeKey *key);	/* state_journal.c: records it */

/* ---- effects (state_effects.c) ---- */

extern void vm_doc_add_effect(VmDoc *doc, const char *data, size_t len);	/* an encoded object, without header */
extern void vm_effects_drop(VmDoc *doc, uint32_t keep);	/* all after the first `keep` */

/* ---- watching (watch.c): what changes while a delta is applied; no effect on a document that is not watched ---- */

extern void vm_watch_slot(VmDoc *doc, const VmObj *obj, int slot);	/* a value; obj is touched by vm_watch_object */
extern void vm_watch_object(VmDoc *doc, VmObj *obj);	/* something in it; all that is around it has been told already */
extern void vm_watch_rows(VmDoc *doc, VmTable *table, int32_t id);	/* the row came or went */
extern void vm_watch_all(VmDoc *doc);
extern void vm_watch_free(VmDoc *doc, VmTable *table);

/* ---- encoding (codec.c) ---- */

#define VM_MEMBER_ROW_ID "__auto_table_row_id"
#define VM_MEMBER_ENTROPY "__entropy"
#define VM_MEMBER_ZONE "__timezone"
#define VM_MEMBER_DEDUPE "__dedupe"

/* An empty maybe, or a dynamic that is null: in an object its member is left out. */
static inline bool
vm_value_is_absent(const LangType *type, VmVal value)
{
	if (type->kind == LANG_MAYBE && type->a->kind == LANG_RECORD)
		return value.table->n_live == 0;
	while (type->kind == LANG_MAYBE)
	{
		if (value.maybe == NULL)
			return true;
		value = value.maybe->value;
		type = type->a;
	}
	if (type->kind == LANG_DYNAMIC || type->kind == LANG_JSON)
		return value.str->len == 1 && value.str->text[0] == '\0';
	return false;
}

extern void vm_zone_encode(DocWriter *w, int zone);
extern void vm_members_encode(DocWriter *w, const VmObj *obj);	/* between object_begin and _end, "id" of rows included */

#define VM_CONTAINER_SIZE ((size_t) 5)	/* tag and length */

static inline size_t
vm_varint_size(uint64_t value)
{
	return value < 0x80 ? 1 : (size_t) (63 - __builtin_clzll(value)) / 7 + 1;
}

static inline size_t
vm_int_size(int64_t value)
{
	return 1 + vm_varint_size((uint64_t) value << 1 ^ (uint64_t) (value >> 63));
}

extern size_t vm_int_text_size(int64_t value);	/* decimal digits and sign */
extern size_t vm_value_size(const LangType *type, VmVal value);
extern size_t vm_row_size(const VmObj *row);	/* with its key in the table */
extern size_t vm_row_head_size(const VmObj *row);	/* of this what is there before its members: the key, the container, "id" */
extern size_t vm_members_size(const VmObj *obj);	/* "id" not included */
extern size_t vm_dedupe_key_size(const VmDedupeKey *key);

/* ---- keys of maps as members' names (codec_key.c) ---- */

extern size_t vm_key_size(uint8_t kind, VmVal key);
extern void vm_key_write(DocWriter *w, uint8_t kind, VmVal key);
/* In the arena, or in the document's heap when there is one; false when the text is no key of the type. */
extern bool vm_key_read(const LangType *type, DocKey text, KitArena *arena, VmDoc *doc, VmVal *key);

static inline size_t
vm_slot_size(const VmSlot *slot, VmVal value)
{
	return vm_value_is_absent(slot->type, value) ? 0 : slot->key_size + vm_value_size(slot->type, value);
}

#endif
