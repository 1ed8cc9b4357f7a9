TARGET     = rs_rpc_server
RS_PACKAGE = rs_rpc_test
include $(call select_from_repositories,mk/rs_component.inc)
