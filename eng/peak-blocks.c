// Prints at the end of a process how much memory its large blocks (half a MiB and more: torch's tensors) held at the peak. The resident memory
// of the process is more: code, the managed heap, and the holes in the C library's heap are in it, too.
//
//   gcc -O2 -shared -fPIC eng/peak-blocks.c -o peak-blocks.so
//   LD_PRELOAD=./peak-blocks.so PROGRAM
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAST ((size_t)1 << 19)
#define MOST_BLOCKS 4096

static struct { void *block; size_t bytes; } live[MOST_BLOCKS];
static int count;
static size_t in_use, peak;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void made(void *block, size_t bytes)
{
    if (block == NULL || bytes < LEAST)
        return;
    pthread_mutex_lock(&lock);
    if (count == MOST_BLOCKS) {
        fputs("peak-blocks: too many blocks\n", stderr);
        abort();
    }
    live[count].block = block;
    live[count++].bytes = bytes;
    in_use += bytes;
    if (in_use > peak)
        peak = in_use;
    pthread_mutex_unlock(&lock);
}

static void freed(void *block)
{
    pthread_mutex_lock(&lock);
    for (int i = count - 1; i >= 0; i--) {
        if (live[i].block != block)
            continue;
        in_use -= live[i].bytes;
        live[i] = live[--count];
        break;
    }
    pthread_mutex_unlock(&lock);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    static int (*next)(void **, size_t, size_t);
    if (next == NULL)
        next = dlsym(RTLD_NEXT, "posix_memalign");
    int error = next(block, alignment, bytes);
    if (error == 0)
        made(*block, bytes);
    return error;
}

void *malloc(size_t bytes)
{
    static void *(*next)(size_t);
    if (next == NULL)
        next = dlsym(RTLD_NEXT, "malloc");
    void *block = next(bytes);
    made(block, bytes);
    return block;
}

void free(void *block)
{
    static void (*next)(void *);
    if (next == NULL)
        next = dlsym(RTLD_NEXT, "free");
    if (block != NULL && malloc_usable_size(block) >= LEAST)
        freed(block);
    next(block);
}

__attribute__((destructor)) static void say(void)
{
    fprintf(stderr, "large blocks at the peak: %.0f MiB\n", peak / 1048576.0);
}
