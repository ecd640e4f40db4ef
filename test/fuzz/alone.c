/*
 * alone.c
 *	  A fuzzer without libFuzzer: TARGET [-runs=N] [-seed=N] [-len=N] [FILE|DIRECTORY ...] changes the inputs that it is given at random, N times.
 *
 * The same seed tries the same inputs.  With -runs=0 it only runs what it is given, as it is.  An input that fails is written to crash-TARGET.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sanitizer/common_interface_defs.h>

#include "fuzz.h"

#define MAX_INPUTS 2000
#define MAX_SIZE 65536

typedef struct Input
{
	uint8_t    *data;
	size_t		size;
} Input;

static Input inputs[MAX_INPUTS];
static int	n_inputs;
static uint64_t state = 1;

static uint8_t current[MAX_SIZE];
static size_t current_size;
static const char *name;

/* The input that is running, for whoever looks into what went wrong. */
static void
save_current(void)
{
	char		path[500];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s.crash", name);
	file = fopen(path, "wb");
	if (file == NULL)
		return;
	fwrite(current, 1, current_size, file);
	fclose(file);
	fprintf(stderr, "the input is in %s\n", path);
}

static void
on_abort(int signal_number)
{
	(void) signal_number;
	save_current();
	_Exit(1);
}

static void
read_input(const char *path)
{
	FILE	   *file;
	static uint8_t buffer[MAX_SIZE];
	struct stat st;

	if (n_inputs == MAX_INPUTS || stat(path, &st) != 0)
		return;
	if (S_ISDIR(st.st_mode))
	{
		struct dirent **entries;
		int			n = scandir(path, &entries, NULL, alphasort);

		for (int i = 0; i < n; i++)
		{
			char		inner[1000];

			snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
			if (entries[i]->d_name[0] != '.')
				read_input(inner);
			free(entries[i]);
		}
		free(entries);
		return;
	}
	file = fopen(path, "rb");
	if (file == NULL)
		return;
	inputs[n_inputs].size = fread(buffer, 1, sizeof(buffer), file);
	inputs[n_inputs].data = malloc(inputs[n_inputs].size + 1);
	memcpy(inputs[n_inputs].data, buffer, inputs[n_inputs].size);
	n_inputs++;
	fclose(file);
}

size_t
LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '}', '[', ']', ',', '0', '-', '\\'};

	for (uint32_t times = 1 + fuzz_random(&state, 4); times > 0; times--)
	{
		size_t		at = size == 0 ? 0 : fuzz_random(&state, (uint32_t) size);
		size_t		len = 1 + fuzz_random(&state, 16);

		switch (fuzz_random(&state, 7))
		{
			case 0:
				if (size > 0)
					data[at] ^= (uint8_t) (1 << fuzz_random(&state, 8));
				break;
			case 1:
				if (size > 0)
					data[at] = (uint8_t) fuzz_random(&state, 256);
				break;
			case 2:
				if (size > 0)
					data[at] = special[fuzz_random(&state, sizeof(special))];
				break;
			case 3:				/* leave out */
				if (at + len <= size)
				{
					memmove(data + at, data + at + len, size - at - len);
					size -= len;
				}
				break;
			case 4:				/* repeat */
				if (at + len <= size && size + len <= max_size)
				{
					memmove(data + at + len, data + at, size - at);
					size += len;
				}
				break;
			case 5:				/* add */
				if (size + len <= max_size)
				{
					memmove(data + at + len, data + at, size - at);
					for (size_t i = 0; i < len; i++)
						data[at + i] = (uint8_t) fuzz_random(&state, 256);
					size += len;
				}
				break;
			default:			/* a piece of another input */
				{
					const Input *other = &inputs[fuzz_random(&state, (uint32_t) n_inputs)];
					size_t		from = other->size == 0 ? 0 : fuzz_random(&state, (uint32_t) other->size);

					len = 1 + fuzz_random(&state, 64);
					if (from + len <= other->size && size + len <= max_size)
					{
						memmove(data + at + len, data + at, size - at);
						memcpy(data + at, other->data + from, len);
						size += len;
					}
				}
				break;
		}
	}
	return size;
}

static void
run(const uint8_t *data, size_t size)
{
	memcpy(current, data, size);
	current_size = size;
	LLVMFuzzerTestOneInput(data, size);
}

int
main(int argc, char **argv)
{
	long		runs = 1000;
	size_t		max_size = 4096;
	static uint8_t data[MAX_SIZE];

	name = argv[0];
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "-runs=", 6) == 0)
			runs = atol(argv[i] + 6);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			state = strtoull(argv[i] + 6, NULL, 10);
		else if (strncmp(argv[i], "-len=", 5) == 0)
			max_size = (size_t) atol(argv[i] + 5);
		else
			read_input(argv[i]);
	signal(SIGABRT, on_abort);
	__sanitizer_set_death_callback(save_current);
	for (int i = 0; i < n_inputs; i++)
		run(inputs[i].data, inputs[i].size);
	if (n_inputs == 0)
	{
		/* choices without a corpus */
		inputs[0].size = max_size;
		inputs[0].data = malloc(max_size);
		n_inputs = 1;
	}
	for (long i = 0; i < runs; i++)
	{
		Input	   *input = &inputs[fuzz_random(&state, (uint32_t) n_inputs)];
		size_t		size = input->size < max_size ? input->size : max_size;

		memcpy(data, input->data, size);
		if (argc > 1 && inputs[0].size == max_size && n_inputs == 1)
			for (size_t k = 0; k < size; k++)
				data[k] = (uint8_t) fuzz_random(&state, 256);
		else if (LLVMFuzzerCustomMutator != NULL)
			size = LLVMFuzzerCustomMutator(data, size, max_size, fuzz_random(&state, UINT32_MAX));
		else
			size = LLVMFuzzerMutate(data, size, max_size);
		run(data, size);
	}
	printf("%ld inputs, from %d\n", runs + n_inputs, n_inputs);
	return 0;
}
