"""Reads certificates, each after its length in four bytes, and prints a line about each as OpenSSL reads it."""

import calendar
import ctypes
import ctypes.util
import sys

crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
crypto.d2i_X509.restype = ctypes.c_void_p
for name in ("X509_get0_notBefore", "X509_get0_notAfter"):
    getattr(crypto, name).restype = ctypes.c_void_p
crypto.X509_get_version.restype = ctypes.c_long
for name in ("X509_get_extension_flags", "X509_get_key_usage"):
    getattr(crypto, name).restype = ctypes.c_uint32

CA, INVALID = 0x10, 0x80
KEY_CERT_SIGN = 4
SUBJECT_ALT_NAME = 85


class Tm(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in "sec min hour mday mon year wday yday isdst".split()] + [
        ("rest", ctypes.c_char * 64)
    ]


def seconds(time):
    """Since 1970, if RFC 5280 allows the form: X509_cmp_time says so."""
    tm, now = Tm(), ctypes.c_long(0)
    if crypto.X509_cmp_time(ctypes.c_void_p(time), ctypes.byref(now)) == 0:
        return "invalid"
    if not crypto.ASN1_TIME_to_tm(ctypes.c_void_p(time), ctypes.byref(tm)):
        return "invalid"
    return max(0, calendar.timegm((tm.year + 1900, tm.mon + 1, tm.mday, tm.hour, tm.min, tm.sec)))


def said(der):
    start = ctypes.create_string_buffer(der, len(der))
    at = ctypes.c_void_p(ctypes.addressof(start))
    x509 = crypto.d2i_X509(None, ctypes.byref(at), ctypes.c_long(len(der)))
    if not x509 or at.value - ctypes.addressof(start) != len(der):
        return "unreadable"
    x509 = ctypes.c_void_p(x509)
    flags = crypto.X509_get_extension_flags(x509)
    if flags & INVALID:
        return "invalid"
    dates = [seconds(get(x509)) for get in (crypto.X509_get0_notBefore, crypto.X509_get0_notAfter)]
    if "invalid" in dates:
        return "invalid"
    is_ca = bool(flags & CA)
    may_sign = is_ca and bool(crypto.X509_get_key_usage(x509) & KEY_CERT_SIGN)
    has_name = crypto.X509_get_ext_by_NID(x509, SUBJECT_ALT_NAME, -1) >= 0
    hosts = [crypto.X509_check_host(x509, host, len(host), 0, None) for host in (b"a.example", b"b.a.example")]
    if min(hosts) < 0:  # a common name of a type that is no text
        return "invalid"
    version = crypto.X509_get_version(x509) + 1
    return " ".join(map(str, [version, *dates, is_ca, may_sign, has_name, *([] if has_name else [host == 1 for host in hosts])]))


certificates = sys.stdin.buffer
while length := certificates.read(4):
    print(said(certificates.read(int.from_bytes(length, "big"))))
