TARGET     = rs_fast_timer
RS_PACKAGE = rs_sdk_test
include $(call select_from_repositories,mk/rs_component.inc)
