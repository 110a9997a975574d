#include "answer_page.h"

#include "reply.h"

#include <inttypes.h>

static const struct {
    size_t size;
    unsigned delay_ms;
} pages[] = {
    {12 * 1024, 120}, {2 * 1024, 40},   {35 * 1024, 260}, {8 * 1024, 90},   {60 * 1024, 400}, {5 * 1024, 60},
    {24 * 1024, 180}, {48 * 1024, 330}, {3 * 1024, 210},  {16 * 1024, 150}, {41 * 1024, 70},  {29 * 1024, 300},
};

#define PAGES (sizeof pages / sizeof *pages)

static void write_page(buffer *out, size_t number, size_t size)
{
    static const char end[] = "</body>\n</html>\n";

    buffer_printf(out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Page %zu</title></head>\n<body>\n"
                  "<h1>Page %zu</h1>\n<p><a href=\"/page/%zu\">Next</a></p>\n",
                  number, number, number % PAGES + 1);
    for (unsigned i = 1; out->size < size; i++)
        buffer_printf(out, "<p>Paragraph %u of page %zu, which is here to make it longer.</p>\n", i, number);
    buffer_append(out, end, sizeof end - 1);
}

void answer_page(exchange *x)
{
    uint64_t number = x->arguments.numbers[0];
    buffer page = {0};

    if (number < 1 || number > PAGES) {
        reply_printf(x, 404, "no page %" PRIu64 "\n", number);
        return;
    }
    script_sleep(&x->script, pages[number - 1].delay_ms);
    write_page(&page, (size_t)number, pages[number - 1].size);
    reply_bytes(x, 200, "text/html; charset=utf-8", &page);
}
