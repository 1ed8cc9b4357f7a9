TARGET     = rs_trace
RS_PACKAGE = rs_trace
include $(call select_from_repositories,mk/rs_component.inc)
