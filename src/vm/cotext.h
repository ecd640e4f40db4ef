/*
 * cotext.h
 *	  Values of the type text: what several people write at once.
 *
 * A text is a base and changes that were made to it since, each in the form of CodeMirror: {"changes": [...]}, where a number copies so many units of
 * UTF-16, and [d, "line", ...] deletes d of them and inserts the lines.  Other members of a change travel along.  The base is numbered seq, the changes
 * from seq on; a generation is one life of the text, which ends when it is assigned.
 *
 * In a document (state.h): {"fragments":{key:line},"order":{"0":key,…},"changes":{"seq":change,…},"seq":n,"gen":n}.  Equal lines are one fragment.
 *
 * Texts are immutable, and live in a document's heap or as long as the program.  What a change makes of a text shares the base and the changes before it
 * with it: they are counted, and so is the text.  So appending costs what is appended, and copying the text as it is now, which the newest keeps.
 */
#ifndef ADAMA_VM_COTEXT_H
#define ADAMA_VM_COTEXT_H

#include "doc/doc.h"
#include "vm/value.h"

#define VM_MAX_TEXT ((size_t) 1 << 28)

typedef struct VmCoBase
{
	uint32_t	refs;
	uint32_t	members_len;	/* the members "fragments" and "order", encoded */
	uint32_t	text_len;
	char		data[];			/* the members, the text */
} VmCoBase;

typedef struct VmCoChange
{
	uint32_t	refs;
	uint32_t	len;
	struct VmCoChange *before;	/* of the same base; NULL: the first */
	char		data[];			/* canonical */
} VmCoChange;

struct VmCoText
{
	uint32_t	refs;			/* 0: static */
	int32_t		gen;
	int32_t		seq;
	uint32_t	n_changes;
	size_t		changes_size;	/* of the members of "changes", encoded */
	VmCoBase   *base;
	VmCoChange *newest;
	char	   *current;		/* the text of now, when somebody has asked for it; NULL otherwise */
	uint32_t	current_len;
};

extern const VmCoText vm_empty_text;

/* before: whose keys of fragments are used again where lines are equal; may be NULL.  heap NULL: a static one, in the arena. */
extern const VmCoText *vm_cotext_new(KitHeap *heap, KitArena *arena, const char *text, size_t len, int32_t gen, const VmCoText *before);
/* Without its oldest changes, which become part of the base. */
extern const VmCoText *vm_cotext_compact(KitHeap *heap, KitArena *scratch, const VmCoText *text, uint32_t n_folded);
/* With one more change; current: what the text is then, or NULL when nobody has looked. */
extern const VmCoText *vm_cotext_append(KitHeap *heap, const VmCoText *text, const char *change, size_t len, const VmStr *current);
extern void vm_cotext_share(const VmCoText *text);
extern void vm_cotext_drop(KitHeap *heap, const VmCoText *text);

/* What a change makes of a text, or NULL when it does not fit. */
extern const VmStr *vm_cotext_apply(KitArena *arena, const VmStr *text, DocItem change);
/* The text of now. */
extern const VmStr *vm_cotext_current(KitArena *arena, const VmCoText *text);
/* The length of the text of now, which is kept from then on: so what is charged by it does not depend on where the text comes from. */
extern uint32_t vm_cotext_len(KitHeap *heap, const VmCoText *text);
/* The change of a number from seq on, as it is stored. */
extern DocItem vm_cotext_change(const VmCoText *text, int64_t number);
extern bool vm_cotext_same(const VmCoText *a, const VmCoText *b);

extern size_t vm_cotext_size(const VmCoText *text);
extern void vm_cotext_encode(DocWriter *w, const VmCoText *text);
extern void vm_cotext_encode_change(DocWriter *w, KitArena *scratch, const VmCoText *from, const VmCoText *to);
/* was: what a delta is merged into; NULL: nothing.  NULL: it is none. */
extern const VmCoText *vm_cotext_load(KitHeap *heap, KitArena *scratch, DocItem item, const VmCoText *was);

#endif
