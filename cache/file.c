#include "cache/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What SQLite keeps beside a database. */
static const char *const companions[] = {"-wal", "-shm", "-journal"};

enum { COMPANIONS = sizeof(companions) / sizeof(*companions) };

/* ---- Names ---- */

/* The working directory; NULL: it has none, or no memory. */
static char *working_directory(void)
{
    for (size_t size = 256;; size *= 2) {
        char *path = malloc(size);
        if (!path || getcwd(path, size))
            return path;
        free(path);
        if (errno != ERANGE)
            return NULL;
    }
}

static char *absolute(const char *directory)
{
    ah_buffer path = {0};
    char *working = *directory == '/' ? strdup("") : working_directory();
    bool made = working && ah_buffer_printf(&path, "%s%s%s", working, *working ? "/" : "", directory);
    free(working);
    if (!made)
        ah_buffer_free(&path);
    return ah_buffer_take(&path);
}

bool ah_file_init(ah_file *file, const char *directory)
{
    ah_buffer path = {0};
    file->directory = absolute(directory);
    if (file->directory && ah_buffer_printf(&path, "%s/cache.sqlite3", file->directory))
        file->path = ah_buffer_take(&path);
    if (file->path)
        return true;
    ah_buffer_free(&path);
    ah_file_destroy(file);
    return false;
}

void ah_file_destroy(ah_file *file)
{
    free(file->directory);
    free(file->path);
    *file = (ah_file){0};
}

/* ---- The directory ---- */

/* With its parents. What is there already stays as it is. */
static bool make_directory(const char *directory)
{
    char *path = strdup(directory);
    bool made = path != NULL;
    for (char *end = path; made && *end; end++) {
        if (end[1] != '/' && end[1] != '\0')
            continue;
        char next = end[1];
        end[1] = '\0';
        made = mkdir(path, 0700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES || errno == EISDIR;
        end[1] = next;
    }
    free(path);
    return made;
}

/* Bounded: a stopped process might hold it. */
static bool lock_descriptor(int descriptor)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 1000; i++) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            return true;
        /* There are file systems without locks. */
        if (errno != EWOULDBLOCK && errno != EINTR)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

int ah_file_lock(const ah_file *file)
{
    if (!make_directory(file->directory))
        return -1;
    int descriptor = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0 && !lock_descriptor(descriptor)) {
        close(descriptor);
        errno = EBUSY;
        return -1;
    }
    return descriptor;
}

void ah_file_unlock(int descriptor)
{
    /* Not by closing it alone: a process that was forked meanwhile has it too. */
    flock(descriptor, LOCK_UN);
    close(descriptor);
}

/* ---- The file ---- */

/* Removes what belonged to a file that is not there any more: it would be taken for the next one's. */
static bool remove_companions(const ah_file *file)
{
    ah_buffer path = {0};
    bool removed = true;
    for (int i = 0; i < COMPANIONS && removed; i++) {
        ah_buffer_clear(&path);
        removed =
            ah_buffer_printf(&path, "%s%s", file->path, companions[i]) && (unlink(path.data) == 0 || errno == ENOENT);
    }
    ah_buffer_free(&path);
    return removed;
}

bool ah_file_create(const ah_file *file)
{
    struct stat status;
    if (lstat(file->path, &status) == 0)
        return true;
    if (errno != ENOENT || !remove_companions(file))
        return false;
    int descriptor = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* Nobody has it open yet, so that closing it takes no lock of SQLite's away. */
    return descriptor >= 0 && close(descriptor) == 0;
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* "cache.sqlite3.20260131T120000Z", and a number if that is taken. */
static bool name_aside(const ah_file *file, ah_buffer *name)
{
    char text[32];
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
    size_t before = name->length;
    if (!ah_buffer_printf(name, "%s.%s", file->path, text))
        return false;
    for (int i = 2; is_there(name->data + before); i++) {
        name->length = before;
        if (!ah_buffer_printf(name, "%s.%s.%d", file->path, text, i))
            return false;
    }
    return true;
}

static bool rename_companion(const ah_file *file, const char *companion, const char *name)
{
    ah_buffer from = {0};
    ah_buffer to = {0};
    bool renamed = ah_buffer_printf(&from, "%s%s", file->path, companion) &&
                   ah_buffer_printf(&to, "%s%s", name, companion) &&
                   (rename(from.data, to.data) == 0 || errno == ENOENT);
    ah_buffer_free(&from);
    ah_buffer_free(&to);
    return renamed;
}

bool ah_file_set_aside(const ah_file *file, ah_buffer *name)
{
    size_t before = name->length;
    bool renamed = name_aside(file, name);
    for (int i = 0; i < COMPANIONS && renamed; i++)
        renamed = rename_companion(file, companions[i], name->data + before);
    return renamed && rename(file->path, name->data + before) == 0;
}

bool ah_file_remove(const ah_file *file)
{
    return unlink(file->path) == 0 && remove_companions(file);
}
