/*
 * shape.c
 *	  Shapes: what documents and messages need to know of a structure, made from the checked program once.
 *
 * The program is immutable to all others; that its shapes are made late does not show.  (A process runs one thing at a time.)
 */
#include "vm/code.h"
#include "vm/dynamic.h"
#include "vm/state_internal.h"

static bool
is_owned(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_COMPLEX:
		case LANG_ASSET:
		case LANG_DYNAMIC:
		case LANG_JSON:
		case LANG_TEXT:
		case LANG_MAYBE:
		case LANG_LIST:
		case LANG_ARRAY:
			return true;
		default:
			return false;
	}
}

/* Containers that a value nests at most, tables empty.  Messages are not stored: their depth does not matter. */
static int
depth_of_type(const VmShape *shapes, const LangType *type)
{
	switch (type->kind)
	{
		case LANG_PRINCIPAL:
		case LANG_COMPLEX:
		case LANG_ASSET:
		case LANG_TABLE:
		case LANG_MAP:
			return 1;
		case LANG_TEXT:
			return 2;
		case LANG_MAYBE:
			return type->a->kind == LANG_RECORD ? 0 : depth_of_type(shapes, type->a);
		case LANG_LIST:
		case LANG_ARRAY:
			return 1 + depth_of_type(shapes, type->a);
		case LANG_RECORD:
			return shapes[type->structure->index].depth;
		default:
			return 0;
	}
}

static bool
is_of_document(const LangStruct *structure)
{
	return structure->kind == LANG_STRUCT_ROOT || structure->kind == LANG_STRUCT_RECORD || structure->kind == LANG_STRUCT_ENTRY;
}

static bool
is_child(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_TABLE:
		case LANG_RECORD:
		case LANG_MAP:
			return true;
		case LANG_MAYBE:
			return type->a->kind == LANG_RECORD;
		default:
			return false;
	}
}

static void
make_slots(VmShape *shape, const VmProgram *program)
{
	KitArena   *arena = program->arena;
	const LangStruct *structure = shape->structure;

	shape->slots = KIT_NEW_N(arena, VmSlot, shape->n_slots);
	shape->children = KIT_NEW_N(arena, int, shape->n_slots);
	for (int i = 0; i < structure->n_fields; i++)
	{
		const LangField *field = structure->fields[i];
		VmSlot	   *slot;

		if (field->slot < 0)
			continue;
		slot = &shape->slots[field->slot];
		slot->field = field;
		slot->type = field->type;
		if (structure->kind != LANG_STRUCT_ENTRY)
			slot->key_size = (uint32_t) vm_varint_size(field->name->len) + field->name->len;
		slot->is_child = is_of_document(structure) && is_child(field->type);
		slot->is_owned = !slot->is_child && is_owned(field->type);
		if (slot->is_child && field->type->kind == LANG_TABLE)
		{
			const VmStructInfo *info = &program->structs[structure->index];

			slot->joins = info->joins != NULL ? info->joins[field->slot] : NULL;
			slot->is_reached = program->structs[field->type->a->structure->index].is_reached;
		}
		if (slot->is_child)
			shape->children[shape->n_children++] = field->slot;
	}
}

/* What a new object weighs; first that of the records nested in it (which cannot nest without end: the checker sees to it). */
static void
weigh(VmShape *shapes, VmShape *shape)
{
	if (shape->depth > 0)
		return;
	shape->depth = 1;
	if (!is_of_document(shape->structure))
		return;
	for (int i = 0; i < shape->n_children; i++)
	{
		const LangType *type = shape->slots[shape->children[i]].type;

		if (type->kind == LANG_RECORD)
			weigh(shapes, &shapes[type->structure->index]);
	}
	for (int i = 0; i < shape->n_slots; i++)
	{
		const VmSlot *slot = &shape->slots[i];
		int			depth = 1 + depth_of_type(shapes, slot->type);

		if (slot->type->kind == LANG_DYNAMIC && shape->defaults[i].str->len > 1)
			depth += VM_MAX_DYNAMIC_DEPTH;

		if (depth > shape->depth)
			shape->depth = depth;
		if (slot->type->kind == LANG_TABLE || slot->type->kind == LANG_MAP)
			shape->members_size += slot->key_size + VM_CONTAINER_SIZE;
		else if (slot->is_child && slot->type->kind == LANG_MAYBE)
			continue;			/* empty */
		else if (slot->type->kind == LANG_RECORD)
			shape->members_size += slot->key_size + VM_CONTAINER_SIZE + shapes[slot->type->structure->index].members_size;
		else
			shape->members_size += vm_slot_size(slot, shape->defaults[i]);
	}
}

const VmShape *
vm_shapes(const VmProgram *program)
{
	VmShape    *shapes;

	if (program->shapes != NULL)
		return program->shapes;
	shapes = KIT_NEW_N(program->arena, VmShape, program->n_structs);
	for (uint32_t i = 0; i < program->n_structs; i++)
	{
		VmShape    *shape = &shapes[i];

		shape->structure = program->structs[i].structure;
		shape->defaults = vm_program_defaults(program, shape->structure);
		shape->n_slots = shape->structure->n_slots;
		shape->object_size = sizeof(VmObj) + (size_t) shape->n_slots * sizeof(VmVal);
		make_slots(shape, program);
	}
	for (uint32_t i = 0; i < program->n_structs; i++)
		weigh(shapes, &shapes[i]);
	((VmProgram *) program)->shapes = shapes;
	return shapes;
}

int
vm_shape_slot(const VmShape *shape, const char *name, size_t len, int *next)
{
	const LangField *field;

	if (*next < shape->n_slots)
	{
		const KitSym *expected = shape->slots[*next].field->name;

		if (expected->len == len && memcmp(expected->text, name, len) == 0)
			return (*next)++;
	}
	field = lang_struct_field(shape->structure, name, len);
	if (field == NULL || field->slot < 0)
		return -1;
	*next = field->slot + 1;
	return field->slot;
}

int
vm_shape_former_slot(const VmShape *shape, DocItem object, DocKey key)
{
	for (int i = 0; i < shape->n_slots; i++)
	{
		const LangField *field = shape->slots[i].field;
		DocItem		closer;

		for (int k = 0; k < field->n_was; k++)
			if (field->was[k]->len == key.len && memcmp(field->was[k]->text, key.str, key.len) == 0)
			{
				bool		is_closest = !doc_find_member(object, field->name->text, field->name->len, &closer);

				while (k-- > 0)
					is_closest = is_closest && !doc_find_member(object, field->was[k]->text, field->was[k]->len, &closer);
				return is_closest ? i : -1;
			}
	}
	return -1;
}
