TARGET     = rs_log_filter_test
RS_PACKAGE = rs_sdk_test
include $(call select_from_repositories,mk/rs_component.inc)
