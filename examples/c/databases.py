"""Asks the JSA console for its databases: the handle of minbearer.h by ctypes, the API call by urllib."""

import ctypes
import os
import urllib.request

library = ctypes.CDLL("libminbearer.so")
# Without these, ctypes truncates a pointer to an int.
library.minbearer_jsa_from_env.restype = ctypes.c_void_p
library.minbearer_authorization.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
library.minbearer_free.argtypes = [ctypes.c_void_p]

jsa = library.minbearer_jsa_from_env()
value, why = ctypes.create_string_buffer(16392), ctypes.create_string_buffer(1024)
try:
    if library.minbearer_authorization(jsa, value, len(value), why) != 0:
        raise SystemExit(f"databases.py: {why.value.decode()}")
finally:
    library.minbearer_free(jsa)

# Python makes copies of the header and does not wipe them.
request = urllib.request.Request(
    os.environ["CONSOLE_URL"] + "/api/ariel/databases", headers={"Authorization": value.value.decode()}
)
print(urllib.request.urlopen(request).read().decode())
