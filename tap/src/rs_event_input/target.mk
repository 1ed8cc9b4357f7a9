TARGET     = rs_event_input
RS_PACKAGE = rs_input_test
include $(call select_from_repositories,mk/rs_component.inc)
