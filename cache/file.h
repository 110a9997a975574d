/*
 * The database as a file among others: made, locked against others that make it, set aside.
 */
#ifndef AH_FILE_H
#define AH_FILE_H

#include <stdbool.h>

#include "base/buffer.h"

typedef struct ah_file {
    char *directory;
    char *path;
} ah_file;

/* The path is made absolute, so that the program may go elsewhere. Touches no disk. False: no memory. */
bool ah_file_init(ah_file *file, const char *directory);

void ah_file_destroy(ah_file *file);

/* Makes the directory if it is not there, for this user alone, and keeps all others, threads and processes, from opening
 * or setting aside the database in it. A descriptor to be given to ah_file_unlock(); -1: failed, see errno. */
int ah_file_lock(const ah_file *file);

void ah_file_unlock(int descriptor);

/* ---- With the lock held ---- */

/* Makes an empty file, for this user alone, if there is none. False: failed, see errno. */
bool ah_file_create(const ah_file *file);

/* Renames the file, and those that belong to it; the name it has then is appended. False: failed, see errno. */
bool ah_file_set_aside(const ah_file *file, ah_buffer *name);

/* Removes the file, and those that belong to it. False: failed, see errno. */
bool ah_file_remove(const ah_file *file);

#endif
