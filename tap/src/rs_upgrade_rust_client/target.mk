TARGET     = rs_upgrade_rust_client
RS_PACKAGE = rs_interop
include $(call select_from_repositories,mk/rs_component.inc)
