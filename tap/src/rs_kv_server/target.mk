TARGET     = rs_kv_server
RS_PACKAGE = rs_kv
include $(call select_from_repositories,mk/rs_component.inc)
