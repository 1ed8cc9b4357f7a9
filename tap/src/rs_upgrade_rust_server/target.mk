TARGET     = rs_upgrade_rust_server
RS_PACKAGE = rs_upgrade
include $(call select_from_repositories,mk/rs_component.inc)
