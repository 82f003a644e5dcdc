/* Functions of musl, written for size. They are linked before musl, whose own are then left out. At the end two of ring. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* The standard library names a thread by this function, and only the thread that calls it. musl's can name others too, by
 * snprintf: 11 KiB that nothing else here has a use for. This one does what musl's does in the first case. */
int pthread_setname_np(pthread_t thread, const char *name) {
  if (strnlen(name, 16) > 15) return ERANGE;
  if (thread != pthread_self()) return ENOTSUP;
  return prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL) ? errno : 0;
}

/* rustix looks for system calls by this function, and does without. A static program has no symbols to find: musl's returns
 * the same, but writes a text for dlerror first, by vsnprintf, which is 10 KiB. */
void *dlsym(void *library, const char *name) { return NULL; }

/* Short texts are all that the resolver and the environment have for these. musl's look at several bytes at once: 2.3 KiB. */
char *strstr(const char *text, const char *part) {
  size_t size = strlen(part);
  for (; strncmp(text, part, size); text++)
    if (!*text) return NULL;
  return (char *)text;
}
char *strncpy(char *to, const char *from, size_t size) {
  return memcpy(memset(to, 0, size), from, strnlen(from, size));
}
char *__strchrnul(const char *text, int character) {
  while (*text && *text != (char)character) text++;
  return (char *)text;
}
char *strchrnul(const char *, int) __attribute__((alias("__strchrnul")));

/* The resolver asks by this function whether a name's bytes are characters, which in the locale "C" all are. musl's has the
 * reader of UTF-8 too: 1 KiB. */
size_t mbstowcs(wchar_t *to, const char *from, size_t size) {
  size_t count = 0;
  for (; from[count] && (!to || count < size); count++)
    if (to) to[count] = (unsigned char)from[count];
  if (to && count < size) to[count] = 0;
  return count;
}

/* The resolver's numbers. musl reads them by scanf's reader, which has 1.7 KiB. */
unsigned long long strtoull(const char *text, char **end, int base) {
  const char *at = text + strspn(text, " \t\n\v\f\r"), *first;
  unsigned long long number = 0;
  int digit, is_negative = *at == '-', is_too_large = 0;
  at += is_negative || *at == '+';
  if ((base == 0 || base == 16) && *at == '0' && (at[1] | 32) == 'x' && isxdigit(at[2])) at += 2, base = 16;
  if (base == 0) base = *at == '0' ? 8 : 10;
  for (first = at; (digit = isdigit(*at) ? *at - '0' : isalpha(*at) ? (*at | 32) - 'a' + 10 : 36) < base; at++) {
    is_too_large |= number > (ULLONG_MAX - digit) / base;
    number = number * base + digit;
  }
  if (end) *end = (char *)(at == first ? text : at);
  if (is_too_large) return errno = ERANGE, ULLONG_MAX;
  return is_negative ? -number : number;
}
unsigned long strtoul(const char *text, char **end, int base) {
  unsigned long long number = strtoull(text, end, base);
  return number > ULONG_MAX && -number > ULONG_MAX ? (errno = ERANGE, ULONG_MAX) : number;
}

static void swap(char *a, char *b, size_t size) {
  for (char byte; size--; *a++ = *b, *b++ = byte) byte = *a;
}

/* musl's resolver sorts the addresses of a name. Its smoothsort has 1.7 KiB; this is a heapsort. */
void qsort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *)) {
  char *first = array;
  size_t root = count / 2;
  while (count > 1) {
    /* First each parent, from the last, is sifted down; then the largest goes to the end, and what took its place is. */
    size_t parent, child;
    if (root) {
      parent = --root;
    } else {
      swap(first, first + --count * size, size);
      parent = 0;
    }
    while ((child = 2 * parent + 1) < count) {
      if (child + 1 < count && compare(first + child * size, first + (child + 1) * size) < 0) child++;
      if (compare(first + parent * size, first + child * size) >= 0) break;
      swap(first + parent * size, first + child * size, size);
      parent = child;
    }
  }
}

#ifdef RING /* ring_core_0_17_14__, if that is its version */
#define NAME(version, name) version##name
#define RING_(version, name) NAME(version, name)

/* The scalar is public, so it may be slower and constant in time. */
void RING_(RING, p256_point_mul_base)(uint64_t *product, const uint64_t *scalar);
void RING_(RING, p256_point_mul_base_vartime)(uint64_t *product, const uint64_t *scalar) {
  RING_(RING, p256_point_mul_base)(product, scalar);
}

/* For processors that have ADX: without its instructions. */
void RING_(RING, x25519_scalar_mult_generic_masked)(uint8_t *out, const uint8_t *scalar, const uint8_t *point);
void RING_(RING, x25519_scalar_mult_adx)(uint8_t *out, const uint8_t *scalar, const uint8_t *point) {
  RING_(RING, x25519_scalar_mult_generic_masked)(out, scalar, point);
}
#endif
