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

# The program is the package in this folder; the root of the archive is the
# library. TLS is on by default.
MINBEARER_SUBDIR = cli

define MINBEARER_INSTALL_INIT_SYSTEMD
	$(foreach unit,minbearer.service minbearer@.service,\
		$(INSTALL) -D -m 0644 $(@D)/examples/recipes/$(unit) \
			$(TARGET_DIR)/usr/lib/systemd/system/$(unit)
	)
endef

# The user and the group of the units.
define MINBEARER_USERS
	minbearer -1 token -1 * - - - Keeps bearer tokens
endef

$(eval $(cargo-package))
