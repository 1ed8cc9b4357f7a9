TARGET     = rs_kv_client
RS_PACKAGE = rs_kv
include $(call select_from_repositories,mk/rs_component.inc)
