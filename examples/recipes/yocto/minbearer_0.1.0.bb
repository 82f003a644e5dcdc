SUMMARY = "Gets a bearer token and keeps it fresh in a file"
DESCRIPTION = "Bearer tokens of JSA, Altair Accelerator and OAuth 2.0 client credentials."
SECTION = "net"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = " \
    file://LICENSE-MIT;md5=3a2c208dc876945c564f8ef60d845b25 \
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
"

SRC_URI = "https://example.org/releases/${BP}.tar.gz"
# SRC_URI[sha256sum], once there is an archive.

inherit cargo cargo-update-recipe-crates

# The dependencies, as `bitbake -c update_crates minbearer` writes them from Cargo.lock.
require ${BPN}-crates.inc

# The program is the package in this folder; the root of the archive is the library. TLS is on by default.
CARGO_SRC_DIR = "cli"

RRECOMMENDS:${PN} += "ca-certificates"
