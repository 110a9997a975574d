#include "intake.h"

#include "pattern.h"

void intake_add(intake *in, const unsigned char *bytes, size_t size)
{
    if (in->mode == INTAKE_COMPARE)
        in->mismatches += pattern_mismatches(bytes, size, in->length);
    in->length += size;
    if (in->mode != INTAKE_KEEP)
        return;
    in->too_large = in->length > INTAKE_KEPT_MAX;
    if (in->too_large)
        buffer_clear(&in->kept);
    else
        buffer_append(&in->kept, bytes, size);
}

void intake_clear(intake *in)
{
    buffer_clear(&in->kept);
    *in = (intake){0};
}
