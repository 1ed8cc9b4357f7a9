TARGET     = rs_input_liar
RS_PACKAGE = rs_input_test
include $(call select_from_repositories,mk/rs_component.inc)
