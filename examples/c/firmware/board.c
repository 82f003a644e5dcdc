/*
 * Stellaris LM3S6965 evaluation board, a Cortex-M3 as QEMU has it: start-up, clock, serial line, heap, and the debugger as
 * console (semihosting). Another board needs another of these files.
 */
#include "firmware.h"
#include <string.h>
#include <sys/types.h>

extern uint32_t stack_low[], stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern char heap_start[], heap_end[];
extern int main(void);

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define HERTZ 50000000u
#define TICKS 50u /* in a second; few, because an emulator on a busy machine loses frequent interrupts */
#define UNTOUCHED 0xA5A5A5A5u

static volatile uint32_t ticks;

static void start(void) {
  for (uint32_t *word = bss_start; word < bss_end; word++) *word = 0;
  memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
  /* The crystal of 8 MHz through the PLL, divided by 4 to 50 MHz. */
  REGISTER(0x400FE060) = 3u << 23 | 1u << 22 | 0xEu << 6 | 1u << 11 | 1u << 13;
  REGISTER(0x400FE060) = 3u << 23 | 1u << 22 | 0xEu << 6 | 1u << 11;
  while ((REGISTER(0x400FE050) & 1u << 6) == 0) {
  }
  REGISTER(0x400FE060) = 3u << 23 | 1u << 22 | 0xEu << 6;
  REGISTER(0xE000E014) = HERTZ / TICKS - 1; /* SysTick, with its interrupt */
  REGISTER(0xE000E010) = 7;
  REGISTER(0x400FE104) = 1; /* UART 0 and its port, 115,200 baud */
  REGISTER(0x400FE108) = 1;
  (void)REGISTER(0x400FE108);
  REGISTER(0x40004420) = 3;
  REGISTER(0x4000451C) = 3;
  REGISTER(0x4000C024) = HERTZ / 16 / 115200;
  REGISTER(0x4000C028) = 8;
  REGISTER(0x4000C02C) = 0x70;
  REGISTER(0x4000C030) = 0x301;
  console_exit(main());
}

/* Marks the stack, so that its deepest use can be seen. */
__attribute__((naked)) static void reset(void) {
  __asm__("ldr r0, =stack_low\n ldr r1, =stack_top\n ldr r2, =0xA5A5A5A5\n"
          "1: str r2, [r0], #4\n cmp r0, r1\n blo 1b\n b %0"
          :
          : "i"(start));
}

static void fault(void) {
  console_print("fault\n");
  console_exit(101);
}
static void tick(void) { ticks++; }

__attribute__((section(".start"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
    tick};

uint64_t board_milliseconds(void) { return (uint64_t)ticks * (1000 / TICKS); }

/* The board has no random number generator: the source is the time at which answers arrive. */
uint32_t board_random(void) { return (ticks * 2654435761u) ^ (REGISTER(0xE000E018) * 2246822519u); }

void serial_write(char byte) {
  while (REGISTER(0x4000C018) & 1u << 5) {
  }
  REGISTER(0x4000C000) = (unsigned char)byte;
}

int serial_read(void) { return REGISTER(0x4000C018) & 1u << 4 ? -1 : (int)(REGISTER(0x4000C000) & 255); }

/* ---- The debugger ---- */

static int debugger(int operation, void *parameter) {
  register int r0 __asm__("r0") = operation;
  register void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt #0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void console_print(const char *text) { debugger(0x04, (void *)text); }

void console_print_number(uint32_t number) {
  char digits[11] = "", *first = digits + 10;
  do *--first = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  console_print(first);
}

void console_command_line(char *line, size_t size) {
  void *block[2] = {line, (void *)size};
  if (debugger(0x15, block) != 0) line[0] = '\0';
}

void console_pause(const char *place) {
  console_print(place);
  console_print("\n");
  debugger(0x07, NULL);
}

_Noreturn void console_exit(int status) {
  int block[2] = {0x20026, status};
  for (;;) debugger(0x20, block);
}

/* ---- Memory ---- */

/* For newlib's malloc. */
void *_sbrk(ptrdiff_t bytes) {
  static char *end = heap_start;
  char *start = end;
  if (bytes > heap_end - end) return (void *)-1;
  end += bytes;
  return start;
}

uint32_t deepest_stack(void) {
  const uint32_t *word = stack_low;
  while (word < stack_top && *word == UNTOUCHED) word++;
  return (uint32_t)((char *)stack_top - (char *)word);
}
