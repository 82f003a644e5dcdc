/* What the parts of the firmware share. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <minbearer.h>
#include <stddef.h>
#include <stdint.h>

/* board.c: the board, and the debugger as its console. */
uint64_t board_milliseconds(void);
uint32_t board_random(void);
void serial_write(char byte);
/* The next byte, or -1 if none has come. */
int serial_read(void);
void console_print(const char *text);
void console_print_number(uint32_t number);
/* The arguments, in a buffer that the caller wipes. */
void console_command_line(char *line, size_t size);
/* Waits until someone presses a key. */
void console_pause(const char *place);
_Noreturn void console_exit(int status);
uint32_t heap_peak(void);
uint32_t heap_in_use(void);
uint32_t deepest_stack(void);

/* modem.c: one exchange over the modem. Bytes of the answer go to `take`, which returns 0 once it needs no more. Returns
 * whether there was a connection and an end of it, in time. */
typedef int take_bytes(void *context, const void *bytes, size_t size);
int modem_exchange(const char *host, uint16_t port, int tls, const void *request, size_t size, uint64_t deadline,
                   take_bytes *take, void *context);

#endif
