/*
 * Runs all files of the directories given through one fuzz target, for compilers without libFuzzer.
 */
#include <dirent.h>

#include "fuzz.h"

enum { MOST = 1 << 20 };

/* False: the file cannot be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 0;
    }
    uint8_t *bytes = malloc(MOST);
    DEMAND(bytes);
    size_t length = fread(bytes, 1, MOST, file);
    int good = !ferror(file) && fgetc(file) == EOF;
    fclose(file);
    /* Just as large as the input, so that reading beyond it is noticed. */
    uint8_t *input = malloc(length ? length : 1);
    DEMAND(input);
    memcpy(input, bytes, length);
    free(bytes);
    if (good)
        LLVMFuzzerTestOneInput(input, length);
    else
        fprintf(stderr, "%s: cannot be read, or is too large\n", path);
    free(input);
    return good;
}

/* How many files were run; -1: one could not be. */
static int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        perror(path);
        return -1;
    }
    int count = 0;
    for (struct dirent *entry; count >= 0 && (entry = readdir(directory));) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        /* A finding aborts: this says in which file. */
        fprintf(stderr, "%s\n", name);
        count = length > 0 && length < (int)sizeof(name) && replay_file(name) ? count + 1 : -1;
    }
    closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: %s\n", argv[i], count ? "failed" : "there is nothing in it");
            return 1;
        }
        total += count;
    }
    printf("%d inputs\n", total);
    return total == 0;
}
