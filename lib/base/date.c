#include "base/date.h"

#include <string.h>

#include "base/fields.h"

/* A date of the Gregorian calendar, also before there was one. */
typedef struct civil {
    int year;
    /* 0 to 11. */
    int month;
    int day;
    int hour;
    int minute;
    int second;
} civil;

/* 1 January 0000, a Saturday, and the last second of 9999. */
static const int64_t earliest = -62167219200;
static const int64_t latest = 253402300799;

static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const zones[] = {"GMT"};

/* All names of months, and the short ones of days, are that long. */
enum { SHORT = 3 };

/* ---- The calendar -------------------------------------------------------------------------- */

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1 January 1970. Years begin with March here, so that they end with the leap day, and 400 years earlier, so
 * that nothing is negative. */
static int64_t to_days(int year, int month, int day)
{
    int64_t years = year + 400 - (month < 2);
    int since_march = (month + 10) % 12;
    int64_t before_year = years * 365 + years / 4 - years / 100 + years / 400;
    int before_month = (153 * since_march + 2) / 5;
    return before_year + before_month + day - 1 - 865565;
}

static int64_t to_seconds(const civil *date)
{
    return to_days(date->year, date->month, date->day) * 86400 + date->hour * 3600 + date->minute * 60 + date->second;
}

static int64_t clamp(int64_t seconds)
{
    if (seconds < earliest)
        return earliest;
    return seconds > latest ? latest : seconds;
}

/* Of seconds from the earliest to the latest. */
static civil to_civil(int64_t seconds)
{
    int64_t whole_days = (seconds - earliest) / 86400;
    int rest = (int)((seconds - earliest) % 86400);
    int64_t number = whole_days + earliest / 86400;
    civil date = {.hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60};
    /* Of 400 years, 146097 days: the right year or one after it. */
    date.year = (int)(whole_days * 400 / 146097) + 1;
    while (to_days(date.year, 0, 1) > number)
        date.year--;
    date.month = 11;
    while (to_days(date.year, date.month, 1) > number)
        date.month--;
    date.day = (int)(number - to_days(date.year, date.month, 1)) + 1;
    return date;
}

/* A second more than 59 is a leap second, wherever it stands: not all know when there was one. */
static bool is_valid(const civil *date)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date->year < 0 || date->year > 9999 || date->hour > 23 || date->minute > 59 || date->second > 60)
        return false;
    int length = lengths[date->month] + (date->month == 1 && is_leap(date->year));
    return date->day >= 1 && date->day <= length;
}

/* ---- Parsing ------------------------------------------------------------------------------- */

/* Reads a number of just so many digits. */
static bool read_number(const char **at, int digits, int *number)
{
    *number = 0;
    for (; digits; digits--, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

/* A day as asctime() writes it: with a space in place of a leading zero, or with the zero. */
static bool read_padded(const char **at, int *number)
{
    if (**at != ' ')
        return read_number(at, 2, number);
    (*at)++;
    return read_number(at, 1, number);
}

/* Whether the text begins with so many characters of the name, or with the name if it is shorter. In any case, as RFC
 * 9111 section 4.2 wants it of caches. */
static bool begins_with(const char *text, const char *name, size_t length)
{
    for (size_t i = 0; i < length && name[i]; i++) {
        if (ah_lower(text[i]) != ah_lower(name[i]))
            return false;
    }
    return true;
}

/* Reads one of the names, cut to the length, and tells which. */
static bool read_name(const char **at, const char *const *names, int count, size_t length, int *which)
{
    for (int i = 0; i < count; i++) {
        if (begins_with(*at, names[i], length)) {
            size_t whole = strlen(names[i]);
            *at += whole < length ? whole : length;
            *which = i;
            return true;
        }
    }
    return false;
}

/* Reads what a letter of a format stands for; anything else stands for itself. */
static bool read_piece(const char **at, char piece, civil *date)
{
    int ignored;
    switch (piece) {
    case 'a':
        return read_name(at, days, 7, SHORT, &ignored);
    case 'A':
        return read_name(at, days, 7, SIZE_MAX, &ignored);
    case 'b':
        return read_name(at, months, 12, SHORT, &date->month);
    case 'd':
        return read_number(at, 2, &date->day);
    case 'e':
        return read_padded(at, &date->day);
    case 'y':
        return read_number(at, 2, &date->year);
    case 'Y':
        return read_number(at, 4, &date->year);
    case 'T':
        return read_number(at, 2, &date->hour) && read_piece(at, ':', date) && read_number(at, 2, &date->minute) &&
               read_piece(at, ':', date) && read_number(at, 2, &date->second);
    case 'Z':
        return read_name(at, zones, 1, SHORT, &ignored);
    default:
        return *(*at)++ == piece;
    }
}

/* Whether the text is in that format, with nothing after it but white space. */
static bool read_date(const char *text, const char *format, civil *date)
{
    for (; *format; format++) {
        if (!read_piece(&text, *format, date))
            return false;
    }
    return text[strspn(text, " \t")] == '\0';
}

/* The century for a year of two digits: the last in which the date is not more than 50 years in the future (RFC 9110
 * section 5.6.7). */
static void complete_year(civil *date, int64_t now)
{
    civil limit = to_civil(clamp(now));
    limit.year += 50;
    date->year += limit.year - limit.year % 100;
    if (to_seconds(date) > to_seconds(&limit))
        date->year -= 100;
}

bool ah_date_parse(const char *text, int64_t now, int64_t *seconds)
{
    civil date = {0};
    text += strspn(text, " \t");
    /* IMF-fixdate, and the obsolete rfc850-date and asctime-date (RFC 9110 section 5.6.7). */
    if (read_date(text, "A, d-b-y T Z", &date))
        complete_year(&date, now);
    else if (!read_date(text, "a, d b Y T Z", &date) && !read_date(text, "a b e T Y", &date))
        return false;
    /* A leap second may lead out of the last year. */
    if (!is_valid(&date) || to_seconds(&date) > latest)
        return false;
    *seconds = to_seconds(&date);
    return true;
}

/* ---- Formatting ---------------------------------------------------------------------------- */

static void put_number(char *digits, int count, int number)
{
    while (count) {
        digits[--count] = (char)('0' + number % 10);
        number /= 10;
    }
}

void ah_date_format(int64_t seconds, char text[30])
{
    seconds = clamp(seconds);
    civil date = to_civil(seconds);
    int64_t day = (seconds - earliest) / 86400 + 6;
    memcpy(text, "Day, dd Mon yyyy hh:mm:ss GMT", 30);
    memcpy(text, days[day % 7], SHORT);
    put_number(text + 5, 2, date.day);
    memcpy(text + 8, months[date.month], SHORT);
    put_number(text + 12, 4, date.year);
    put_number(text + 17, 2, date.hour);
    put_number(text + 20, 2, date.minute);
    put_number(text + 23, 2, date.second);
}
