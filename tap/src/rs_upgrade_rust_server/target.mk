TARGET     = rs_upgrade_rust_server
RS_PACKAGE = rs_interop
include $(call select_from_repositories,mk/rs_component.inc)
