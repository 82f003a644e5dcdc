################################################################################
#
# minbearer
#
################################################################################

MINBEARER_VERSION = 0.1.0
MINBEARER_SOURCE = minbearer-$(MINBEARER_VERSION).tar.gz
MINBEARER_SITE = https://example.org/releases
MINBEARER_LICENSE = MIT or Apache-2.0
MINBEARER_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE

# The program needs the feature cli: without it, cargo install --bins installs
# nothing, and only warns. cargo install builds again, so both steps need the
# features.
MINBEARER_CARGO_BUILD_OPTS = --features cli,tls --bins
MINBEARER_CARGO_INSTALL_OPTS = --features cli,tls

$(eval $(cargo-package))
