TARGET     = rs_rpc_client
RS_PACKAGE = rs_sdk_test
include $(call select_from_repositories,mk/rs_component.inc)
