/*
 * A modem on the serial line, with the AT commands of Espressif's ESP-AT. It resolves names, connects and does TLS.
 *
 *     board: AT+CIPSTART="TCP","192.0.2.7",8080     modem: CONNECT, OK
 *     board: AT+CIPSEND=151                         modem: OK, >
 *     board: POST /token ...                        modem: Recv 151 bytes, SEND OK
 *                                                   modem: +IPD,20:HTTP/1.1 200 OK...     (as often as bytes come)
 *                                                   modem: CLOSED
 */
#include "firmware.h"
#include <stdlib.h>
#include <string.h>

#define MAX_SEND 2048 /* what the oldest of these modems accepts at once */

enum event { OK, FAILED, PROMPT, SENT, CLOSED, DATA, OTHER, TOO_LATE };

static int next_byte(uint64_t deadline) {
  for (;;) {
    int byte = serial_read();
    if (byte >= 0) return byte;
    if (board_milliseconds() >= deadline) return -1;
  }
}

/* The modem's next message. With DATA, `size` bytes of the answer follow. */
static enum event next_event(uint64_t deadline, size_t *size) {
  char line[32];
  size_t length = 0;
  enum event event = OTHER;
  for (;;) {
    int byte = next_byte(deadline);
    if (byte < 0) {
      event = TOO_LATE;
      break;
    }
    if (byte == '>' && length == 0) {
      event = PROMPT;
      break;
    }
    line[length] = '\0';
    if (byte == ':' && strncmp(line, "+IPD,", 5) == 0) {
      *size = strtoul(line + 5, NULL, 10);
      event = DATA;
      break;
    }
    if (byte == '\n' && length > 0) {
      if (strcmp(line, "OK") == 0) event = OK;
      if (strcmp(line, "ERROR") == 0 || strcmp(line, "SEND FAIL") == 0) event = FAILED;
      if (strcmp(line, "SEND OK") == 0) event = SENT;
      if (strcmp(line, "CLOSED") == 0) event = CLOSED;
      break;
    }
    /* The start of a longer line is enough. */
    if (byte != '\r' && byte != '\n' && !(byte == ' ' && length == 0) && length < sizeof line - 1) line[length++] = (char)byte;
  }
  minbearer_wipe(line, sizeof line); /* before the echo is off it may hold a part of a request */
  return event;
}

static void write_text(const char *text) {
  for (; *text != '\0'; text++) serial_write(*text);
}

static void write_number(size_t number) {
  if (number >= 10) write_number(number / 10);
  serial_write((char)('0' + number % 10));
}

/* Waits for OK after a command that was written. */
static int is_done(uint64_t deadline) {
  size_t size = 0;
  for (;;) {
    switch (next_event(deadline, &size)) {
    case OK:
      return 1;
    case FAILED:
    case TOO_LATE:
      return 0;
    case DATA: /* of an earlier connection */
      while (size > 0 && next_byte(deadline) >= 0) size--;
      break;
    default:
      break;
    }
  }
}

static int command(const char *text, uint64_t deadline) {
  write_text(text);
  write_text("\r\n");
  return is_done(deadline);
}

static int set(const char *name, const char *value, uint64_t deadline) {
  write_text(name);
  write_text(value);
  write_text("\"\r\n");
  return is_done(deadline);
}

/* Announces the next bytes to the modem, if any are left. */
static void offer(size_t left) {
  if (left == 0) return;
  write_text("AT+CIPSEND=");
  write_number(left < MAX_SEND ? left : MAX_SEND);
  write_text("\r\n");
}

static int converse(const char *host, uint16_t port, int tls, const char *request, size_t left, uint64_t deadline,
                    take_bytes *take, void *context) {
  /* By default the modem accepts any certificate. */
  if (tls && !(command("AT+CIPSSLCCONF=2,0,0", deadline) && set("AT+CIPSSLCCN=\"", host, deadline) &&
               set("AT+CIPSSLCSNI=\"", host, deadline))) {
    return 0;
  }
  write_text(tls ? "AT+CIPSTART=\"SSL\",\"" : "AT+CIPSTART=\"TCP\",\"");
  write_text(host);
  write_text("\",");
  write_number(port);
  write_text("\r\n");
  if (!is_done(deadline)) return 0;
  offer(left);
  for (;;) {
    char piece[32];
    size_t size = 0, part = left < MAX_SEND ? left : MAX_SEND;
    int wants_more = 1;
    switch (next_event(deadline, &size)) {
    case PROMPT:
      for (; part > 0; part--, left--) serial_write(*request++);
      break;
    case SENT:
      offer(left);
      break;
    case DATA: /* a fast server may answer before the modem says SEND OK */
      while (size > 0) {
        size_t count = 0;
        for (; count < sizeof piece && size > 0; size--) {
          int byte = next_byte(deadline);
          if (byte < 0) return 0;
          piece[count++] = (char)byte;
        }
        if (wants_more) wants_more = take(context, piece, count);
      }
      minbearer_wipe(piece, sizeof piece);
      if (!wants_more) return 1;
      break;
    case CLOSED:
      return 1;
    case FAILED:
    case TOO_LATE:
      return 0;
    default:
      break;
    }
  }
}

int modem_exchange(const char *host, uint16_t port, int tls, const void *request, size_t size, uint64_t deadline,
                   take_bytes *take, void *context) {
  command("ATE0", deadline);        /* no echo */
  command("AT+CIPCLOSE", deadline); /* a connection from before a reset */
  int is_complete = converse(host, port, tls, request, size, deadline, take, context);
  command("AT+CIPCLOSE", board_milliseconds() + 1000); /* fails if the server has closed */
  return is_complete;
}
